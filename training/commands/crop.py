"""`python -m training crop`: cut the eyes out of whole photos."""

import argparse
from pathlib import Path

from training.commands.closed import say_closed
from training.console import progress, say
from training.data.crop_tables import LEFT_OUT, TABLE
from training.data.cropping import LARGEST, CropOptions, crop_folder, photos_in
from training.interrupts import INTERRUPTED
from training.wording import number_of

HELP = "cut the eyes out of whole photos"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    defaults = CropOptions(Path(), Path())
    parser.add_argument("photos", type=Path, help="folder of photos, with or without class folders")
    parser.add_argument("--out", type=Path, required=True, help="new folder for the crops and their tables")
    parser.add_argument(
        "--scale", type=float, default=defaults.scale, help="side in eye widths, 0.5 to 4 (%(default)s)"
    )
    parser.add_argument(
        "--centre",
        type=float,
        default=defaults.centre,
        help="share of the height above the eye, 0 to 1 (%(default)s)",
    )
    parser.add_argument(
        "--size", type=int, default=defaults.size, help=f"side in pixels, 1 to {LARGEST} (%(default)s)"
    )
    parser.add_argument("--every-face", action="store_true", help="every face, not only the largest")
    parser.add_argument("--locator", type=Path, default=defaults.locator, help="bundle (%(default)s)")
    parser.add_argument("--processes", type=int, default=0, help="0: as many as there are CPUs")


def run(args: argparse.Namespace) -> int:
    """Crop every photo that has not been cropped yet; returns the exit code."""
    options = CropOptions(
        photos=args.photos,
        out=args.out,
        scale=args.scale,
        centre=args.centre,
        size=args.size,
        every_face=args.every_face,
        locator=args.locator,
        processes=args.processes,
    )
    photos = photos_in(options.photos, say_closed)
    crops = left_out = done = 0
    stopped = False
    try:
        for cropped in progress(crop_folder(options, photos), "photos", total=len(photos)):
            done += 1
            crops += len(cropped.rows)
            left_out += not cropped.rows
    except KeyboardInterrupt:
        stopped = True
    listed = f" ({TABLE})" if crops else ""
    say(f"{number_of(done, 'photo')}: {number_of(crops, 'eye')} cut to {options.out}{listed}")
    if left_out:
        say(f"{number_of(left_out, 'photo')} left out; the reasons are in {options.out / LEFT_OUT}")
    if stopped:
        say("stopped; the same command goes on from here")
        return INTERRUPTED
    if done < len(photos):
        say(f"{number_of(len(photos) - done, 'photo')} done before")
    return 0
