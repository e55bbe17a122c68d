"""Execution providers by setting, in the real service as a process."""

import os
import subprocess
import sys
from pathlib import Path

import httpx
import onnxruntime
import pytest

from service.errors import InvalidBundle
from service.networks.runtime import PROVIDERS, Runtime
from tests.processes import running


def test_what_is_not_installed_is_warned_of_once_and_the_cpu_answers(models: Path) -> None:
    installed = onnxruntime.get_available_providers()
    lacking = [name for name, provider in PROVIDERS.items() if provider not in installed]
    assert lacking
    with running(models, providers=",".join(PROVIDERS)) as (process, address):
        (model,) = httpx.get(f"{address}/v1/models").json()["models"]
        assert process.stop() == 0
    warnings = [record for record in process.records() if record["level"] == "warning"]
    assert [record["provider"] for record in warnings] == lacking
    assert model["providers"][-1] == PROVIDERS["cpu"]


@pytest.mark.parametrize("providers", ["gpu", "cpu,tensorrt", ","])
def test_unknown_providers_stop_the_start(models: Path, providers: str) -> None:
    environment = os.environ | {"SERVICE_MODELS": str(models), "SERVICE_PROVIDERS": providers}
    command = [sys.executable, "-m", "service"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60)
    out, err = done.stdout, done.stderr
    assert (done.returncode, out, len(err.splitlines())) == (2, "", 1)
    assert err.startswith("SERVICE_PROVIDERS: ") and "openvino, cuda, cpu" in err and repr(providers) in err


def test_a_provider_that_cannot_start_leaves_the_work_to_the_cpu(
    models: Path, caplog: pytest.LogCaptureFixture
) -> None:
    # The ONNX Runtime of the tests has no CUDA: a session that asks for it does not get it.
    session = Runtime(1, providers=("cuda",)).open(models / "colours" / "1" / "model.onnx")
    assert session.get_providers() == [PROVIDERS["cpu"]]
    warnings = [record for record in caplog.records if record.name == "service.networks.runtime"]
    assert [record.__dict__["provider"] for record in warnings] == ["cuda"]


def test_a_broken_file_is_no_fault_of_the_provider(tmp_path: Path) -> None:
    (tmp_path / "model.onnx").write_bytes(b"no model")
    with pytest.raises(InvalidBundle, match="cannot load this file"):
        Runtime(1, providers=("cuda",)).open(tmp_path / "model.onnx")
