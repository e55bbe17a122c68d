import io
import subprocess
import sys
from pathlib import Path

from PIL import Image

from benchmarks import decoding, records
from tests.uploads import picture


def test_the_photo_has_the_pixels_and_bytes_that_are_told() -> None:
    data = decoding.phone_photo()
    assert abs(len(data) / decoding.BYTES - 1) < 0.01
    assert Image.open(io.BytesIO(data)).size == (4000, 3000)


def test_a_photo_of_ones_own_leaves_nothing_for_the_table_of_targets(tmp_path: Path) -> None:
    photo = tmp_path / "photo.png"
    photo.write_bytes(picture("PNG"))
    command = [sys.executable, "-m", "benchmarks.decoding", "--rounds", "2"]
    where = ["--photo", str(photo), "--out", str(tmp_path)]
    found = subprocess.run([*command, *where], check=True, capture_output=True, text=True).stdout
    assert [line.split(" | ")[0] for line in found.splitlines()[-2:]] == ["| 80", "| 224"]
    assert records.kept(tmp_path, "decoding") is None
