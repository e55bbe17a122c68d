"""What this service does as a share or a multiple of the others, from the steps of all rounds.

Each is the median over the rounds of the ratio within a round, since the machine may be another one a few
minutes later. Where another one gave no right answer, ours are infinitely many times as many, and there is no
p99 to compare with.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final, Self

from benchmarks.comparison.contenders import contenders
from benchmarks.comparison.summary import Start, Step, ratio
from benchmarks.comparison.turns import ratios
from benchmarks.percentiles import median

OURS: Final = contenders()[0].name


@dataclass(frozen=True)
class Comparison:
    """What `benchmarks.comparison` measured."""

    steps: Sequence[Step]
    starts: Sequence[Start]

    @classmethod
    def read(cls, document: dict[str, Any]) -> Self:
        """From its `results.json`."""
        return cls([Step(**one) for one in document["steps"]], [Start(**one) for one in document["starts"]])

    @property
    def levels(self) -> list[int]:
        """The numbers of clients, the fewest first."""
        return sorted({one.clients for one in self.steps if one.contender == OURS})

    def has(self, name: str) -> bool:
        """Whether a contender was measured as well as this service."""
        return bool(self.levels) and any(one.contender == name for one in self.steps)

    def answers(self, other: str, clients: int) -> float:
        """How many times another one's answers."""
        return self._beside(other, clients, lambda one: one.throughput)

    def late(self, other: str, clients: int) -> float:
        """The p99 as a share of another one's."""
        return self._beside(other, clients, lambda one: one.p99)

    def memory(self, other: str) -> float:
        """Memory with the most clients as a share of another one's."""
        return self._beside(other, self.levels[-1], lambda one: one.memory)

    def start(self, other: str) -> float:
        """Time from the start to the first right answer as a share of another one's."""
        mine, theirs = (
            {one.round: one.seconds for one in self.starts if one.contender == name} for name in (OURS, other)
        )
        return median(ratios([mine[number] for number in theirs], list(theirs.values())))

    def of_raw(self, raw: str) -> float:
        """Answers with the most clients as a share of what ONNX Runtime does without a server."""
        return ratio(self.steps, OURS, self.levels[-1], raw)

    def _beside(self, other: str, clients: int, value: Callable[[Step], float]) -> float:
        mine, theirs = self._rounds(OURS, clients), self._rounds(other, clients)
        return median(ratios([value(mine[number]) for number in theirs], list(map(value, theirs.values()))))

    def _rounds(self, name: str, clients: int) -> dict[int, Step]:
        return {one.round: one for one in self.steps if (one.contender, one.clients) == (name, clients)}
