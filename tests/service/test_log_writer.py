import json
import logging
import os
import select
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx
import pytest

from service import log_writer
from service.log_writer import LogWriter
from service.logs import JsonFormatter
from tests.processes import Process

PATIENCE_SECONDS = 30.0
LONG = "x" * 70_000
"""More than a pipe holds: whoever writes it waits for a reader."""


@pytest.fixture
def pipe() -> Iterator[tuple[int, int]]:
    reader, writer = os.pipe()
    yield reader, writer
    for end in (reader, writer):
        try:
            os.close(end)
        except OSError:
            continue  # the test has closed it


def handler(descriptor: int) -> LogWriter:
    made = LogWriter(descriptor)
    made.setFormatter(JsonFormatter())
    return made


def say(handler: LogWriter, message: str) -> None:
    handler.handle(logging.makeLogRecord({"msg": message}))


def read_until(reader: int, message: str) -> list[dict[str, Any]]:
    """The records up to the first with this message."""
    content = b""
    while f'"{message}"'.encode() not in content or not content.endswith(b"\n"):
        content += os.read(reader, 1 << 20)
    return [json.loads(line) for line in content.splitlines()]


def test_what_finds_no_room_is_dropped_and_counted(
    pipe: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(log_writer, "MOST_LINES", 10)
    monkeypatch.setattr(log_writer, "TOGETHER", 1)
    log = handler(pipe[1])
    said = [LONG, *(str(number) for number in range(100))]
    for message in said:
        say(log, message)
    records = read_until(pipe[0], "log lines were lost")
    log.flush()
    say(log, "the end")
    records += read_until(pipe[0], "the end")
    kept = [record["message"] for record in records if "lines" not in record]
    (lost,) = [record["lines"] for record in records if "lines" in record]
    assert kept == [*said[: len(kept) - 1], "the end"]
    assert 10 <= len(kept) - 1 <= 12
    assert lost == len(said) - len(kept) + 1


def test_one_line_is_out_at_once_and_many_go_together(
    pipe: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    gate = threading.Event()
    monkeypatch.setattr(log_writer, "time", SimpleNamespace(sleep=lambda _: gate.wait()))
    log = handler(pipe[1])
    say(log, "first")
    readable, _, _ = select.select([pipe[0]], [], [], PATIENCE_SECONDS)
    assert readable  # before the pause, which has no end yet
    assert len(read_until(pipe[0], "first")) == 1
    for message in ("second", "third", "fourth"):
        say(log, message)
    gate.set()
    assert os.read(pipe[0], 1 << 20).count(b"\n") == 3


def test_a_line_that_is_cut_off_spoils_no_other(pipe: tuple[int, int]) -> None:
    reader, writer = pipe
    os.set_blocking(writer, False)
    log = handler(writer)
    say(log, LONG)
    log.flush()
    cut = os.read(reader, 1 << 20)
    assert b"\n" not in cut
    say(log, "whole")
    log.flush()
    end, whole, lost = os.read(reader, 1 << 20).splitlines()
    assert end == b""
    assert json.loads(whole)["message"] == "whole"
    assert (json.loads(lost)["message"], json.loads(lost)["lines"]) == ("log lines were lost", 1)


def test_nothing_longer_than_the_system_writes_in_one_piece_but_a_line_that_is_longer(
    pipe: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    sizes, write = [], os.write

    def watched(descriptor: int, data: bytes) -> int:
        sizes.append(len(data))
        return write(descriptor, data)

    monkeypatch.setattr(os, "write", watched)
    log = handler(pipe[1])
    for number in range(200):
        say(log, f"{number} {'y' * 100}")
    say(log, "z" * 5000)
    say(log, "the end")
    records = read_until(pipe[0], "the end")
    assert [len(record["message"]) > 5 for record in records] == [True] * 202
    assert 5000 < max(sizes) < 5200 and len(sizes) < 20


def test_a_disk_that_is_full_costs_lines_and_no_tracebacks(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    place = os.open("/dev/full", os.O_WRONLY)
    log = handler(place)
    say(log, "lost")
    say(log, "lost as well")
    log.flush()
    with (tmp_path / "log").open("wb") as file:
        os.dup2(file.fileno(), place)
    say(log, "room again")
    log.flush()
    first, second = [json.loads(line) for line in (tmp_path / "log").read_text().splitlines()]
    assert first["message"] == "room again"
    assert (second["level"], second["message"], second["lines"]) == ("warning", "log lines were lost", 2)
    assert capfd.readouterr() == ("", "")


END = f"""
import logging, sys
from service import logs
logs.configure("info")
for number in range(1000):
    logging.getLogger("service").info(str(number))
logging.getLogger("service").error(sys.argv[1] * {len(LONG)})
sys.exit(3)
"""


def test_the_last_lines_are_written_at_the_end() -> None:
    done = subprocess.run([sys.executable, "-c", END, "x"], capture_output=True, text=True, timeout=60)
    messages = [json.loads(line)["message"] for line in done.stdout.splitlines()]
    assert messages == [*map(str, range(1000)), LONG]
    assert (done.returncode, done.stderr) == (3, "")


def test_a_reader_that_does_not_read_holds_up_the_end_for_a_moment_only(pipe: tuple[int, int]) -> None:
    done = subprocess.run(
        [sys.executable, "-c", END, "x"], stdout=pipe[1], stderr=subprocess.PIPE, text=True, timeout=60
    )
    assert (done.returncode, done.stderr) == (3, "")


def test_a_service_whose_log_nobody_reads_answers_and_stops(models: Path, pipe: tuple[int, int]) -> None:
    reader, writer = pipe

    def log_there() -> None:
        os.dup2(writer, 1)

    process = Process({"models": models, "model": "colours"}, before=log_there)
    try:
        port = read_until(reader, "listening")[-1]["port"]
        with httpx.Client(base_url=f"http://127.0.0.1:{port}") as client:
            for _ in range(400):  # 64 KiB of log are 257
                assert client.get("/v1/models").status_code == 200
            assert client.get("/health/live").status_code == 200
        assert process.stop() == 0
    finally:
        os.close(reader)  # whoever waits for it goes on
        process.stop()
