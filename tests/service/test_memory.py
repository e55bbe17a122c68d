"""The memory of a service that photos come to, as the system counts it."""

import re
import sys
import time
from pathlib import Path

import httpx
import pytest

from tests.processes import running
from tests.several import patched
from tests.uploads import picture

LINUX = pytest.mark.skipif(sys.platform != "linux", reason="only glibc has these settings")
PHOTO = picture("PNG", (1400, 1000))
PIXELS = 1400 * 1000
PAGE_BYTES = 4096


def faults(pid: int) -> int:
    """How often the process got another page of memory."""
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[7])


def megabytes(pid: int) -> float:
    found = re.search(r"VmRSS:\s+(\d+)", Path(f"/proc/{pid}/status").read_text())
    assert found
    return int(found[1]) / 1024


def ask(address: str, times: int) -> None:
    with httpx.Client(base_url=address) as client:
        for _ in range(times):
            assert client.post("/v1/classify", files={"image": PHOTO}).status_code == 200


@LINUX
def test_a_photo_takes_the_memory_that_the_one_before_has_left(models: Path) -> None:
    with running(models, processes=1, workers=1) as (process, address):
        ask(address, 5)
        before = faults(process.process.pid)
        ask(address, 10)
        taken = (faults(process.process.pid) - before) / 10
    assert taken * PAGE_BYTES < PIXELS  # its pixels alone are three times that


@LINUX
def test_what_photos_took_is_given_back_once_nobody_asks(models: Path) -> None:
    code = patched("from service.answering import jobs; jobs.QUIET_SECONDS = 0.5")
    with running(models, None, code, processes=1, workers=1) as (process, address):
        ask(address, 5)
        held, until = megabytes(process.process.pid), time.monotonic() + 20
        while megabytes(process.process.pid) > held - 3:
            assert time.monotonic() < until
            time.sleep(0.05)
        ask(address, 1)
