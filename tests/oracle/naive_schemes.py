"""The fork schemes on naive memory: what each does otherwise than classic fork."""

from __future__ import annotations

from typing import Any

from model_prices import PRICES
from naive_huge import NaiveClassic6, NaiveHuge
from naive_hugetlb import NaiveHugetlb
from naive_machine import NaiveMachine
from naive_memory import SLOT, Area, Slot, Space, Table
from naive_prices import table_scan_ns


class NaiveOnDemand(NaiveMachine):
    """Tables are shared at fork; the first fault below one copies it (the paper's text)."""

    def settle(self, mm: Space, number: int) -> tuple[str, float]:
        slot = mm.slots.get(number)
        if slot is None or slot.writable:
            return "NONE", 0.0
        if slot.table.references == 1:
            return "REUSE", self.reuse(mm, slot)
        old = slot.table
        self.count_copy(len(old.entries))
        slot.table = self.protected_copy(old, old.entries)
        slot.writable = True
        cost_ns = self.last_copy_ns
        old.references -= 1
        return "COPY", cost_ns

    def reuse(self, mm: Space, slot: Slot) -> float:
        """Nobody else points at the table any more: make the slot writable again."""
        del mm
        slot.writable = True
        self.counts["table_reuse"] += 1
        return PRICES["fault_table_reuse_ns"]

    def count_copy(self, entries: int) -> None:
        self.counts["tables_alloc"] += 1
        self.counts["table_copy"] += 1
        self.counts["ptes_copied"] += entries

    def fork(self, parent: Space) -> tuple[Space, int]:
        child = self.same_areas(parent)
        cost_ns = PRICES["fork_on_demand_base_ns"]
        parent.forks_on_demand = child.forks_on_demand = True
        for number in self.slots_to_copy(parent):
            slot = parent.slots[number]
            if self.is_shared(parent, number):
                cost_ns += self.close(parent, slot)
                slot.writable = False
                slot.table.references += 1
                child.slots[number] = Slot(slot.table, writable=False)
                self.counts["tables_shared"] += 1
                cost_ns += PRICES["table_share_ns"]
            else:
                cost_ns += self.copy_slot(parent, child, number)
        return child, round(cost_ns)

    def is_shared(self, parent: Space, number: int) -> bool:
        """Whether fork shares the table of a slot of `slots_to_copy` instead of copying it."""
        del parent, number
        return True

    def close(self, parent: Space, slot: Slot) -> float:
        """What fork accounts for before it shares a slot's table; the price."""
        del parent, slot
        return 0.0

    def drop(self, mm: Space, slot: Slot) -> float:
        table = slot.table
        if table.references > 1:
            table.references -= 1
            return self.leave(mm, table)
        # Nothing faults, so that a table which nobody shares any more is simply emptied.
        read_ns = 0.0
        if not slot.writable:
            read_ns = self.reuse(mm, slot) - PRICES["fault_table_reuse_ns"]
        return read_ns + super().drop(mm, slot)

    def leave(self, mm: Space, table: Table) -> float:
        """Leave a table to others, having read it; the price."""
        del mm
        self.counts["ptes_scanned"] += SLOT
        return table_scan_ns(list(table.entries.values()))


class NaiveHead(NaiveOnDemand):
    """The paper's code of December 2021: the last sharer copies too (mechanisms.md 3)."""

    faults_otherwise = False
    """Whether anything was mapped that classic fork maps by another fault, or one more."""

    def rss(self, mm: Space) -> int:
        return mm.phantom + sum(s.table.resident for s in mm.private_slots() if s.writable)

    def is_shared(self, parent: Space, number: int) -> bool:
        """Only slots inside one anonymous private area that is not heap."""
        areas = parent.overlapping(number)
        return areas[0].covers(number) and areas[0].file is None and not areas[0].heap

    def close(self, parent: Space, slot: Slot) -> float:
        if slot.writable:
            parent.phantom += slot.table.resident
        return 0.0

    def settle_for_fault(self, mm: Space, area: Area, number: int) -> tuple[str, float]:
        # Only a read gets here in an area that may not be written: it maps into the shared table.
        if number in mm.slots and not area.writable:
            self.faults_otherwise = True
            return "NONE", 0.0
        return super().settle_for_fault(mm, area, number)

    def settle(self, mm: Space, number: int) -> tuple[str, float]:
        slot = mm.slots.get(number)
        if slot is None or slot.writable:
            return "NONE", 0.0
        old = slot.table
        self.count_copy(len(old.entries))
        # The entries of the table that is left keep their permissions.
        slot.table = self.protected_copy(old, old.entries, protects_both=False)
        slot.writable = True
        cost_ns = self.last_copy_ns
        old.references -= 1
        if old.references:
            return "COPY", cost_ns
        mm.phantom -= old.resident
        # The second pass, over what the first has brought to the cache, takes its atomics only.
        atomics_ns = PRICES["exit_entry_ns"] - PRICES["exit_scan_entry_ns"]
        cost_ns += old.resident * atomics_ns
        NaiveMachine.drop(self, mm, Slot(old))
        return "RENEW", cost_ns

    def drop(self, mm: Space, slot: Slot) -> float:
        if slot.writable:
            return NaiveMachine.drop(self, mm, slot)
        slot.table.references -= 1
        left_ns = self.leave(mm, slot.table)
        if slot.table.references:
            return left_ns
        mm.phantom -= slot.table.resident
        return NaiveMachine.drop(self, mm, slot)

    def protect_slot(self, mm: Space, number: int, start: int, end: int, writable: bool) -> None:
        # No entry below a shared table allows a write before the table is copied, protected or not.
        if mm.slots[number].writable:
            super().protect_slot(mm, number, start, end, writable)

    def discard(self, mm: Space, start: int, end: int) -> None:
        if not mm.forks_on_demand:
            super().discard(mm, start, end)

    def populate(self, mm: Space, start: int, end: int, *, asked: bool) -> None:
        """Every new mapping of a process that forks on demand is read at once (do_mmap, brk)."""
        if asked or not mm.forks_on_demand:
            super().populate(mm, start, end, asked=asked)
            return
        self.faults_otherwise = True
        for page in range(start, end):
            self.access(mm, page, write=False)


