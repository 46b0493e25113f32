"""Rounds of a fork server: fork, the child writes some pages and exits, again and again.

Nobody else sees the memory of a fork server, so what a round does to it can be performed at once
and given its time afterwards. And a round that leaves the parent's memory as it was is the same
every time that it meets the same: then only its work and counts are repeated. So is one that
protects the entries of tables that the child copies, where tables are shared, and a first fork that
protects those of all tables; that is repeated too.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TypeAlias

import numpy as np

from models.faults.batch import Faults
from models.kernel.meeting import met_by_each, met_by_one, newly_protected
from models.memory import one_entry
from models.memory.address_space import AddressSpace
from models.memory.areas import PAGES_PER_SLOT, BusError
from models.memory.counts import Counts
from models.memory.entries import Kind
from models.memory.slots import count_killed
from models.operations.causes import counts_by_cause, sums_by_cause
from models.operations.steps import Mode, Performance, perform
from models.schemes.base import Scheme
from models.schemes.forking import CopyTables
from sim.arrays import IntArray, run_of
from sim.machine.causes import Cause

_Whole: TypeAlias = tuple[int, ...]


@dataclass(frozen=True)
class Round:
    """What one round takes.

    Attributes:
        fork: The work of the fork.
        start: The work of the child before its first instruction.
        exit: The work of the child's exit.
        faults_ns: The time of the child's faults by cause.
        counts: What all of it did to memory.
        faults: The child's faults.
    """

    fork: Performance
    start: Performance
    exit: Performance
    faults_ns: Mapping[Cause, int]
    counts: Counts
    faults: Faults = field(compare=False, repr=False)

    @cached_property
    def fault_counts(self) -> Mapping[Cause, int]:
        """How many faults took time for each cause."""
        return counts_by_cause(self.faults)

    @cached_property
    def fault_ns(self) -> int:
        """The time of the child's faults."""
        return sum(self.faults_ns.values())

    @cached_property
    def by_cause(self) -> dict[Cause, int]:
        """The time of all of it by cause."""
        total = dict(self.faults_ns)
        for part in (self.fork, self.start, self.exit):
            for cause, ns in part.by_cause.items():
                total[cause] = total.get(cause, 0) + ns
        return total


@dataclass(frozen=True)
class _Known:
    """A round that leaves the parent's memory as it was, but for entries that it protects.

    Attributes:
        round: What it takes.
        whole: What the whole memory is like afterwards.
        protects: Which of the pages that it writes lie below tables whose entries it protects.
        protects_all: Whether the entries of all tables are, before the child runs.
    """

    round: Round
    whole: _Whole
    protects: tuple[int, ...]
    protects_all: bool

    @property
    def changes_nothing(self) -> bool:
        """Whether what follows it meets what it has met."""
        return not (self.protects or self.protects_all)


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

    def causes_ns(self, first: int) -> dict[Cause, IntArray]:
        """The time of each of the first ones by cause."""
        causes = dict.fromkeys(cause for kind in self.kinds for cause in kind.by_cause)
        return {
            cause: self._each([kind.by_cause.get(cause, 0) for kind in self.kinds])[:first]
            for cause in causes
        }

    def holds(self, first: int) -> Iterator[tuple[str, Mode, int, int]]:
        """The locks that the first ones take: kind, mode, how often, how long in all."""
        times = np.bincount(self.numbers[:first], minlength=len(self.kinds)).tolist()
        for kind, count in zip(self.kinds, times, strict=True):
            for part in (kind.fork, kind.start, kind.exit):
                for lock_kind, mode, held_ns in part.holds:
                    yield lock_kind, mode, count, count * held_ns

    def _each(self, times_ns: list[int]) -> IntArray:
        return np.array(times_ns, np.int64)[self.numbers]


Repertoire: TypeAlias = dict[tuple[_Whole, bytes], _Known]
"""Rounds that are known, by what the whole memory is like before them and what they meet."""


