"""Removing entries and tables on naive memory: what exit, munmap and MADV_DONTNEED share."""

from __future__ import annotations

from collections import Counter

from model_prices import PRICES
from naive_limits import NaiveLimits
from naive_memory import SLOT, Area, Slot, Space, Table
from naive_prices import entry_ns


class NaiveRemoval(NaiveLimits):
    """What is removed, counted and priced."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self.flushes = 0
        """How often a fault, or a cut, made other cores flush."""

    def split(self, table: Table) -> int:
        """A huge page of which a part changes becomes 4 KiB pages; the price."""
        if not table.huge:
            return 0
        table.huge = False
        self.counts["huge_split"] += 1
        return round(PRICES["fault_huge_split_ns"])

    def leave_file(self, area: Area) -> int:
        freed = area.file.leave() if area.file is not None else 0
        self.counts["pages_freed"] += freed
        return freed

    def drop(self, mm: Space, slot: Slot) -> float:
        """Empty a slot altogether; the price."""
        del mm
        self.counts["tables_freed"] += 1
        table = slot.table
        if not table.huge:
            positions = list(table.entries)
            entries_ns = sum(self.remove_entry(table, position) for position in positions)
            return PRICES["table_zap_ns"] + entries_ns
        freed = sum(table.take(position) for position in list(table.entries))
        self.counts["huge_zapped"] += 1
        self.counts["pages_freed"] += freed
        return PRICES["huge_entry_ns"] + freed // SLOT * PRICES["page_free_ns"]

    def clear(self, mm: Space, number: int, start: int, end: int) -> float:
        """Remove the entries of a range from a slot; the table stays; the price."""
        table = mm.slots[number].table
        gone = [p for p in table.entries if start <= number * SLOT + p < end]
        looked_at = min(end - number * SLOT, SLOT) - max(start - number * SLOT, 0)
        entries_ns = sum(self.remove_entry(table, position) for position in gone)
        return PRICES["table_zap_ns"] * looked_at / SLOT + entries_ns

    def remove_entry(self, table: Table, position: int) -> float:
        removed_ns = entry_ns(table.entries[position], "exit_entry_ns", "entry_scattered_ns")
        freed = table.take(position)
        self.counts["ptes_zapped"] += 1
        self.counts["pages_freed"] += freed
        return removed_ns + freed * PRICES["page_free_ns"]
