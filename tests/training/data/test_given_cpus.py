"""Photos are decoded on the CPUs that the process is given: a container may have two of a hundred."""

import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

import pytest

from tests.training.tiny import write_photos
from training.checks.survey import survey
from training.data.folders import read_dataset
from training.data.photos import load

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="CPUs are given on Linux")


@contextmanager
def one_cpu() -> Iterator[set[int]]:
    """This thread and those that it starts have one CPU meanwhile; yields which of a pool have run."""
    before, run = os.sched_getaffinity(0), set[int]()

    def note(frame: FrameType, event: str, _: object) -> None:
        if frame.f_globals["__name__"] == "concurrent.futures.thread":
            run.add(threading.get_native_id())

    os.sched_setaffinity(0, {min(before)})
    threading.setprofile(note)
    try:
        yield run
    finally:
        threading.setprofile(None)
        os.sched_setaffinity(0, before)


def test_one_thread_decodes_on_one_cpu(tmp_path: Path) -> None:
    root = write_photos(tmp_path / "photos", 40)
    with one_cpu() as run:
        photos = read_dataset(root).photos
    assert len(run) == 1
    with one_cpu() as run:
        load(photos, 32, None)
    assert len(run) == 1
    with one_cpu() as run:
        survey(root)
    assert len(run) == 1
