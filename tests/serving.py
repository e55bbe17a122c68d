"""A real server on a real port, for clients that speak HTTP."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import uvicorn
from pydantic import SecretStr
from starlette.types import ASGIApp

from service.answering.predictor import Asked, Predictor
from service.answering.prepared import Prepared
from service.app import create_app
from service.errors import ServiceError
from service.lifecycle.loading import load_predictor
from service.settings import Settings


def connect(address: str) -> socket.socket:
    """A connection to a service, for who speaks HTTP byte by byte."""
    parts = urlsplit(address)
    return socket.create_connection((parts.hostname, parts.port), timeout=30)


def until_closed(connection: socket.socket) -> bytes:
    """What comes until the other side ends the connection."""
    try:
        return b"".join(iter(lambda: connection.recv(65536), b""))
    except ConnectionResetError:
        return b""


class Moody(Predictor):
    """The real predictor, which refuses every photo while `refusal` is set."""

    refusal: ServiceError | None = None

    def prepare(self, asked: Asked) -> Prepared:
        if self.refusal:
            raise self.refusal
        return super().prepare(asked)


def moody(settings: Settings) -> Moody:
    return Moody(load_predictor(settings).models, settings)


def settings_for(models: Path, model: str = "colours", api_keys: str = "") -> Settings:
    return Settings(
        models=models, model=model, api_keys=SecretStr(api_keys), threads=1, workers=2, waiting=50
    )


@contextmanager
def serve(settings: Settings, predictor: Predictor | None = None, port: int = 0) -> Iterator[str]:
    """Serve until the block ends; yields the address."""
    with serve_app(create_app(settings, predictor or load_predictor(settings)), port) as address:
        yield address


@contextmanager
def serve_app(app: ASGIApp, port: int = 0) -> Iterator[str]:
    """Serve any application until the block ends; yields the address."""
    server = uvicorn.Server(uvicorn.Config(app, log_level="warning", timeout_graceful_shutdown=1))
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", port))
        # From here on clients may connect: the kernel keeps them until the server accepts.
        listener.listen(64)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join()
