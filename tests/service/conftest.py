from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.bundles import write_bundle
from tests.processes import running
from tests.service.watched import Watched


@pytest.fixture(scope="session")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with one tiny model; nobody changes it."""
    folder = tmp_path_factory.mktemp("models")
    write_bundle(folder)
    return folder


@pytest.fixture(scope="session")
def service(models: Path) -> Iterator[str]:
    """The address of a service in a process of its own, shared by all tests that leave it as it was."""
    with running(
        models, waiting=50, max_body_bytes=2_000_000, max_batch=4, body_seconds=1, header_seconds=1
    ) as (_, address):
        yield address


@pytest.fixture
def client(service: str) -> Iterator[httpx.Client]:
    """A client of that service."""
    with httpx.Client(base_url=service) as client:
        yield client


@pytest.fixture
def watched(tmp_path: Path) -> Watched:
    return Watched(tmp_path)
