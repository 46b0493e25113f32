"""Removing mappings: exit, munmap, MADV_DONTNEED (mechanisms.md 1.5, 2.3, 3.3 and 4.3).

A shared table is left to its other sharers; one that nobody shares any more is made the slot's own
again and then emptied as any other.
"""

from dataclasses import dataclass

import numpy as np

from models.costs.laws import Costs
from models.faults.actions import TableAction
from models.faults.huge_pages import split_for_change
from models.faults.rules import RssAccounting, Rules
from models.faults.settling import leave_tables, make_own, reuse
from models.memory import slots as writer
from models.memory.address_space import AddressSpace
from models.memory.areas import PAGES_PER_SLOT
from models.memory.entries import ENTRIES_PER_TABLE, Kind
from models.memory.entry_ranges import clear_range, count_range
from sim.arrays import BoolArray, IntArray, run_of


@dataclass
class Removal:
    """What a removal did.

    Attributes:
        tables: Tables whose entries were removed; of one that stays the part that was emptied.
        entries: Present 4 KiB entries removed.
        zero: Those of them that mapped the zero page.
        scattered: Those of them whose frame was scattered.
        left: Shared tables that were left to others without reading them.
        scanned_tables: Shared tables that were read.
        scanned: Their present entries.
        scanned_zero: Those of them that mapped the zero page.
        scanned_scattered: Those of them whose frame was scattered.
        huge: Huge pages unmapped.
        freed_frames: 4 KiB frames freed.
        freed: The same with each wholly unmapped huge page counting as one.
    """

    tables: float = 0
    entries: int = 0
    zero: int = 0
    scattered: int = 0
    left: int = 0
    scanned_tables: int = 0
    scanned: int = 0
    scanned_zero: int = 0
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
        zapped_ns = costs.zap_ns(
            tables=self.tables, present=self.entries, zero=self.zero, scattered=self.scattered
        )
        scanned_ns = costs.scan_ns(
            tables=float(self.scanned_tables),
            present=float(self.scanned),
            zero=float(self.scanned_zero),
            scattered=float(self.scanned_scattered),
        )
        released_ns = costs.release_ns(left=self.left, huge=self.huge, freed=self.freed)
        return zapped_ns + scanned_ns + released_ns


def remove_everything(mm: AddressSpace, rules: Rules) -> Removal:
    """Empty the address space as exit does."""
    removal = Removal()
    _drop_slots(mm, mm.slots_with_tables(), removal, rules)
    _remove_areas(mm, 0, PAGES_PER_SLOT * len(mm.slot_table), removal)
    return removal


