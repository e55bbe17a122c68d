"""How long each stage of an answer took."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from service.schemas import Timings


@dataclass
class Stopwatch:
    """Milliseconds per named stage."""

    stages: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Time a block of work; several blocks of one name add up."""
        start = time.perf_counter()
        try:
            yield
        finally:
            self.add(name, time.perf_counter() - start)

    def add(self, name: str, seconds: float) -> None:
        """Add to a stage what was timed elsewhere."""
        self.stages[name] = self.stages.get(name, 0.0) + 1000 * seconds

    def timings(self) -> Timings:
        """The stages rounded to microseconds, with their sum."""
        rounded = {name: round(value, 3) for name, value in self.stages.items()}
        return Timings(**rounded, total=round(sum(self.stages.values()), 3))
