"""Libraries imported without what this service never asks of them. To be imported before them."""

import importlib
import os
import sys
from types import ModuleType
from typing import Final

from pydantic import BaseModel

# NumPy's OpenBLAS starts a thread for each CPU, for products of matrices that are 3 x 3 here: 100 ms of CPU.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
# pydantic reads what every installed package says about itself, in search of plugins.
os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")

_COMMAND_LINE: Final = "uvicorn.main"


def import_web() -> None:
    """Import FastAPI and uvicorn."""
    _import_fastapi()
    _import_uvicorn()


def _import_fastapi() -> None:
    """Import it so that pydantic makes validators of its models when they are first used, not with the class.

    FastAPI describes OpenAPI itself with 33 models that only the page of the API needs. From then on
    there is no `pydantic.v1` either, which FastAPI imports to see that nothing comes from it.
    Both together are nearly a tenth of the CPU time to start.
    """
    sys.modules.setdefault("pydantic.v1", None)  # type: ignore[arg-type]
    BaseModel.model_config["defer_build"] = True
    try:
        importlib.import_module("fastapi")
    finally:
        del BaseModel.model_config["defer_build"]


def _import_uvicorn() -> None:
    """Import it without its command line, for which it imports click and ways to start processes."""
    if "uvicorn" in sys.modules:
        return
    nothing = ModuleType(_COMMAND_LINE)
    vars(nothing).update(Server=None, main=None, run=None)
    sys.modules[_COMMAND_LINE] = nothing
    try:
        package = importlib.import_module("uvicorn")
    finally:
        del sys.modules[_COMMAND_LINE]
    vars(package)["Server"] = importlib.import_module("uvicorn.server").Server
