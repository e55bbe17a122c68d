from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest

from service.networks.metadata import Label
from tests.disks import full_after
from tests.serving import serve_app
from tests.training.checks.pictures import save, scene
from training.labelling.deciding import decide
from training.labelling.journal import Entry, Journal, read, standing
from training.labelling.saving import pace
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
    folder = state(client, body["tab"])["folder"]
    answer = client.post(f"/api/{call}", json={"folder": folder, **body})
    assert answer.status_code == 200, answer.text
    return answer.json()


def state(client: httpx.Client, tab: str = "t") -> Any:
    return client.get("/api/state", params={"tab": tab}).json()


def test_an_answer_is_written_before_the_next_photo_comes(client: httpx.Client, workspace: Workspace) -> None:
    first = state(client)["photo"]
    after = post(client, "answer", tab="t", file=first["file"], action="label", label="dog")
    assert [(entry.file, entry.label) for entry in read(workspace.folder)] == [(first["file"], "dog")]
    assert after["photo"]["file"] != first["file"]
    assert (after["done"], after["total"], after["labels"][1]["examples"]) == (1, 6, [first["file"]])


def test_a_reload_shows_the_same_photo_and_another_tab_another(client: httpx.Client) -> None:
    shown = state(client)["photo"]["file"]
    assert state(client)["photo"]["file"] == shown
    assert state(client, "other")["photo"]["file"] != shown


def test_undo_is_per_tab_and_returns_to_the_photo(client: httpx.Client, workspace: Workspace) -> None:
    mine, theirs = state(client)["photo"], state(client, "other")["photo"]
    post(client, "answer", tab="t", file=mine["file"], action="label", label="cat")
    after = post(client, "answer", tab="other", file=theirs["file"], action="skip")
    assert after["undo"] == theirs["file"]
    back = post(client, "undo", tab="t", file=mine["file"])
    assert (back["photo"]["file"], back["done"], back["undo"]) == (mine["file"], 1, None)
    assert list(standing(read(workspace.folder))["ann"]) == [theirs["file"]]


def test_when_all_is_answered_there_is_no_photo(client: httpx.Client) -> None:
    for _ in range(6):
        post(client, "answer", tab="t", file=state(client)["photo"]["file"], action="skip")
    done = state(client)
    assert (done["photo"], done["done"], done["skipped"]) == (None, 6, 6)


def test_what_is_sent_again_because_the_answer_got_lost_counts_once(
    client: httpx.Client, workspace: Workspace
) -> None:
    first = state(client)["photo"]["file"]
    for _ in range(2):
        second = post(client, "answer", tab="t", file=first, action="label", label="cat")["photo"]["file"]
    assert len(read(workspace.folder)) == 1
    post(client, "answer", tab="t", file=second, action="label", label="dog")
    for _ in range(2):
        assert post(client, "undo", tab="t", file=second)["undo"] == first
    assert [entry.label for entry in standing(read(workspace.folder))["ann"].values()] == ["cat"]


@pytest.mark.parametrize(
    "body",
    [
        {"file": "9.png", "action": "label", "label": "cat"},
        {"file": "../0.png", "action": "skip"},
        {"file": "0.png", "action": "label", "label": "cow"},
        {"file": "0.png", "action": "burn"},
        {"file": 0, "action": "skip"},
        {"file": "0.png", "action": "skip", "folder": "/another"},
        {},
    ],
)
def test_what_makes_no_sense_is_refused_and_not_written(
    client: httpx.Client, workspace: Workspace, body: dict[str, Any]
) -> None:
    answer = client.post("/api/answer", json={"tab": "t", "folder": str(workspace.folder), **body})
    assert answer.status_code == 422 and answer.json()["detail"].startswith("Expected")
    assert read(workspace.folder) == []


def test_other_sites_are_kept_out(client: httpx.Client, workspace: Workspace) -> None:
    assert client.get("/api/state", headers={"host": "evil.example"}).status_code == 400
    form = client.post("/api/undo", content='{"tab": "t"}', headers={"content-type": "text/plain"})
    assert form.status_code == 422
    policy = client.get("/").headers["content-security-policy"]
    assert "default-src 'none'" in policy and "unsafe" not in policy


def test_photos_are_pictures_whatever_the_file_says(client: httpx.Client, workspace: Workspace) -> None:
    answer = client.get("/photos/0.png")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "image/jpeg")
    (workspace.folder / "0.png").write_text("<script>alert(1)</script>")
    assert client.get("/photos/0.png").status_code == 422
    assert client.get("/photos/6.png").status_code == 422


