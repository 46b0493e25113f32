"""What a task's time went by."""

from __future__ import annotations

from array import array
from bisect import bisect_right
from collections.abc import Mapping

import numpy as np

from sim.arrays import IntArray, Sparse
from sim.machine.causes import CONTENTION, WORK, Cause

_LONGEST_NS = 2**31
"""Pieces are cut there, so that products of two lengths stay below 2**63."""


class Stretches:
    """Stretches of time, none of which overlaps another."""

    def __init__(self) -> None:
        self._starts_ns, self._ends_ns = array("q"), array("q")

    def __len__(self) -> int:
        return len(self._ends_ns)

    def include(self, start_ns: int, end_ns: int) -> None:
        """Another one, best after the others."""
        place = len(self)
        if place and start_ns < self._starts_ns[-1]:
            place = bisect_right(self._starts_ns, start_ns)
        self._starts_ns.insert(place, start_ns)
        self._ends_ns.insert(place, end_ns)

    def include_all(self, starts_ns: IntArray, ends_ns: IntArray) -> None:
        """Others, in order, after all so far (int64 [n] both)."""
        self._starts_ns.frombytes(starts_ns.tobytes())
        self._ends_ns.frombytes(ends_ns.tobytes())

    def reach(self, moment_ns: int) -> bool:
        """Whether any of it is after a moment."""
        return bool(self._ends_ns) and self._ends_ns[-1] > moment_ns

    def met(self, first_ns: IntArray, end_ns: IntArray) -> IntArray:
        """Which of some other stretches (int64 [n] both) one falls into in part, as numbers.

        The others end in order.
        """
        first = bisect_right(self._ends_ns, int(first_ns.min()))
        starts_ns = np.frombuffer(self._starts_ns, np.int64)[first:]
        ends_ns = np.frombuffer(self._ends_ns, np.int64)[first:]
        if not len(ends_ns) or starts_ns[0] >= end_ns[-1]:
            return np.zeros(0, np.int64)
        if len(ends_ns) < len(first_ns) and (first_ns[1:] >= first_ns[:-1]).all():
            # Each of the few meets some that follow each other, from where the last one's end on.
            over = first_ns.searchsorted(ends_ns)
            begun = end_ns.searchsorted(starts_ns, "right")
            np.maximum(begun[1:], over[:-1], out=begun[1:])
            counts = np.maximum(over - begun, 0)
            ends = counts.cumsum()
            return np.repeat(begun - ends + counts, counts) + np.arange(ends[-1])
        ended = ends_ns.searchsorted(first_ns, "right")
        return np.flatnonzero(ended < starts_ns.searchsorted(end_ns))

    def forget_before(self, moment_ns: int) -> int:
        """Let go of what ended by a moment; how many."""
        gone = bisect_right(self._ends_ns, moment_ns)
        del self._starts_ns[:gone], self._ends_ns[:gone]
        return gone