class Rounds:
    """The rounds of one fork server, whose memory nobody else changes meanwhile.

    Args:
        scheme: How it forks.
        mm: Its address space.
        known: What other servers of the same scheme have found out, and learn from this one.

    Attributes:
        performed: How many rounds were performed on memory; the others were repeated.
    """

    def __init__(self, scheme: Scheme, mm: AddressSpace, known: Repertoire | None = None) -> None:
        self._scheme = scheme
        self._mm = mm
        self._layout = tuple(bound for vma in mm.vmas for bound in (vma.start_page, vma.end_page))
        self._whole = self._inspect_whole()
        self._known = {} if known is None else known
        self._copies_tables = not isinstance(scheme.forking, CopyTables)
        self._has_forked = False
        self.performed = 0

    def play(self, pages: IntArray) -> Round:
        """Fork, write ``pages`` in the child, exit; returns what it takes.

        Raises:
            SegmentationFault: If a page may not be written.
        """
        met = self._met(pages)
        known = None if met is None else self._known.get((self._whole, met))
        if known is not None:
            self._mm.memory.counts.add(known.round.counts)
            self._protect(known, pages)
            self._whole, self._has_forked = known.whole, True
            return known.round
        played, protects_all = self._perform(pages)
        before, self._whole = self._whole, self._inspect_whole()
        # Only the price of the next fork may be another one, once all entries are protected.
        alike = self._whole[1:] == before[1:] if protects_all else self._whole == before
        if met is not None and alike:
            protects = newly_protected(met, self._met(pages), len(pages))
            if protects is not None:
                known = _Known(played, self._whole, protects, protects_all)
                self._known[before, met] = known
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
        for met in met_by_each(self._mm, pages, copies_tables=self._copies_tables):
            if met not in kinds:
                known = self._known.get((self._whole, met))
                # Those after one that protects something meet something else than now.
                if known is None or not known.changes_nothing:
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

    def _met(self, pages: IntArray) -> bytes | None:
        return met_by_one(self._mm, pages.tolist(), copies_tables=self._copies_tables)

    def _perform(self, pages: IntArray) -> tuple[Round, bool]:
        """What a round takes, and whether it is the first, and all is protected by its fork."""
        self.performed += 1
        counts = self._mm.memory.counts
        before = counts.copy()
        child, forked = perform(self._scheme.fork(self._mm))
        _, started = perform(self._scheme.start(child))
        protects_all = not self._has_forked and self._is_protected()
        self._has_forked = True
        faults = self._scheme.classify(child, pages, True)
        try:
            self._scheme.apply(child, faults)
        except BusError:
            count_killed(self._mm.memory)
        _, left = perform(self._scheme.exit(child))
        # The locks are this server's; nobody else ever wants them.
        fork, start, end = (Performance(done.lasting) for done in (forked, started, left))
        faults_ns = sums_by_cause(faults)
        return Round(fork, start, end, faults_ns, counts - before, faults), protects_all

    def _protect(self, known: _Known, pages: IntArray) -> None:
        """Do to tables what their copies for a child did."""
        memory = self._mm.memory
        contents = memory.contents
        if known.protects_all:
            everything = run_of(self._contents())
            contents.protect(everything)
            contents.forked[everything] = True
            return
        for place in known.protects:
            table = self._mm.slot_table.item(pages.item(place) // PAGES_PER_SLOT)
            content = memory.tables.content.item(table)
            one_entry.protect(contents, content)
            contents.forked[content] = True

    def _contents(self) -> IntArray:
        """What the server's tables say."""
        content: IntArray = self._mm.memory.tables.content[
            self._mm.slot_table[self._mm.slots_with_tables()]
        ]
        return content

    def _is_protected(self) -> bool:
        """Whether no entry of any table is writable, and all are marked as forked."""
        contents, everything = self._mm.memory.contents, run_of(self._contents())
        return bool(contents.forked[everything].all() and not contents.writable[everything].any())

    def _inspect_whole(self) -> _Whole:
        """What the price of a fork and of a child's exit goes by, but for the pages it writes."""
        memory = self._mm.memory
        content = run_of(self._contents())
        return (
            self._scheme.fork_ns(self._mm),
            int(memory.contents.present[content].sum()),
            int(memory.contents.scattered[content].sum()),
            int((memory.contents.kind[content] >= Kind.HUGE).sum()),
            int(self._mm.slot_writable.sum()),
            memory.frames.stock.outstanding,
            memory.tables.stock.outstanding,
            # Counted differently each time, a round is not the same even if it takes the same.
            self._mm.rss_pages,
            *self._layout,
        )
