import io
import json
import logging
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from service import logs


@pytest.fixture
def stream() -> Iterator[io.StringIO]:
    loggers = [logging.getLogger(name) for name in ("", "service", "uvicorn.error", "PIL")]
    before = [(logger, logger.level, list(logger.handlers)) for logger in loggers]
    stream = io.StringIO()
    logs.configure("info", stream)
    yield stream
    logging.captureWarnings(False)
    for logger, level, handlers in before:
        logger.setLevel(level)
        logger.handlers = handlers


def records(stream: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_a_record_is_one_line_of_json(stream: io.StringIO) -> None:
    logging.getLogger("service.tests").info("two\nlines", extra={"request_id": "abc", "status": 200})
    (record,) = records(stream)
    assert record.pop("time").endswith("+00:00")
    assert record == {
        "level": "info",
        "logger": "service.tests",
        "message": "two\nlines",
        "request_id": "abc",
        "status": 200,
    }


def test_an_exception_is_in_its_record(stream: io.StringIO) -> None:
    try:
        raise ValueError("why")
    except ValueError:
        logging.getLogger("service").exception("unexpected")
    (record,) = records(stream)
    assert record["exception"].startswith("Traceback")
    assert record["exception"].endswith("ValueError: why")


def test_levels(stream: io.StringIO) -> None:
    logging.getLogger("service").debug("not asked for")
    logging.getLogger("some.library").info("not ours")
    logging.getLogger("some.library").warning("theirs, but important")
    logging.getLogger("uvicorn.error").warning("Invalid HTTP request received.")
    logging.getLogger("PIL.TiffImagePlugin").error("More samples per pixel than can be decoded: 11")
    assert [record["message"] for record in records(stream)] == ["theirs, but important"]


def test_native_libraries_lose_the_error_stream_and_python_keeps_it() -> None:
    code = (
        "import os, sys; from service import logs; logs.silence_native_libraries();"
        "os.write(2, b'native\\n'); sys.stderr.write('python\\n'); raise SystemExit(3)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (3, "python\n")
