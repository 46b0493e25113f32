"""Removing mappings: exit and munmap (mechanisms.md 1.5, 2.3 and 4.3).

A shared table is left to its other sharers; one that nobody shares any more is made the slot's own
again and then emptied as any other.
"""

from dataclasses import dataclass

import numpy as np

from models.address_space import NO_TABLE, PAGES_PER_SLOT, AddressSpace
from models.costs import Costs
from models.entries import Kind
from models.fault_prices import table_copies_ns
from models.faulting import copy_tables, reuse_tables
from models.pool import IntArray, run_of


@dataclass
class Zapped:
    """What a removal did.

    Attributes:
        entries: Present 4 KiB entries removed.
        scattered: Those of them whose frame was scattered.
        scanned: Present entries of shared tables that were left.
        scanned_scattered: Those of them whose frame was scattered.
        huge: Huge pages unmapped.
        freed_frames: 4 KiB frames freed.
        freed: The same with each wholly unmapped huge page counting as one.
    """

    entries: int = 0
    scattered: int = 0
    scanned: int = 0
    scanned_scattered: int = 0
    huge: int = 0
    freed_frames: int = 0
    freed: int = 0

    def exit_ns(self, costs: Costs) -> int:
        """Its price as an exit."""
        return round(costs.exit_base_ns + self._entries_ns(costs))

    def unmap_ns(self, costs: Costs) -> int:
        """Its price as an unmap."""
        return round(self._entries_ns(costs))

    def _entries_ns(self, costs: Costs) -> float:
        return costs.zap_ns(
            zapped=self.entries,
            scattered=self.scattered,
            scanned=self.scanned,
            scanned_scattered=self.scanned_scattered,
            huge=self.huge,
            freed=self.freed,
        )


def remove_everything(mm: AddressSpace) -> Zapped:
    """Empty the address space as exit does."""
    zapped = Zapped()
    _drop_slots(mm, mm.slots_with_tables(), zapped)
    _remove_areas(mm, 0, PAGES_PER_SLOT * len(mm.slot_table), zapped)
    return zapped


def cut(mm: AddressSpace, page: int, costs: Costs) -> int:
    """Split the area at `page`, if one lies on both sides; what it costs in ns.

    The slot at the cut gets a table of its own, also if the cut is at its edge (`__split_vma`).
    """
    if not mm.split_at(page):
        return 0
    slot = np.array([page // PAGES_PER_SLOT])
    return make_own(mm, slot, costs)


def remove_range(
    mm: AddressSpace, start_page: int, end_page: int, costs: Costs
) -> tuple[Zapped, int]:
    """Remove the areas in [start_page, end_page), at whose ends no area continues (see `cut`).

    Returns:
        What was removed, and the cost in ns of tables copied for it.
    """
    zapped = Zapped()
    slots = mm.slots_with_tables(start_page // PAGES_PER_SLOT, -(-end_page // PAGES_PER_SLOT))
    _remove_areas(mm, start_page, end_page, zapped)
    still_used = np.zeros(len(slots), np.bool_)
    for vma in mm.vmas:
        still_used |= (vma.first_slot <= slots) & (slots < vma.end_slot)
    partial = slots[still_used]
    copied_ns = make_own(mm, partial, costs)
    for slot in partial:
        _clear_part(mm, int(slot), start_page, end_page, zapped)
    _drop_slots(mm, slots[~still_used], zapped)
    return zapped, copied_ns


def make_own(mm: AddressSpace, slots: IntArray, costs: Costs) -> int:
    """Make slots writable as a fault would: copy their tables if shared; the cost in ns."""
    closed = slots[(mm.slot_table[slots] != NO_TABLE) & ~mm.slot_writable[slots]]
    if not len(closed):
        return 0
    shared = mm.memory.tables.references[mm.slot_table[closed]] > 1
    copied_ns = table_copies_ns(mm, closed[shared], costs)
    reused_ns = costs.fault_table_reuse_ns * int((~shared).sum())
    copy_tables(mm, closed[shared])
    reuse_tables(mm, closed[~shared])
    return round(float(copied_ns.sum()) + reused_ns)


def _remove_areas(mm: AddressSpace, start_page: int, end_page: int, zapped: Zapped) -> None:
    freed = mm.remove(start_page, end_page)
    zapped.freed_frames += freed
    zapped.freed += freed
    mm.memory.counts.pages_freed += freed


def _drop_slots(mm: AddressSpace, slots: IntArray, zapped: Zapped) -> None:
    """Empty slots altogether: leave their tables or free them."""
    memory = mm.memory
    tables, contents, counts = memory.tables, memory.contents, memory.counts
    at = mm.slot_table[slots]
    alone = tables.references[run_of(at)] == 1
    left, own = at[~alone], at[alone]
    kept = run_of(tables.content[run_of(left)])
    zapped.scanned += int(contents.present[kept].sum())
    zapped.scanned_scattered += int(contents.scattered[kept].sum())
    tables.references[run_of(left)] -= 1
    counts.tables_reused += int((~mm.slot_writable[slots[alone]]).sum())
    mm.slot_table[run_of(slots)] = NO_TABLE
    mm.slot_writable[run_of(slots)] = True

    said = tables.content[run_of(own)]
    huge = contents.kind[run_of(said)] >= Kind.HUGE
    small = run_of(said[~huge])
    entries = int(contents.present[small].sum())
    zapped.entries += entries
    zapped.scattered += int(contents.scattered[small].sum())
    zapped.huge += int(huge.sum())
    freed_huge = memory.free_tables(own[huge])
    freed_small = memory.free_tables(own[~huge])
    zapped.freed_frames += freed_huge + freed_small
    zapped.freed += freed_huge // PAGES_PER_SLOT + freed_small
    counts.tables_freed += len(own)
    counts.ptes_zapped += entries
    counts.huge_zapped += int(huge.sum())
    counts.pages_freed += freed_huge + freed_small


def _clear_part(
    mm: AddressSpace, slot: int, start_page: int, end_page: int, zapped: Zapped
) -> None:
    """Remove the entries of one slot that lie in [start_page, end_page); the table stays."""
    memory = mm.memory
    start = max(start_page - slot * PAGES_PER_SLOT, 0)
    stop = min(end_page - slot * PAGES_PER_SLOT, PAGES_PER_SLOT)
    content = int(memory.detach(mm.slot_table[slot : slot + 1])[0])
    counted = memory.contents.count_range(content, start, stop)
    freed = memory.contents.clear_range(content, start, stop)
    zapped.entries += counted.present
    zapped.scattered += counted.scattered
    zapped.freed_frames += freed
    zapped.freed += freed
    memory.counts.ptes_zapped += counted.present
    memory.counts.pages_freed += freed
