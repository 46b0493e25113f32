"""Huge pages of a pool on naive memory (mechanisms.md 2.5)."""

from __future__ import annotations

from model_prices import PRICES
from naive_huge import NaiveHuge
from naive_machine import Fault
from naive_memory import SLOT, Area, Entry, Frame, Slot, Space, Table
from naive_prices import PAGE_PRICES


class NaiveHugetlb(NaiveHuge):
    """Each huge page is a page of the pool; whoever maps an area reserves its pages.

    A child has no reservation for what it was forked with. Slots that an area covers in part have
    4 KiB pages.
    """

    base_price = "fork_huge_base_ns"

    def __init__(self, *, pool_pages: int | None = None) -> None:
        super().__init__()
        self.pool_pages = pool_pages
        self.spaces: list[Space] = []

    # The pool

    def is_promised(self, mm: Space, number: int) -> bool:
        """Whether the page of a slot is reserved, or was: only for who has mapped it itself."""
        return any(a.covers(number) and a.file is None and not a.inherited for a in mm.areas)

    def free(self) -> int:
        """Pages of the pool that nobody uses and nobody has reserved."""
        if self.pool_pages is None:
            return SLOT
        used: set[Frame | None] = set()
        reserved = 0
        for mm in self.spaces:
            used |= {s.table.entries[0].frame for s in mm.slots.values() if s.table.huge}
            last = max((area.end for area in mm.areas), default=0) // SLOT
            reserved += sum(n not in mm.slots and self.is_promised(mm, n) for n in range(last))
        return self.pool_pages - len(used) - reserved

    def others(self, slot: Slot) -> set[Table]:
        """Tables of others that map the page of a slot too."""
        frame = slot.table.entries[0].frame
        assert frame is not None
        return set(frame.tables) - {slot.table}

    def kills(self, mm: Space, page: int, write: bool) -> bool:
        """SIGBUS: the page was taken, or one is wanted that is neither reserved nor left."""
        number = page // SLOT
        if number in mm.lost:
            return True
        if not self.is_huge(mm, number) or self.is_promised(mm, number):
            return False
        slot = mm.slots.get(number)
        shared = slot and not slot.table.entries[0].writable and self.others(slot)
        return (slot is None or bool(write and shared)) and self.free() <= 0

    def take(self, tables: set[Table]) -> None:
        """Unmap a page from everybody else; they will be killed (unmap_ref_private)."""
        for mm in self.spaces:
            for number in [n for n, slot in mm.slots.items() if slot.table in tables]:
                table = mm.slots.pop(number).table
                for position in list(table.entries):
                    table.take(position)
                self.counts["huge_zapped"] += 1
                mm.lost.add(number)

    # Faults

    def access_huge(self, mm: Space, area: Area, page: int, write: bool) -> Fault | None:
        assert not self.kills(mm, page, write)
        slot = mm.slots.get(page // SLOT)
        if slot is None:
            # A read gets a page as well: there is no huge zero page of the pool.
            self.counts["faults"] += 1
            self.counts["huge_fill"] += 1
            area.has_anon = True
            mm.slots[page // SLOT] = slot = Slot(Table(huge=True))
            for position in range(SLOT):
                slot.table.put(position, Entry(Frame(), writable=write))
            return (
                "ALLOC",
                "HUGE_FILL" if write else "HUGE_READ_FILL",
                round(PAGE_PRICES["HUGE_FILL"]),
            )
        entries = slot.table.entries
        if not write or entries[0].writable:
            return None
        self.counts["faults"] += 1
        others = self.others(slot)
        if others and self.free() > 0:
            # Also who has a reservation leaves it untouched for a copy.
            self.counts["huge_copy"] += 1
            self.flushes += 1
            self.put_huge(slot.table, True)
            return "NONE", "HUGE_COPY", round(PAGE_PRICES["HUGE_COPY"])
        self.take(others)
        self.counts["huge_reuse"] += 1
        for entry in entries.values():
            entry.writable = True
        return "NONE", "HUGE_REUSE", round(PAGE_PRICES["HUGE_REUSE"])

    # Fork and exit

    def fork(self, parent: Space) -> tuple[Space, int]:
        child, cost_ns = super().fork(parent)
        child.lost = set(parent.lost)
        self.spaces.append(child)
        return child, cost_ns

    def copy_slot(self, parent: Space, child: Space, number: int) -> float:
        cost_ns = super().copy_slot(parent, child, number)
        if not parent.slots[number].table.huge:
            return cost_ns
        self.counts["tables_alloc"] -= 1  # no table is kept for a split
        return PRICES["hugetlb_entry_ns"]

    def drop(self, mm: Space, slot: Slot) -> float:
        cost_ns = super().drop(mm, slot)
        self.counts["tables_freed"] -= slot.table.huge
        return cost_ns

    def exit(self, mm: Space) -> int:
        mm.lost.clear()
        return super().exit(mm)

    # Areas

    def map(self, mm: Space, area: Area, *, populate: bool = False) -> None:
        if mm not in self.spaces:
            self.spaces.append(mm)
        super().map(mm, area, populate=populate)

    def unmap(self, mm: Space, start: int, end: int) -> tuple[int, int]:
        mm.lost = {n for n in mm.lost if not (start <= n * SLOT and (n + 1) * SLOT <= end)}
        return super().unmap(mm, start, end)

    def refuses_to_grow(self, mm: Space, area: Area, end: int) -> bool:
        """If there are fewer pages than the area's new slots would be promised."""
        grown = Area(area.start, end)
        if not area.private or area.file is not None or area.inherited:
            return False
        new = [n for n in range(end // SLOT) if grown.covers(n) and not area.covers(n)]
        return sum(n not in mm.slots for n in new) > self.free()

    def refuses_to_cut(self, mm: Space, start: int, end: int, areas: list[Area]) -> bool:
        return any(
            area.start < page < area.end and page % SLOT != 0 and self.is_huge(mm, page // SLOT)
            for page in (start, end)
            for area in areas
        )

    def refuses_to_discard(self, mm: Space, start: int, end: int) -> bool:
        return any(self.is_huge(mm, number) for number in range(start // SLOT, -(-end // SLOT)))

    def refuses_to_move(self, mm: Space, start: int, end: int, to: int) -> bool:
        """Pages of the pool stay where they are, and 4 KiB pages do not become such."""
        area = mm.area(start)
        assert area is not None
        there = Area(to, to + end - start)
        becomes = area.file is None and any(there.covers(n) for n in range(there.end // SLOT))
        return becomes or self.refuses_to_discard(mm, start, end)
