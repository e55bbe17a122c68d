"""Inferences side by side, on real sessions."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import pytest

from service.networks.adaptive import AdaptiveSession
from service.networks.classifier import INPUT, OUTPUT
from service.networks.runtime import Runtime, session_options

PATIENCE_SECONDS = 30.0
PIXELS = np.random.default_rng(0).integers(0, 256, (6, 1, 32, 32, 3), dtype=np.uint8)


class Watched:
    """A real session that counts how it is run, and can be held in the middle of an inference."""

    def __init__(self, path: Path, threads: int) -> None:
        self.session = onnxruntime.InferenceSession(str(path), session_options(threads))
        self.gate = threading.Event()
        self.gate.set()
        self.inside = threading.Semaphore(0)
        self.helped = self.alone = 0

    def run(self, *arguments: Any) -> Any:
        self.helped += 1
        self.inside.release()
        assert self.gate.wait(PATIENCE_SECONDS)
        return self.session.run(*arguments)

    def run_async(self, *arguments: Any) -> None:
        self.alone += 1
        self.session.run_async(*arguments)


@pytest.fixture
def watched(models: Path) -> Watched:
    return Watched(models / "colours" / "1" / "model.onnx", threads=2)


@contextmanager
def busy(watched: Watched, session: AdaptiveSession) -> Iterator[None]:
    """One inference is under way until the block ends."""
    watched.gate.clear()
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(session.run, [OUTPUT], {INPUT: PIXELS[0]})
        assert watched.inside.acquire(timeout=PATIENCE_SECONDS)
        try:
            yield
        finally:
            watched.gate.set()
        running.result()


def test_one_after_the_other_has_every_thread(watched: Watched) -> None:
    session = AdaptiveSession(watched, threads=2)
    for pixels in PIXELS:
        session.run([OUTPUT], {INPUT: pixels})
    assert (watched.helped, watched.alone) == (len(PIXELS), 0)


def test_beside_another_it_has_one_and_the_answer_is_the_same(watched: Watched) -> None:
    session = AdaptiveSession(watched, threads=2)
    with busy(watched, session):
        answers = [session.run([OUTPUT], {INPUT: pixels})[0] for pixels in PIXELS]
    assert (watched.helped, watched.alone) == (1, len(PIXELS))
    for answer, pixels in zip(answers, PIXELS, strict=True):
        np.testing.assert_array_equal(answer, watched.session.run([OUTPUT], {INPUT: pixels})[0])


def test_what_is_wrong_beside_another_is_an_error_and_frees_its_place(watched: Watched) -> None:
    session = AdaptiveSession(watched, threads=2)
    with busy(watched, session):
        for _ in range(3):
            with pytest.raises(Exception, match="(?i)dimension|shape|rank"):
                session.run([OUTPUT], {INPUT: PIXELS[0, 0]})
        session.run([OUTPUT], {INPUT: PIXELS[0]})
    session.run([OUTPUT], {INPUT: PIXELS[0]})
    assert (watched.helped, watched.alone) == (2, 4)


def test_a_crowd_gets_the_right_answers(models: Path) -> None:
    path = models / "colours" / "1" / "model.onnx"
    session = Runtime(4, adaptive=True).open(path)
    assert isinstance(session, AdaptiveSession)
    plain = Runtime(1).open(path)
    pictures = [
        np.full((1, 32, 32, 3), level, np.uint8) * np.array([1, 2, 3], np.uint8) for level in range(80)
    ]
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda picture: session.run([OUTPUT], {INPUT: picture})[0], pictures))
    for answer, picture in zip(answers, pictures, strict=True):
        np.testing.assert_array_equal(answer, plain.run([OUTPUT], {INPUT: picture})[0])


def test_one_cpu_needs_none_of_this(models: Path) -> None:
    session = Runtime(1, adaptive=True).open(models / "colours" / "1" / "model.onnx")
    assert isinstance(session, onnxruntime.InferenceSession)
