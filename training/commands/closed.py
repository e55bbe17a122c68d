"""What several commands say of folders that they may not read."""

from pathlib import Path

from training.console import say


def say_closed(folder: Path) -> None:
    """Name a folder that may not be read: what is in it is missing."""
    say(f"left out, a folder that may not be read: {folder}")
