"""From a folder of whole photos to one crop per eye; `crop_tables.py` keeps what was cut and what was not."""

import multiprocessing
import signal
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from PIL import Image
from pydantic import ValidationError

from service.errors import InvalidBundle, UnusableImage
from service.locator.eyes import Eye, EyeLocator, Face
from service.machine.cpus import available
from service.networks.metadata import CropGeometry
from service.networks.runtime import Runtime
from service.pictures.geometry import RGB, cut
from service.pictures.images import decode
from training.data.crop_tables import NO_FACE, Cropped, begin, record
from training.data.file_names import check_lines, check_names
from training.data.folders import rows_by_file
from training.data.listing import is_picture
from training.data.photos import WIDE
from training.data.trees import check_folder, is_endless, tree
from training.errors import TrainingError
from training.interrupts import noted

MOST_PROCESSES: Final = 256
LARGEST: Final = 4096
"""Side of a crop in pixels, at most: no model looks at less than a quarter of it, which is as much as the
largest input of a network."""
SHAPED_BY: Final = ("every_face", "scale", "centre", "size")
"""Options that all crops of a folder have in common."""


@dataclass(frozen=True)
class CropOptions:
    """How to cut. `scale` is the side in eye widths, `centre` the height of the eye in the square."""

    photos: Path
    out: Path
    scale: float = WIDE.scale
    centre: float = WIDE.centre
    size: int = 224
    every_face: bool = False
    locator: Path = Path("models/eye-locator/1")
    processes: int = 0
    """0 takes the CPUs that the process is really given."""


def crop_folder(options: CropOptions, photos: Sequence[Path]) -> Iterator[Cropped]:
    """Crop the eyes of every photo that has not been done yet, in parallel; yields photo by photo.

    `photos` are those of `photos_in`. The two tables grow as photos are finished, so an interrupted run goes
    on where it stopped. What could not be read is tried again. Photos are only read. Raises TrainingError for
    folders that do not fit, and where a process is ended from outside.
    """
    _check(options, photos)
    names = [photo.as_posix() for photo in photos]
    done = begin(options.out, names, {name: getattr(options, name) for name in SHAPED_BY})
    todo = [photo for photo in photos if photo.as_posix() not in done]
    people = _people(options.photos, names)
    processes = options.processes or available()
    context = multiprocessing.get_context("spawn")
    try:
        with ProcessPoolExecutor(processes, context, _start, (options,)) as pool:
            for cropped in _finished([pool.submit(_crop, photo) for photo in todo]):
                if known := people.get(cropped.photo):
                    cropped = replace(cropped, rows=tuple({**row, "person": known} for row in cropped.rows))
                record(options.out, cropped)
                yield cropped
    except (BrokenProcessPool, BrokenPipeError):  # the latter from a process that ends while it starts
        raise TrainingError(
            "Expected processes that work to the end. Received: one that was ended from outside, as systems "
            "do where memory is short. The same command goes on from here; --processes 1 takes least memory."
        ) from None


def _finished(photos: Sequence[Future[Cropped]]) -> Iterator[Cropped]:
    """The results in order; after Ctrl-C those of the photos that were begun, and then KeyboardInterrupt.

    So it comes between two photos, neither of which is written and not counted; a second one comes at once.
    """
    try:
        with noted() as presses:
            for photo in photos:
                if presses.count:
                    _cancel(photos)
                if not photo.cancelled():
                    yield photo.result()
    finally:
        _cancel(photos)
    if presses.count:
        raise KeyboardInterrupt


def _cancel(photos: Sequence[Future[Cropped]]) -> None:
    for photo in photos:
        photo.cancel()


def photos_in(root: Path, tell_closed: Callable[[Path], object] = lambda _: None) -> list[Path]:
    """Paths of the photos below a folder, relative to it, in a stable order; hidden folders are left out.

    Raises TrainingError where there is no such folder or it may not be read, and for a name that no table
    can hold.
    """
    check_folder(root)
    pictures = (path for path in sorted(tree(root, tell_closed)) if is_picture(path) and not is_endless(path))
    photos = [path.relative_to(root) for path in pictures]
    check_names(photos)
    check_lines(map(str, photos))
    return photos


