"""The commands `label` (as a process that is killed) and `sort`."""

import csv
import errno
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from tests.bundles import metadata, write_bundle
from tests.labelling import call, labelling
from tests.training.checks.pictures import save, scene, write_table
from training.__main__ import main
from training.labelling.journal import FILE, Entry, Journal, read


def test_no_acknowledged_answer_is_lost_when_the_server_is_killed(tmp_path: Path) -> None:
    for seed in range(8):
        save(scene(seed, size=24), tmp_path / f"{seed}.png")
    with labelling(tmp_path, "--classes", "cat,dog", "--rater", "ann") as (address, process):
        shown = call(address, "api/state?tab=t")
        given = []
        for label in ("cat", "dog", "cat"):
            given.append((shown["photo"]["file"], label))
            file = shown["photo"]["file"]
            body = {"tab": "t", "folder": str(tmp_path), "file": file, "action": "label", "label": label}
            shown = call(address, "api/answer", body)
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
    assert [(entry.file, entry.label) for entry in read(tmp_path)] == given
    with labelling(tmp_path, "--classes", "cat,dog", "--rater", "ann") as (address, _):
        again = call(address, "api/state?tab=t")
        assert (again["done"], again["undo"]) == (3, file)
        back = call(address, "api/undo", {"tab": "t", "folder": str(tmp_path), "file": file})
        assert back["photo"]["file"] == file == given[-1][0]


def test_ctrl_c_is_the_way_to_end_it(tmp_path: Path) -> None:
    save(scene(0, size=24), tmp_path / "0.png")
    with labelling(tmp_path, "--classes", "cat,dog") as (address, process):
        call(address, "api/state?tab=t")
        process.send_signal(signal.SIGINT)
        assert process.wait(30) == 0


def test_a_port_or_folder_that_cannot_be_used_is_told_before_a_model_is_asked(tmp_path: Path) -> None:
    model = write_bundle(tmp_path / "models")
    save(scene(0, size=24), tmp_path / "photos" / "0.png")
    script = "import sys; from training.__main__ import main; code = main(sys.argv[1:])\n"
    script += "sys.exit(3 if 'training.labelling.asking' in sys.modules else code)"
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        options = ["--classes", "red,blue", "--model", str(model), "--port", port, "--no-browser"]
        call = [sys.executable, "-c", script, "label", str(tmp_path / "photos"), *options]
        ended = subprocess.run(
            call, cwd=Path(__file__).parents[3], capture_output=True, text=True, check=False
        )
    assert ended.stderr.startswith(f"python -m training: Port {port} cannot be used")
    assert (ended.returncode, ended.stderr.count("\n")) == (2, 1)


