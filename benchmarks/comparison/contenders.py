"""Who is compared: how each is started, where it answers and what it needs."""

import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final, Literal

from benchmarks.comparison.processes import inherited

SERVERS: Final = "benchmarks.comparison.servers"
PACKAGES: Final = (
    "onnxruntime",
    "fastapi",
    "uvicorn",
    "litserve",
    "bentoml",
    "ray",
    "flask",
    "gunicorn",
    "keras",
)
"""Whose versions decide about the results."""
LOCATOR: Final = Path("models/eye-locator")
WAITING: Final = 64
"""Requests that may wait in our service, more where there are more clients: none is refused."""
Weights = Literal["onnx", "same", "tutorial"]


@dataclass(frozen=True)
class Contender:
    """One server."""

    name: str
    command: Callable[[int], list[str]]
    """From the port to the command line."""
    path: str = "/classify"
    weights: Weights = "onnx"
    """Whose answers are right: the ONNX file's, or those of a Keras network with its own head."""
    package: str = "onnxruntime"
    """What has to be importable."""
    variables: tuple[tuple[str, str], ...] = ()
    """Further environment variables."""
    settings: str = ""
    """What was chosen, for the report."""

    def missing(self) -> str | None:
        """Why it cannot be measured here; None where it can."""
        if find_spec(self.package) is None:
            return f"the package {self.package} is not installed"
        return None

    @staticmethod
    def read(document: dict[str, Any]) -> tuple[str, float]:
        """Label and confidence of an answer; raises KeyError or IndexError for another document."""
        found = document["results"][0] if "results" in document else document
        return found["label"], found["confidence"]


def _python(module: str, *arguments: str) -> list[str]:
    # Not by the script of its name, which may be elsewhere than this interpreter.
    return [sys.executable, "-m", module, *arguments]


def _module(name: str) -> Callable[[int], list[str]]:
    return lambda port: _python(f"{SERVERS}.{name}", str(port))


def _gunicorn(kind: str, call: str = "predict") -> Callable[[int], list[str]]:
    return lambda port: _python(
        "gunicorn", "--bind", f"127.0.0.1:{port}", "--workers", "1", "--threads", "4",
        "--log-level", "warning", "--timeout", "120", f'{SERVERS}.flask_keras:create_app("{kind}", "{call}")',
    )  # fmt: skip


def contenders() -> list[Contender]:
    """All of them, ours first."""
    return [*_ours(), *_model_servers(), *_tutorials()]


def _ours() -> list[Contender]:
    def command(port: int) -> list[str]:
        return _python("service")  # the port is in its environment

    path = "/v1/classify?region=whole"
    return [
        Contender(
            "this service",
            command,
            path,
            settings="defaults, but for a waiting room with a place for every client, so none is refused",
        ),
        Contender(
            "this service, 1 thread",
            command,
            path,
            variables=(("SERVICE_THREADS", "1"),),
            settings="the same with one thread for each inference, as the other servers have",
        ),
    ]


def one_process() -> Contender:
    """Ours without what more processes bring; with few CPUs that is the default."""
    return replace(
        contenders()[0],
        name="this service, 1 process",
        variables=(("SERVICE_PROCESSES", "1"),),
        settings="the same in one process, however many CPUs there are",
    )


def _model_servers() -> list[Contender]:
    return [
        Contender(
            "LitServe",
            _module("litserve_onnx"),
            package="litserve",
            settings="a worker process with one thread per CPU, no batching",
        ),
        Contender(
            "BentoML",
            lambda port: _python(
                "bentoml", "serve", f"{SERVERS}.bentoml_onnx:Classification",
                "--host", "127.0.0.1", "--port", str(port),
            ),
            package="bentoml",
            settings="a worker process with one thread per CPU, no batching",
        ),
        Contender(
            "Ray Serve",
            _module("ray_onnx"),
            package="ray",
            settings="a replica with one thread per CPU, no batching, no dashboard",
        ),
    ]  # fmt: skip


def _tutorials() -> list[Contender]:
    return [
        Contender(
            "Keras + Flask",
            _gunicorn("same"),
            weights="same",
            package="flask",
            settings="the same architecture in float32, `model.predict`, gunicorn with 1 worker of 4 threads",
        ),
        Contender(
            "Keras + Flask, predict_on_batch",
            _gunicorn("same", "predict_on_batch"),
            weights="same",
            package="flask",
            settings="the same, asked by `predict_on_batch`, as those know who have measured it",
        ),
        Contender(
            "Keras + Flask, VGG16 at 224",
            _gunicorn("tutorial"),
            weights="tutorial",
            package="flask",
            settings="the whole VGG16 with a dense layer, otherwise as above",
        ),
    ]


def environment(
    model: Path, port: int, workers: int, scratch: Path, waiting: int = WAITING
) -> dict[str, str]:
    """Variables for all servers: the same model and CPUs, byte code kept, nothing reported to anybody."""
    return inherited() | {
        "BENCHMARK_MODEL": str(model.resolve()),
        "BENCHMARK_WORKERS": str(workers),
        "PYTHONPATH": str(Path.cwd()),
        "SERVICE_HOST": "127.0.0.1",
        "SERVICE_PORT": str(port),
        "SERVICE_MODELS": str(_alone(model.resolve().parent, scratch / "models")),
        "SERVICE_MODEL": model.resolve().parents[1].name,
        "SERVICE_WAITING": str(waiting),
        "BENTOML_HOME": str(scratch / "bentoml"),
        "BENTOML_DO_NOT_TRACK": "True",
        "RAY_USAGE_STATS_ENABLED": "0",
        "TF_CPP_MIN_LOG_LEVEL": "2",
    }


def _alone(version: Path, folder: Path) -> Path:
    """A folder of models with this version and the eye locator: of several the service takes the highest."""
    served = folder / version.parent.name
    served.mkdir(parents=True, exist_ok=True)
    for link, target in ((served / version.name, version), (folder / LOCATOR.name, LOCATOR.resolve())):
        if not link.is_symlink():
            link.symlink_to(target, target_is_directory=True)
    return folder
