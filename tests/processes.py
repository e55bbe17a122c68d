"""The service in a process of its own, as an operator runs it."""

import json
import os
import queue
import resource
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

PATIENCE_SECONDS = 60.0
ONE = {"SERVICE_PROCESSES": "1"}
"""However many CPUs a machine has, it is the same service that is tested."""


class Process:
    """`python -m service` with `SERVICE_*` settings, or what `code` does in its place; log lines are kept."""

    def __init__(
        self, settings: dict[str, Any], before: Callable[[], None] | None = None, code: str | None = None
    ) -> None:
        given = {f"SERVICE_{name.upper()}": str(value) for name, value in settings.items()}
        # What the developer has set must not change a test.
        clean = {name: value for name, value in os.environ.items() if not name.startswith("SERVICE_")}
        defaults = {"SERVICE_HOST": "127.0.0.1", "SERVICE_PORT": "0", "SERVICE_DRAIN_SECONDS": "0"} | ONE
        environment = clean | defaults | given | {"PYTHONDONTWRITEBYTECODE": "1"}
        self.process = subprocess.Popen(
            [sys.executable, *(["-c", code] if code else ["-m", "service"])],
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            preexec_fn=before,
        )
        self.lines: list[str] = []
        self._new: queue.Queue[str] = queue.Queue()
        assert self.process.stdout is not None and self.process.stderr is not None
        streams = (self.process.stdout, self.process.stderr)
        self._readers = [threading.Thread(target=self._read, args=(stream,)) for stream in streams]
        for reader in self._readers:
            reader.start()

    def wait_until_listening(self) -> int:
        """The port it listens on."""
        return int(self.wait_for("listening")["port"])

    def wait_for(self, message: str) -> dict[str, Any]:
        """The next log record with this message."""
        while True:
            line = self._new.get(timeout=PATIENCE_SECONDS)
            if line.startswith("{") and (record := json.loads(line))["message"] == message:
                return dict(record)

    def stop(self, sig: signal.Signals = signal.SIGTERM) -> int:
        """Send a signal where it still runs, and wait for the exit code."""
        if self.process.poll() is None:
            self.process.send_signal(sig)
        code = self.process.wait(timeout=PATIENCE_SECONDS)
        for reader in self._readers:
            reader.join()
        for stream in (self.process.stdout, self.process.stderr):
            assert stream is not None
            stream.close()
        return code

    def records(self) -> list[dict[str, Any]]:
        """Every log line so far that is JSON."""
        return [json.loads(line) for line in self.lines if line.startswith("{")]

    def _read(self, stream: IO[str]) -> None:
        for line in stream:
            self.lines.append(line)
            self._new.put(line)


@contextmanager
def running(
    models: Path, before: Callable[[], None] | None = None, code: str | None = None, **settings: Any
) -> Iterator[tuple[Process, str]]:
    """Run the service on a folder of models until the block ends; yields the process and its address."""
    process = Process({"models": models, "model": "colours"} | settings, before, code)
    try:
        yield process, f"http://127.0.0.1:{process.wait_until_listening()}"
    finally:
        process.stop()


def forbid_writing_files() -> None:
    """Let this process write to pipes and sockets, but not a single byte to any file."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
