"""What the commands say to people: plain lines on standard output and progress bars on standard error."""

import shlex
import sys
from collections.abc import Iterable, Iterator
from typing import TypeVar

T = TypeVar("T")


def say(line: str = "") -> None:
    """Print one line for people or for the next program in a pipe."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def quoted(path: object) -> str:
    """A path as it is pasted into a shell, with spaces or without."""
    return shlex.quote(str(path))


def progress(items: Iterable[T], what: str, total: int | None = None) -> Iterator[T]:
    """Iterate with a progress bar that shows the rate and the time left."""
    # Here: the command line has to say what is missing outside of the environment, this among it.
    from tqdm import tqdm

    return iter(tqdm(items, desc=what, total=total, unit="", leave=False, dynamic_ncols=True, disable=None))
