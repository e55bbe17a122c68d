"""Names of files that no table and no page can hold, as archives from elsewhere may leave them behind."""

from collections.abc import Iterable
from pathlib import Path
from typing import Final

from training.errors import TrainingError

NOT_UNICODE: Final = "a name that is not UTF-8; rename it, please"


def is_unicode(name: str) -> bool:
    """Whether a name, as Python reads it from the disk, is text."""
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True


def printable(name: str) -> str:
    """The name with a question mark for each byte that is no text."""
    return name.encode(errors="replace").decode()


def check_names(paths: Iterable[Path]) -> None:
    """Raise TrainingError for the first path that cannot be written into a table."""
    for path in paths:
        if not is_unicode(str(path)):
            raise TrainingError(
                f"Expected names in UTF-8. Received: {printable(str(path))}; rename it, please."
            )