def _check(options: CropOptions, photos: Sequence[Path]) -> None:
    root, out = options.photos.resolve(), options.out.resolve()
    if out.is_relative_to(root) or root.is_relative_to(out):
        raise TrainingError(f"Expected two separate folders for photos and crops. Received: {root} and {out}")
    if not photos:
        raise TrainingError(f"Expected photos below {root}. Received: none with a known suffix")
    if not 1 <= options.size <= LARGEST or not 0 <= options.processes <= MOST_PROCESSES:
        raise TrainingError(
            f"Expected --size from 1 to {LARGEST} and --processes from 0 to {MOST_PROCESSES}. "
            f"Received: {options.size} and {options.processes}."
        )
    _check_geometry(options)
    if not options.locator.exists():
        raise TrainingError(
            f"Expected the eye locator in {options.locator}. Received: nothing there; see --locator."
        )
    try:
        EyeLocator(options.locator, Runtime(1))  # here: workers that cannot open it end without a word of why
    except InvalidBundle as error:
        raise TrainingError(f"Expected the eye locator in {options.locator}. Received: {error}") from None


def _check_geometry(options: CropOptions) -> None:
    """What no model could look at is not cut either."""
    try:
        CropGeometry(scale=options.scale, centre=options.centre)
    except ValidationError as error:
        first = error.errors()[0]
        raise TrainingError(
            f"Expected --{first['loc'][0]} as a model may have it: {first['msg'].lower()}. "
            f"Received: {first['input']}."
        ) from None


def _people(photos: Path, names: Sequence[str]) -> dict[str, str]:
    """The people that a `labels.csv` beside the photos of these `names` tells, by file."""
    return {file: row["person"] for file, row in rows_by_file(photos, names).items() if row.get("person")}


_worker: "EyeCropper | None" = None


def _start(options: CropOptions) -> None:
    global _worker
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the parent, which lets a photo be finished
    _worker = EyeCropper(options)


def _crop(photo: Path) -> Cropped:
    if _worker is None:
        raise RuntimeError("The worker process was not started.")
    return _worker.crop(photo)


class EyeCropper:
    """Cuts the eyes of one photo after the other; one per process."""

    def __init__(self, options: CropOptions) -> None:
        self._options = options
        self._locator = EyeLocator(options.locator, Runtime(1))

    def crop(self, photo: Path) -> Cropped:
        """Cut the open eyes of a photo, given relative to the folder of photos."""
        name = photo.as_posix()
        try:
            picture = decode((self._options.photos / photo).read_bytes()).pixels
        except (UnusableImage, OSError) as error:
            return Cropped(name, reason=str(error))
        faces = self._locator.locate(picture, self._options.every_face)
        if not faces:
            return Cropped(name, reason=NO_FACE)
        rows = tuple(
            self._save(photo, picture, number, face, eye)
            for number, face in enumerate(faces)
            for eye in face.eyes
            if eye.state == "open"
        )
        states = ", ".join(f"{eye.side} eye {eye.state}" for face in faces for eye in face.eyes)
        return Cropped(name, rows, reason="" if rows else states)

    def _save(self, photo: Path, picture: RGB, number: int, face: Face, eye: Eye) -> dict[str, str]:
        options = self._options
        # The suffix stays in the name: a.jpg and a.png are different photos.
        person = f"{photo.name}-{number}"
        file = photo.parent / f"{person}-{eye.side}.jpg"
        target = options.out / file
        target.parent.mkdir(parents=True, exist_ok=True)
        pixels = cut(picture, eye.square(options.scale, options.centre), options.size)
        Image.fromarray(pixels).save(target, quality=95, subsampling=0)
        wide = (options.scale, options.centre) == (WIDE.scale, WIDE.centre)
        return {
            "file": file.as_posix(),
            "label": photo.parent.name,
            "person": (photo.parent / person).as_posix(),
            "eye": eye.side,
            "geometry": "wide" if wide else "whole",
            "photo": photo.as_posix(),
            "face": str(number),
            "eye_width_px": f"{eye.width:.1f}",
            "roll": f"{face.roll:.1f}",
            "yaw": f"{face.yaw:.1f}",
            "quality": " ".join(item.code for item in eye.advice),
        }
