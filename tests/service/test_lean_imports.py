"""What the process imports when it starts, each in a fresh interpreter."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def run(code: str) -> None:
    subprocess.run([sys.executable, "-c", code], check=True, cwd=ROOT)


def test_the_web_framework_is_imported_without_what_is_never_asked_of_it() -> None:
    run("""if True:
        import sys
        from service import lean_imports
        lean_imports.import_web(tracing=False)
        from service.app import create_app
        from service.settings import Settings
        app = create_app(Settings())
        assert not [name for name in sys.modules if name.startswith("pydantic.v1.")]
        assert "fastapi.openapi.models" not in sys.modules
        assert app.openapi()["paths"]
        import fastapi.openapi.models, fastapi.openapi.utils
        assert fastapi.openapi.utils.OpenAPI is fastapi.openapi.models.OpenAPI
        """)


def test_dictionaries_of_pydantic_need_no_types() -> None:
    run("""if True:
        import typing, typing_extensions
        kept = typing.TypedDict, typing_extensions.TypedDict
        from service import lean_imports
        from pydantic_core import core_schema
        assert kept == (typing.TypedDict, typing_extensions.TypedDict)
        assert not typing_extensions.is_typeddict(core_schema.CoreConfig)
        made = core_schema.CoreConfig(title="a")
        assert type(made) is dict and made == {"title": "a"}
        """)


def test_nothing_of_ours_gets_what_is_left_out() -> None:
    run("""if True:
        import sys
        from service import command
        from service.processes import shares
        from service.settings import Settings
        modules = ("service.app", "service.processes.receiver", "service.processes.supervisor")
        command._load(Settings(), modules, shares.Share())
        from service import stand_ins
        def left_out(value):
            return isinstance(value, stand_ins._Absent) or (
                isinstance(value, type) and issubclass(value, stand_ins._Nothing))
        given = {name for name, module in sys.modules.items() if module
                 for value in tuple(vars(module).values()) if left_out(value)} - {stand_ins.__name__}
        parts = {name.split(".")[0] for name in given}
        expected = {"PIL", "fastapi", "multipart", "numpy", "prometheus_client", "pydantic", "starlette",
                    "uvicorn"}
        assert parts == expected, given
        """)


def test_openapi_is_described_where_addresses_of_e_mail_could_be_checked(tmp_path: Path) -> None:
    (tmp_path / "email_validator.py").touch()
    run(f"""if True:
        import sys
        sys.path.append({str(tmp_path)!r})
        from service import lean_imports
        lean_imports.import_web(tracing=False)
        from service.app import create_app
        from service.settings import Settings
        assert create_app(Settings()).openapi()["paths"]
        """)


def test_the_server_is_imported_without_its_command_line() -> None:
    run("""if True:
        import sys
        from service import lean_imports
        lean_imports.import_web(tracing=False)
        from service.processes import receiver, supervisor
        assert not {"click", "uvicorn.main", "uvicorn.supervisors"} & set(sys.modules)
        import uvicorn, uvicorn.main
        assert issubclass(receiver.server.GracefulServer, uvicorn.Server)
        assert uvicorn.main.Server is uvicorn.Server is uvicorn.server.Server
        """)


def test_what_libraries_import_for_others_is_left_out_and_still_there() -> None:
    run("""if True:
        import sys
        from service import command, lean_imports
        lean_imports.import_web(tracing=False)
        lean_imports.import_drawing()
        from service.app import create_app
        from service.processes import receiver, supervisor
        import PIL
        unused = {"PIL.ImageFont", "configparser", "fastapi.openapi.models", "fastapi.security.oauth2",
                  "html", "http.server", "importlib.metadata", "logging.config", "numpy._core._add_newdocs",
                  "numpy._typing", "opentelemetry._logs", "opentelemetry.metrics",
                  "opentelemetry.propagate", "pickle", "socketserver", "tempfile", "urllib.request",
                  "wsgiref.simple_server", "zoneinfo"}
        assert not unused & set(sys.modules), unused & set(sys.modules)
        import importlib
        for name in unused:
            assert importlib.import_module(name).__spec__.name == name
        try:
            PIL.ImageDraw.ImageFont.FreeTypeFont()
        except ImportError as error:
            assert "FreeTypeFont" in str(error)
        else:
            raise AssertionError
        """)


def test_traces_need_opentelemetry() -> None:
    run("""if True:
        from service import lean_imports
        lean_imports.import_web(tracing=True)
        import fastapi.telemetry._asgi as made, opentelemetry.propagate
        assert made.propagate is opentelemetry.propagate
        """)


def test_a_context_of_opentelemetry_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_PYTHON_CONTEXT", "contextvars_context")
    run("""if True:
        import logging
        told = []
        logging.getLogger("opentelemetry.context").addFilter(told.append)
        from service import lean_imports
        lean_imports.import_web(tracing=False)
        assert not told, told
        """)


def test_no_plugins_of_pydantic_are_looked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYDANTIC_DISABLE_PLUGINS", "another")
    run("import service.command")


def test_numpy_starts_no_threads() -> None:
    run("""if True:
        import service.command, sys, threading
        from pathlib import Path
        assert "numpy" in sys.modules
        assert len(list(Path("/proc/self/task").iterdir())) == threading.active_count() == 1
        """)


def test_networks_are_opened_before_all_else_is_imported() -> None:
    run("""if True:
        import service.command, sys
        assert "onnxruntime" in sys.modules
        later = [name for name in sys.modules if name.split(".")[0] in ("PIL", "fastapi", "uvicorn")]
        assert not later, later
        assert "service.networks.metadata" not in sys.modules
        """)


def test_models_and_eye_locator_are_verified_without_masked_arrays() -> None:
    run("""if True:
        import sys
        from service.lifecycle.loading import load_predictor
        from service.settings import Settings
        assert load_predictor(Settings()).locator is not None
        assert "numpy.ma" not in sys.modules
        """)


def test_processes_are_forked_with_all_that_a_server_needs() -> None:
    run("""if True:
        import sys
        from service import lean_imports
        lean_imports.import_web(tracing=False)
        from service.processes import receiver
        from service.app import create_app
        from service.settings import Settings
        from service.lifecycle.loading import load_predictor
        predictor = load_predictor(Settings())
        imported = set(sys.modules)
        app = create_app(Settings(), predictor)
        config = receiver.server.build(app, Settings()).config
        config.load()
        async def live():
            told = iter([{"type": "lifespan.startup"}, {"type": "lifespan.shutdown"}])
            async def hear():
                return next(told)
            async def say(message):
                assert message["type"].endswith(".complete"), message
            await app({"type": "lifespan", "state": {}}, hear, say)
        config.get_loop_factory()().run_until_complete(live())
        later = set(sys.modules) - imported
        assert not later, later
        """)


def test_hardly_anybody_looks_for_garbage_while_libraries_are_imported() -> None:
    run("""if True:
        import gc, runpy, sys
        times = 0
        def count(phase, about):
            global times
            times += phase == "start"
        gc.callbacks.append(count)
        sys.argv = ["service", "--help"]
        try:
            runpy.run_module("service", run_name="__main__")
        except SystemExit:
            assert "onnxruntime" in sys.modules
        assert times < 40, times  # 118 with collections as Python has them, 9 without
        """)
