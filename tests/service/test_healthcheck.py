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


def check(host: str, port: int) -> int:
    (line,) = (line for line in DOCKERFILE.read_text().splitlines() if line.startswith("  CMD ["))
    python, *arguments = json.loads(line.removeprefix("  CMD "))
    assert python == "python"
    environment = {"SERVICE_HOST": host, "SERVICE_PORT": str(port)}
    return subprocess.run([sys.executable, *arguments], env=environment, stderr=subprocess.DEVNULL).returncode


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "", "127.0.0.1"])
def test_it_asks_where_the_service_listens(models: Path, host: str) -> None:
    if host == "::" and not IPV6:
        pytest.skip("no IPv6")
    with running(models, host=host) as (_, address):
        port = urlsplit(address).port
        assert port is not None
        assert check(host, port) == 0
    assert check(host, port) == 1
