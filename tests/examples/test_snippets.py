"""The client snippets of `examples/` against a real server."""

import json
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from PIL import Image

from benchmarks.server import free_port
from tests.bundles import write_bundle
from tests.serving import serve, settings_for

ROOT = Path(__file__).parent.parent.parent
EXAMPLES = ROOT / "examples"
LINES = {
    "httpx": [sys.executable, str(EXAMPLES / "classify.py")],
    "typed client": [sys.executable, str(EXAMPLES / "typed_client.py")],
    "fetch": ["node", str(EXAMPLES / "classify.mjs")],
}


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    models = tmp_path_factory.mktemp("models")
    write_bundle(models)
    with serve(settings_for(models)) as address:
        yield address


class _Gateway(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("content-length", 0)))
        status = int(self.path.split("/")[1])
        self.send_response(status)
        if status == HTTPStatus.MOVED_PERMANENTLY:
            self.send_header("location", "https://localhost/")
        self.send_header("content-type", "text/html")
        self.end_headers()
        self.wfile.write("<h1>Désolé</h1>".encode("latin-1"))

    do_GET = do_POST

    def log_message(self, format: str, *arguments: object) -> None:
        pass


@pytest.fixture(scope="module")
def gateway() -> Iterator[str]:
    """What a proxy says by itself, with the status that the path begins with."""
    with ThreadingHTTPServer(("127.0.0.1", 0), _Gateway) as server:
        threading.Thread(target=server.serve_forever).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    path = tmp_path / "red.png"
    Image.new("RGB", (64, 64), (220, 30, 30)).save(path)
    return path


def _run(command: list[str], photo: Path, service: str) -> subprocess.CompletedProcess[str]:
    if shutil.which(command[0]) is None:
        pytest.skip(f"{command[0]} is not installed")
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "clients" / "python")}
    return subprocess.run(
        [*command, str(photo), service], capture_output=True, text=True, env=environment, timeout=60
    )


@pytest.mark.parametrize("command", LINES.values(), ids=LINES)
def test_snippet_prints_the_answer(command: list[str], photo: Path, service: str) -> None:
    result = _run(command, photo, service)
    assert (result.returncode, result.stdout, result.stderr) == (0, "whole: Red (100%)\n", "")


@pytest.mark.parametrize("command", LINES.values(), ids=LINES)
def test_snippet_says_what_is_wrong(command: list[str], tmp_path: Path, service: str) -> None:
    bad = tmp_path / "photo.jpg"
    bad.write_text("no photo")
    result = _run(command, bad, service)
    assert result.returncode == 1
    assert "The file is no supported picture" in result.stdout


@pytest.mark.parametrize("command", LINES.values(), ids=LINES)
def test_snippet_says_why_an_eye_has_no_answer(command: list[str], tmp_path: Path) -> None:
    photo = tmp_path / "glasses.png"
    with Image.open(EXAMPLES / "portrait.jpg") as portrait:
        for eye in ((227, 92, 266, 118), (184, 90, 224, 116)):
            portrait.paste((15, 15, 15), eye)
        portrait.save(photo)
    with serve(settings_for(ROOT / "models", model="eye-shape")) as service:
        result = _run(command, photo, service)
    assert result.returncode == 0
    assert "left_eye: The eye is hidden. Take off dark glasses" in result.stdout


# 200 is how a network asks for a login, 308 leads to https, and 520 is Cloudflare's own. 413 is a status of
# the service's own too: nginx says it of a photo over a megabyte.
@pytest.mark.parametrize("status", [200, 308, 413, 502, 520])
@pytest.mark.parametrize("command", LINES.values(), ids=LINES)
def test_snippet_survives_an_answer_that_is_not_the_service_s(
    command: list[str], status: int, photo: Path, gateway: str
) -> None:
    result = _run(command, photo, f"{gateway}/{status}")
    assert (result.returncode, result.stderr) == (1, "")
    assert str(status) in result.stdout


