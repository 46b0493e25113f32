"""One Python object per frame, table and area: obviously right, and slow.

Accesses are resolved one at a time. Every rule is written down from mechanisms.md 1-4 as it stands,
with no thought of the representation in `models`.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from model_prices import PRICES

SLOT = 512


@dataclass(eq=False)
class Frame:
    """A 4 KiB page of memory and the tables that map it."""

    scattered: bool = False
    value: int = 0
    tables: set[Table] = field(default_factory=set)


@dataclass(eq=False)
class Entry:
    """A present entry: a frame, or None for the zero page."""

    frame: Frame | None
    writable: bool


@dataclass(eq=False)
class Table:
    """A PTE table and how many slots point at it; `huge` if it stands for a huge page."""

    references: int = 1
    huge: bool = False
    entries: dict[int, Entry] = field(default_factory=dict)

    def put(self, position: int, entry: Entry) -> int:
        """Set an entry; 1 if the frame of the one before it became free."""
        freed = self.take(position)
        self.entries[position] = entry
        if entry.frame is not None:
            entry.frame.tables.add(self)
        return freed

    def take(self, position: int) -> int:
        """Remove an entry; 1 if its frame became free."""
        entry = self.entries.pop(position, None)
        if entry is None or entry.frame is None:
            return 0
        entry.frame.tables.remove(self)
        return 0 if entry.frame.tables else 1


@dataclass(eq=False)
class Slot:
    """A PMD entry."""

    table: Table
    writable: bool = True


@dataclass(eq=False)
class Area:
    """A VMA."""

    start: int
    end: int
    has_anon: bool = False


@dataclass(eq=False)
class Space:
    """An address space."""

    areas: list[Area] = field(default_factory=list)
    slots: dict[int, Slot] = field(default_factory=dict)
    last_fault_page: int = -2
    last_copied_slot: int = -1

    def area(self, page: int) -> Area | None:
        return next((a for a in self.areas if a.start <= page < a.end), None)

    def overlapping(self, slot: int) -> list[Area]:
        return [a for a in self.areas if a.start < (slot + 1) * SLOT and slot * SLOT < a.end]


def table_copy_ns(entries: list[Entry]) -> float:
    return sum(
        PRICES["entry_copy_ns"]
        + (PRICES["entry_protect_ns"] if entry.writable else 0)
        + (PRICES["entry_scattered_ns"] if entry.frame and entry.frame.scattered else 0)
        for entry in entries
    )


PAGE_PRICES = {
    "NONE": 0.0,
    "COW_COPY": PRICES["fault_copy_cold_ns"],
    "COW_REUSE": PRICES["fault_reuse_ns"],
    "ZERO_FILL": PRICES["fault_zero_fill_ns"],
    "ZERO_MAP": PRICES["fault_zero_map_ns"],
    "HUGE_COPY": PRICES["fault_huge_copy_ns"],
    "HUGE_REUSE": PRICES["fault_huge_reuse_ns"],
    "HUGE_FILL": PRICES["huge_fill_ns"],
    "HUGE_ZERO_MAP": PRICES["fault_zero_map_ns"],
}
COUNTER = {
    "COW_COPY": "page_copies",
    "COW_REUSE": "page_reuse",
    "ZERO_FILL": "zero_fill",
    "ZERO_MAP": "zero_map",
    "HUGE_COPY": "huge_copies",
    "HUGE_REUSE": "huge_reuse",
    "HUGE_FILL": "huge_fill",
    "HUGE_ZERO_MAP": "huge_zero_map",
}


class NaiveMachine:
    """Address spaces under one fork scheme: `classic`, `huge` or `on_demand`."""

    def __init__(self, scheme: str) -> None:
        self.scheme = scheme
        self.counts: Counter[str] = Counter()

    def access(self, mm: Space, page: int, write: bool) -> tuple[str, str, int] | None:
        """One access: table action, page action and price, or None if it does not fault."""
        area = mm.area(page)
        assert area is not None
        number, position = divmod(page, SLOT)
        slot = mm.slots.get(number)
        if self.scheme == "huge" and self._is_huge(mm, number):
            return self._access_huge(mm, area, number, write)
        entry = slot.table.entries.get(position) if slot else None
        if slot and entry and (not write or (slot.writable and entry.writable)):
            return None
        table_action, table_ns = self._settle_table(mm, number)
        sequential, warm = page == mm.last_fault_page + 1, number == mm.last_copied_slot
        mm.last_fault_page = page
        if table_action == "COPY":
            mm.last_copied_slot, warm = number, False
        table = mm.slots[number].table
        entry = table.entries.get(position)
        page_action = self._settle_page(table, position, entry, write)
        if write:
            area.has_anon = True
        self.counts["faults"] += 1
        self.counts[COUNTER.get(page_action, "none")] += 1
        page_ns = PAGE_PRICES[page_action]
        if page_action == "COW_COPY":
            page_ns = PRICES["fault_copy_sequential_ns"] if sequential else page_ns
            page_ns -= PRICES["struct_page_miss_ns"] if warm else 0.0
        return table_action, page_action, round(page_ns + table_ns)

    def fork(self, parent: Space) -> tuple[Space, int]:
        child = Space([Area(a.start, a.end, a.has_anon) for a in parent.areas])
        slots = {
            number: slot
            for number, slot in sorted(parent.slots.items())
            if any(a.has_anon for a in parent.overlapping(number))
        }
        if self.scheme == "on_demand":
            for number, slot in slots.items():
                slot.writable = False
                slot.table.references += 1
                child.slots[number] = Slot(slot.table, writable=False)
            self.counts["tables_shared"] += len(slots)
            shared_ns = PRICES["fork_on_demand_base_ns"] + len(slots) * PRICES["table_share_ns"]
            return child, round(shared_ns)
        cost_ns = PRICES["fork_huge_base_ns" if self.scheme == "huge" else "fork_base_ns"]
        for number, slot in slots.items():
            copied = {
                position: entry
                for position, entry in slot.table.entries.items()
                if (area := parent.area(number * SLOT + position)) and area.has_anon
            }
            if slot.table.huge:
                cost_ns += PRICES["huge_entry_ns"]
            else:
                cost_ns += table_copy_ns(list(copied.values()))
                self.counts["ptes_copied"] += len(copied)
            child.slots[number] = Slot(self._protected_copy(slot.table, copied))
            self.counts["tables_alloc"] += 1
        return child, round(cost_ns)

    def exit(self, mm: Space) -> int:
        cost_ns = PRICES["exit_base_ns"] + sum(self._drop(slot) for slot in mm.slots.values())
        mm.slots.clear()
        mm.areas.clear()
        return round(cost_ns)

    def unmap(self, mm: Space, start: int, end: int) -> tuple[int, int]:
        """Price of copied tables and of the removal."""
        cut_ns = own_ns = zap_ns = 0.0
        for page in (start, end):
            area = mm.area(page)
            if area and area.start < page:
                mm.areas.append(Area(page, area.end, area.has_anon))
                area.end = page
                mm.areas.sort(key=lambda a: a.start)
                cut_ns += round(self._make_own(mm, page // SLOT))
        mm.areas = [a for a in mm.areas if not (start <= a.start and a.end <= end)]
        for number in sorted(mm.slots):
            if (number + 1) * SLOT <= start or end <= number * SLOT:
                continue
            if not mm.overlapping(number):
                zap_ns += self._drop(mm.slots.pop(number))
                continue
            own_ns += self._make_own(mm, number)
            table = mm.slots[number].table
            table.huge = False
            for position in [p for p in table.entries if start <= number * SLOT + p < end]:
                zap_ns += self._remove_entry(table, position)
        return round(cut_ns + round(own_ns)), round(zap_ns)

    def _is_huge(self, mm: Space, number: int) -> bool:
        if number in mm.slots:
            return mm.slots[number].table.huge
        return any(a.start <= number * SLOT and (number + 1) * SLOT <= a.end for a in mm.areas)

    def _access_huge(
        self, mm: Space, area: Area, number: int, write: bool
    ) -> tuple[str, str, int] | None:
        slot = mm.slots.get(number)
        table_action = "NONE" if slot else "ALLOC"
        first = slot.table.entries[0] if slot else None
        if first and (not write or first.writable):
            return None
        if not write:
            action = "HUGE_ZERO_MAP"
        elif first is None or first.frame is None:
            action = "HUGE_FILL"
        elif slot and all(
            e.frame and e.frame.tables == {slot.table} for e in slot.table.entries.values()
        ):
            action = "HUGE_REUSE"
        else:
            action = "HUGE_COPY"
        if slot is None:
            slot = mm.slots[number] = Slot(Table(huge=True))
            self.counts["tables_alloc"] += 1
        for position in range(SLOT):
            if action == "HUGE_REUSE":
                slot.table.entries[position].writable = True
            elif action == "HUGE_ZERO_MAP":
                slot.table.put(position, Entry(None, writable=False))
            else:
                old = slot.table.entries.get(position)
                value = old.frame.value if old and old.frame else 0
                freed = slot.table.put(position, Entry(Frame(value=value), writable=True))
                self.counts["pages_freed"] += freed
        if write:
            area.has_anon = True
        self.counts["faults"] += 1
        self.counts[COUNTER[action]] += 1
        return table_action, action, round(PAGE_PRICES[action])

    def _settle_table(self, mm: Space, number: int) -> tuple[str, float]:
        slot = mm.slots.get(number)
        if slot is None:
            mm.slots[number] = Slot(Table())
            self.counts["tables_alloc"] += 1
            return "ALLOC", 0.0
        if slot.writable:
            return "NONE", 0.0
        action = "COPY" if slot.table.references > 1 else "REUSE"
        return action, self._make_own(mm, number)

    def _make_own(self, mm: Space, number: int) -> float:
        slot = mm.slots.get(number)
        if slot is None or slot.writable:
            return 0.0
        slot.writable = True
        if slot.table.references == 1:
            self.counts["tables_reused"] += 1
            return PRICES["fault_table_reuse_ns"]
        cost_ns = table_copy_ns(list(slot.table.entries.values()))
        self.counts["tables_alloc"] += 1
        self.counts["tables_copied"] += 1
        self.counts["ptes_copied"] += len(slot.table.entries)
        slot.table.references -= 1
        slot.table = self._protected_copy(slot.table, slot.table.entries)
        return cost_ns

    def _protected_copy(self, table: Table, entries: dict[int, Entry]) -> Table:
        copy = Table(huge=table.huge)
        for position, entry in entries.items():
            entry.writable = False
            copy.put(position, Entry(entry.frame, writable=False))
        return copy

    def _settle_page(self, table: Table, position: int, entry: Entry | None, write: bool) -> str:
        if not write:
            table.put(position, Entry(None, writable=False))
            return "ZERO_MAP"
        if entry is None or entry.frame is None:
            table.put(position, Entry(Frame(), writable=True))
            return "ZERO_FILL"
        if entry.writable:
            return "NONE"
        if entry.frame.tables == {table}:
            entry.writable = True
            return "COW_REUSE"
        table.put(position, Entry(Frame(scattered=True), writable=True))
        return "COW_COPY"

    def _drop(self, slot: Slot) -> float:
        table = slot.table
        if table.references > 1:
            table.references -= 1
            scattered = sum(
                e.frame is not None and e.frame.scattered for e in table.entries.values()
            )
            return (
                len(table.entries) * PRICES["exit_scan_entry_ns"]
                + scattered * PRICES["exit_scan_scattered_ns"]
            )
        if not slot.writable:
            self.counts["tables_reused"] += 1
        self.counts["tables_freed"] += 1
        if not table.huge:
            return sum(self._remove_entry(table, position) for position in list(table.entries))
        freed = sum(table.take(position) for position in list(table.entries))
        self.counts["huge_zapped"] += 1
        self.counts["pages_freed"] += freed
        return PRICES["huge_entry_ns"] + freed // SLOT * PRICES["page_free_ns"]

    def _remove_entry(self, table: Table, position: int) -> float:
        frame = table.entries[position].frame
        scattered = frame is not None and frame.scattered
        freed = table.take(position)
        self.counts["ptes_zapped"] += 1
        self.counts["pages_freed"] += freed
        return (
            PRICES["exit_entry_ns"]
            + scattered * PRICES["entry_scattered_ns"]
            + freed * PRICES["page_free_ns"]
        )
