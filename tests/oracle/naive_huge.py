"""Transparent huge pages on naive memory: those of Linux 5.6 and of 6.x."""

from __future__ import annotations

from model_prices import PRICES
from naive_machine import Fault, NaiveMachine
from naive_memory import SLOT, Area, Entry, Frame, Slot, Space, Table
from naive_prices import COUNTER, PAGE_PRICES, copied_entries_ns


class NaiveHuge(NaiveMachine):
    """Slots inside one anonymous private area are huge pages, copied as a whole (5.6)."""

    base_price = "fork_huge_base_ns"

    def access(self, mm: Space, page: int, write: bool) -> Fault | None:
        number = page // SLOT
        area = mm.area(page)
        assert area is not None
        if self.is_huge(mm, number):
            return self.access_huge(mm, area, page, write)
        return super().access(mm, page, write)

    def is_huge(self, mm: Space, number: int) -> bool:
        if number in mm.slots:
            return mm.slots[number].table.huge
        return any(a.covers(number) and a.file is None for a in mm.areas)

    def access_huge(self, mm: Space, area: Area, page: int, write: bool) -> Fault | None:
        number = page // SLOT
        slot = mm.slots.get(number)
        first = slot.table.entries[0] if slot else None
        if first and (not write or first.writable):
            return None
        self.counts["faults"] += 1
        if write:
            area.has_anon = True
        if slot is None:
            action = "HUGE_FILL" if write else "HUGE_ZERO_MAP"
            slot = mm.slots[number] = Slot(Table(huge=True))
            self.count_table()
            self.put_huge(slot.table, write)
            self.counts[COUNTER[action]] += 1
            return "ALLOC", action, round(PAGE_PRICES[action])
        if first is None or first.frame is None:
            self.flushes += 1  # the huge zero page was there
            action = "HUGE_FILL"
            self.put_huge(slot.table, True)
        elif all(
            e.frame and set(e.frame.tables) == {slot.table} for e in slot.table.entries.values()
        ):
            action = "HUGE_REUSE"
            for entry in slot.table.entries.values():
                assert entry.frame is not None
                entry.writable = entry.frame.exclusive = True
        else:
            action = self.write_shared(slot.table, page % SLOT)
        self.counts[COUNTER[action]] += 1
        return "NONE", action, round(PAGE_PRICES[action])

    def count_table(self) -> None:
        """A huge page has a table in reserve, the deposit for a split."""
        self.counts["tables_alloc"] += 1

    def write_shared(self, table: Table, position: int) -> str:
        """A write to a huge page of which others map a part at least."""
        del position
        self.flushes += 1
        self.put_huge(table, True)
        return "HUGE_COPY"

    def put_huge(self, table: Table, write: bool, *, large: bool = False) -> None:
        for position in range(SLOT):
            frame = Frame(large=large) if write else None
            self.counts["pages_freed"] += table.put(position, Entry(frame, writable=write))

    def fork(self, parent: Space) -> tuple[Space, int]:
        child, cost_ns = super().fork(parent)
        return child, round(cost_ns - PRICES["fork_base_ns"] + PRICES[self.base_price])


class NaiveClassic6(NaiveHuge):
    """Linux 6.x: pages of large folios are never reused after a fork; huge pages are split."""

    base_price = "fork_base_ns"

    def __init__(self, *, folio_pages: int = 1, huge: bool = False) -> None:
        super().__init__()
        self.large = huge or folio_pages > 1
        self.huge = huge
        # The sizes that were measured; between them nothing is claimed here.
        self.factor = {1: 1.0, 16: PRICES["folio_64k_ratio"]}[folio_pages]

    def copy_slot(self, parent: Space, child: Space, number: int) -> float:
        """Each entry costs one more atomic than on 5.6; a folio's save a share of theirs."""
        table = parent.slots[number].table
        copied = [
            (entry, entry.frame)
            for position, entry in table.entries.items()
            if (area := parent.area(number * SLOT + position)) and area.copied_at_fork
            if entry.frame and not table.huge
        ]
        large = [entry for entry, frame in copied if frame.large]
        exclusive_ns = PRICES["entry_exclusive_ns"]
        saved_ns = (1 - self.factor) * (copied_entries_ns(large) + len(large) * exclusive_ns)
        cost_ns = super().copy_slot(parent, child, number)
        return cost_ns + len(copied) * exclusive_ns - saved_ns

    def is_huge(self, mm: Space, number: int) -> bool:
        return self.huge and super().is_huge(mm, number)

    def is_reusable(self, table: Table, frame: Frame) -> bool:
        if frame.large:
            return frame.exclusive
        return super().is_reusable(table, frame)

    def put_huge(self, table: Table, write: bool, *, large: bool = True) -> None:
        super().put_huge(table, write, large=large)

    def write_shared(self, table: Table, position: int) -> str:
        table.huge = False
        self.flushes += 1
        self.counts["huge_split"] += 1
        self.counts["pages_freed"] += table.put(position, Entry(Frame(scattered=True), True))
        return "HUGE_SPLIT"

    def filled(self, mm: Space, number: int) -> None:
        for entry in mm.slots[number].table.entries.values():
            assert entry.frame is not None
            entry.frame.large = self.large