@pytest.mark.parametrize("broken", [b"", b"no picture", None])
def test_what_cannot_be_shown_gets_no_class_and_can_be_skipped(
    client: httpx.Client, workspace: Workspace, broken: bytes | None
) -> None:
    file = state(client)["photo"]["file"]
    whole = (workspace.folder / file).read_bytes()
    (workspace.folder / file).write_bytes(whole[: len(whole) // 2] if broken is None else broken)
    body = {"tab": "t", "folder": str(workspace.folder), "file": file, "action": "label", "label": "cat"}
    refused = client.post("/api/answer", json=body)
    assert refused.status_code == 422
    assert refused.json()["detail"].startswith(f"{file} cannot be shown, so it gets no class: ")
    assert client.get(f"/photos/{file}").json() == refused.json()
    assert read(workspace.folder) == [] and state(client)["photo"]["file"] == file
    after = post(client, "answer", tab="t", file=file, action="skip")
    assert (after["skipped"], after["photo"]["file"] == file) == (1, False)


def test_a_second_opinion_is_formed_without_the_first(workspace: Workspace) -> None:
    for index in range(4):
        workspace.journal.append(Entry("bob", f"{index}.png", "label", "cat"))
    second = Workspace(workspace.folder, workspace.files, LABELS, workspace.journal, "ann", None, "second")
    with served(second) as client:
        assert (state(client)["total"], state(client)["agreements"]) == (4, [])
        for label in ("cat", "cat", "cat", "dog"):
            file = state(client)["photo"]["file"]
            post(client, "answer", tab="t", file=file, action="label", label=label)
        done = state(client)
    assert done["photo"] is None
    assert done["agreements"] == [{"other": "bob", "photos": 4, "share": 0.75, "kappa": 0.0}]


def test_the_least_certain_photo_comes_first_then_the_most_unlike(workspace: Workspace) -> None:
    probabilities = np.array([[0.9, 0.1], [0.52, 0.48], [0.99, 0.01], [0.2, 0.8], [0.4, 0.6], [0.95, 0.05]])
    looks = np.eye(6, 63, dtype=np.float32)
    looks[4] = looks[1]
    hints = Suggestions(("cat", "dog"), probabilities, looks)
    helped = Workspace(workspace.folder, workspace.files, LABELS, workspace.journal, "ann", hints)
    with served(helped) as client:
        first = state(client)["photo"]
        assert (first["file"], first["confidence"]) == ("1.png", 0.52)
        after = post(client, "answer", tab="t", file="1.png", action="label", label=first["suggestion"])
    assert after["photo"]["file"] == "3.png"  # 4.png is less certain, but looks like 1.png
    assert after["saving"] == {
        "suggested": 1,
        "right": 1,
        "left": 5,
        "sure": 3,
        "sure_labelled": 0,
        "sure_right": 0,
    }


def test_a_model_without_an_opinion_suggests_nothing(workspace: Workspace) -> None:
    probabilities = np.array([[0.9, 0.1]] * 5 + [[0.5, 0.5]])  # as of a file that cannot be read
    hints = Suggestions(("cat", "dog"), probabilities, np.eye(6, 63, dtype=np.float32))
    helped = Workspace(workspace.folder, workspace.files, LABELS, workspace.journal, "ann", hints)
    with served(helped) as client:
        assert state(client)["photo"] == {"file": "5.png", "suggestion": None, "confidence": None}
        after = post(client, "answer", tab="t", file="5.png", action="label", label="dog")
    assert after["photo"]["suggestion"] == "cat"
    assert (after["saving"]["suggested"], after["saving"]["right"]) == (0, 0)


def test_a_third_person_sees_what_two_others_dispute(workspace: Workspace) -> None:
    for rater, labels in (("bob", ("cat", "cat", "dog")), ("eve", ("cat", "dog", "cat"))):
        for index, label in enumerate(labels):
            workspace.journal.append(Entry(rater, f"{index}.png", "label", label))
    third = Workspace(workspace.folder, workspace.files, LABELS, workspace.journal, "ann", None, "disputed")
    with served(third) as client:
        files = set()
        while (shown := state(client))["photo"] is not None:
            files.add(shown["photo"]["file"])
            post(client, "answer", tab="t", file=shown["photo"]["file"], action="label", label="cat")
        assert (files, shown["total"]) == ({"1.png", "2.png"}, 2)
    decided, disputed = decide(standing(read(workspace.folder)))
    assert {file: (item.label, round(item.agreement, 2)) for file, item in decided.items()} == {
        "0.png": ("cat", 1.0),
        "1.png": ("cat", 0.67),
        "2.png": ("cat", 0.67),
    }
    assert disputed == {}


def test_the_pace_is_the_time_between_answers_without_pauses() -> None:
    seconds = [0, 2, 4, 600, 603, 605, 607]
    entries = [
        Entry("ann", "f", "skip", time=f"2026-01-01T00:{s // 60:02}:{s % 60:02}+00:00") for s in seconds
    ]
    assert pace(entries, "ann") == 2.0
    assert pace(entries[:4], "ann") is None and pace(entries, "bob") is None


def test_an_answer_sent_again_is_noted_once_also_after_another_tab_has_answered(
    client: httpx.Client, workspace: Workspace
) -> None:
    first = state(client, "a")["photo"]["file"]
    for tab, label in (("a", "cat"), ("b", "dog"), ("a", "cat")):
        post(client, "answer", tab=tab, file=first, action="label", label=label)
    assert [entry.label for entry in read(workspace.folder)] == ["cat", "dog"]
    assert workspace.mine[first].label == "dog"


def test_times_that_a_spreadsheet_has_written_anew_are_no_pace() -> None:
    own = [Entry("ann", f"{n}.png", "label", "cat", time=f"2026-01-01T10:00:0{n}+00:00") for n in range(7)]
    known = pace(own, "ann")
    others = [replace(own[0], time=time) for time in ("28/11/2026 12:00", "", "2026-01-01 09:00:00", "x")]
    assert pace([*others, *own], "ann") == known == 1.0
    assert pace(others * 3, "ann") is None


def test_a_full_disk_is_named_and_the_same_answer_taken_once_there_is_room(
    client: httpx.Client, workspace: Workspace
) -> None:
    file, folder = state(client)["photo"]["file"], str(workspace.folder)
    body = {"folder": folder, "tab": "t", "file": file, "action": "label", "label": "dog"}
    with full_after(workspace.journal.path.stat().st_size + 9):
        refused = client.post("/api/answer", json=body)
    assert (refused.status_code, refused.json()) == (
        507,
        {"detail": f"{workspace.journal.path}: File too large"},
    )
    post(client, "answer", tab="t", file=file, action="label", label="dog")
    assert [(entry.file, entry.label) for entry in read(workspace.folder)] == [(file, "dog")]
