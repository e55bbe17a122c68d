"""Decoding and inference off the event loop, no more of it at once than there are CPUs."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")


class Workers:
    """A bounded set of threads; Pillow and ONNX Runtime release the GIL while they work."""

    def __init__(self, count: int) -> None:
        self.count = count
        self._pool = ThreadPoolExecutor(max_workers=count, thread_name_prefix="worker")

    async def run(self, work: Callable[[], T]) -> T:
        """Run blocking work on a thread and wait for its result."""
        return await asyncio.get_running_loop().run_in_executor(self._pool, work)

    def close(self) -> None:
        """Finish what is running and stop the threads."""
        self._pool.shutdown(wait=True)
