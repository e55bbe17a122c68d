import json
import logging
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx
import pytest

from benchmarks.server import free_port
from service import logs
from tests.gates import eventually
from tests.processes import Process
from tests.several import by_process, metrics


@pytest.fixture
def log(tmp_path: Path) -> Iterator[Path]:
    loggers = [logging.getLogger(name) for name in ("", "service", "uvicorn.error", "PIL")]
    before = [(logger, logger.level, list(logger.handlers)) for logger in loggers]
    path = tmp_path / "log"
    with path.open("wb") as file:
        logs.configure("info", file.fileno())
    yield path
    logging.captureWarnings(False)
    for logger, level, handlers in before:
        logger.setLevel(level)
        logger.handlers = handlers


def records(log: Path) -> list[dict[str, Any]]:
    logging.getLogger().handlers[0].flush()
    return [json.loads(line) for line in log.read_text().splitlines()]


def test_a_record_is_one_line_of_json(log: Path) -> None:
    logging.getLogger("service.tests").info("two\nlines", extra={"request_id": "abc", "status": 200})
    (record,) = records(log)
    assert record.pop("time").endswith("+00:00")
    assert record == {
        "level": "info",
        "logger": "service.tests",
        "message": "two\nlines",
        "request_id": "abc",
        "status": 200,
    }


def test_an_exception_is_in_its_record(log: Path) -> None:
    try:
        raise ValueError("why")
    except ValueError:
        logging.getLogger("service").exception("unexpected")
    (record,) = records(log)
    assert record["exception"].startswith("Traceback")
    assert record["exception"].endswith("ValueError: why")


def test_levels(log: Path) -> None:
    logging.getLogger("service").debug("not asked for")
    logging.getLogger("some.library").info("not ours")
    logging.getLogger("some.library").warning("theirs, but important")
    logging.getLogger("uvicorn.error").warning("Invalid HTTP request received.")
    logging.getLogger("PIL.TiffImagePlugin").error("More samples per pixel than can be decoded: 11")
    assert [record["message"] for record in records(log)] == ["theirs, but important"]


def test_a_reader_that_has_stopped_reading_stops_no_complaint() -> None:
    code = (
        "import os, sys; from service import logs\n"
        "os.set_blocking(2, False)\n"
        "try:\n"
        "    while True: os.write(2, bytes(4096))\n"
        "except BlockingIOError: os.set_blocking(2, True)\n"
        "logs.complain('said to nobody'); sys.stdout.write('went on')"
    )
    reading, writing = os.pipe()
    done = subprocess.run(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=writing, timeout=60, check=True
    )
    os.close(writing)
    os.close(reading)
    assert done.stdout == b"went on"


def test_native_libraries_lose_the_error_stream_and_python_keeps_it() -> None:
    code = (
        "import os, sys; from service import logs; logs.silence_native_libraries();"
        "os.write(2, b'native\\n'); sys.stderr.write('python\\n'); raise SystemExit(3)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (3, "python\n")


@pytest.mark.parametrize("processes", [1, 2])
@pytest.mark.parametrize("closed", [(0, 2), (1,), (2,), (0, 1, 2)])
def test_a_start_without_standard_streams(models: Path, closed: tuple[int, ...], processes: int) -> None:
    def without() -> None:
        for descriptor in closed:
            os.close(descriptor)

    port = free_port()
    settings = {"models": models, "model": "colours", "port": port, "processes": processes}
    process = Process(settings, before=without)

    def is_ready() -> bool:
        with suppress(httpx.ConnectError):
            return httpx.get(f"http://127.0.0.1:{port}/health/ready").status_code == 200
        return False

    try:
        eventually(is_ready)
        told = by_process(metrics(f"http://127.0.0.1:{port}"), "service_workers")
        assert set(told) == ({"0", "1"} if processes == 2 else set())
    finally:
        code = process.stop()
    assert code == 0
