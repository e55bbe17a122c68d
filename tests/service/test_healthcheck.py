"""The health check of the image, run as a container's engine runs it."""

import json
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.processes import running
from tests.service.serving.test_listening import IPV6

DOCKERFILE = Path(__file__).parents[2] / "docker" / "service.Dockerfile"


def check(environment: dict[str, str]) -> int:
    (line,) = (line for line in DOCKERFILE.read_text().splitlines() if line.startswith("  CMD ["))
    python, *arguments = json.loads(line.removeprefix("  CMD "))
    assert python == "python"
    return subprocess.run([sys.executable, *arguments], env=environment, stderr=subprocess.DEVNULL).returncode


def capitals(host: str, port: int) -> dict[str, str]:
    return {"SERVICE_HOST": host, "SERVICE_PORT": str(port)}


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "", "127.0.0.1"])
def test_it_asks_where_the_service_listens(models: Path, host: str) -> None:
    if host == "::" and not IPV6:
        pytest.skip("no IPv6")
    with running(models, host=host) as (_, address):
        port = urlsplit(address).port
        assert port is not None
        assert check(capitals(host, port)) == 0
    assert check(capitals(host, port)) == 1


def test_it_reads_names_and_numbers_as_the_service_does(models: Path) -> None:
    with running(models) as (_, address):
        port = urlsplit(address).port
        assert port is not None
        small = {"service_host": "127.0.0.1", "service_port": f" {port} "}
        assert check(small) == 0
        assert check(capitals("127.0.0.1", 1) | small) == 1
