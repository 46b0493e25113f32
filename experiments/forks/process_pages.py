"""The memory of a process as something to fork: what a fork copies of it, at model addresses."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import ClassVar

import numpy as np

from experiments.forks.packing import Packing, further_tables, pages_alone, shared_out
from experiments.forks.process_memory import ProcessArea, ProcessMemory
from experiments.forks.trial import Trial
from models.memory.areas import PAGES_PER_SLOT
from models.schemes.pages import HugePages
from sim.arrays import IntArray

MOST_AREAS = 512
"""Of more, neighbours are taken together: an area itself costs nothing here."""
MOST_ALONE = 2**16
"""Tables with a single page; more of them would take much memory here."""
SAMPLED_SLOTS = 100
"""In so many 2 MiB the memory is measured that writes take: what happens in one stays there."""


@dataclass(frozen=True)
class PlacedArea:
    """An area at model addresses, up to the last slot that is used of it.

    Attributes:
        start_page: its first page.
        end_page: the page after its last.
        heap: whether brk moves it.
    """

    start_page: int
    end_page: int
    heap: bool


@dataclass(frozen=True, eq=False)
class ProcessPages:
    """The pages of a process that a fork copies.

    Attributes:
        n_pages: how many there are, pages of a pool (hugetlb) apart.
        areas: that they lie in, without the unused slots between areas.
        huge: slots of huge pages, ascending.
        whole: slots full of other pages, ascending.
        rest: the pages besides, ascending.
        of_pool: pages of hugetlb, which schemes without huge pages do not have.
        tables_left_out: tables of the process that are not there, for want of room.
        as_now: whether memory is huge where the process's is, and 4 KiB pages elsewhere; else it is
            what the scheme makes of it.
        scattered: nobody knows of a process how its frames lie.
    """

    scattered: ClassVar[None] = None
    n_pages: int
    areas: tuple[PlacedArea, ...]
    huge: IntArray
    whole: IntArray
    rest: IntArray
    of_pool: int
    tables_left_out: int
    as_now: bool = False

    @classmethod
    def of(cls, memory: ProcessMemory) -> ProcessPages:
        """What a fork of a process copies."""
        own = [area for area in memory.areas if area.resident]
        shares = shared_out(further_tables(memory), own)
        copied = [(a, n) for a, n in zip(own, shares, strict=True) if a.copied_at_fork]
        left_out = 0
        places = _Places()
        room = MOST_ALONE
        for area, further in copied:
            kept = min(further, room)
            places.add(area, kept)
            room -= kept
            left_out += further - kept
        return cls(
            sum(area.resident for area, _ in copied),
            _together(places.areas),
            *places.pages(),
            sum(area.of_pool for area in memory.areas if area.copied_at_fork),
            left_out,
        )

    def like_now(self) -> ProcessPages:
        """The same, huge where the process's memory is."""
        return replace(self, as_now=True)

    def fill(self, trial: Trial) -> None:
        """Give a parent these pages."""
        for area in self.areas:
            n_pages = area.end_page - area.start_page
            trial.map(n_pages, at=area.start_page, heap=area.heap)
        if self.as_now:
            trial.fill_slots(self.huge)
            trial.fill_slots(self.whole, small=True)
        else:
            trial.fill_slots(np.union1d(self.huge, self.whole))
        trial.fill_pages(self.rest, small=self.as_now)
        if self.of_pool and isinstance(trial.scheme.pages, HugePages):
            vma = trial.map(self.of_pool)
            trial.fill(vma.start_page, vma.n_pages)

    def probes(self, most: int) -> tuple[IntArray, IntArray]:
        """The first page of each of some tables, and another of the same, if it has one."""
        slots = self._evenly(most)
        pages = [self._pages_of(int(slot)) for slot in slots]
        firsts = [int(of[0]) for of in pages]
        return np.array(firsts), np.array([int(of[len(of) // 2]) for of in pages])

    def sample(self, *, whole: bool) -> tuple[ProcessPages, IntArray]:
        """Memory that stands for this, and pages of it: what is done to all is done to these."""
        slots = self._evenly(len(self._slots) if whole else SAMPLED_SLOTS)
        return self, np.concatenate([self._pages_of(int(slot)) for slot in slots])

    def _evenly(self, most: int) -> IntArray:
        slots = self._slots
        chosen = np.unique(np.linspace(0, len(slots) - 1, min(most, len(slots))).astype(np.int64))
        found: IntArray = slots[chosen]
        return found

    @property
    def _slots(self) -> IntArray:
        """All slots that are used."""
        rest = np.unique(self.rest // PAGES_PER_SLOT)
        used: IntArray = np.union1d(np.union1d(self.huge, self.whole), rest)
        return used

    def _pages_of(self, slot: int) -> IntArray:
        first, end = slot * PAGES_PER_SLOT, (slot + 1) * PAGES_PER_SLOT
        low, high = np.searchsorted(self.rest, (first, end))
        return self.rest[low:high] if low < high else np.arange(first, end)


@dataclass
class _Places:
    """Areas and their pages at addresses without unused slots between them."""

    areas: list[PlacedArea] = field(default_factory=list)
    _huge: list[IntArray] = field(default_factory=list)
    _whole: list[IntArray] = field(default_factory=list)
    _rest: list[IntArray] = field(default_factory=list)
    _shift: int = 0
    _end_slot: int = 0

    def add(self, area: ProcessArea, further: int) -> None:
        """The next area, in the order of addresses, with so many further tables."""
        alone = pages_alone(area, further)
        packing = Packing.of(area, area.resident - alone)
        first_slot = area.start_page // PAGES_PER_SLOT
        if first_slot - self._shift >= self._end_slot:  # else it shares the last slot
            self._shift = first_slot - self._end_slot
        used_end = packing.end_slot + alone
        moved = self._shift * PAGES_PER_SLOT
        end_page = min(area.start_page + area.n_pages, used_end * PAGES_PER_SLOT)
        self.areas.append(PlacedArea(area.start_page - moved, end_page - moved, area.heap))
        self._end_slot = -(-(end_page - moved) // PAGES_PER_SLOT)
        self._huge.append(np.arange(packing.huge) + packing.huge_slot - self._shift)
        for start_page, count in packing.ranges:
            self._range(start_page - moved, count)
        slots = np.arange(packing.end_slot, used_end) - self._shift
        self._rest.append(slots * PAGES_PER_SLOT)

    def _range(self, start_page: int, count: int) -> None:
        end_page = start_page + count
        first, end = -(-start_page // PAGES_PER_SLOT), end_page // PAGES_PER_SLOT
        if first >= end:
            self._rest.append(np.arange(start_page, end_page))
            return
        self._whole.append(np.arange(first, end))
        self._rest.append(np.arange(start_page, first * PAGES_PER_SLOT))
        self._rest.append(np.arange(end * PAGES_PER_SLOT, end_page))

    def pages(self) -> tuple[IntArray, IntArray, IntArray]:
        """Huge slots, whole slots, and the pages besides."""
        none = np.empty(0, np.int64)
        huge, whole, rest = (
            np.concatenate([none, *parts]) for parts in (self._huge, self._whole, self._rest)
        )
        return huge, whole, rest


def _together(areas: Sequence[PlacedArea]) -> tuple[PlacedArea, ...]:
    """At most `MOST_AREAS`, of as many neighbours each."""
    each = -(-len(areas) // MOST_AREAS)
    groups = [areas[at : at + each] for at in range(0, len(areas), each)] if areas else []
    return tuple(
        PlacedArea(group[0].start_page, group[-1].end_page, any(area.heap for area in group))
        for group in groups
    )
