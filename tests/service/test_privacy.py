"""The privacy promise: nothing of an upload is ever on a disk, in the logs or in the metrics."""

import io
import os
import resource
from pathlib import Path

import httpx
import pytest
from PIL import Image

from tests.processes import forbid_writing_files, running
from tests.several import ON_LINUX, children
from tests.uploads import noise, picture

NAME = "grandma-at-the-beach"
COMMENT = "written-inside-the-photo"


def allow_dumps() -> None:
    """What many containers have: as much as the system allows."""
    _, hard = resource.getrlimit(resource.RLIMIT_CORE)
    resource.setrlimit(resource.RLIMIT_CORE, (hard, hard))


def photo() -> bytes:
    exif = Image.Exif()
    exif[0x9286] = COMMENT  # UserComment
    return picture("JPEG", (300, 200), exif=exif.tobytes(), comment=COMMENT.encode())


@pytest.mark.parametrize("variable", ["PROMETHEUS_MULTIPROC_DIR", "prometheus_multiproc_dir"])
def test_metrics_stay_in_memory_whatever_other_servers_want(
    models: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    monkeypatch.setenv(variable, str(tmp_path))
    with running(models) as (_, address):
        httpx.post(f"{address}/v1/classify", files={"image": photo()})
        assert "\nservice_images_total{" in httpx.get(f"{address}/metrics").text
    assert not [path for path in tmp_path.iterdir() if path.suffix == ".db"]


def test_no_byte_of_an_upload_is_written_or_told(
    models: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    monkeypatch.setenv("TMPDIR", str(scratch))
    before = set(os.listdir())
    with running(models, before=forbid_writing_files) as (process, address):
        with httpx.Client(base_url=address, headers={"User-Agent": "my-own-browser"}) as client:
            name = f"{NAME}.jpg"
            answers = [
                client.post("/v1/classify?region=whole", files={"image": (name, photo())}),
                client.post(f"/v1/classify?{NAME}={NAME}", files={"image": (name, photo())}),
                client.post("/v1/classify", files={"image": (name, b"no picture " + COMMENT.encode())}),
                client.post("/v1/classify", files={NAME: (name, photo())}),
                client.post("/v1/classify", files={"image": (name, bytes(21_000_000))}),
                client.post("/v1/classify/batch", files=[("images", (name, noise(1000)))] * 4),
                client.get(f"/{NAME}"),
                client.get(f"/v1/models/{NAME}"),
            ]
            metrics = client.get("/metrics").text
    assert [answer.status_code for answer in answers] == [200, 422, 415, 422, 413, 200, 404, 404]
    told = "".join(process.lines) + metrics
    assert '"route": "/v1/classify"' in told
    for secret in (NAME, COMMENT, "my-own-browser", '"127.0.0.1"'):
        assert secret not in told.replace('"host": "127.0.0.1"', "")
    assert list(scratch.iterdir()) == []
    assert set(os.listdir()) == before


@ON_LINUX
@pytest.mark.parametrize("processes", [1, 2])
def test_a_crash_writes_no_memory_to_a_disk(models: Path, processes: int) -> None:
    with running(models, before=allow_dumps, processes=processes) as (process, address):
        assert httpx.post(f"{address}/v1/classify?region=whole", files={"image": photo()}).status_code == 200
        everyone = {process.process.pid, *children(process)}
        limits = [Path(f"/proc/{number}/limits").read_text() for number in everyone]
    assert len(limits) == (1 if processes == 1 else 3)
    for text in limits:
        (line,) = [line for line in text.splitlines() if line.startswith("Max core file size")]
        assert line.split()[4] in ("0", "1")


def test_a_damaged_picture_does_not_fill_the_log(models: Path) -> None:
    damaged = bytearray(fax())
    damaged[20:200] = bytes(range(180))
    with running(models) as (process, address):
        httpx.post(f"{address}/v1/classify", files={"image": bytes(damaged)})
    assert all(line.startswith("{") for line in process.lines)


def fax() -> bytes:
    file = io.BytesIO()
    Image.effect_noise((200, 200), 80).convert("1").save(file, "TIFF", compression="group4")
    return file.getvalue()
