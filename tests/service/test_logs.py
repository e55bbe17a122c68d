import json
import logging
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from service import logs
from tests.processes import running


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


def test_native_libraries_lose_the_error_stream_and_python_keeps_it() -> None:
    code = (
        "import os, sys; from service import logs; logs.silence_native_libraries();"
        "os.write(2, b'native\\n'); sys.stderr.write('python\\n'); raise SystemExit(3)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (3, "python\n")


def test_a_start_without_standard_streams(models: Path) -> None:
    def without() -> None:
        os.close(0)
        os.close(2)

    with running(models, before=without) as (process, address):
        assert httpx.get(f"{address}/health/ready").status_code == 200
    assert process.process.returncode == 0