def test_classes_must_be_given(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    save(scene(0), tmp_path / "0.png")
    assert main(["label", str(tmp_path)]) == 2
    assert "Expected the classes: --classes red,green,blue" in capsys.readouterr().err
    assert main(["label", str(tmp_path), "--classes", "a,../b"]) == 2
    assert "named like folders" in capsys.readouterr().err


def test_a_mistyped_folder_is_named_and_not_its_classes(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["label", str(tmp_path / "nowhere")]) == 2
    assert f"There is none at {tmp_path / 'nowhere'}" in capsys.readouterr().err


def answered(folder: Path) -> None:
    for name in ("x/1.png", "y/1.png", "2.png", "3.png"):
        save(scene(len(name)), folder / name)
    write_table(folder, [{"file": "x/1.png", "person": "p1"}])
    with Journal(folder) as journal:
        for file, label in (("x/1.png", "cat"), ("y/1.png", "cat"), ("2.png", "dog"), ("gone.png", "dog")):
            journal.append(Entry("ann", file, "label", label))
        journal.append(Entry("ann", "3.png", "skip"))
        journal.append(Entry("bob", "x/1.png", "label", "cat"))
        journal.append(Entry("bob", "2.png", "label", "cat"))


def test_sort_copies_what_raters_agree_about(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder, out = tmp_path / "photos", tmp_path / "out"
    answered(folder)
    assert main(["sort", str(folder), str(out)]) == 0
    assert sorted(path.relative_to(out).as_posix() for path in out.rglob("*.png")) == [
        "cat/x__1.png",
        "cat/y__1.png",
    ]
    with (out / "labels.csv").open(newline="") as file:
        assert next(csv.DictReader(file)) == {
            "file": "cat/x__1.png",
            "label": "cat",
            "ratings": "2",
            "agreement": "1",
            "rated_by": "ann; bob",
            "person": "p1",
        }
    said = capsys.readouterr().out
    assert "left out, cat or dog: 2.png" in said and "no such photo in the folder: gone.png" in said
    assert "ann and bob agree on 50% of 2 photos, Cohen's kappa 0.00" in said
    assert len(list(folder.rglob("*.png"))) == 4 and (folder / FILE).is_file()


def test_answers_find_photos_that_went_through_an_archive(tmp_path: Path) -> None:
    folder, out = tmp_path / "photos", tmp_path / "out"
    composed, apart = "zo\u00eb.png", "zoe\u0308.png"
    for name in (apart, "other.png"):
        save(scene(len(name), size=24), folder / name)
    write_table(folder, [{"file": composed, "person": "p1"}])
    with Journal(folder) as journal:
        journal.append(Entry("ann", composed, "label", "cat"))
    with labelling(folder, "--classes", "cat,dog", "--rater", "ann") as (address, _):
        shown = call(address, "api/state?tab=t")
        assert (shown["done"], shown["photo"]["file"]) == (1, "other.png")
    assert main(["sort", str(folder), str(out)]) == 0
    assert [path.name for path in (out / "cat").iterdir()] == [apart]
    with (out / "labels.csv").open(newline="", encoding="utf-8") as file:
        assert [(row["file"], row["person"]) for row in csv.DictReader(file)] == [(f"cat/{apart}", "p1")]


def test_sort_never_writes_into_a_full_folder(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "photos"
    answered(folder)
    assert main(["sort", str(folder), str(folder / "x")]) == 2
    assert "Expected a new or empty folder" in capsys.readouterr().err
    assert main(["sort", str(folder), str(folder / "new")]) == 2
    assert "outside of" in capsys.readouterr().err
    assert main(["sort", str(folder), str(tmp_path / "out"), "--rater", "ann"]) == 0
    assert (tmp_path / "out/dog/2.png").is_file()


def test_half_a_copy_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "photos"
    answered(folder)

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("csv.DictWriter.writerows", full)
    assert main(["sort", str(folder), str(tmp_path / "out")]) == 2
    assert not (tmp_path / "out").exists()


def test_files_of_one_flat_name_stay_two(tmp_path: Path) -> None:
    folder, out = tmp_path / "photos", tmp_path / "out"
    (folder / "x").mkdir(parents=True)
    with Journal(folder) as journal:
        for name in ("x/1.png", "x__1.png"):
            save(scene(len(name), size=24), folder / name)
            journal.append(Entry("ann", name, "label", "cat"))
    assert main(["sort", str(folder), str(out)]) == 0
    copies = sorted((out / "cat").iterdir())
    assert [path.name for path in copies] == ["x__1-2.png", "x__1.png"]
    assert copies[0].read_bytes() != copies[1].read_bytes()


def test_sort_writes_nowhere_but_below_its_folder(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    save(scene(0, size=24), tmp_path / "photos" / "1.png")
    with Journal(tmp_path / "photos") as journal:
        journal.append(Entry("ann", "1.png", "label", "../../elsewhere"))
    assert main(["sort", str(tmp_path / "photos"), str(tmp_path / "out")]) == 2
    assert "Expected labels named like folders" in capsys.readouterr().err


def test_sort_writes_nowhere_else_for_a_model_either(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    document = metadata()
    document["labels"][0]["id"] = "../../victim"
    write_bundle(tmp_path / "models", document)
    save(Image.new("RGB", (40, 40), "red"), tmp_path / "photos/me.png")
    (tmp_path / "victim").mkdir()
    (tmp_path / "victim/me.png").write_bytes(b"somebody's")
    model = ["--model", str(tmp_path / "models/colours")]
    assert main(["sort", str(tmp_path / "photos"), str(tmp_path / "work/out"), *model]) == 2
    error = capsys.readouterr().err
    assert "Expected labels named like folders. Received: '../../victim' for colours 1" in error
    assert (tmp_path / "victim/me.png").read_bytes() == b"somebody's" and not (tmp_path / "work").exists()


def test_sort_copies_only_photos_of_the_folder(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder, out = tmp_path / "photos", tmp_path / "out"
    for path in (folder / "1.png", tmp_path / "secret.png", folder / ".hidden/2.png"):
        save(scene(0, size=24), path)
    (folder / "notes.txt").write_text("no photo")
    elsewhere = ("../secret.png", str(tmp_path / "secret.png"), ".hidden/2.png", "notes.txt", "./1.png")
    with Journal(folder) as journal:
        for file in ("1.png", *elsewhere):
            journal.append(Entry("ann", file, "label", "cat"))
    assert main(["sort", str(folder), str(out)]) == 0
    assert [path.name for path in (out / "cat").iterdir()] == ["1.png"]
    said = capsys.readouterr().out
    assert all(f"left out, no such photo in the folder: {file}\n" in said for file in elsewhere)


def test_sort_needs_names_of_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_bundle(tmp_path / "models", metadata())
    save(Image.new("RGB", (40, 40), "red"), tmp_path / "photos" / "0\nx.png")
    model = ["--model", str(tmp_path / "models/colours")]
    assert main(["sort", str(tmp_path / "photos"), str(tmp_path / "out"), *model]) == 2
    assert "Expected file names of one line. Received: '0\\nx.png'" in capsys.readouterr().err


def test_a_sure_model_labels_what_nobody_answered(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_bundle(tmp_path / "models", metadata())
    folder, out = tmp_path / "photos", tmp_path / "out"
    for name, colour in (("red.png", "red"), ("green.png", "lime"), ("skipped.png", "blue")):
        save(Image.new("RGB", (40, 40), colour), folder / name)
    with Journal(folder) as journal:
        journal.append(Entry("ann", "red.png", "label", "blue"))
        journal.append(Entry("ann", "skipped.png", "skip"))
    assert main(["sort", str(folder), str(out), "--model", str(tmp_path / "models/colours")]) == 0
    with (out / "labels.csv").open(newline="") as file:
        found = {row["file"]: (row["ratings"], row["rated_by"]) for row in csv.DictReader(file)}
    assert found == {"blue/red.png": ("1", "ann"), "green/green.png": ("0", "colours 1")}
    assert "1 of them were labelled by the model alone" in capsys.readouterr().out


def test_what_another_rater_answered_is_not_the_models(tmp_path: Path) -> None:
    write_bundle(tmp_path / "models", metadata())
    folder, out = tmp_path / "photos", tmp_path / "out"
    for name in ("red.png", "also.png"):
        save(Image.new("RGB", (40, 40), "red"), folder / name)
    with Journal(folder) as journal:
        journal.append(Entry("ann", "red.png", "label", "blue"))
        journal.append(Entry("ben", "also.png", "label", "blue"))
    chosen = ["--rater", "ben", "--model", str(tmp_path / "models/colours")]
    assert main(["sort", str(folder), str(out), *chosen]) == 0
    assert [path.name for path in out.rglob("*.png")] == ["also.png"]


def test_a_port_that_is_none_is_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    save(Image.new("RGB", (40, 40), "red"), tmp_path / "red.png")
    assert main(["label", str(tmp_path), "--classes", "red,blue", "--port", "99999"]) == 2
    assert "Expected a --port from 0 to 65535. Received: 99999" in capsys.readouterr().err


def test_a_model_labels_nothing_that_is_unlike_its_own_photos(tmp_path: Path) -> None:
    # Typicality is the level of the brightest channel: half of what the other photo has.
    write_bundle(tmp_path / "models", metadata(typicality_bound=0.9), explains=True)
    folder, out = tmp_path / "photos", tmp_path / "out"
    for name, colour in (("red.png", (255, 0, 0)), ("dark.png", (128, 0, 0))):
        save(Image.new("RGB", (40, 40), colour), folder / name)
    assert main(["sort", str(folder), str(out), "--model", str(tmp_path / "models/colours")]) == 0
    assert [path.name for path in out.rglob("*.png")] == ["red.png"]


def test_sort_needs_labels(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    save(scene(0), tmp_path / "photos" / "0.png")
    assert main(["sort", str(tmp_path / "photos"), str(tmp_path / "out")]) == 2
    assert "Received: none that can be used" in capsys.readouterr().err
    assert main(["sort", str(tmp_path / "nowhere"), str(tmp_path / "out")]) == 2
    assert f"There is none at {tmp_path / 'nowhere'}" in capsys.readouterr().err


def test_sort_lists_its_folder_once(tmp_path: Path) -> None:
    """Of a folder with many photos, on a disk far away, a list takes minutes."""
    model, folder = write_bundle(tmp_path / "models", metadata()), tmp_path / "photos"
    save(Image.new("RGB", (40, 40), "red"), folder / "red.png")
    script = """
import sys
from pathlib import Path
from training.__main__ import main
from training.measuring.prediction import find_pictures
folder, *rest = sys.argv[1:]
listed = []
sys.addaudithook(lambda event, given: listed.append(given[0]) if event == "os.scandir" else None)
find_pictures([Path(folder)])
once = listed.count(folder)
code = main(["sort", folder, *rest])
print(code, listed.count(folder) / once - 1)
"""
    call = [sys.executable, "-c", script, str(folder), str(tmp_path / "out"), "--model", str(model)]
    ended = subprocess.run(call, cwd=Path(__file__).parents[3], capture_output=True, text=True, check=True)
    assert ended.stdout.splitlines()[-1] == "0 1.0"
    assert (tmp_path / "out" / "red" / "red.png").is_file()
