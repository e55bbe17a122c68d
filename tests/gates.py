"""A service whose predictor can be held, so that overload is a fact and not a matter of timing."""

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

from service.answering.predictor import Asked, Predictor
from service.answering.prepared import Prepared
from service.app import create_app
from service.lifecycle.loading import load_predictor
from service.serving import server
from service.serving.server import GracefulServer
from service.settings import Settings
from tests.uploads import picture

PATIENCE_SECONDS = 30.0


class Gated(Predictor):
    """The real predictor, which waits at a gate first."""

    def __init__(self, settings: Settings) -> None:
        super().__init__(load_predictor(settings).models, settings)
        self.gate = threading.Event()
        self.gate.set()
        self.asked: list[str] = []
        """Request ids in the order in which their images came to the gate."""
        self._entered = threading.Semaphore(0)

    def prepare(self, asked: Asked) -> Prepared:
        self.asked.append(asked.question.request_id)
        self._entered.release()
        assert self.gate.wait(PATIENCE_SECONDS)
        return super().prepare(asked)

    def wait_until_asked(self) -> None:
        """Until one more image has come to the gate."""
        assert self._entered.acquire(timeout=PATIENCE_SECONDS)


class GatedService:
    """The service on a real port, its predictor, and a client that several threads may use."""

    def __init__(self, address: str, client: httpx.Client, predictor: Gated, server: GracefulServer) -> None:
        self.address = address
        self.client = client
        self.predictor = predictor
        self.server = server

    def hold(self, pool: ThreadPoolExecutor) -> "Future[httpx.Response]":
        """Close the gate, and let a thread of the pool ask about a photo that waits there by now."""
        self.predictor.gate.clear()
        asked = pool.submit(self.client.post, "/v1/classify", files={"image": picture()})
        self.predictor.wait_until_asked()
        return asked

    def metric(self, name: str) -> float:
        """The value of a metric now; `name` includes the labels."""
        text = self.client.get("/metrics").text
        return next(
            float(line.rpartition(" ")[2]) for line in text.splitlines() if line.startswith(f"{name} ")
        )


@contextmanager
def gated(models: Path, **settings: Any) -> Iterator[GatedService]:
    """Serve until the block ends, the gate open."""
    given: dict[str, Any] = {"host": "127.0.0.1", "port": 0, "threads": 1, "drain_seconds": 0.0}
    chosen = Settings(models=models, model="colours", **(given | settings))
    predictor = Gated(chosen)
    app = create_app(chosen, predictor)
    listening = threading.Event()

    class Server(GracefulServer):
        async def startup(self, sockets: Any = None) -> None:
            await super().startup(sockets)
            listening.set()

    running = server.build(app, chosen, Server)
    thread = threading.Thread(target=running.run)
    thread.start()
    try:
        assert listening.wait(PATIENCE_SECONDS)
        port = running.servers[0].sockets[0].getsockname()[1]
        address = f"http://127.0.0.1:{port}"
        with httpx.Client(base_url=address, timeout=PATIENCE_SECONDS) as client:
            yield GatedService(address, client, predictor, running)
    finally:
        predictor.gate.set()
        running.stop_now()
        thread.join()


def eventually(condition: Callable[[], bool]) -> None:
    """Ask until the answer is yes."""
    until = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < until:
        if condition():
            return
        time.sleep(0.001)
    raise AssertionError("it never became true")
