"""Photos that come many at a time, as whoever has many of them sends them: the closed loop of `load`."""

from typing import Final

from benchmarks.comparison.load import Question, Read, Seen, loop, problem
from benchmarks.server import Client

TOGETHER: Final = 16
CLIENTS: Final = 4
NAME: Final = f"this service, batches of {TOGETHER} from {CLIENTS} clients"


def load(port: int, path: str, questions: list[Question], read: Read, _: int, seconds: float) -> Seen:
    """Let CLIENTS ask for so long, TOGETHER photos at a time; `path` is the one for a photo alone.

    Each photo counts, and takes as long as its batch.
    """
    path = path.replace("/classify", "/classify/batch")

    def ask_many(client: Client, number: int) -> list[str | None]:
        batch = [questions[(number + place) % len(questions)] for place in range(TOGETHER)]
        return ask(client, path, batch, read)

    return loop(port, ask_many, CLIENTS, seconds)


def ask(client: Client, path: str, batch: list[Question], read: Read) -> list[str | None]:
    """One batch; for each photo what is wrong with its answer, or None."""
    try:
        status, document = client.post(path, *(question.photo for question in batch), field="images")
    except (OSError, ValueError) as error:
        client.close()
        return [type(error).__name__] * len(batch)
    answers = [item.get("answer") or {} for item in document.get("items", [])]
    if len(answers) != len(batch):
        return [problem(status, {}, question, read) for question in batch]
    return [problem(status, answer, question, read) for answer, question in zip(answers, batch, strict=True)]
