"""Rounds of a fork server: fork, the child writes some pages and exits, again and again.

Nobody else sees the memory of a fork server, so what a round does to it can be performed at once
and given its time afterwards. And a round that leaves the parent's memory as it was is the same
every time that it meets the same: then only its steps and counts are repeated. So is one that
protects the entries of tables that the child copies, where tables are shared; that is repeated too.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from models.kernel.meeting import met_by_each, met_by_one, newly_protected
from models.memory.address_space import AddressSpace
from models.memory.areas import PAGES_PER_SLOT, BusError
from models.memory.counts import Counts
from models.memory.entries import Kind
from models.memory.slots import count_killed
from models.operations.steps import Performance, perform
from models.schemes.base import Scheme
from sim.arrays import IntArray

_Whole: TypeAlias = tuple[int, ...]


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
class _Known:
    """A round that leaves the parent's memory as it was, but for entries that it protects.

    Attributes:
        round: What it takes.
        protects: Which of the pages that it writes lie below tables whose entries it protects.
    """

    round: Round
    protects: tuple[int, ...]


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
        self._known: dict[tuple[_Whole, bytes], _Known] = {}
        self.performed = 0

    def play(self, pages: IntArray) -> Round:
        """Fork, write ``pages`` in the child, exit; returns what it takes.

        Raises:
            SegmentationFault: If a page may not be written.
        """
        met = met_by_one(self._mm, pages.tolist())
        known = None if met is None else self._known.get((self._whole, met))
        if known is not None:
            self._mm.memory.counts.add(known.round.counts)
            if known.protects:
                self._protect(pages[list(known.protects)])
            return known.round
        played = self._perform(pages)
        before, self._whole = self._whole, self._inspect_whole()
        if met is not None and self._whole == before:
            protects = newly_protected(met, met_by_one(self._mm, pages.tolist()), len(pages))
            if protects is not None:
                self._known[before, met] = _Known(played, protects)
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
        for met in met_by_each(self._mm, pages):
            if met not in kinds:
                known = self._known.get((self._whole, met))
                # Those after one that protects something meet something else than now.
                if known is None or known.protects:
                    break
                kinds[met] = len(rounds)
                rounds.append(known.round)
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

    def _protect(self, pages: IntArray) -> None:
        """Do to the tables of some pages what their copies for a child did."""
        memory = self._mm.memory
        content = np.unique(memory.tables.content[self._mm.slot_table[pages // PAGES_PER_SLOT]])
        memory.contents.protect(content)
        memory.contents.forked[content] = True

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
