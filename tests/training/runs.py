"""`fit` on a few small photos, by its command line."""

from pathlib import Path

from training.__main__ import main

TINY = ("--size", "32", "--dropout", "0")


def fit(data: Path, run: Path, *options: str) -> int:
    cache = run.parent / "cache"
    hidden = () if "gap" in options else ("--hidden", "8")
    return main(["fit", str(data), "--out", str(run), "--cache", str(cache), *TINY, *hidden, *options])
