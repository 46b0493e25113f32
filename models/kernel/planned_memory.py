"""Memory that a program will take at known times."""

from __future__ import annotations

from sim.arrays import IntArray
from sim.machine.clock import Clock


class PlannedMemory:
    """What the writes of a timetable take, as they come due.

    Args:
        clock: The machine's.
        starts_ns: int64 [n], n at least 1, when writes happen, ascending.
        taken_bytes: int64 [n], how much those up to each take together.
    """

    def __init__(self, clock: Clock, starts_ns: IntArray, taken_bytes: IntArray) -> None:
        self._clock = clock
        self._starts_ns = starts_ns
        self._taken_bytes = taken_bytes
        self._seen = 0

    @property
    def begun(self) -> int:
        """How many of the writes have happened by now."""
        return int(self._starts_ns.searchsorted(self._clock.now, "right"))

    @property
    def used_bytes(self) -> int:
        """What is taken by now."""
        begun = self.begun
        return int(self._taken_bytes[begun - 1]) if begun else 0

    @property
    def total_bytes(self) -> int:
        """What is taken in the end."""
        return int(self._taken_bytes[-1]) if len(self._taken_bytes) else 0

    def is_news(self) -> bool:
        """Whether any of them have happened since that was asked last."""
        before, self._seen = self._seen, self.begun
        return self._seen > before

    def curtail(self) -> None:
        """Plan no more than what has happened."""
        begun = self.begun
        self._starts_ns, self._taken_bytes = self._starts_ns[:begun], self._taken_bytes[:begun]
