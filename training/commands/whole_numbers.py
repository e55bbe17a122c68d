"""Options that are whole numbers."""

import argparse
from collections.abc import Callable


def up_to(most: int) -> Callable[[str], int]:
    """What argparse takes as the type of an option from 0 to `most`."""

    def whole_number(text: str) -> int:
        if not text.isdecimal() or int(text) > most:
            raise argparse.ArgumentTypeError(f"expected a whole number from 0 to {most}. Received: {text}.")
        return int(text)

    return whole_number