@pytest.mark.parametrize("command", LINES.values(), ids=LINES)
def test_snippet_says_that_there_is_no_photo(command: list[str], tmp_path: Path, service: str) -> None:
    result = _run(command, tmp_path / "nothing.jpg", service)
    assert (result.returncode, result.stderr) == (1, "")
    assert result.stdout.startswith("Expected a photo. Received: ")


@pytest.mark.parametrize("port", ["", "eighty"], ids=["nobody's", "no number"])
@pytest.mark.parametrize("command", LINES.values(), ids=LINES)
def test_snippet_says_that_nobody_answers(command: list[str], port: str, photo: Path) -> None:
    address = f"http://127.0.0.1:{port or free_port()}"
    result = _run(command, photo, address)
    assert (result.returncode, result.stderr) == (1, "")
    assert result.stdout.startswith(f"Expected an answer of {address}. Received: ")
    assert result.stdout.count("\n") == 1


def test_the_python_client_s_readme_is_true(photo: Path, service: str) -> None:
    text = (ROOT / "clients" / "python" / "README.md").read_text()
    code = text.split("```python\n")[1].split("```")[0]
    code = code.replace("http://localhost:8000", service).replace('Path("eye.jpg")', f"Path({str(photo)!r})")
    result = _run([sys.executable, "-c", code], photo, service)
    assert (result.returncode, result.stdout, result.stderr) == (0, "whole Red 100%\n", "")


BATCH = """
import sys
from pathlib import Path
from image_classifier_client import Client
from image_classifier_client.api.default import classify_batch
from image_classifier_client.models import ClassifyBatchBody
from image_classifier_client.types import File

files = [File(payload=data) for data in (Path(sys.argv[1]).read_bytes(), b"no photo")]
with Client(base_url=sys.argv[2]) as client:
    body = ClassifyBatchBody(images=files)
    answer = classify_batch.sync(client=client, body=body)
    print([item.problem.code if item.problem else item.answer.results[0].label for item in answer.items])
"""


def test_no_photo_is_two_for_the_python_client(photo: Path, service: str) -> None:
    head = b'\r\n--+++\r\nContent-Disposition: form-data; name="images"\r\n\r\n'
    photo.write_bytes(photo.read_bytes() + head + photo.read_bytes())
    result = _run([sys.executable, "-c", BATCH], photo, service)
    assert (result.stdout, result.stderr) == ("['red', 'unsupported_format']\n", "")


def test_curl_prints_the_answer(photo: Path, service: str) -> None:
    photo = photo.rename(photo.with_name('my, "photo";type=te\\xt.png'))
    result = _run([str(EXAMPLES / "curl.sh")], photo, service)
    assert result.returncode == 0
    assert json.loads(result.stdout)["results"][0]["label"] == "red"


def test_curl_fails_with_the_problem(tmp_path: Path, service: str) -> None:
    empty = tmp_path / "photo.jpg"
    empty.touch()
    result = _run([str(EXAMPLES / "curl.sh")], empty, service)
    assert result.returncode == 22
    assert json.loads(result.stdout)["code"] == "empty_file"


def test_curl_takes_no_redirect_for_an_answer(photo: Path, gateway: str) -> None:
    result = _run([str(EXAMPLES / "curl.sh")], photo, f"{gateway}/301")
    assert (result.returncode, result.stdout) == (47, "")


PROBE = """
import sys
from image_classifier_client import Client
from image_classifier_client.api.health import live

answer = live.sync(client=Client(base_url=sys.argv[2]))
print(answer and answer.to_dict())
"""


def test_the_python_client_knows_who_has_answered(photo: Path, service: str, gateway: str) -> None:
    results = [
        _run([sys.executable, "-c", PROBE], photo, address)
        for address in (service, f"{gateway}/200", f"{gateway}/520")
    ]
    assert [result.stdout for result in results] == ["{'status': 'live'}\n", "None\n", "None\n"]
    assert [result.stderr for result in results] == ["", "", ""]