class Pieces(Stretches):
    """Stretches of time that had to do with one cause, in order.

    A stretch may have to do with it in part, evenly over its length: then so much of its first
    ``x`` nanoseconds does as is due by then, rounded down; or up, so that two causes share it.

    Args:
        rounds_up: which of the two.
    """

    def __init__(self, *, rounds_up: bool = False) -> None:
        super().__init__()
        self._rounds_up = rounds_up
        # How much of each counts, and of those before it.
        self._due_ns, self._before_ns = array("q"), array("q")
        self._total_ns = 0
        self._all_whole = True

    def add(self, start_ns: int, end_ns: int, due_ns: int) -> None:
        """A stretch after all others, of which so much has to do with the cause."""
        if end_ns - start_ns <= _LONGEST_NS:
            self._append(start_ns, end_ns, due_ns)
            return
        before_ns = 0
        for first_ns in range(start_ns, end_ns, _LONGEST_NS):
            last_ns = min(first_ns + _LONGEST_NS, end_ns)
            by_then_ns = self._part(last_ns - start_ns, end_ns - start_ns, due_ns)
            self._append(first_ns, last_ns, by_then_ns - before_ns)
            before_ns = by_then_ns

    def _append(self, start_ns: int, end_ns: int, due_ns: int) -> None:
        self.include(start_ns, end_ns)
        self._due_ns.append(due_ns)
        self._before_ns.append(self._total_ns)
        self._total_ns += due_ns
        self._all_whole &= due_ns == end_ns - start_ns

    def _part(self, of_ns: int, length_ns: int, due_ns: int) -> int:
        part_ns = of_ns * due_ns
        return -(-part_ns // length_ns) if self._rounds_up else part_ns // length_ns

    def extend(self, starts_ns: IntArray, ends_ns: IntArray) -> None:
        """Whole stretches after all others (int64 [n] both, n at least 1), none very long."""
        lengths_ns = ends_ns - starts_ns
        before_ns = self._total_ns + lengths_ns.cumsum() - lengths_ns
        self.include_all(starts_ns, ends_ns)
        self._due_ns.frombytes(lengths_ns.tobytes())
        self._before_ns.frombytes(before_ns.tobytes())
        self._total_ns += int(lengths_ns.sum())

    def since(self, moment_ns: int) -> int:
        """How much there is after a moment."""
        at = bisect_right(self._ends_ns, moment_ns)
        if at == len(self):
            return 0
        since_ns = self._total_ns - self._before_ns[at]
        inside_ns = moment_ns - self._starts_ns[at]
        if inside_ns > 0:
            length_ns = self._ends_ns[at] - self._starts_ns[at]
            since_ns -= self._part(inside_ns, length_ns, self._due_ns[at])
        return since_ns

    def since_each(self, moments_ns: IntArray) -> IntArray:
        """`since` each of some moments, int64 [n], n at least 1."""
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
        since_ns[inside] = self._total_ns - before_ns[at]
        inside_ns = np.maximum(moments_ns[inside] - starts_ns[at], 0)
        if self._all_whole:
            since_ns[inside] -= inside_ns
            return since_ns
        part_ns = inside_ns * due_ns[at]
        length_ns = np.maximum((ends_ns - starts_ns)[at], 1)  # of some that took no time
        since_ns[inside] -= -(-part_ns // length_ns) if self._rounds_up else part_ns // length_ns
        return since_ns

    def forget_before(self, moment_ns: int) -> int:
        """See `Stretches.forget_before`."""
        gone = super().forget_before(moment_ns)
        del self._due_ns[:gone], self._before_ns[:gone]
        return gone


class History:
    """When a task did what, but for `WORK`: what is not told of is that, or sleep.

    Stretches come in order of time, those of a batch among themselves.
    """

    def __init__(self) -> None:
        self._pieces: dict[Cause, Pieces] = {}
        self._any = Stretches()

    def __len__(self) -> int:
        return len(self._any)

    def add(self, start_ns: int, end_ns: int, due_ns: int, cause: Cause) -> None:
        """A stretch of which so much had to do with a cause, and the rest with contention."""
        if start_ns == end_ns:
            return
        self._any.include(start_ns, end_ns)
        if cause is not WORK:
            self._of(cause).add(start_ns, end_ns, due_ns)
        if due_ns < end_ns - start_ns:
            self._of(CONTENTION).add(start_ns, end_ns, end_ns - start_ns - due_ns)

    def extend(self, starts_ns: IntArray, ends_ns: IntArray) -> None:
        """Some stretches (int64 [n] both), for whose causes see `extend_cause`."""
        self._any.include_all(starts_ns, ends_ns)

    def extend_cause(self, cause: Cause, starts_ns: IntArray, ends_ns: IntArray) -> None:
        """What of those stretches had to do with a cause, no part very long."""
        self._of(cause).extend(starts_ns, ends_ns)

    def _of(self, cause: Cause) -> Pieces:
        pieces = self._pieces.get(cause)
        if pieces is None:
            pieces = self._pieces[cause] = Pieces(rounds_up=cause is CONTENTION)
        return pieces

    def since(self, moment_ns: int) -> dict[Cause, int]:
        """The time of each cause after a moment; what took none is left out."""
        if not self._any.reach(moment_ns):
            return {}
        since_ns = {
            cause: pieces.since(moment_ns)
            for cause, pieces in self._pieces.items()
            if pieces.reach(moment_ns)
        }
        return {cause: ns for cause, ns in since_ns.items() if ns}

    def between(self, first_ns: IntArray, end_ns: IntArray) -> dict[Cause, Sparse]:
        """The time of each cause in some stretches of time (int64 [n] both) that end in order.

        What took no time is left out; all have the same rows.
        """
        rows, count = self._any.met(first_ns, end_ns), len(first_ns)
        found: dict[Cause, Sparse] = {}
        if not len(rows):
            return found
        first_ns, end_ns = first_ns[rows], end_ns[rows]
        for cause, pieces in self._pieces.items():
            if pieces.reach(int(first_ns.min())):
                time_ns = pieces.since_each(first_ns)
                if pieces.reach(int(end_ns.min())):
                    time_ns -= pieces.since_each(end_ns)
                if time_ns.any():
                    found[cause] = Sparse(rows, time_ns, count)
        return found

    def forget_before(self, moment_ns: int) -> None:
        """Let go of what ended by a moment."""
        for pieces in (self._any, *self._pieces.values()):
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
        if self.history is not None and ran_ns and (cause is not WORK or own_ns != ran_ns):
            self.history.add(end_ns - ran_ns, end_ns, own_ns, cause)

    def waited(self, end_ns: int, waited_ns: int, cause: Cause) -> None:
        """It could not go on for so long, up to a moment."""
        self.waited_ns[cause] = self.waited_ns.get(cause, 0) + waited_ns
        if self.history is not None:
            self.history.add(end_ns - waited_ns, end_ns, waited_ns, cause)

    def spent(self) -> dict[Cause, int]:
        """All its time so far by cause, running and waiting."""
        total = dict(self.ran_ns)
        for cause, ns in self.waited_ns.items():
            total[cause] = total.get(cause, 0) + ns
        return total

    def attribute(self, parts_ns: Mapping[Cause, int]) -> None:
        """So much of its work was for these causes."""
        ran = self.ran_ns
        for cause, ns in parts_ns.items():
            ran[WORK] = ran.get(WORK, 0) - ns
            ran[cause] = ran.get(cause, 0) + ns
