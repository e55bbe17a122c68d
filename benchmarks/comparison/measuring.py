"""One contender in one round: start it, warm it up, load it step by step, stop it."""

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from benchmarks.comparison.contenders import SERVERS, WAITING, Contender, environment
from benchmarks.comparison.load import Question, ask, load
from benchmarks.comparison.processes import Tree, started
from benchmarks.comparison.summary import RAW, RAW_FOURS, RAW_PHOTOS, Start, Step, step
from benchmarks.server import Client, free_port
from service.machine import cpus
from service.networks.classifier import Classifier
from service.pictures.regions import read_whole

START_SECONDS = 120.0
CLIENTS: Final = (1, 2, 4, 8, 16)
PICTURES: Final = [Path("examples/eye.jpg"), *sorted(Path("tests/data/pictures").glob("*.jpg"))]


class Unusable(Exception):
    """A contender that cannot be measured, with a one-line reason."""


@dataclass(frozen=True)
class Plan:
    """What every contender goes through."""

    model: Path
    photos: list[Path]
    clients: tuple[int, ...]
    seconds: float
    warm_up: float
    scratch: Path

    def environment(self, port: int) -> dict[str, str]:
        """Variables for a server's process."""
        waiting = max(WAITING, *self.clients)
        return environment(self.model, port, cpus.available(), self.scratch, waiting)


def measure(
    contender: Contender, questions: list[Question], plan: Plan, number: int
) -> tuple[Start, list[Step]]:
    """All steps of one contender in round `number`; raises Unusable."""
    with warm(contender, questions, plan) as (tree, port, seconds):
        start = Start(contender.name, number, seconds, tree.memory())
        return start, [_step(tree, contender, port, questions, plan, number, level) for level in plan.clients]


@contextmanager
def warm(contender: Contender, questions: list[Question], plan: Plan) -> Iterator[tuple[Tree, int, float]]:
    """A contender that was asked for a while: its processes, port and seconds to its first right answer.

    Raises Unusable.
    """
    port = free_port()
    log = plan.scratch / f"{contender.name}.log"
    begin = time.perf_counter()
    variables = plan.environment(port) | dict(contender.variables)
    with started(contender.command(port), variables, log) as tree:
        _first_answer(tree, contender, port, questions[0])
        seconds = time.perf_counter() - begin
        load(port, contender.path, questions, contender.read, cpus.available(), plan.warm_up)
        yield tree, port, seconds


def _step(
    tree: Tree,
    contender: Contender,
    port: int,
    questions: list[Question],
    plan: Plan,
    number: int,
    clients: int,
) -> Step:
    cpu = tree.cpu_seconds()
    seen = load(port, contender.path, questions, contender.read, clients, plan.seconds)
    used = tree.cpu_seconds() - cpu
    failures = sum(seen.failures.values())
    return step(contender.name, number, clients, seen.seconds, seen.latencies, failures, used, tree.memory())


def _first_answer(tree: Tree, contender: Contender, port: int, question: Question) -> None:
    """Ask until the answer is right; raises Unusable where the server ends or takes too long."""
    deadline = time.monotonic() + START_SECONDS
    wrong: str | None = "no answer"
    while time.monotonic() < deadline and tree.process.poll() is None:
        client = Client(port)
        wrong = ask(client, contender.path, question, contender.read)
        client.close()
        if wrong is None:
            return
        time.sleep(0.005)
    raise Unusable(f"no right answer ({wrong}); its last message: {tree.complaint()}")


def measure_raw(plan: Plan, number: int) -> list[Step]:
    """ONNX Runtime without a server, on decoded arrays, four of them together, and from the photos' bytes."""
    steps = []
    for name, kind in ((RAW, "arrays"), (RAW_FOURS, "fours"), (RAW_PHOTOS, "photos")):
        command = [sys.executable, "-m", "benchmarks.comparison.raw", str(plan.seconds), kind]
        for found in json.loads(_output(command + [str(photo) for photo in plan.photos], plan)):
            steps.append(
                step(
                    name, number, found["clients"], found["seconds"], found["latencies"], 0,
                    found["cpu_seconds"], found["memory"],
                )
            )  # fmt: skip
    return steps


def expected(contender: Contender, plan: Plan) -> list[Question]:
    """The photos with the answers that the contender's own weights give without a server; raises Unusable."""
    photos = [path.read_bytes() for path in plan.photos]
    if contender.weights != "onnx":
        answers = _keras_answers(contender.weights, plan)
        return [Question(photo, *answer) for photo, answer in zip(photos, answers, strict=True)]
    classifier = Classifier(plan.model)
    asked = []
    for photo in photos:
        row = classifier.probabilities(read_whole(photo, classifier.input_size)[None])[0]
        best = int(row.argmax())
        asked.append(Question(photo, classifier.metadata.labels[best].id, float(row[best])))
    return asked


def _keras_answers(kind: str, plan: Plan) -> list[tuple[str, float]]:
    """What a Keras network answers without a server; raises Unusable where it cannot run."""
    command = [sys.executable, "-m", f"{SERVERS}.flask_keras", kind, *(str(photo) for photo in plan.photos)]
    answers = json.loads(_output(command, plan).splitlines()[-1])
    return [(one["label"], one["confidence"]) for one in answers]


def _output(command: list[str], plan: Plan) -> str:
    done = subprocess.run(command, env=plan.environment(0), capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise Unusable((done.stderr.strip().splitlines() or ["no message"])[-1][:300])
    return done.stdout
