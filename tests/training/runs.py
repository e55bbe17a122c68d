"""`fit` on a few small photos, by its command line, with a narrow VGG16 that takes a fraction of the time."""

from pathlib import Path
from typing import Final

from training.__main__ import main
from training.network.backbone import load_weights
from training.network.weight_files import Weights, first_channels, write_npz

CHANNELS: Final = (64, 64, 128, 128, *[160] * 9)
"""With fewer in the later blocks photos of two colours look the same to it."""
TINY: Final = ("--size", "32", "--dropout", "0")


def narrow() -> Weights:
    """The first channels of VGG16's layers."""
    return first_channels(load_weights(), CHANNELS)


def narrow_file(folder: Path) -> Path:
    """A file of them in this folder, written where there is none yet."""
    path = folder / "narrow.npz"
    if not path.exists():
        write_npz(narrow(), path)
    return path


def fit(data: Path, run: Path, *options: str) -> int:
    """The exit code; the weights lie beside the data, the features beside the run."""
    cache = run.parent / "cache"
    hidden = () if "gap" in options else ("--hidden", "8")
    weights = () if "--weights" in options else ("--weights", str(narrow_file(data.parent)))
    return main(
        ["fit", str(data), "--out", str(run), "--cache", str(cache), *TINY, *hidden, *weights, *options]
    )
