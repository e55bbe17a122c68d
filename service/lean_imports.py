"""Libraries imported without what this service never asks of them. To be imported before them."""

import importlib
import os
import sys

from service.errors import CannotTrace
from service.stand_ins import absent, unread_typed_dicts

# NumPy's OpenBLAS starts a thread for each CPU, for products of matrices that are 3 x 3 here: 100 ms of CPU.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
# pydantic reads what every installed package says about itself, in search of plugins, and cannot do so here.
os.environ["PYDANTIC_DISABLE_PLUGINS"] = "__all__"


def _import_basics() -> None:
    """Import NumPy without docstrings and the types of its arguments, for readers and type checkers.

    And pydantic without time zones, what reads packages, and the types of 80 kinds of dictionaries.
    """
    with absent("numpy._core._add_newdocs", "numpy._core._add_newdocs_scalars", "numpy._typing", "pickle"):
        importlib.import_module("numpy")
    with unread_typed_dicts():
        importlib.import_module("pydantic_core")
    with absent("importlib.metadata", "zoneinfo"):
        for name in ("plugin._loader", "_internal._generate_schema", "_internal._validators"):
            importlib.import_module(f"pydantic.{name}")


def import_web(tracing: bool) -> None:
    """Import FastAPI, with OpenTelemetry for `tracing`, uvicorn and Prometheus's client.

    Raises CannotTrace for OTEL_PROPAGATORS that are not there.
    """
    _import_fastapi(tracing)
    _import_uvicorn()
    # It has servers of its own, and sends to a gateway.
    with absent("http.server", "socketserver", "urllib.error", "urllib.request", "wsgiref.simple_server"):
        importlib.import_module("prometheus_client")


def import_drawing() -> None:
    """Import Pillow's drawing without its fonts."""
    with absent("PIL.ImageFont", "PIL.ImageText"):
        importlib.import_module("PIL.ImageDraw")


def _import_fastapi(tracing: bool) -> None:
    """Import it without the 33 models of OpenAPI, which only the page of the API needs: `import_openapi`.

    And without ways to log in, which are described by such models, pages for debugging, and forms on disk.
    From then on there is no `pydantic.v1` either, which FastAPI imports to see that nothing comes from it,
    nor `email_validator`, with which it would check an address that the page does not have.
    """
    for name in ("pydantic.v1", "email_validator"):
        sys.modules.setdefault(name, None)  # type: ignore[arg-type]
    # While installed packages can be asked for what OTEL_PYTHON_CONTEXT and OTEL_PROPAGATORS name.
    importlib.import_module("opentelemetry.context")
    if tracing:
        _import_propagators()
    unused = {"importlib.metadata", "fastapi.openapi.models", "html", "tempfile"}
    unused |= {f"fastapi.security.{name}" for name in ("api_key", "http", "oauth2", "open_id_connect_url")}
    if not tracing:  # no trace is begun or followed; metrics are Prometheus's, and logs the service's own
        unused |= {"opentelemetry._logs", "opentelemetry.metrics", "opentelemetry.propagate"}
    with absent(*unused):
        importlib.import_module("fastapi")
        importlib.import_module("fastapi.telemetry._runtime")  # as each server does that starts


def import_openapi() -> None:
    """Give FastAPI the models of OpenAPI, if it was imported without them."""
    models = importlib.import_module("fastapi.openapi.models")
    vars(importlib.import_module("fastapi.openapi.utils"))["OpenAPI"] = vars(models)["OpenAPI"]


def _import_propagators() -> None:
    """Import what hands traces on, as OTEL_PROPAGATORS says."""
    try:
        importlib.import_module("opentelemetry.propagate")
    except ValueError as error:
        raise CannotTrace(f"OTEL_PROPAGATORS: {error}") from None


def _import_uvicorn() -> None:
    """Import it without its command line, for which it imports click and ways to start processes.

    And without what would set up logs as it likes them.
    """
    if "uvicorn" in sys.modules:
        return
    with absent("uvicorn.main", "logging.config", "configparser"):
        package = importlib.import_module("uvicorn")
    vars(package)["Server"] = importlib.import_module("uvicorn.server").Server


_import_basics()
