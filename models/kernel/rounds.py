"""Rounds of a fork server: fork, the child writes some pages and exits, again and again.

Nobody else sees the memory of a fork server, so what a round does to it can be performed at once
and given its time afterwards. And a round that leaves the parent's memory as it was is the same
every time that it meets the same: then only its steps and counts are repeated.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from models.memory.address_space import NO_TABLE, AddressSpace
from models.memory.areas import PAGES_PER_SLOT, BusError
from models.memory.counts import Counts
from models.memory.entries import Kind
from models.memory.slots import count_killed
from models.operations.steps import Performance, perform
from models.schemes.base import Scheme
from sim.arrays import BoolArray, IntArray

_Whole: TypeAlias = tuple[int, ...]

MOST_PAGES = 16
"""Rounds that write more pages hardly ever meet the same twice."""


@dataclass(frozen=True)
class Round:
    """What one round takes.

    Attributes:
        fork: The steps of the fork.
        start: The steps of the child before its first instruction.
        fault_ns: The time of the child's faults.
        exit: The steps of the child's exit.
        counts: What all of it did to memory.
    """

    fork: Performance
    start: Performance
    fault_ns: int
    exit: Performance
    counts: Counts


@dataclass(frozen=True)
class Repeats:
    """Rounds that are repetitions of known ones.

    Attributes:
        kinds: Distinct rounds.
        numbers: The round of each repetition, as an index into `kinds`.
    """

    kinds: list[Round]
    numbers: IntArray

    def __len__(self) -> int:
        return len(self.numbers)

    @property
    def fork_ns(self) -> IntArray:
        """The time of each fork."""
        return self._each([kind.fork.work_ns for kind in self.kinds])

    @property
    def start_ns(self) -> IntArray:
        """The time of each child's start in the kernel."""
        return self._each([kind.start.work_ns for kind in self.kinds])

    @property
    def fault_ns(self) -> IntArray:
        """The time of each child's faults."""
        return self._each([kind.fault_ns for kind in self.kinds])

    @property
    def exit_ns(self) -> IntArray:
        """The time of each child's exit."""
        return self._each([kind.exit.work_ns for kind in self.kinds])

    def _each(self, times_ns: list[int]) -> IntArray:
        return np.array(times_ns, np.int64)[self.numbers]


class Rounds:
    """The rounds of one fork server, whose memory nobody else changes meanwhile.

    Args:
        scheme: How it forks.
        mm: Its address space.

    Attributes:
        performed: How many rounds were performed on memory; the others were repeated.
    """

    def __init__(self, scheme: Scheme, mm: AddressSpace) -> None:
        self._scheme = scheme
        self._mm = mm
        self._whole = self._inspect_whole()
        self._known: dict[tuple[_Whole, bytes], Round] = {}
        self.performed = 0

    def play(self, pages: IntArray) -> Round:
        """Fork, write ``pages`` in the child, exit; returns what it takes.

        Raises:
            SegmentationFault: If a page may not be written.
        """
        met = self._inspect_met(pages[np.newaxis])
        known = self._known.get((self._whole, met[0])) if met else None
        if known is not None:
            self._mm.memory.counts.add(known.counts)
            return known
        played = self._perform(pages)
        before, self._whole = self._whole, self._inspect_whole()
        if met and self._whole == before and self._inspect_met(pages[np.newaxis]) == met:
            self._known[before, met[0]] = played
        return played

    def foresee(self, pages: IntArray) -> Repeats:
        """Which of the next rounds repeat known ones; changes nothing.

        Args:
            pages: What each round writes, shape (rounds, pages of a round).

        Returns:
            The rounds up to the first that must be played.
        """
        kinds: dict[bytes, int] = {}
        rounds: list[Round] = []
        numbers: list[int] = []
        for met in self._inspect_met(pages):
            if met not in kinds:
                known = self._known.get((self._whole, met))
                if known is None:
                    break
                kinds[met] = len(rounds)
                rounds.append(known)
            numbers.append(kinds[met])
        return Repeats(rounds, np.array(numbers, np.int64))

    def repeat(self, repeats: Repeats, first: int) -> None:
        """Count what the ``first`` of some repeats (of `foresee`, just now) do to memory."""
        times = np.bincount(repeats.numbers[:first], minlength=len(repeats.kinds))
        for kind, count in zip(repeats.kinds, times.tolist(), strict=True):
            self._mm.memory.counts.add(kind.counts, count)

    def _perform(self, pages: IntArray) -> Round:
        self.performed += 1
        counts = self._mm.memory.counts
        before = counts.copy()
        child, forked = perform(self._scheme.fork(self._mm))
        _, started = perform(self._scheme.start(child))
        faults = self._scheme.classify(child, pages, True)
        try:
            self._scheme.apply(child, faults)
        except BusError:
            count_killed(self._mm.memory)
        _, left = perform(self._scheme.exit(child))
        return Round(forked, started, faults.total_ns, left, counts - before)

    def _inspect_whole(self) -> _Whole:
        """What the price of a fork and of a child's exit goes by, but for the pages it writes."""
        memory = self._mm.memory
        content = memory.tables.content[self._mm.slot_table[self._mm.slots_with_tables()]]
        return (
            self._scheme.fork_ns(self._mm),
            int(memory.contents.present[content].sum()),
            int(memory.contents.scattered[content].sum()),
            int((memory.contents.kind[content] >= Kind.HUGE).sum()),
            memory.frames.stock.outstanding,
            memory.tables.stock.outstanding,
            # Counted differently each time, a round is not the same even if it takes the same.
            self._mm.rss_pages,
        )

    def _inspect_met(self, pages: IntArray) -> list[bytes]:
        """What the writes of each round meet, in order; empty if that is not worth comparing."""
        mm, memory = self._mm, self._mm.memory
        slots = pages // PAGES_PER_SLOT
        tables = mm.slot_table[slots]
        if pages.shape[1] > MOST_PAGES or (tables == NO_TABLE).any():
            return []
        contents, content = memory.contents, memory.tables.content[tables]
        flags = contents.flags_at(content.ravel(), pages.ravel() % PAGES_PER_SLOT)
        met: tuple[npt.NDArray[Any], ...] = (
            contents.kind[content],
            contents.present[content],
            contents.writable[content],
            contents.scattered[content],
            memory.tables.references[tables],
            mm.slot_writable[slots],
            flags.reshape(pages.shape),
            # Which of them meet the same page or table, and which the page after another's.
            *_apart(pages, 0),
            *_apart(slots, 0),
            *_apart(pages, 1),
        )
        rows = np.concatenate([column.astype(np.int32) for column in met], axis=1)
        return [row.tobytes() for row in rows]


def _apart(numbers: IntArray, distance: int) -> Iterator[BoolArray]:
    """For each column which of those before are so much smaller, row by row."""
    for column in range(1, numbers.shape[1]):
        yield numbers[:, :column] + distance == numbers[:, column, np.newaxis]
