"""The command line of training: `python -m training <command>`."""

import argparse
import importlib
import sys

from training.errors import TrainingError

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


def main(argv: list[str] | None = None) -> int:
    """Run one command; returns the exit code. Only the chosen command's module is imported."""
    arguments = sys.argv[1:] if argv is None else argv
    parser = argparse.ArgumentParser(prog="python -m training", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True, metavar="command")
    chosen = arguments[0] if arguments else None
    for name, text in COMMANDS.items():
        command = commands.add_parser(name, help=text, description=text)
        if name == chosen:
            importlib.import_module(f"training.commands.{name}").add_arguments(command)
    options = parser.parse_args(arguments)
    try:
        return int(importlib.import_module(f"training.commands.{options.command}").run(options))
    except (TrainingError, OSError) as error:
        sys.stderr.write(f"{parser.prog}: {error}\n")
        return 2


if __name__ == "__main__":
    sys.exit(main())
