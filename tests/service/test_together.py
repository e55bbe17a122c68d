"""Photos that are classified together get the answers that each would get alone."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from service.answering.predictor import Asked, Predictor
from service.answering.prepared import Question
from service.lifecycle.loading import load_predictor
from service.schemas import Answer
from tests.bundles import metadata, write_bundle
from tests.gates import eventually, gated
from tests.serving import settings_for
from tests.uploads import RED, picture

GREEN, BLUE = (40, 180, 40), (40, 40, 220)


@pytest.fixture(scope="module")
def predictor(tmp_path_factory: pytest.TempPathFactory) -> Predictor:
    """Of two models, one of which explains itself."""
    models = tmp_path_factory.mktemp("models")
    write_bundle(models)
    write_bundle(models, metadata("explained"), explains=True)
    return load_predictor(settings_for(models, "colours,explained"))


def asked(colour: tuple[int, int, int], model: str = "explained", evidence: bool = False) -> Asked:
    return Asked(picture(colour=colour), Question(region="whole", model=model, evidence=evidence))


def answers(predictor: Predictor, *questions: Asked) -> list[Answer]:
    """What comes of them together."""
    outcomes = predictor.finish([predictor.prepare(one) for one in questions])
    return [outcome for outcome in outcomes if isinstance(outcome, Answer)]


def test_the_answers_are_those_of_each_alone(predictor: Predictor) -> None:
    questions = [asked(colour, evidence=True) for colour in (RED, GREEN, BLUE)]
    together = answers(predictor, *questions)
    alone = [answer for one in questions for answer in answers(predictor, one)]
    assert [answer.results for answer in together] == [answer.results for answer in alone]
    assert [answer.results[0].label for answer in together] == ["red", "green", "blue"]
    assert all(answer.milliseconds.inference > 0 for answer in together)


def test_each_model_is_asked_by_itself(predictor: Predictor) -> None:
    models = ["explained", "colours", "explained"]
    found = answers(predictor, *(asked(RED, model) for model in models))
    assert [answer.model.name for answer in found] == models
    assert [answer.results[0].typicality is not None for answer in found] == [True, False, True]


def test_only_who_asked_gets_evidence(predictor: Predictor) -> None:
    found = answers(predictor, asked(RED), asked(GREEN, evidence=True))
    assert [answer.results[0].evidence is not None for answer in found] == [False, True]


def test_there_is_room_for_so_many_pictures(predictor: Predictor) -> None:
    one = predictor.prepare(asked(RED))
    eyes = replace(one, pixels=[*one.pixels, *one.pixels])
    assert predictor.has_room([one])
    assert not predictor.has_room([one] * 2)
    assert not predictor.has_room([eyes])


def test_only_a_small_jpeg_without_eyes_to_look_for_is_quick(predictor: Predictor) -> None:
    whole, photo = Question(region="whole"), picture("JPEG")
    assert predictor.is_quick(Asked(photo, whole))
    assert not predictor.is_quick(Asked(photo, Question(region="auto")))
    assert not predictor.is_quick(Asked(picture("PNG"), whole))
    assert not predictor.is_quick(Asked(photo + bytes(1 << 17), whole))


def test_a_bug_in_one_answer_is_not_its_neighbours(predictor: Predictor) -> None:
    good = predictor.prepare(asked(RED))
    bad = replace(good, pixels=[*good.pixels, *good.pixels])  # more pictures than targets
    first, second, third = predictor.finish([good, bad, good])
    assert isinstance(first, Answer)
    assert isinstance(second, ValueError)
    assert isinstance(third, Answer)


def test_answers_of_photos_that_waited_are_not_mixed_up(models: Path) -> None:
    colours = {"red": RED, "green": GREEN, "blue": BLUE}
    wanted = [name for name in colours for _ in range(4)]
    with gated(models, workers=1, waiting=len(wanted)) as service, ThreadPoolExecutor(len(wanted)) as pool:
        service.predictor.gate.clear()

        def label(name: str) -> str:
            files = {"image": picture(colour=colours[name])}
            answer = service.client.post(
                "/v1/classify?region=whole", files=files, headers={"X-Request-ID": name}
            ).json()
            return str(answer["results"][0]["label"]) + str(answer["request_id"])

        waiting = [pool.submit(label, name) for name in wanted]
        eventually(lambda: service.metric("service_requests_inside") == len(wanted))
        service.predictor.gate.set()
        assert [one.result() for one in waiting] == [name + name for name in wanted]
