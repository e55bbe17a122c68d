import math
from pathlib import Path

import pytest

from benchmarks.comparison import batches
from benchmarks.comparison.contenders import contenders
from benchmarks.comparison.load import Question
from benchmarks.comparison.measuring import PICTURES
from benchmarks.server import running
from service.networks.classifier import Classifier
from service.pictures.regions import read_whole
from tests.benchmarks.answering import answering
from training.measuring.prediction import model_file

READ = contenders()[0].read
PATH = "/v1/classify?region=whole"


@pytest.fixture(scope="module")
def questions() -> list[Question]:
    classifier = Classifier(model_file(Path("models/eye-shape")))
    asked = []
    for photo in (path.read_bytes() for path in PICTURES):
        row = classifier.probabilities(read_whole(photo, classifier.input_size)[None])[0]
        best = int(row.argmax())
        asked.append(Question(photo, classifier.metadata.labels[best].id, float(row[best])))
    return asked


def test_every_photo_of_a_batch_is_compared_with_its_own_answer(questions: list[Question]) -> None:
    unlike = Question(questions[0].photo, "another", math.nan)
    broken = Question(b"no picture", questions[1].label, 1.0)
    asked = [*questions[:2], unlike, *questions[2:], broken]
    with running(waiting="16") as port:
        seen = batches.load(port, PATH, asked, READ, 1, 0.5)
    assert seen.latencies
    assert set(seen.failures) == {"wrong label", "no label in the answer"}
    # 16 of 8 questions in turn: each twice.
    assert len(seen.latencies) == 6 * seen.failures["wrong label"]
    assert seen.failures["wrong label"] == seen.failures["no label in the answer"]


def test_a_batch_that_is_refused_counts_for_all_of_its_photos(questions: list[Question]) -> None:
    with answering({"items": []}) as port:
        seen = batches.load(port, PATH, questions, READ, 1, 0.05)
    assert not seen.latencies
    assert set(seen.failures) == {"no label in the answer"}
    assert seen.failures.total() % batches.TOGETHER == 0