class NaivePatchset(NaiveOnDemand):
    """The patch set of 2023: one owner accounts for a shared table (mechanisms.md 4)."""

    def rss(self, mm: Space) -> int:
        own = (s for s in mm.private_slots() if s.writable or s.table.owner is mm)
        return sum(slot.table.resident for slot in own)

    def is_shared(self, parent: Space, number: int) -> bool:
        return not parent.slots[number].table.populated

    def close(self, parent: Space, slot: Slot) -> float:
        if slot.table.owner is None:
            slot.table.owner = parent
            if not slot.writable:
                return self.scan(slot.table)
        return 0.0

    def settle(self, mm: Space, number: int) -> tuple[str, float]:
        slot = mm.slots.get(number)
        if slot is None or slot.writable or slot.table.references == 1:
            return super().settle(mm, number)
        self.flushes += 1
        read_ns = self.disown(mm, slot.table)
        action, cost_ns = super().settle(mm, number)
        return action, read_ns + cost_ns + PRICES["tlb_flush_ns"]

    def reuse(self, mm: Space, slot: Slot) -> float:
        read_ns = 0.0 if slot.table.owner is mm else self.scan(slot.table)
        slot.table.owner = None
        return read_ns + super().reuse(mm, slot)

    def leave(self, mm: Space, table: Table) -> float:
        return PRICES["table_share_ns"] + self.disown(mm, table)

    def disown(self, mm: Space, table: Table) -> float:
        """Account for a table no more, if it was its owner who leaves it; the price."""
        if table.owner is not mm:
            return 0.0
        table.owner = None
        return self.scan(table)

    def scan(self, table: Table) -> float:
        """Read a table, for the pages to add to the resident ones or to subtract; the price."""
        self.counts["ptes_scanned"] += SLOT
        return table_scan_ns(list(table.entries.values()))

    def populate(self, mm: Space, start: int, end: int, *, asked: bool) -> None:
        super().populate(mm, start, end, asked=asked)
        if asked:
            for number in range(start // SLOT, -(-end // SLOT)):
                mm.slots[number].table.populated = True


class NaiveAsync(NaiveMachine):
    """The child copies the tables before it runs (mechanisms.md 6)."""

    def fork(self, parent: Space) -> tuple[Space, int]:
        cost_ns = self.give_everything(parent) + PRICES["fork_on_demand_base_ns"]
        child = self.same_areas(parent)
        parent.owed_to, child.owed_by = child, parent
        for number in self.slots_to_copy(parent):
            area = parent.overlapping(number)[0]
            if area.covers(number) and area.file is None:
                parent.slots[number].writable = False
                cost_ns += PRICES["slot_protect_ns"]
            else:
                cost_ns += self.copy_slot(parent, child, number)
        return child, round(cost_ns)

    def start(self, child: Space) -> None:
        parent = child.owed_by
        if parent is not None:
            for number in self.owed(parent):
                self.give(parent, number)
            self.part(parent)

    def settle(self, mm: Space, number: int) -> tuple[str, float]:
        if number not in mm.slots or mm.slots[number].writable:
            return "NONE", 0.0
        self.counts["table_sync"] += 1
        return "SYNC", self.give(mm, number)

    def owed(self, parent: Space) -> list[int]:
        return [number for number in sorted(parent.slots) if not parent.slots[number].writable]

    def give(self, parent: Space, number: int) -> float:
        """Copy one table for the child."""
        assert parent.owed_to is not None
        slot = parent.slots[number]
        slot.writable = True
        self.counts["tables_alloc"] += 1
        self.counts["ptes_copied"] += len(slot.table.entries)
        copy = self.protected_copy(slot.table, slot.table.entries)
        parent.owed_to.slots[number] = Slot(copy)
        return self.last_copy_ns

    def give_everything(self, parent: Space) -> float:
        cost_ns = sum(self.settle(parent, number)[1] for number in self.owed(parent))
        self.part(parent)
        return cost_ns

    def part(self, parent: Space) -> None:
        if parent.owed_to is not None:
            parent.owed_to.owed_by = None
            parent.owed_to = None

    def exit(self, mm: Space) -> int:
        parent = mm.owed_by
        if parent is not None:
            for number in self.owed(parent):
                parent.slots[number].writable = True
            self.part(parent)
        return round(self.give_everything(mm)) + super().exit(mm)

    def before_change(self, mm: Space, start: int, end: int) -> float:
        """Whoever changes a part of an area copies what is owed of all of it first."""
        areas = mm.meeting(start, end)
        owed = [n for n in self.owed(mm) if any(area.covers(n) for area in areas)]
        return sum(self.settle(mm, number)[1] for number in owed)


def make_naive(name: str, **options: Any) -> NaiveMachine:
    """The naive machine of a scheme (`models.schemes.make_scheme`)."""
    kinds: dict[str, type[NaiveMachine]] = {
        "classic": NaiveMachine,
        "huge": NaiveHuge,
        "async": NaiveAsync,
        "classic6": NaiveClassic6,
        "hugetlb": NaiveHugetlb,
        "paper": NaiveOnDemand,
        "head": NaiveHead,
        "patchset": NaivePatchset,
    }
    if name == "on_demand":
        name = options.pop("variant", "paper")
    return kinds[name](**options)
