"""The command line of training: `python -m training <command>`."""

import argparse
import errno
import importlib
import io
import os
import signal
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final

from service.errors import InvalidBundle
from training.errors import TrainingError
from training.interrupts import INTERRUPTED, interruptible, stoppable

PROGRAM: Final = "python -m training"

COMMANDS = {
    "fit": "train VGG16 on a folder of photos",
    "thin": "make VGG16 smaller for one kind of photo, before training on it",
    "crossvalidate": "measure a recipe on the training people, a part of them at a time",
    "evaluate": "measure a run on photos it never saw",
    "export": "write a run as one ONNX bundle for the service",
    "prune": "write a bundle again with fewer channels, if its answers stay the same",
    "quantize": "write a bundle again with int8 arithmetic, if its answers stay the same",
    "predict": "classify files or folders with a model",
    "explain": "show how a model sees one picture",
    "report": "one page on how good a model is, where it fails and what it can bear",
    "crop": "cut the eyes out of whole photos",
    "check": "look through a folder of photos for everything that would spoil training",
    "split": "copy photos into train, validation and test, nobody on two sides",
    "label": "sort photos into classes in the browser",
    "sort": "copy labelled photos into class folders",
}
PLACES: Final = ("out", "to", "html", "json", "cache")
"""Options that say where commands write."""
UNREAD: Final = 128 + signal.SIGPIPE
"""Exit code where nobody reads on, as shells have it."""
OURS: Final = ("training", "service")
"""Packages that no environment can lack."""
FULL: Final = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


def main(argv: list[str] | None = None) -> int:
    """Run one command; returns the exit code. Only the chosen command's module is imported."""
    options = argparse.Namespace()
    if isinstance(sys.stdout, io.TextIOWrapper) and sys.stdout.errors == "strict":
        # What the terminal's encoding has no letter for: a class or a photo may have any name.
        sys.stdout.reconfigure(errors="backslashreplace")
    try:
        with stoppable(), interruptible():
            try:
                options = _parse(sys.argv[1:] if argv is None else argv)
                return int(importlib.import_module(f"training.commands.{options.command}").run(options))
            finally:
                sys.stdout.flush()  # here, where it is known what to do if nobody reads it
    except BrokenPipeError:
        return _unread()
    except KeyboardInterrupt:
        sys.stderr.write(f"\n{PROGRAM}: stopped\n")
        return INTERRUPTED
    except (TrainingError, InvalidBundle) as error:
        said = str(error)
    except ModuleNotFoundError as error:
        package = (error.name or "").partition(".")[0]
        if package in OURS:
            raise
        said = (
            f"Expected the package {package}. Received: a Python without it, {sys.executable}. "
            "`make setup` makes the environment, `. .venv/dev/bin/activate` enters it."
        )
    except MemoryError as error:
        said = (
            f"Expected more memory. Received: {str(error) or 'no room for more'}. "
            "Smaller or fewer pictures take less."
        )
    except OSError as error:
        said = _reason(error, _places(options))
    sys.stderr.write(f"{PROGRAM}: {said}\n")
    return 2


def _unread() -> int:
    """The exit code where the next program of a pipe, such as `head`, has read enough."""
    with suppress(OSError):
        # What is left would be written when Python ends, which would complain.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return UNREAD


def _parse(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog=PROGRAM, description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True, metavar="command")
    chosen = arguments[0] if arguments else None
    for name, text in COMMANDS.items():
        command = commands.add_parser(name, help=text, description=text)
        if name == chosen:
            importlib.import_module(f"training.commands.{name}").add_arguments(command)
    return parser.parse_args(arguments)


def _places(options: argparse.Namespace) -> list[str]:
    """Where a command was asked to write; the `--json` of `predict` is no file, but a form."""
    return [str(path) for name in PLACES if isinstance(path := vars(options).get(name), Path)]


def _reason(error: OSError, places: Sequence[str]) -> str:
    """What went wrong with which file; a full disk names none, but commands know where they write."""
    reason = error.strerror or str(error)
    files = [str(file) for file in (error.filename, error.filename2) if file is not None]
    if error.errno in FULL:
        # The second of two is what a copy is written to.
        written = files[-1] if files else " and ".join(places) or "the disk"
        return f"Expected to write to {written}. Received: {reason}."
    return ": ".join([reason, *([" -> ".join(files)] if files else [])])


if __name__ == "__main__":
    sys.exit(main())
