"""Where pages of a process's areas lie, as far as smaps tells: side by side, and in more tables.

Assumed is that the resident pages of an area lie side by side from its beginning; if it has huge
pages, these first, then the others behind and before them. If the process has more page tables than
that takes (VmPTE), some pages lie alone, one a table, in as many further slots of its areas.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from experiments.forks.process_memory import ProcessArea, ProcessMemory
from models.memory.areas import PAGES_PER_SLOT
from models.memory.frames import FRAME_BYTES

UPPER_LEVELS = 2
"""Of page tables above the last; one table each for 512 of the level below."""


@dataclass(frozen=True)
class Packing:
    """Some pages of an area side by side.

    Attributes:
        start_page: the first of those before the huge pages or, without, of all.
        before: how many these are, up to the first slot that lies in the area wholly.
        huge_slot: that slot.
        huge: huge pages from there on.
        after: pages behind them.
    """

    start_page: int
    before: int
    huge_slot: int
    huge: int
    after: int

    @classmethod
    def of(cls, area: ProcessArea, pages: int) -> Packing:
        """So many resident pages of an area."""
        end_page = area.start_page + area.n_pages
        slot = -(-area.start_page // PAGES_PER_SLOT)
        edge = slot * PAGES_PER_SLOT - area.start_page
        huge = min(area.huge, pages // PAGES_PER_SLOT, max(end_page // PAGES_PER_SLOT - slot, 0))
        small = pages - huge * PAGES_PER_SLOT
        if not huge:
            before = min(small, edge)
            return cls(area.start_page, before, slot, 0, small - before)
        after = min(small, end_page - (slot + huge) * PAGES_PER_SLOT)
        return cls(slot * PAGES_PER_SLOT - (small - after), small - after, slot, huge, after)

    @property
    def first_slot(self) -> int:
        """The first slot that they lie in."""
        return self.huge_slot - bool(self.before)

    @property
    def end_slot(self) -> int:
        """The slot after the last that they lie in."""
        return self.huge_slot + self.huge - (-self.after // PAGES_PER_SLOT)

    @property
    def tables(self) -> int:
        """Tables that they take; those kept beside huge pages are some of them."""
        return self.end_slot - self.first_slot

    @property
    def ranges(self) -> list[tuple[int, int]]:
        """First pages and lengths of those that are not huge."""
        behind = (self.huge_slot + self.huge) * PAGES_PER_SLOT
        both = ((self.start_page, self.before), (behind, self.after))
        return [(start, count) for start, count in both if count]


def packed_tables(areas: Iterable[ProcessArea]) -> tuple[int, int]:
    """Page tables if pages lie side by side: those of the last level, and those above."""
    packings = [Packing.of(area, area.resident) for area in areas if area.resident]
    last, *upper = _levels([(p.first_slot, p.end_slot) for p in packings])
    return last, sum(upper)


def _levels(spans: Sequence[tuple[int, int]]) -> list[int]:
    """How many tables of each level some slots (first and end, ascending) need."""
    counts = []
    for _ in range(1 + UPPER_LEVELS):
        apart: list[tuple[int, int]] = []
        for first, end in spans:
            begin = max(first, apart[-1][1]) if apart else first
            if begin < end:
                apart.append((begin, end))
        counts.append(sum(end - first for first, end in apart))
        spans = [(first // PAGES_PER_SLOT, -(-end // PAGES_PER_SLOT)) for first, end in apart]
    return counts


def further_tables(memory: ProcessMemory) -> int:
    """Last-level tables that a process has besides those of densely packed pages."""
    if memory.table_bytes is None:
        return 0
    last, upper = packed_tables(memory.areas)
    others = last + (upper if memory.all_levels else 0)
    return max(memory.table_bytes // FRAME_BYTES - others, 0)


def shared_out(tables: int, areas: Sequence[ProcessArea]) -> list[int]:
    """How many further tables each area has: in proportion to those that it could have."""
    rooms = np.array([_room(area) for area in areas], np.int64)
    total = int(rooms.sum())
    ideal = min(tables, total) / max(total, 1) * rooms
    shares = np.floor(ideal).astype(np.int64)
    left = min(tables, total) - int(shares.sum())
    shares[np.argsort(shares - ideal, kind="stable")[:left]] += 1
    found: list[int] = shares.tolist()
    return found


def _room(area: ProcessArea) -> int:
    """Tables that an area could have besides those of densely packed pages."""
    packing = Packing.of(area, area.resident)
    end_slot = -(-(area.start_page + area.n_pages) // PAGES_PER_SLOT)
    pages = area.resident - packing.huge * (PAGES_PER_SLOT - 1)
    return max(min(end_slot - packing.first_slot, pages) - packing.tables, 0)


def pages_alone(area: ProcessArea, further: int) -> int:
    """How many pages of an area lie alone in a table if it has so many further tables."""
    wanted = Packing.of(area, area.resident).tables + further
    alone = further
    # Pages that lie alone are missing where the others lie side by side.
    while (short := wanted - alone - Packing.of(area, area.resident - alone).tables) > 0:
        alone += short
    return alone
