"""The real images: built from the Dockerfiles, run the way Compose runs them.

`CONTAINER_ENGINE` is the command to use, `docker` unless set.
"""

import json
import os
import shlex
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

pytestmark = pytest.mark.containers

ROOT = Path(__file__).parents[2]
ENGINE = shlex.split(os.environ.get("CONTAINER_ENGINE", "docker"))
PORT = "18080"
HARDENED = [
    "--read-only",
    "--tmpfs",
    "/tmp:size=16m",
    "--cap-drop",
    "ALL",
    "--security-opt",
    "no-new-privileges",
]
# Made by the engine itself when a container starts.
MOUNT_POINTS = (
    " /etc",
    " /run",
    "/etc/hosts",
    "/etc/hostname",
    "/etc/resolv.conf",
    "/etc/mtab",
    "/.containerenv",
)
WAIT = f"""
import time, urllib.request
for _ in range(200):
    try:
        urllib.request.urlopen("http://127.0.0.1:{PORT}/health/ready", timeout=1)
        break
    except OSError:
        time.sleep(0.1)
else:
    raise SystemExit("not ready within 20 s")
"""


def engine(*arguments: str) -> str:
    done = subprocess.run([*ENGINE, *arguments], cwd=ROOT, text=True, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout.strip()


@pytest.fixture(scope="module")
def service() -> Iterator[str]:
    engine("build", "--file", "docker/service.Dockerfile", "--tag", "image-classifier-service", ".")
    options = ["--detach", "--publish", f"{PORT}:{PORT}", "--env", f"SERVICE_PORT={PORT}", *HARDENED]
    container = engine("run", *options, "image-classifier-service").splitlines()[-1]
    try:
        engine("exec", container, "python", "-c", WAIT)
        yield container
    finally:
        engine("rm", "--force", container)


def classify(photo: Path, name: str = "a.jpg") -> dict[str, object]:
    boundary = "containers"
    head = f'--{boundary}\r\nContent-Disposition: form-data; name="image"; filename="{name}"\r\n\r\n'
    body = head.encode() + photo.read_bytes() + f"\r\n--{boundary}--\r\n".encode()
    request = urllib.request.Request(
        f"http://127.0.0.1:{PORT}/v1/classify",
        body,
        {"content-type": f"multipart/form-data; boundary={boundary}"},
    )
    with urllib.request.urlopen(request, timeout=30) as response:
        answer: dict[str, object] = json.load(response)
    return answer


def test_answers_a_real_photo(service: str) -> None:
    answer = classify(ROOT / "examples" / "eye.jpg")
    assert isinstance(answer["results"], list)
    assert len(answer["results"]) == 1


def test_describes_its_api(service: str) -> None:
    with urllib.request.urlopen(f"http://127.0.0.1:{PORT}/openapi.json", timeout=30) as response:
        assert json.load(response) == json.loads((ROOT / "clients" / "openapi.json").read_text())


def run_python(container: str, script: str) -> str:
    """The image has no shell and no other tools."""
    return engine("exec", container, "python", "-c", script)


def test_runs_as_an_ordinary_user(service: str) -> None:
    assert run_python(service, "import os; print(os.getuid(), os.getgid())") == "10001 10001"


@pytest.mark.parametrize("place", ["/app/x", "/opt/x", "/models/x"])
def test_nothing_of_the_image_can_be_written(service: str, place: str) -> None:
    with pytest.raises(AssertionError, match="Read-only file system|Permission denied"):
        run_python(service, f"open({place!r}, 'w')")


def files_of(container: str) -> str:
    places = ("/tmp", "/var/tmp", "/dev/shm", "/run")
    return run_python(container, f"import os; print([list(os.walk(place)) for place in {places}])")


def test_nothing_of_an_upload_is_kept_anywhere(service: str) -> None:
    before = files_of(service)
    for _ in range(3):
        classify(ROOT / "examples" / "portrait.jpg", name="grandma-at-the-beach.jpg")
    with pytest.raises(urllib.error.HTTPError, match="415"):
        classify(ROOT / "README.md", name="grandma-at-the-beach.jpg")
    assert files_of(service) == before
    changed = [line for line in engine("diff", service).splitlines() if not line.endswith(MOUNT_POINTS)]
    assert changed == []
    assert "/v1/classify" in engine("logs", service)
    assert "grandma" not in engine("logs", service)


def test_the_health_check_of_the_image_passes(service: str) -> None:
    inspected = json.loads(engine("inspect", "image-classifier-service"))[0]
    config = (
        inspected.get("HealthCheck") or inspected.get("Healthcheck") or inspected["Config"]["Healthcheck"]
    )
    command = config["Test"][1:]
    engine("exec", service, *command)


def test_nothing_but_python_can_be_run_in_the_image(service: str) -> None:
    script = (
        "import importlib.util as u, os; "
        "print([n for n in ('tensorflow', 'cv2', 'training', 'pip') if u.find_spec(n)], "
        "sorted({f for d in ('/bin', '/sbin', '/usr/bin', '/usr/sbin', '/usr/local/bin') if os.path.isdir(d) "
        "for f in os.listdir(d) if not f.startswith('python')}))"
    )
    assert run_python(service, script) == "[] []"


def test_the_image_is_small(service: str, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "benchmarks.image_size", "--out", str(tmp_path)]
    subprocess.run(command, cwd=ROOT, check=True)
    measured = json.loads((tmp_path / "image.json").read_text(encoding="utf-8"))
    assert 1 < measured["models"] < measured["megabytes"]
    assert measured["rest"] < 300
