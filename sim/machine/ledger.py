"""What a task's time went by."""

from __future__ import annotations

from array import array
from bisect import bisect_right
from collections.abc import Iterator, Mapping

import numpy as np

from sim.arrays import IntArray
from sim.machine.causes import CONTENTION, WORK, Cause

_LONGEST_NS = 2**31
"""Pieces are cut there, so that products of two lengths stay below 2**63."""


class Pieces:
    """Stretches of time that had to do with one cause, in order; none overlaps another.

    A stretch may have to do with it in part, evenly over its length: then so much of its first
    ``x`` nanoseconds does as is due by then, rounded down; or up, so that two causes share it.

    Args:
        rounds_up: which of the two.
    """

    def __init__(self, *, rounds_up: bool = False) -> None:
        self._rounds_up = rounds_up
        # Of each stretch when it begins and ends, how much of it counts, and of those before it.
        self._starts_ns, self._ends_ns = array("q"), array("q")
        self._due_ns, self._before_ns = array("q"), array("q")
        self.total_ns = 0

    def __len__(self) -> int:
        return len(self._ends_ns)

    def add(self, start_ns: int, end_ns: int, due_ns: int) -> None:
        """A stretch after all others, of which so much has to do with the cause."""
        while end_ns - start_ns > _LONGEST_NS:
            middle_ns = start_ns + _LONGEST_NS
            part_ns = self._part(_LONGEST_NS, end_ns - start_ns, due_ns)
            self._append(start_ns, middle_ns, part_ns)
            start_ns, due_ns = middle_ns, due_ns - part_ns
        self._append(start_ns, end_ns, due_ns)

    def _append(self, start_ns: int, end_ns: int, due_ns: int) -> None:
        self._starts_ns.append(start_ns)
        self._ends_ns.append(end_ns)
        self._due_ns.append(due_ns)
        self._before_ns.append(self.total_ns)
        self.total_ns += due_ns

    def _part(self, of_ns: int, length_ns: int, due_ns: int) -> int:
        part_ns = of_ns * due_ns
        return -(-part_ns // length_ns) if self._rounds_up else part_ns // length_ns

    def extend(self, starts_ns: IntArray, ends_ns: IntArray) -> None:
        """Whole stretches after all others (int64 [n] both, n at least 1), none very long."""
        lengths_ns = ends_ns - starts_ns
        before_ns = self.total_ns + lengths_ns.cumsum() - lengths_ns
        self._starts_ns.frombytes(starts_ns.tobytes())
        self._ends_ns.frombytes(ends_ns.tobytes())
        self._due_ns.frombytes(lengths_ns.tobytes())
        self._before_ns.frombytes(before_ns.tobytes())
        self.total_ns += int(lengths_ns.sum())

    def reach(self, moment_ns: int) -> bool:
        """Whether any of it is after a moment."""
        return bool(self._ends_ns) and self._ends_ns[-1] > moment_ns

    def since(self, moment_ns: int) -> int:
        """How much there is after a moment."""
        at = bisect_right(self._ends_ns, moment_ns)
        if at == len(self._ends_ns):
            return 0
        since_ns = self.total_ns - self._before_ns[at]
        inside_ns = moment_ns - self._starts_ns[at]
        if inside_ns > 0:
            length_ns = self._ends_ns[at] - self._starts_ns[at]
            since_ns -= self._part(inside_ns, length_ns, self._due_ns[at])
        return since_ns

    def since_each(self, moments_ns: IntArray) -> IntArray:
        """`since` each of some moments, int64 [n]."""
        first = bisect_right(self._ends_ns, int(moments_ns.min()))
        if first == len(self):
            return np.zeros(len(moments_ns), np.int64)
        starts_ns, ends_ns, due_ns, before_ns = (
            np.frombuffer(column, np.int64)[first:]
            for column in (self._starts_ns, self._ends_ns, self._due_ns, self._before_ns)
        )
        at = ends_ns.searchsorted(moments_ns, "right")
        since_ns = np.zeros(len(moments_ns), np.int64)
        inside = np.flatnonzero(at < len(ends_ns))
        at = at[inside]
        since_ns[inside] = self.total_ns - before_ns[at]
        inside_ns = np.maximum(moments_ns[inside] - starts_ns[at], 0)
        part_ns, length_ns = inside_ns * due_ns[at], (ends_ns - starts_ns)[at]
        since_ns[inside] -= -(-part_ns // length_ns) if self._rounds_up else part_ns // length_ns
        return since_ns

    def forget_before(self, moment_ns: int) -> None:
        """Let go of what ended by a moment."""
        gone = bisect_right(self._ends_ns, moment_ns)
        for column in (self._starts_ns, self._ends_ns, self._due_ns, self._before_ns):
            del column[:gone]


class History:
    """When a task did what, but for `WORK`: what is not told of is that, or sleep."""

    def __init__(self) -> None:
        self._pieces: dict[Cause, Pieces] = {}

    def __len__(self) -> int:
        return sum(map(len, self._pieces.values()))

    def of(self, cause: Cause) -> Pieces:
        """The stretches of one cause."""
        pieces = self._pieces.get(cause)
        if pieces is None:
            pieces = self._pieces[cause] = Pieces(rounds_up=cause is CONTENTION)
        return pieces

    def since(self, moment_ns: int) -> Iterator[tuple[Cause, Pieces]]:
        """The causes of which there is any after a moment."""
        return (item for item in self._pieces.items() if item[1].reach(moment_ns))

    def forget_before(self, moment_ns: int) -> None:
        """Let go of what ended by a moment."""
        for pieces in self._pieces.values():
            pieces.forget_before(moment_ns)


class Ledger:
    """Time by cause: of a task all that it ran or waited, of a machine all that its cores ran.

    Attributes:
        ran_ns: core time by cause, contention apart.
        waited_ns: time in which it could not go on, by cause.
        history: when; kept only if somebody will look back.
    """

    __slots__ = ("history", "ran_ns", "waited_ns")

    def __init__(self) -> None:
        self.ran_ns: dict[Cause, int] = {}
        self.waited_ns: dict[Cause, int] = {}
        self.history: History | None = None

    def ran(self, end_ns: int, ran_ns: int, own_ns: int, cause: Cause) -> None:
        """It has run up to a moment; of that ``own_ns`` would have sufficed alone."""
        ran = self.ran_ns
        ran[cause] = ran.get(cause, 0) + own_ns
        if own_ns != ran_ns:
            ran[CONTENTION] = ran.get(CONTENTION, 0) + ran_ns - own_ns
        if self.history is not None and ran_ns:
            start_ns = end_ns - ran_ns
            if cause is not WORK:
                self.history.of(cause).add(start_ns, end_ns, own_ns)
            if own_ns != ran_ns:
                self.history.of(CONTENTION).add(start_ns, end_ns, ran_ns - own_ns)

    def waited(self, end_ns: int, waited_ns: int, cause: Cause) -> None:
        """It could not go on for so long, up to a moment."""
        self.waited_ns[cause] = self.waited_ns.get(cause, 0) + waited_ns
        if self.history is not None:
            self.history.of(cause).add(end_ns - waited_ns, end_ns, waited_ns)

    def attribute(self, parts_ns: Mapping[Cause, int]) -> None:
        """So much of its work was for these causes."""
        ran = self.ran_ns
        for cause, ns in parts_ns.items():
            ran[WORK] = ran.get(WORK, 0) - ns
            ran[cause] = ran.get(cause, 0) + ns
