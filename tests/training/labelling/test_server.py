from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest

from service.metadata import Label
from tests.serving import serve_app
from tests.training.checks.pictures import save, scene
from training.labelling.journal import Entry, Journal, read, standing
from training.labelling.server import create_app
from training.labelling.suggestions import Suggestions
from training.labelling.workspace import Workspace

LABELS = (Label(id="cat", title="Cat", description="Purrs."), Label(id="dog", title="Dog"))


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[Workspace]:
    for seed in range(6):
        save(scene(seed), tmp_path / f"{seed}.png")
    with Journal(tmp_path) as journal:
        yield Workspace(tmp_path, [f"{seed}.png" for seed in range(6)], LABELS, journal, "ann")


@contextmanager
def served(workspace: Workspace) -> Iterator[httpx.Client]:
    with serve_app(create_app(workspace)) as address, httpx.Client(base_url=address) as client:
        yield client


@pytest.fixture
def client(workspace: Workspace) -> Iterator[httpx.Client]:
    with served(workspace) as client:
        yield client


def post(client: httpx.Client, call: str, **body: Any) -> Any:
    answer = client.post(f"/api/{call}", json=body)
    assert answer.status_code == 200, answer.text
    return answer.json()


def state(client: httpx.Client, tab: str = "t") -> Any:
    return client.get("/api/state", params={"tab": tab}).json()


def test_an_answer_is_written_before_the_next_photo_comes(client: httpx.Client, workspace: Workspace) -> None:
    first = state(client)["photo"]
    after = post(client, "answer", tab="t", index=first["index"], action="label", label="dog")
    assert [(entry.file, entry.label) for entry in read(workspace.folder)] == [(first["file"], "dog")]
    assert after["photo"]["index"] != first["index"]
    assert (after["done"], after["total"], after["labels"][1]["examples"]) == (1, 6, [first["index"]])


def test_a_reload_shows_the_same_photo_and_another_tab_another(client: httpx.Client) -> None:
    shown = state(client)["photo"]["index"]
    assert state(client)["photo"]["index"] == shown
    assert state(client, "other")["photo"]["index"] != shown


def test_undo_is_per_tab_and_returns_to_the_photo(client: httpx.Client, workspace: Workspace) -> None:
    mine, theirs = state(client)["photo"], state(client, "other")["photo"]
    post(client, "answer", tab="t", index=mine["index"], action="label", label="cat")
    post(client, "answer", tab="other", index=theirs["index"], action="skip")
    back = post(client, "undo", tab="t")
    assert (back["photo"]["index"], back["done"], back["can_undo"]) == (mine["index"], 1, False)
    assert list(standing(read(workspace.folder))["ann"]) == [theirs["file"]]


def test_when_all_is_answered_there_is_no_photo(client: httpx.Client) -> None:
    for _ in range(6):
        post(client, "answer", tab="t", index=state(client)["photo"]["index"], action="skip")
    done = state(client)
    assert (done["photo"], done["done"], done["skipped"], done["can_undo"]) == (None, 6, 6, True)


@pytest.mark.parametrize(
    "body",
    [
        {"index": 99, "action": "label", "label": "cat"},
        {"index": -1, "action": "skip"},
        {"index": 0, "action": "label", "label": "cow"},
        {"index": 0, "action": "burn"},
        {"index": "0", "action": "skip"},
        {},
    ],
)
def test_what_makes_no_sense_is_refused_and_not_written(
    client: httpx.Client, workspace: Workspace, body: dict[str, Any]
) -> None:
    answer = client.post("/api/answer", json={"tab": "t", **body})
    assert answer.status_code == 422 and answer.json()["detail"].startswith("Expected")
    assert read(workspace.folder) == []


def test_other_sites_are_kept_out(client: httpx.Client, workspace: Workspace) -> None:
    assert client.get("/api/state", headers={"host": "evil.example"}).status_code == 400
    form = client.post("/api/undo", content='{"tab": "t"}', headers={"content-type": "text/plain"})
    assert form.status_code == 422
    policy = client.get("/").headers["content-security-policy"]
    assert "default-src 'none'" in policy and "unsafe" not in policy


def test_photos_are_pictures_whatever_the_file_says(client: httpx.Client, workspace: Workspace) -> None:
    answer = client.get("/photos/0")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "image/jpeg")
    (workspace.folder / "0.png").write_text("<script>alert(1)</script>")
    assert client.get("/photos/0").status_code == 422
    assert client.get("/photos/6").status_code == 422


def test_a_second_opinion_is_formed_without_the_first(workspace: Workspace) -> None:
    for index in range(4):
        workspace.journal.append(Entry("bob", f"{index}.png", "label", "cat"))
    second = Workspace(
        workspace.folder, workspace.files, LABELS, workspace.journal, "ann", None, second_opinion=True
    )
    with served(second) as client:
        assert (state(client)["total"], state(client)["agreements"]) == (4, [])
        for label in ("cat", "cat", "cat", "dog"):
            index = state(client)["photo"]["index"]
            post(client, "answer", tab="t", index=index, action="label", label=label)
        done = state(client)
    assert done["photo"] is None
    assert done["agreements"] == [{"other": "bob", "photos": 4, "share": 0.75, "kappa": 0.0}]


def test_the_least_certain_photo_comes_first_then_the_most_unlike(workspace: Workspace) -> None:
    probabilities = np.array([[0.9, 0.1], [0.5, 0.5], [0.99, 0.01], [0.2, 0.8], [0.4, 0.6], [0.95, 0.05]])
    looks = np.eye(6, 63, dtype=np.float32)
    looks[4] = looks[1]
    hints = Suggestions(("cat", "dog"), probabilities, looks)
    helped = Workspace(workspace.folder, workspace.files, LABELS, workspace.journal, "ann", hints)
    with served(helped) as client:
        first = state(client)["photo"]
        assert (first["file"], first["confidence"]) == ("1.png", 0.5)
        after = post(client, "answer", tab="t", index=1, action="label", label=first["suggestion"])
    assert after["photo"]["file"] == "3.png"  # 4.png is less certain, but looks like 1.png
    assert after["saving"] == {"suggested": 1, "right": 1, "sure": 3}
