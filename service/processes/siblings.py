"""The metrics of all processes of one service as one text, whichever of them is asked.

Each process listens on a socket that only this machine can reach, and tells whoever connects its own numbers.
Every sample gets the label `process`: sums over processes would fall when one of them is replaced, which
Prometheus takes for a counter that began anew.
"""

import asyncio
import json
import logging
import socket
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Final, cast

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import Metric
from prometheus_client.registry import Collector
from prometheus_client.samples import Sample

from service.processes.shares import Share

PATIENCE_SECONDS: Final = 1.0
"""How long a process has to tell its numbers; one that is being replaced has none."""
_CHUNK: Final = 1 << 16
_log = logging.getLogger(__name__)


class Siblings:
    """All processes of a service, as the one with this `share` and this `registry` reaches them."""

    def __init__(self, share: Share, registry: CollectorRegistry) -> None:
        self._share = share
        self._registry = registry

    @asynccontextmanager
    async def told(self) -> AsyncIterator[None]:
        """Tell the others this process's numbers meanwhile."""
        if self._share.processes == 1:
            yield
            return
        listener = self._share.listeners[self._share.number].dup()  # a replacement goes on with the socket
        async with await asyncio.start_unix_server(self._tell, sock=listener):
            yield

    async def exposition(self) -> bytes:
        """The metrics of all processes that answer in time, in Prometheus's text format."""
        if self._share.processes == 1:
            return generate_latest(self._registry)
        mine = self._share.number
        others = [number for number in range(self._share.processes) if number != mine]
        told = await asyncio.gather(*(self._ask(number) for number in others))
        found = {mine: describe(self._registry)} | dict(zip(others, told, strict=True))
        return generate_latest(cast("CollectorRegistry", Together(found)))

    async def _tell(self, _: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(json.dumps(describe(self._registry)).encode())
        writer.close()

    async def _ask(self, number: int) -> list[Any]:
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                return cast("list[Any]", json.loads(await self._read(number)))
        except (OSError, TimeoutError, ValueError) as error:
            facts = {"of": number, "reason": str(error) or type(error).__name__}
            _log.warning("a process does not tell its metrics", extra=facts)
            return []

    async def _read(self, number: int) -> bytes:
        loop = asyncio.get_running_loop()
        with socket.socket(socket.AF_UNIX) as connection:
            connection.setblocking(False)
            await loop.sock_connect(connection, self._share.names[number])
            found = b""
            while chunk := await loop.sock_recv(connection, _CHUNK):
                found += chunk
            return found


def describe(registry: CollectorRegistry) -> list[Any]:
    """All metrics as what JSON can hold: name, documentation, type and `[name, labels, value]` of samples."""
    return [
        [
            one.name,
            one.documentation,
            one.type,
            [[sample.name, sample.labels, sample.value] for sample in one.samples],
        ]
        for one in registry.collect()
    ]


@dataclass(frozen=True)
class Together(Collector):
    """What the processes have described, by their numbers; the label `process` tells their samples apart."""

    described: Mapping[int, list[Any]]

    def collect(self) -> Iterator[Metric]:
        """Each metric once, with the samples of all."""
        metrics: dict[str, Metric] = {}
        for process, families in self.described.items():
            for name, documentation, kind, samples in families:
                metric = metrics.setdefault(name, Metric(name, documentation, kind))
                metric.samples += [
                    Sample(each, {**labels, "process": str(process)}, value)
                    for each, labels, value in samples
                ]
        yield from metrics.values()
