"""`training label` in a process of its own, as a person runs it."""

import json
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any


@contextmanager
def labelling(folder: Path, *options: str) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """Serve the page of a folder until the block ends or it is killed; yields its address and process."""
    command = [
        sys.executable,
        "-m",
        "training",
        "label",
        str(folder),
        "--no-browser",
        "--port",
        "0",
        *options,
    ]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        words = process.stdout.readline().split()
        yield next(word for word in words if word.startswith("http")), process
    finally:
        process.kill()
        process.communicate()


def call(address: str, path: str, body: dict[str, Any] | None = None) -> Any:
    """The answer of the labelling server to a call, which is a POST where there is a body."""
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(address + path, data, {"content-type": "application/json"})
    with urllib.request.urlopen(request, timeout=30) as response:
        return json.load(response)