def cut(mm: AddressSpace, page: int, rules: Rules) -> int:
    """Split the area at `page`, if one lies on both sides; what it costs in ns.

    The slot at the cut gets a table of its own, also if the cut is at its edge (`__split_vma`); a
    huge page that the cut goes through is split (`vma_adjust_trans_huge`).
    """
    if not mm.split_at(page):
        return 0
    slot = np.array([page // PAGES_PER_SLOT])
    split_ns = split_for_change(mm, slot, rules) if page % PAGES_PER_SLOT else 0
    own_ns = make_own(mm, slot, rules) if rules.sharing.cuts_before_zap else 0
    return split_ns + own_ns


def remove_range(
    mm: AddressSpace, start_page: int, end_page: int, rules: Rules
) -> tuple[Removal, int]:
    """Remove the areas in [start_page, end_page), at whose ends no area continues (see `cut`).

    Returns:
        What was removed, and the cost in ns of tables copied for it.
    """
    removal = Removal()
    slots = _slots_of_areas(mm, start_page, end_page)
    _remove_areas(mm, start_page, end_page, removal)
    still_used = used_slots(mm, slots) & _to_be_kept(mm, slots, rules)
    partial = slots[still_used]
    copied_ns = make_own(mm, partial, rules)
    for slot in partial:
        _clear_part(mm, int(slot), start_page, end_page, removal)
    _drop_slots(mm, slots[~still_used], removal, rules)
    return removal, copied_ns


def discard_range(
    mm: AddressSpace, start_page: int, end_page: int, rules: Rules
) -> tuple[Removal, int]:
    """Remove what is mapped in [start_page, end_page); the areas stay, and own tables too.

    It goes from area to area, as a kernel does: a shared table of which an area maps a part is
    copied, whatever the part holds; outside all areas nothing happens.

    Returns:
        What was removed, and the cost in ns of tables copied, or huge pages split, for it.
    """
    removal, own_ns = Removal(), 0
    for vma in mm.vmas:
        span = max(start_page, vma.start_page), min(end_page, vma.end_page)
        if span[0] < span[1]:
            own_ns += _discard_in_area(mm, span, removal, rules)
    return removal, own_ns


def _discard_in_area(
    mm: AddressSpace, span: tuple[int, int], removal: Removal, rules: Rules
) -> int:
    """Remove what is mapped in a range of one area; the cost in ns of copies and splits."""
    start_page, end_page = span
    slots = mm.slots_around(start_page, end_page)
    whole = (start_page <= slots * PAGES_PER_SLOT) & ((slots + 1) * PAGES_PER_SLOT <= end_page)
    whole |= ~_to_be_kept(mm, slots, rules)
    tables = mm.memory.tables
    shared = tables.references[mm.slot_table[slots]] > 1
    huge = mm.memory.contents.kind[tables.content[mm.slot_table[slots]]] >= Kind.HUGE
    dropped = whole & (huge | (shared & ~mm.slot_writable[slots]))
    cleared = slots[~dropped]
    own_ns = make_own(mm, cleared, rules) + split_for_change(mm, cleared, rules)
    for slot in cleared:
        _clear_part(mm, int(slot), start_page, end_page, removal)
    _drop_slots(mm, slots[dropped], removal, rules)
    return own_ns


def _slots_of_areas(mm: AddressSpace, start_page: int, end_page: int) -> IntArray:
    """The slots with a table that an area inside a range meets."""
    slots = mm.slots_around(start_page, end_page)
    met = np.zeros(len(slots), np.bool_)
    for vma in mm.vmas:
        if start_page <= vma.start_page and vma.end_page <= end_page:
            met |= (vma.first_slot <= slots) & (slots < vma.end_slot)
    return slots[met]


def used_slots(mm: AddressSpace, slots: IntArray) -> BoolArray:
    """Whether an area lies in each of `slots`."""
    used = np.zeros(len(slots), np.bool_)
    for vma in mm.vmas:
        used |= (vma.first_slot <= slots) & (slots < vma.end_slot)
    return used


def free_unused_tables(mm: AddressSpace, slots: IntArray, rules: Rules) -> None:
    """Free the tables, all of them empty, of those `slots` in which no area lies any more."""
    _drop_slots(mm, slots[~used_slots(mm, slots)], Removal(), rules)


def _to_be_kept(mm: AddressSpace, slots: IntArray, rules: Rules) -> BoolArray:
    """Whether what else a slot maps survives the removal of a part (all but a known fault)."""
    if rules.sharing.cuts_before_zap:
        return np.ones(len(slots), np.bool_)
    shared = mm.memory.tables.references[mm.slot_table[slots]] > 1
    kept: BoolArray = mm.slot_writable[slots] | ~shared
    return kept


def _remove_areas(mm: AddressSpace, start_page: int, end_page: int, removal: Removal) -> None:
    freed = mm.remove(start_page, end_page)
    removal.freed_frames += freed
    removal.freed += freed
    writer.count(mm.memory, pages_freed=freed)


def _drop_slots(mm: AddressSpace, slots: IntArray, removal: Removal, rules: Rules) -> None:
    """Empty slots altogether: leave their tables or free them."""
    memory, sharing = mm.memory, rules.sharing
    tables, contents = memory.tables, memory.contents
    at = mm.slot_table[slots]
    alone = tables.references[run_of(at)] == 1
    closed = slots[alone & ~mm.slot_writable[slots]]
    left, own = at[~alone], at[alone]
    if sharing.scans_left:
        renewed = len(closed) if sharing.last_sharer is TableAction.RENEW else 0
        _scan(mm, left, removal)
        writer.count(memory, ptes_scanned=ENTRIES_PER_TABLE * (len(left) + renewed))
    else:
        removal.left += len(left)
    if sharing.accounting is RssAccounting.OWNER:
        owner = tables.owner
        _scan(mm, left[owner[left] == mm.number], removal)
        _scan(mm, mm.slot_table[closed[owner[mm.slot_table[closed]] != mm.number]], removal)
    leave_tables(mm, left, sharing)
    if len(closed) and sharing.last_sharer is TableAction.REUSE:
        reuse(mm, closed, rules)
    writer.empty(mm, run_of(slots))

    content = tables.content[run_of(own)]
    huge = contents.kind[run_of(content)] >= Kind.HUGE
    small = run_of(content[~huge])
    entries, huge_pages = int(contents.present[small].sum()), int(huge.sum())
    removal.tables += len(own) - huge_pages
    removal.entries += entries
    removal.zero += int(contents.zero[small].sum())
    removal.scattered += int(contents.scattered[small].sum())
    removal.huge += huge_pages
    freed_huge = writer.drop_tables(mm, own[huge])
    freed_small = writer.drop_tables(mm, own[~huge])
    removal.freed_frames += freed_huge + freed_small
    removal.freed += freed_huge // PAGES_PER_SLOT + freed_small
    writer.count(memory, ptes_zapped=entries, huge_zapped=huge_pages)
    writer.hold_huge(memory, -(freed_huge // PAGES_PER_SLOT))


def _scan(mm: AddressSpace, tables: IntArray, removal: Removal) -> None:
    """The entries of some tables are read, and their struct pages."""
    if not len(tables):
        return
    contents = mm.memory.contents
    content = run_of(mm.memory.tables.content[run_of(tables)])
    removal.scanned_tables += len(tables)
    removal.scanned += int(contents.present[content].sum())
    removal.scanned_zero += int(contents.zero[content].sum())
    removal.scanned_scattered += int(contents.scattered[content].sum())


def _clear_part(
    mm: AddressSpace, slot: int, start_page: int, end_page: int, removal: Removal
) -> None:
    """Remove the entries of one slot that lie in [start_page, end_page); the table stays."""
    memory = mm.memory
    start = max(start_page - slot * PAGES_PER_SLOT, 0)
    stop = min(end_page - slot * PAGES_PER_SLOT, PAGES_PER_SLOT)
    content = int(memory.detach(mm.slot_table[slot : slot + 1])[0])
    counted = count_range(memory.contents, content, (start, stop))
    freed = clear_range(memory.contents, content, (start, stop))
    writer.account(mm, counted.zero - counted.present)
    removal.tables += (stop - start) / ENTRIES_PER_TABLE
    removal.entries += counted.present
    removal.zero += counted.zero
    removal.scattered += counted.scattered
    removal.freed_frames += freed
    removal.freed += freed
    writer.count(memory, ptes_zapped=counted.present, pages_freed=freed)
