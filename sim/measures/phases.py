"""The phases of a fork: what requests met of it, of a server that forks while it serves."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from enum import StrEnum
from typing import Protocol

import numpy as np

from sim.arrays import IntArray
from sim.machine.clock import NEVER_NS

FIRST_SECOND_NS = 10**9
"""How long the second that follows a call is."""


class Phase(StrEnum):
    """A phase; they part requests by when they were sent."""

    FORK = "fork"
    """It overlaps the call: sent before its end, answered after its beginning."""
    FIRST_SECOND = "first_second"
    """Sent in the second that follows."""
    DURING = "during"
    """Sent later, before the child's end."""
    AFTER = "after"
    """Sent later, before the last fault that the fork has caused, or before all are answered that
    the call has kept waiting."""
    BETWEEN = "between"
    """Sent later, or before the first fork."""


PHASES = tuple(Phase)
"""Numbered as in tables."""
_FORK, _FIRST_SECOND, _DURING, _AFTER, _BETWEEN = range(len(PHASES))


class Undecided(Protocol):
    """What is kept of requests that count as between, until it is known whether they are."""

    def decide(self, phase: Phase) -> None:
        """They are of this phase."""


class Phases:
    """The phases of a run so far, told of what happens in order of time.

    Who is sent after a child's end is between, unless the fork causes another fault later: then
    all up to that fault are after, also those of whom was said that they are between. They are
    `undecided` up to then, or to the next fork.

    Attributes:
        undecided: who is told; forgotten with that.
    """

    def __init__(self) -> None:
        self.undecided: list[Undecided] = []
        # From when on which phase is met, in order of time, and the last fault of the last one.
        self._from_ns = [-1]
        self._numbers = [_BETWEEN]
        self._settled_ns = -1
        self._lull = True
        self._begun_ns: list[int] = []
        self._returned_ns: list[int] = []
        self._queue = False

    @property
    def forks(self) -> int:
        """How many calls there were."""
        return len(self._begun_ns)

    @property
    def queue_of_ns(self) -> int | None:
        """When the call ended some of whose queue are not answered; None if all are."""
        return self._returned_ns[-1] if self._queue else None

    def begin(self, at_ns: int) -> None:
        """A call of fork begins."""
        self._decide(Phase.BETWEEN)
        if self._lull and self._settled_ns >= self._from_ns[-1]:
            self._numbers[-1] = _AFTER
            self._enter(_BETWEEN, self._settled_ns + 1)
        self._lull = False
        self._enter(_FORK, at_ns)
        self._begun_ns.append(at_ns)

    def finish(self, at_ns: int, *, stays: bool = False) -> None:
        """The call ends, and leaves a queue.

        Args:
            at_ns: when.
            stays: whether the child serves as its parent does, and is nothing to wait for.
        """
        self._returned_ns.append(at_ns)
        self._enter(_FIRST_SECOND, at_ns)
        self._queue = not stays
        if stays:
            self._begin_lull(at_ns + FIRST_SECOND_NS)
        else:
            self._enter(_DURING, at_ns + FIRST_SECOND_NS)

    def empty(self, at_ns: int) -> None:
        """The last of the queue was answered then."""
        self._queue = False
        if self._lull:
            self._settled_ns = max(at_ns, self._settled_ns)

    def end(self, at_ns: int) -> None:
        """The child is gone."""
        self._begin_lull(max(at_ns, self._returned_ns[-1] + FIRST_SECOND_NS))

    def fault(self, at_ns: int) -> None:
        """A fault of the server's that a fork has caused."""
        if self._lull and at_ns >= self._from_ns[-1] and len(self._numbers) > 1:
            self._settled_ns = at_ns
            self._decide(Phase.AFTER)

    def of(self, sent_ns: IntArray, at_ns: IntArray) -> IntArray | Phase:
        """The phases of requests, by their numbers, or the one that is that of all.

        Args:
            sent_ns: int64 [n], when each was sent.
            at_ns: int64 [n], when it was answered, ascending; not later than what was told.
        """
        first_ns, last_ns = int(sent_ns.min()), int(at_ns[-1])
        place = bisect_right(self._from_ns, first_ns) - 1
        if place == len(self._from_ns) - 1 or last_ns < self._from_ns[place + 1]:
            if self._numbers[place] != _BETWEEN or not self._lull or self._queue:
                return self.of_one(first_ns, last_ns)
            if first_ns > self._settled_ns:
                return Phase.BETWEEN
        places = np.searchsorted(self._from_ns[place:], sent_ns, "right") - 1
        numbers: IntArray = np.array(self._numbers[place:])[places]
        if self._lull:
            last = places == len(self._from_ns) - 1 - place
            numbers[last & ((sent_ns <= self._settled_ns) | self._queue)] = _AFTER
        for begun_ns, returned_ns in self._calls(first_ns, last_ns):
            numbers[(sent_ns < returned_ns) & (at_ns > begun_ns)] = _FORK
        return numbers

    def of_one(self, sent_ns: int, at_ns: int) -> Phase:
        """`of` a single request."""
        if self._begun_ns and self._calls(sent_ns, at_ns):
            return Phase.FORK
        place = bisect_right(self._from_ns, sent_ns) - 1
        if self._lull and place == len(self._from_ns) - 1 and place:
            return Phase.AFTER if self._queue or sent_ns <= self._settled_ns else Phase.BETWEEN
        return PHASES[self._numbers[place]]

    def columns(self, end_ns: int) -> dict[str, IntArray]:
        """All phases up to now in order of time: ``phase`` (its number), ``from_ns``, ``until_ns``.

        What took no time is left out.
        """
        numbers, from_ns = [*self._numbers], [*self._from_ns]
        if self._lull and len(numbers) > 1 and (self._queue or self._settled_ns >= from_ns[-1]):
            numbers[-1] = _AFTER
            if not self._queue:
                numbers.append(_BETWEEN)
                from_ns.append(self._settled_ns + 1)
        starts = np.clip(np.array(from_ns, np.int64), 0, end_ns)
        ends = np.append(starts[1:], end_ns)
        lasts = starts < ends
        table = {"phase": np.array(numbers, np.int64), "from_ns": starts, "until_ns": ends}
        return {name: column[lasts] for name, column in table.items()}

    def _calls(self, sent_ns: int, at_ns: int) -> list[tuple[int, int]]:
        """When each call began and returned that overlaps a time."""
        calls = slice(bisect_right(self._returned_ns, sent_ns), bisect_left(self._begun_ns, at_ns))
        returned_ns = [*self._returned_ns[calls], NEVER_NS]
        return list(zip(self._begun_ns[calls], returned_ns, strict=False))

    def _enter(self, number: int, at_ns: int) -> None:
        """From now on; what was to come later does not."""
        while self._from_ns[-1] >= at_ns and len(self._from_ns) > 1:
            self._from_ns.pop()
            self._numbers.pop()
        self._from_ns.append(at_ns)
        self._numbers.append(number)

    def _begin_lull(self, at_ns: int) -> None:
        self._enter(_BETWEEN, at_ns)
        self._lull = True
        self._settled_ns = at_ns - 1

    def _decide(self, phase: Phase) -> None:
        undecided, self.undecided = self.undecided, []
        for one in undecided:
            one.decide(phase)
