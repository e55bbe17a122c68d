"""Libraries imported without what this service never asks of them. To be imported before them."""

import importlib
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import Any, Self

from service.errors import CannotTrace

# NumPy's OpenBLAS starts a thread for each CPU, for products of matrices that are 3 x 3 here: 100 ms of CPU.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
# pydantic reads what every installed package says about itself, in search of plugins, and cannot do so here.
os.environ["PYDANTIC_DISABLE_PLUGINS"] = "__all__"


def _import_basics() -> None:
    """Import NumPy without its docstrings, pydantic without what reads packages."""
    with _absent("numpy._core._add_newdocs", "numpy._core._add_newdocs_scalars"):
        importlib.import_module("numpy")
    with _absent("importlib.metadata"):
        importlib.import_module("pydantic.plugin._loader")


def import_web(tracing: bool) -> None:
    """Import FastAPI, with OpenTelemetry for `tracing`, uvicorn and Prometheus's client.

    Raises CannotTrace for OTEL_PROPAGATORS that are not there.
    """
    _import_fastapi(tracing)
    _import_uvicorn()
    # It has servers of its own, and sends to a gateway.
    with _absent("http.server", "socketserver", "urllib.request", "wsgiref.simple_server"):
        importlib.import_module("prometheus_client")


def import_drawing() -> None:
    """Import Pillow's drawing without its fonts."""
    with _absent("PIL.ImageFont", "PIL.ImageText"):
        importlib.import_module("PIL.ImageDraw")


def _import_fastapi(tracing: bool) -> None:
    """Import it without what makes validators of its models when nobody asks for them.

    FastAPI describes OpenAPI itself with 33 models that only the page of the API needs. From then on
    there is no `pydantic.v1` either, which FastAPI imports to see that nothing comes from it, nor
    `email_validator`, with which it would check an address that the page does not have.
    """
    for name in ("pydantic.v1", "email_validator"):
        sys.modules.setdefault(name, None)  # type: ignore[arg-type]
    # While installed packages can be asked for what OTEL_PYTHON_CONTEXT and OTEL_PROPAGATORS name.
    importlib.import_module("opentelemetry.context")
    if tracing:
        _import_propagators()
    # No trace is begun or followed; metrics are Prometheus's, and logs the service's own.
    telemetry = () if tracing else ("opentelemetry._logs", "opentelemetry.metrics", "opentelemetry.propagate")
    with _validators_left_for_later(), _absent("importlib.metadata", *telemetry):
        importlib.import_module("fastapi")
        importlib.import_module("fastapi.telemetry._runtime")  # as each server does that starts


def _import_propagators() -> None:
    """Import what hands traces on, as OTEL_PROPAGATORS says."""
    try:
        importlib.import_module("opentelemetry.propagate")
    except ValueError as error:
        raise CannotTrace(f"OTEL_PROPAGATORS: {error}") from None


@contextmanager
def _validators_left_for_later() -> Iterator[None]:
    """Let pydantic make validators of the models that are defined meanwhile when they are first used."""
    from pydantic import BaseModel

    rebuild = vars(BaseModel)["model_rebuild"]

    def when_used(model: type[BaseModel], /, **asked: Any) -> bool | None:
        """What a library asks for by itself is left; pydantic, for a model that is used, says how."""
        return rebuild.__func__(model, **asked) if asked else None

    BaseModel.model_config["defer_build"] = True
    BaseModel.model_rebuild = classmethod(when_used)  # type: ignore[method-assign,assignment]
    try:
        yield
    finally:
        BaseModel.model_rebuild = rebuild  # type: ignore[method-assign]
        del BaseModel.model_config["defer_build"]


def _import_uvicorn() -> None:
    """Import it without its command line, for which it imports click and ways to start processes.

    And without what would set up logs as it likes them.
    """
    if "uvicorn" in sys.modules:
        return
    with _absent("uvicorn.main", "logging.config", "configparser"):
        package = importlib.import_module("uvicorn")
    vars(package)["Server"] = importlib.import_module("uvicorn.server").Server


class _Nothing:
    """What is imported from an absent module: a class to inherit from, and of no other use."""

    def __new__(cls, *_: Any, **__: Any) -> Self:
        raise ImportError(f"{cls.__name__}: this service is started without it")


class _Absent(ModuleType):
    """Takes a module's place while others are imported."""

    def __getattr__(self, name: str) -> type[_Nothing]:
        if name.startswith("__"):
            raise AttributeError(name)
        return type(name, (_Nothing,), {})


@contextmanager
def _absent(*names: str) -> Iterator[None]:
    """Let whoever imports these modules meanwhile get nothing, and whoever does so later the modules."""
    placed = {name: _Absent(name) for name in names if name not in sys.modules}
    sys.modules.update(placed)
    try:
        yield
    finally:
        for name in placed:
            del sys.modules[name]


_import_basics()
