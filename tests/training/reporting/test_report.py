"""`training report` on runs and bundles."""

import json
import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.bundles import metadata, write_bundle
from training.__main__ import main
from training.data.folders import read_dataset
from training.data.photos import load
from training.measuring.models import Model
from training.reporting.charts import risk_coverage
from training.reporting.report import Report
from training.reporting.subject import Subject

COLOURS = {"red": (220, 30, 30), "green": (30, 220, 30), "blue": (30, 30, 220)}


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Six validation photos per colour; the red ones by `phone` are in fact green."""
    root = tmp_path / "data"
    rows = ["file,person,source"]
    for name, colour in COLOURS.items():
        for split, count in (("train", 2), ("validation", 12)):
            (root / split / name).mkdir(parents=True)
            for number in range(count):
                source = "phone" if number % 2 else "studio"
                wrong = (split, name, source) == ("validation", "red", "phone")
                size = 20 + number + 20 * list(COLOURS).index(name) + 100 * (split == "train")
                file = Path(split) / name / f"{number}.png"
                Image.new("RGB", (size, size), COLOURS["green"] if wrong else colour).save(root / file)
                rows.append(f"{file.as_posix()},{split}-{name}-{number},{source}")
    (root / "labels.csv").write_text("\n".join(rows) + "\n")
    return root


def call(capsys: pytest.CaptureFixture[str], *arguments: object) -> tuple[int, str, str]:
    code = main(["report", *map(str, arguments)])
    printed = capsys.readouterr()
    return code, printed.out, printed.err


def test_a_report_holds_everything_and_needs_nothing(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    model, out = write_bundle(tmp_path / "models"), tmp_path / "out"
    code, printed, _ = call(capsys, model, data, "--out", out, "--robustness", 6)
    assert code == 0
    assert printed.startswith("Note: the training photos in this folder are not those")
    assert "\naccuracy 83.3 %" in printed
    page = (out / "report.html").read_text(encoding="utf-8")
    assert not re.search(r'(src|href)="(?!data:|#)|<script|@import', page)
    assert "labelled red" in page
    # A name from right to left would turn the number behind it round.
    assert re.search(r"<bdi>\w+</bdi> (&gt; )?\d+ %</b>", page)
    assert re.search(r"then <bdi>\w+</bdi> ", page)
    ids = re.findall(r'\bid="([^"]+)"', page)
    assert len(ids) == len(set(ids))
    numbers = json.loads((out / "report.json").read_text())
    assert numbers["groups"]["source"]["phone"]["value"] == pytest.approx(2 / 3, abs=1e-4)
    assert numbers["robustness"]["images"] == 6
    assert set(numbers["robustness"]["curves"]) >= {"blur", "noise", "JPEG", "rotation"}
    for name in ("confusion", "reliability", "risk-coverage", "robustness"):
        with Image.open(out / f"{name}.png") as picture:
            assert min(picture.size) > 300


def test_photos_and_people_are_counted_in_one_way(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    table = (data / "labels.csv").read_text()
    (data / "labels.csv").write_text(re.sub(r"-(\d+),", lambda found: f"-{int(found[1]) // 4},", table))
    facts = {"fingerprint": "0" * 64, "images": 15280, "people": 7990}
    model = write_bundle(tmp_path / "models", metadata(dataset=facts))
    assert call(capsys, model, data, "--out", tmp_path / "out", "--robustness", 0)[0] == 0
    page = (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
    assert "<p>36 validation photos of 9 people; brackets" in page
    assert "<p>Trained on 15,280 photos of 7,990 people.</p>" in page
    assert '<td class="small">phone<br><span class="muted">18 photos of 9 people</span></td>' in page


def test_the_same_photos_give_the_same_numbers(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    model, out = write_bundle(tmp_path / "models"), tmp_path / "out"
    call(capsys, model, data, "--out", out, "--robustness", 4)
    again = Report.of(Subject.of(model, data, "validation"), model, robustness=4).document()
    assert json.loads((out / "report.json").read_text()) == json.loads(json.dumps(again))


def test_the_answers_are_those_of_evaluate(data: Path, tmp_path: Path) -> None:
    noise = np.random.default_rng(0)
    for file in sorted((data / "validation").glob("*/*.png")):
        Image.fromarray(noise.integers(0, 255, (61, 67, 3), dtype=np.uint8)).save(file)
    path = write_bundle(tmp_path / "models")
    model, photos = Model.open(path), read_dataset(data).split("validation")
    evaluated = model.probabilities(load(photos, model.size, model.crop))
    reported = Subject.of(path, data, "validation").raw
    np.testing.assert_allclose(reported, evaluated, atol=1e-6)


def test_what_is_missing_is_said(data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    model = write_bundle(tmp_path / "models")
    code, _, err = call(capsys, model, "--out", tmp_path / "out")
    assert (code, err.count("\n")) == (2, 1)
    assert "a data folder after the model" in err
    code, _, err = call(capsys, model, data, "--split", "test", "--out", tmp_path / "out")
    assert code == 2
    assert "Expected test photos" in err
    for out in ((), ("--out", tmp_path / "out")):
        code, _, err = call(capsys, tmp_path / "nothing", data, *out)
        said = f"Expected a run or an exported model. Received: {tmp_path / 'nothing'}, which does not exist."
        assert (code, err) == (2, f"python -m training: {said}\n")


def test_a_bundle_is_not_written_into(data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    model = write_bundle(tmp_path / "models")
    before = sorted(model.rglob("*"))
    code, _, err = call(capsys, model, data)
    assert (code, err.count("\n")) == (2, 1)
    assert "Expected --out" in err
    assert sorted(model.rglob("*")) == before


def test_no_answer_about_an_untypical_photo_is_sure(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    # Typicality is the level of the brightest channel: 0.86, and half of that for what is dark.
    for number in range(0, 12, 2):
        Image.new("RGB", (40, 40), (110, 15, 15)).save(data / "validation" / "red" / f"{number}.png")
    model = write_bundle(tmp_path / "models", metadata(typicality_bound=0.6), explains=True)
    subject = Subject.of(model, data, "validation")
    assert [not typical for typical in subject.typical] == [
        name in ("0.png", "2.png", "4.png", "6.png", "8.png", "10.png") and label == 0
        for name, label in zip(subject.files, subject.labels, strict=True)
    ]
    assert subject.probabilities.max(axis=1).min() >= subject.threshold
    assert call(capsys, model, data, "--out", tmp_path / "out", "--robustness", 0)[0] == 0
    numbers = json.loads((tmp_path / "out" / "report.json").read_text())
    assert (numbers["coverage"], numbers["untypical"]) == (0.833333, 0.166667)
    assert numbers["accuracy_when_sure"] == pytest.approx(24 / 30)
    page = (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
    assert "right on the 83 % of photos with a confidence of 50 % or more, and typical of what" in page
    assert "answers it is sure of (83%)" in page


def test_a_model_that_cannot_tell_finds_every_photo_typical(data: Path, tmp_path: Path) -> None:
    assert Subject.of(write_bundle(tmp_path / "models"), data, "validation").typical.tolist() == [True] * 36


def test_what_is_not_typical_is_answered_last() -> None:
    confidence = np.array([0.9, 0.8, 0.7, 0.6], dtype=np.float32)
    right, typical = np.array([False, True, True, True]), np.array([False, True, True, True])
    chart = risk_coverage(confidence, right, typical, 0.75)
    risk = chart.axes[0].lines[0].get_ydata()
    assert list(risk) == [0, 0, 0, 0.25]
