"""`python -m training explain`: how a model sees one picture, as one page."""

import argparse
from pathlib import Path
from typing import Any, Final

from training.commands.outputs import check_file
from training.commands.threads import add_threads
from training.console import progress, say
from training.look.explanation import batches, explain
from training.look.inside import Inside
from training.look.photo import Part, Wish, parts
from training.pages import render, write
from training.pages.drawing import thumbnail

HELP: Final = (
    "Show how an exported model sees one picture: what every layer finds, how pixels become classes, "
    "and which parts of the picture decided. One HTML file that needs nothing else."
)
PHOTO_SIDE: Final = 560


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of the command."""
    parser.description = HELP
    parser.add_argument("model", type=Path, help="a model.onnx, a bundle's folder, or models/<name> (newest)")
    parser.add_argument("image", type=Path, help="a photo of a face, of one eye, or of what the model knows")
    parser.add_argument("--out", type=Path, required=True, metavar="PAGE.html", help="the page to write")
    parser.add_argument(
        "--region",
        choices=("auto", "eyes", "whole"),
        default="auto",
        help="what to look at, as in the service's API (default: of a model of eyes both eyes of a face, or "
        "one eye from near, and of others the whole picture)",
    )
    parser.add_argument("--eye", choices=("left", "right"), help="one eye of a face only (the person's own)")
    parser.add_argument(
        "--wide",
        action="store_true",
        help="the image is an eye cut by `training crop`: look at the model's part of it",
    )
    parser.add_argument(
        "--models",
        type=Path,
        default=Path("models"),
        help="folder with the eye locator (default: %(default)s)",
    )
    add_threads(parser)


def run(options: argparse.Namespace) -> int:
    """Look inside and write the page; returns 0."""
    check_file(options.out, "--out", ".html", "<title>A look inside: ")
    inside = Inside(options.model, options.threads)
    wish = Wish(options.region, options.eye, options.wide)
    photo, found = parts(options.image, inside.classifier, wish, options.models)
    views = [_view(inside, part) for part in found]
    metadata = inside.metadata
    page = render(
        "explain.html",
        name=f"{metadata.name}, version {metadata.version}",
        about=metadata.description,
        file=options.image.name,
        photo=thumbnail(photo, PHOTO_SIDE),
        boxes=[{"title": part.title, "box": part.box} for part in found if part.box],
        views=views,
    )
    write(page, options.out)
    for view in views:
        answer = view["answer"]
        sure = "" if answer["certain"] else " (not sure)"
        say(f"{view['title']}: {answer['title']}, {answer['confidence']:.1%}{sure}")
    say(f"written: {options.out} ({len(page) / 1e6:.1f} MB)")
    return 0


def _view(inside: Inside, part: Part) -> dict[str, Any]:
    return explain(
        inside, part, lambda found: progress(found, f"hiding parts of {part.title.lower()}", batches())
    )
