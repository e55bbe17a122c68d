"""What `python -m service` does: serves, describes its settings or tunes them."""

import importlib
import os
import socket
import sys
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from typing import TYPE_CHECKING, Final

from service import lean_imports  # first: libraries are to be imported by it

# isort: split
from pydantic import ValidationError

from service import logs
from service.docstrings import attribute_docstrings
from service.errors import (
    CannotFork,
    CannotListen,
    CannotTrace,
    InvalidBundle,
    TooFewDescriptors,
    TooFewThreads,
)
from service.lifecycle import opening
from service.machine import descriptors, memory, threads
from service.processes import shares
from service.serving.listening import listen
from service.settings import Settings, misspelt, variable

if TYPE_CHECKING:
    from argparse import ArgumentParser

    from service.answering.predictor import Predictor
    from service.serving.server import GracefulServer

SWITCH_SECONDS: Final = 1e-4
"""After so long a thread that runs Python lets another one: the event loop waits less for the workers. With
Python's own 5 milliseconds there are fewer answers, the more so the lighter the network is."""


def main() -> int:
    """Start the service; returns the exit code, 2 where a setting or a model stops the start."""
    tuning = sys.argv[1:2] == ["tune"]
    # Without arguments nothing is parsed: the help is read from the source of the settings.
    if sys.argv[1:] and not tuning:
        _parser().parse_args()
    logs.open_standard_streams()
    memory.keep_little()
    memory.never_dump()
    sys.setswitchinterval(SWITCH_SECONDS)
    try:
        for name, meant in misspelt(os.environ).items():
            logs.complain(f"{name}: there is no such setting, and it does nothing. Was {meant} meant?")
        if tuning:
            from service.tuning import tune

            with threads.needed():
                return tune.main(sys.argv[2:])
        settings = Settings.of(os.environ)
        count = shares.processes(settings)
        descriptors.make_room(count)
        threads.make_room(shares.threads_together(settings, count))
        if count > 1:
            with ExitStack() as kept:
                listeners = [kept.enter_context(shares.listener()) for _ in range(count)]
                return _serve_together(settings, shares.Share.all(count, listeners))
        with memory.uncollected(), threads.needed():
            logs.configure(settings.log_level)
            running = _build(settings)
        sockets = listen(settings.host, settings.port)
    except ValidationError as error:
        logs.complain(_describe(error))
        return 2
    except (CannotFork, CannotListen, InvalidBundle, CannotTrace, TooFewDescriptors, TooFewThreads) as error:
        logs.complain(str(error))
        return 2
    logs.silence_native_libraries()
    running.run(sockets)
    return 0 if running.started else 2


def _build(settings: Settings) -> "GracefulServer":
    predictor = _load(settings, ("service.app", "service.serving.server"))
    from service import app
    from service.serving import server

    return server.build(app.create_app(settings, predictor), settings)


def _load(settings: Settings, modules: Iterable[str], share: shares.Share | None = None) -> "Predictor":
    """The models, loaded and verified while all else is imported, these modules included."""
    sessions = opening.runtime(settings, share or shares.Share())
    with memory.all_kept(), opening.ahead(settings, sessions), ThreadPoolExecutor(1) as pool:
        lean_imports.import_drawing()
        from service.lifecycle.loading import load_predictor

        loading = pool.submit(load_predictor, settings, sessions)
        lean_imports.import_web(settings.tracing)
        for module in modules:
            importlib.import_module(module)
        return loading.result()


def _serve_together(settings: Settings, everyone: Sequence[shares.Share]) -> int:
    """Serve with a process each; returns the exit code. Raises InvalidBundle, CannotFork, CannotListen."""
    with memory.uncollected(), threads.needed():
        # Before they are forked: libraries and models take their memory once.
        modules = ("service.app", "service.processes.receiver", "service.processes.supervisor")
        loaded = _load(settings, modules, everyone[0]) if shares.can_share_sessions(settings) else None
        lean_imports.import_web(settings.tracing)
        from service import app
        from service.lifecycle import loading
        from service.processes import receiver, supervisor

    def serve(share: shares.Share, channel: socket.socket) -> int:
        share.close_others()
        own = settings.model_copy(update={"max_connections": share.of(settings.max_connections)})
        try:
            threads.make_room(shares.threads(own, share))
            with memory.uncollected(), threads.needed():
                logs.configure(settings.log_level, facts={"process": share.number})
                predictor = loaded or loading.load_predictor(own, opening.runtime(own, share))
                running = receiver.build(app.create_app(own, predictor, share), own, share, channel)
        except (InvalidBundle, CannotTrace, TooFewThreads) as error:
            receiver.complain(channel, error)
            return 2
        logs.silence_native_libraries()
        running.run([])
        return 0 if running.started else 2

    return supervisor.Supervisor(settings, everyone, serve).run()


def _parser() -> "ArgumentParser":
    from argparse import ArgumentParser, RawDescriptionHelpFormatter  # of no use to a start

    return ArgumentParser(
        prog="python -m service",
        description="Serves model bundles over HTTP; `python -m service tune` finds good settings.\n"
        "Settings are environment variables:",
        epilog=_describe_settings(),
        formatter_class=RawDescriptionHelpFormatter,
    )


def _describe(error: ValidationError) -> str:
    first = error.errors()[0]
    name = variable("_".join(str(part) for part in first["loc"]))
    # A key that is too short is still a secret.
    received = "" if name == "SERVICE_API_KEYS" else f" Received: {first['input']!r}."
    return f"{name}: {first['msg'].removeprefix('Value error, ')}.{received}"


def _describe_settings() -> str:
    lines = []
    described = attribute_docstrings(Settings)
    for name, field in Settings.model_fields.items():
        default = "none" if field.default == "" or name == "api_keys" else field.default
        lines.append(f"  {variable(name)} (default: {default!s})")
        lines.append(f"      {described[name]}")
    return "\n".join(lines)
