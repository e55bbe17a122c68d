"""Clients in a closed loop: each sends the next photo once it has checked the answer to the last."""

import math
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from benchmarks.server import Client

TOLERANCE = 0.03
"""Largest difference of a confidence from the expected one that still counts as right."""

Expected = tuple[str, float]
Read = Callable[[dict[str, Any]], Expected]


@dataclass(frozen=True)
class Question:
    """A photo and its right answer."""

    photo: bytes
    label: str
    confidence: float


@dataclass
class Seen:
    """What the clients saw; appended to by several threads."""

    latencies: list[float] = field(default_factory=list)
    """Seconds, of right answers only."""
    failures: Counter[str] = field(default_factory=Counter)
    seconds: float = 0.0
    cpu_seconds: float = math.nan
    """That the server spent; not a number where nobody looked."""
    memory: float = math.nan
    """Megabytes (PSS) of the server at the end; not a number where nobody looked."""


Load = Callable[[int, str, list[Question], Read, int, float], Seen]
"""As `load`: port, path, questions, how to read an answer, clients, seconds."""
AskNext = Callable[[Client, int], list[str | None]]
"""A client's next question, by its number: for each photo what is wrong with its answer, or None."""


def problem(status: int, document: dict[str, Any], question: Question, read: Read) -> str | None:
    """What is wrong with an answer; None where it is right."""
    if status != 200:
        return f"status {status}"
    try:
        label, confidence = read(document)
    except (KeyError, IndexError, TypeError):
        return "no label in the answer"
    if label != question.label:
        return "wrong label"
    return None if abs(confidence - question.confidence) <= TOLERANCE else "wrong confidence"


def ask(client: Client, path: str, question: Question, read: Read) -> str | None:
    """One question; returns what is wrong with the answer, or None."""
    try:
        status, document = client.post(path, question.photo)
    except (OSError, ValueError) as error:
        client.close()
        return type(error).__name__
    return problem(status, document, question, read)


def load(port: int, path: str, questions: list[Question], read: Read, clients: int, seconds: float) -> Seen:
    """Let so many clients ask for so long, a photo at a time."""

    def ask_one(client: Client, number: int) -> list[str | None]:
        return [ask(client, path, questions[number % len(questions)], read)]

    return loop(port, ask_one, clients, seconds)


def loop(port: int, ask_next: AskNext, clients: int, seconds: float) -> Seen:
    """Let so many clients ask for so long; every client has its own connection, and begins elsewhere."""
    seen = Seen()
    start = time.perf_counter()

    def one(number: int) -> None:
        client = Client(port)
        while (begin := time.perf_counter()) < start + seconds:
            for wrong in ask_next(client, number):
                if wrong is None:
                    seen.latencies.append(time.perf_counter() - begin)
                else:
                    seen.failures[wrong] += 1
            number += 1
        client.close()

    threads = [threading.Thread(target=one, args=(number,)) for number in range(clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    seen.seconds = time.perf_counter() - start
    return seen
