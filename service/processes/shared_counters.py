"""What the processes of one service count together: numbers in memory that all of them share."""

import mmap
from array import array
from typing import Final, Self

_BYTES: Final = 8


class Counter:
    """One number of this process beside the same number of the others.

    All may read all of them at any moment. Each is changed in one place only, or changes would be lost: by
    one thread of the process itself at a time, but for what it was handed, which the supervisor counts that
    hands it. Where a process has ended, the supervisor sets all of its numbers to zero.
    """

    def __init__(self, column: "memoryview[int]", number: int) -> None:
        self._column = column
        self._number = number

    @classmethod
    def alone(cls) -> Self:
        """Where there are no other processes."""
        return cls(memoryview(array("q", (0,))), 0)

    @property
    def own(self) -> int:
        """Of this process."""
        return self._column[self._number]

    @own.setter
    def own(self, value: int) -> None:
        self._column[self._number] = value

    @property
    def total(self) -> int:
        """Of all processes together."""
        return sum(self._column)


class Tally:
    """A row of numbers, all zero at first, for each of so many processes; made before they are forked."""

    def __init__(self, columns: int, processes: int) -> None:
        self._processes = processes
        self._table = memoryview(mmap.mmap(-1, _BYTES * columns * processes)).cast("q")

    def counter(self, column: int, number: int) -> Counter:
        """A column as process `number` sees it."""
        begin = column * self._processes
        return Counter(self._table[begin : begin + self._processes], number)
