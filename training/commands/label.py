"""`python -m training label`: sort photos into classes in the browser."""

import argparse
import getpass
import socket
import webbrowser
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final

import uvicorn

from training.commands.closed import say_closed
from training.console import say
from training.data.file_names import check_lines
from training.data.trees import check_folder
from training.errors import TrainingError
from training.labelling.classes import choose_classes
from training.labelling.journal import FILE, Journal
from training.labelling.server import create_app
from training.labelling.suggestions import Suggestions
from training.labelling.workspace import Task, Workspace
from training.measuring.prediction import find_pictures

HELP: Final = (
    "Show the photos of a folder one at a time in the browser, to be answered with a key. Answers are "
    f"appended to {FILE} in the folder and survive any crash; photos are neither moved nor changed. "
    "The page is served to this machine only."
)
HOST: Final = "127.0.0.1"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of the command."""
    parser.description = HELP
    parser.add_argument("folder", type=Path, help="photos, in folders or not")
    parser.add_argument(
        "--classes", default="", help="names with commas, or a table with id,title,description"
    )
    parser.add_argument("--rater", default="", help="who is labelling (your user name)")
    only = parser.add_mutually_exclusive_group()
    only.add_argument(
        "--second-opinion",
        dest="task",
        action="store_const",
        const="second",
        default="first",
        help="only what another rater has labelled, without their answers",
    )
    only.add_argument(
        "--disputed",
        dest="task",
        action="store_const",
        const="disputed",
        help="only what two others have labelled differently, for a third person to settle",
    )
    parser.add_argument(
        "--model", type=Path, help="a bundle or model.onnx that suggests labels and orders the queue"
    )
    parser.add_argument("--wide", action="store_true", help="the photos are eyes cut by `training crop`")
    parser.add_argument("--port", type=int, default=8010, help="0: any free one (8010)")
    parser.add_argument("--no-browser", action="store_true", help="only print the address")


def run(options: argparse.Namespace) -> int:
    """Serve the page until interrupted."""
    rater = options.rater or _user()
    check_folder(options.folder)  # first: in a folder that is not there no table is missing
    paths = find_pictures([options.folder], say_closed)
    labels = choose_classes(options.folder, options.classes, options.model)
    files = [path.relative_to(options.folder).as_posix() for path in paths]
    check_lines(files)
    task: Task = options.task
    with Journal(options.folder, files) as journal, _listen(options.port) as listener:
        # Only now: to ask a model about every photo takes minutes.
        suggestions = _ask(options.model, paths, options.wide) if options.model else None
        workspace = Workspace(options.folder.resolve(), files, labels, journal, rater, suggestions, task)
        address = f"http://{HOST}:{listener.getsockname()[1]}/"
        say(f"{len(files):,} photos. Label them at {address} (Ctrl+C ends it)")
        if not options.no_browser:
            webbrowser.open(address)
        config = uvicorn.Config(create_app(workspace), log_level="warning", lifespan="off")
        with suppress(KeyboardInterrupt):  # the way to end it
            uvicorn.Server(config).run(sockets=[listener])
    return 0


def _user() -> str:
    """Whoever is logged in; raises TrainingError where the system has no name for them."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # by Python's version
        raise TrainingError(
            "Expected --rater, who is labelling. Received: none, and this user has no name here."
        ) from None


def _ask(model: Path, paths: Sequence[Path], wide: bool) -> Suggestions:
    from training.labelling.asking import ask_model  # scikit-learn takes seconds to import

    return ask_model(model, paths, wide)


def _listen(port: int) -> socket.socket:
    if not 0 <= port <= 65535:
        raise TrainingError(f"Expected a --port from 0 to 65535. Received: {port}")
    try:
        return socket.create_server((HOST, port))
    except OSError as error:
        raise TrainingError(
            f"Port {port} cannot be used ({error.strerror}); choose another with --port."
        ) from None
