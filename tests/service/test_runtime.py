"""Execution providers by setting, in the real service as a process."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx
import onnxruntime
import pytest

from service.errors import InvalidBundle
from service.runtime import PROVIDERS, Runtime


def start(models: Path, providers: str) -> "subprocess.Popen[str]":
    variables = {"SERVICE_MODELS": str(models), "SERVICE_MODEL": "colours", "SERVICE_PROVIDERS": providers}
    address = {"SERVICE_HOST": "127.0.0.1", "SERVICE_PORT": "0", "SERVICE_DRAIN_SECONDS": "0"}
    return subprocess.Popen(
        [sys.executable, "-m", "service"],
        env=os.environ | variables | address,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def started(process: "subprocess.Popen[str]") -> tuple[list[dict[str, Any]], str]:
    """What a service logs until it listens, and its address."""
    assert process.stdout is not None
    lines = []
    for line in process.stdout:
        lines.append(json.loads(line))
        if "port" in lines[-1]:
            return lines, f"http://127.0.0.1:{lines[-1]['port']}"
    raise AssertionError(f"The service ended. It logged: {lines}")


def test_what_is_not_installed_is_warned_of_once_and_the_cpu_answers(models: Path) -> None:
    installed = onnxruntime.get_available_providers()
    lacking = [name for name, provider in PROVIDERS.items() if provider not in installed]
    assert lacking
    process = start(models, ",".join(PROVIDERS))
    try:
        lines, address = started(process)
        (model,) = httpx.get(f"{address}/v1/models").json()["models"]
    finally:
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=30)
    assert [line["provider"] for line in lines if line["level"] == "warning"] == lacking
    assert model["providers"][-1] == PROVIDERS["cpu"]
    assert process.returncode == 0


@pytest.mark.parametrize("providers", ["gpu", "cpu,tensorrt", ","])
def test_unknown_providers_stop_the_start(models: Path, providers: str) -> None:
    process = start(models, providers)
    out, err = process.communicate(timeout=30)
    assert (process.returncode, out, len(err.splitlines())) == (2, "", 1)
    assert err.startswith("SERVICE_PROVIDERS: ") and "openvino, cuda, cpu" in err and repr(providers) in err


def test_a_provider_that_cannot_start_leaves_the_work_to_the_cpu(
    models: Path, caplog: pytest.LogCaptureFixture
) -> None:
    # The ONNX Runtime of the tests has no CUDA: a session that asks for it does not get it.
    session = Runtime(1, ("cuda",)).open(models / "colours" / "1" / "model.onnx")
    assert session.get_providers() == [PROVIDERS["cpu"]]
    assert [record.__dict__["provider"] for record in caplog.records if record.name == "service.runtime"] == [
        "cuda"
    ]


def test_a_broken_file_is_no_fault_of_the_provider(tmp_path: Path) -> None:
    (tmp_path / "model.onnx").write_bytes(b"no model")
    with pytest.raises(InvalidBundle, match="cannot load this file"):
        Runtime(1, ("cuda",)).open(tmp_path / "model.onnx")
