"""`training explain`: a page that needs nothing else."""

import re
from pathlib import Path

import keras
import pytest
from PIL import Image

from tests.bundles import write_bundle
from tests.training.tiny import LABELS, colours, network
from training.__main__ import main
from training.bundles.bundling import Target
from training.bundles.exporting import Options, Trained, export
from training.hyperparameters import HyperParameters
from training.network.assembly import assemble, build_head

ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("models") / "colours" / "1"
    facts = {"hyperparameters": {}, "dataset": {"fingerprint": "0" * 64, "images": 1, "people": 1}}
    export(Trained(network(), facts, LABELS), colours(12), Target.parse(folder), Options())
    return folder


def call(capsys: pytest.CaptureFixture[str], *arguments: object) -> tuple[int, str, str]:
    code = main(["explain", *map(str, arguments)])
    printed = capsys.readouterr()
    return code, printed.out, printed.err


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    Image.new("RGB", (48, 40), (30, 40, 200)).save(tmp_path / "sea & sky.png")
    return tmp_path / "sea & sky.png"


def test_the_page_is_self_contained(
    model: Path, photo: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    page = tmp_path / "deep" / "page.html"
    code, out, _ = call(capsys, model, photo, "--out", page)
    assert code == 0
    assert out.startswith("The picture: ")
    text = page.read_text(encoding="utf-8")
    assert "sea &amp; sky.png" in text
    assert not re.search(r"https?://(?!www\.w3\.org)|<script|url\((?!data:)", text)
    assert set(re.findall(r'src="([a-z]+:[a-z]+)/', text)) == {"data:image"}
    assert "16 maps of 32 x 32" in text
    assert "From 3,072 numbers to 2" in text


def test_every_class_gets_its_maps(
    model: Path, photo: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    call(capsys, model, photo, "--out", tmp_path / "page.html")
    text = (tmp_path / "page.html").read_text(encoding="utf-8")
    for label in LABELS:
        assert f'alt="Evidence for {label.title}"' in text
        assert f'alt="Hiding parts: {label.title}"' in text
    # A square of the mean colour hides nothing of one colour.
    assert re.search(r"Whichever square is hidden, <bdi>\w+</bdi> hardly falls from (> )?\d+ %\.</p>", text)
    assert re.search(r"<bdi>(\w+)</bdi> <small>", text) or "Closest is <bdi>" in text


def test_heads_and_networks_besides_the_first_are_closed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    model = ROOT / "models" / "eye-shape" / "3"
    call(capsys, model, ROOT / "examples" / "eye.jpg", "--out", tmp_path / "page.html")
    text = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert text.count("<code>head1_conv1</code></td>") == 1
    assert "<code>head2_conv1</code></td>" not in text
    assert re.search(r"<code>head2 to head\d</code></td>", text)
    others = text.count("<h3>Head ") - 1 + text.count("<h3>Network 2, ")
    assert others == 4 + 7  # of the second network two blocks and five heads
    assert text.count("<summary>Show its maps</summary>") == others
    assert re.search(r"With the most important square hidden, <bdi>Almond eyes</bdi> falls from 8\d %", text)


def test_heads_that_are_computed_as_one_are_shown(
    photo: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    image = keras.Input((32, 32, 3), name="image", dtype="float32")
    x = keras.layers.Conv2D(8, 3, padding="same", activation="relu", name="block1_conv1")(image)
    base = keras.Model(image, keras.layers.MaxPooling2D(8, name="block1_pool")(x))
    head = build_head(base.output.shape[1:], 2, HyperParameters(size=32, head="conv", heads=5, hidden=4))
    folder = tmp_path / "models" / "colours" / "1"
    facts = {"hyperparameters": {}, "dataset": {"fingerprint": "0" * 64, "images": 1, "people": 1}}
    trained = Trained(assemble(base, head), facts, LABELS)
    export(trained, colours(12), Target.parse(folder), Options())
    call(capsys, folder, photo, "--out", tmp_path / "page.html")
    text = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert text.count("<code>heads_conv2</code></td>") == 1
    assert "20 filters of 5 heads; each sees only the maps of its own head" in text
    assert "a weighted sum of everything before it: the mean of 5 heads" in text
    assert text.count("<h3>Heads</h3>") == 1


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--eye", "left"], "Expected a face to choose an eye of"),
        (["--region", "eyes"], "Expected --region auto or whole: colours looks at whole pictures"),
    ],
)
def test_a_wish_that_cannot_be_fulfilled_is_an_error(
    model: Path,
    photo: Path,
    tmp_path: Path,
    arguments: list[str],
    message: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    code, _, err = call(capsys, model, photo, "--out", tmp_path / "page.html", *arguments)
    assert code == 2
    assert message in err
    assert not (tmp_path / "page.html").exists()


def test_files_that_cannot_be_used_are_errors(
    model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "note.jpg").write_text("no picture")
    out = tmp_path / "page.html"
    for image in (tmp_path / "note.jpg", tmp_path / "nothing.jpg"):
        code, _, err = call(capsys, model, image, "--out", out)
        assert code == 2
        assert err.count("\n") == 1
    code, _, err = call(capsys, write_bundle(tmp_path / "models"), tmp_path / "note.jpg", "--out", out)
    assert code == 2
    assert "nothing to look into" in err


def test_a_device_without_an_end_is_no_picture(
    model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, _, err = call(capsys, model, "/dev/zero", "--out", tmp_path / "page.html")
    assert code == 2
    assert "Expected a picture at /dev/zero. It cannot be read: more than 200,000,000 bytes." in err


def test_help_says_what_is_looked_at(photo: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A model of eyes looks at no picture that shows none."""
    eyes = (ROOT / "models/eye-shape", photo, "--out", tmp_path / "page.html", "--models", ROOT / "models")
    code, _, err = call(capsys, *eyes)
    assert code == 2
    assert "Expected a face, or one open eye from near" in err
    with pytest.raises(SystemExit):
        main(["explain", "--help"])
    said = " ".join(capsys.readouterr().out.split())
    assert "of a model of eyes both eyes of a face, or one eye from near, and of others the whole" in said
