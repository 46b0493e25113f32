"""Copying page tables at fork (copy_page_range, mechanisms.md 1.3 and 2.1)."""

from dataclasses import dataclass

import numpy as np

from models.costs.laws import Costs
from models.memory import slots as writer
from models.memory.address_space import NO_TABLE, AddressSpace
from models.memory.areas import PAGES_PER_SLOT
from models.memory.entries import Kind
from models.memory.entry_ranges import Range, copy_ranges, count_range
from sim.arrays import BoolArray, IntArray, run_of


@dataclass
class ForkWork:
    """What a fork copies entry by entry.

    Attributes:
        slots: Slots whose table is copied whole.
        parts: Of other slots the positions that are copied: those where an area that fork passes
            over (`Vma.copied_at_fork`) meets one that it copies.
        huge: Huge pages.
        tables: How many tables that is, those of huge pages excepted.
        present: Present 4 KiB entries.
        zero: Those of them that map the zero page.
        writable: Those of them that must be write-protected.
        scattered: Those of them whose frame is scattered.
    """

    slots: IntArray
    parts: dict[int, list[Range]]
    huge: int = 0
    tables: int = 0
    present: int = 0
    zero: int = 0
    writable: int = 0
    scattered: int = 0

    def tables_ns(self, costs: Costs) -> float:
        """What copying these tables costs; huge pages have prices of their own."""
        return costs.tables_ns(
            tables=float(self.tables),
            present=float(self.present),
            zero=float(self.zero),
            writable=float(self.writable),
            scattered=float(self.scattered),
        )


def copied_slots(mm: AddressSpace) -> IntArray:
    """Slots with a table in which fork has something to copy, ascending."""
    concerned = np.zeros(len(mm.slot_table), np.bool_)
    for vma in mm.vmas:
        if vma.copied_at_fork:
            concerned[vma.first_slot : vma.end_slot] = True
    return np.flatnonzero(concerned & (mm.slot_table != NO_TABLE))


def wholly_anonymous(mm: AddressSpace, slots: IntArray, *, heap: bool = True) -> BoolArray:
    """Which of `copied_slots` lie inside one area of private anonymous memory.

    Args:
        mm: The address space.
        slots: Slots of `copied_slots`, ascending.
        heap: Whether the heap counts as such an area.
    """
    chosen = mm.whole_slots(slots).copy()
    for vma in mm.vmas:
        if vma.heap and not heap:
            chosen[(vma.first_slot <= slots) & (slots < vma.end_slot)] = False
    return chosen


def divide(slots: IntArray, chosen: BoolArray) -> tuple[IntArray, IntArray]:
    """The slots that are chosen, and the others."""
    return (slots, slots[:0]) if chosen.all() else (slots[chosen], slots[~chosen])


def survey(parent: AddressSpace, slots: IntArray) -> ForkWork:
    """What there is to copy in some of `copied_slots`."""
    tables, contents = parent.memory.tables, parent.memory.contents
    work = _copied_parts(parent, slots)
    content = tables.content[run_of(parent.slot_table[run_of(work.slots)])]
    small = run_of(content)
    huge = contents.kind[small] >= Kind.HUGE
    work.huge = int(huge.sum())
    if work.huge:
        small = run_of(content[~huge])
    work.tables = len(work.slots) - work.huge + len(work.parts)
    work.present = int(contents.present[small].sum())
    work.zero = int(contents.zero[small].sum())
    work.writable = int(contents.writable[small].sum())
    work.scattered = int(contents.scattered[small].sum())
    for slot, spans in work.parts.items():
        of_slot = int(tables.content[parent.slot_table[slot]])
        for span in spans:
            counted = count_range(contents, of_slot, span)
            work.present += counted.present
            work.zero += counted.zero
            work.writable += counted.writable
            work.scattered += counted.scattered
    return work


def copy_surveyed(
    parent: AddressSpace, child: AddressSpace, work: ForkWork, *, physical: bool = True
) -> None:
    """Give the child what `work` says, surveyed in the same state.

    Args:
        parent: From whom.
        child: To whom; these slots of it are empty.
        work: What.
        physical: Whether the child's tables take frames.
    """
    memory = parent.memory
    slots = run_of(work.slots)
    content = memory.tables.content[run_of(parent.slot_table[slots])]
    contents = run_of(content)
    memory.contents.protect(contents)
    memory.contents.share(contents)
    writer.put_tables(child, slots, content, physical=physical)
    resident = memory.contents.resident_sum(contents)
    for slot, spans in work.parts.items():
        of_slot = int(memory.detach(parent.slot_table[slot : slot + 1])[0])
        copy = np.array([copy_ranges(memory.contents, of_slot, spans)])
        writer.put_tables(child, np.array([slot]), copy)
        resident += int(memory.contents.resident(copy)[0])
    writer.account(child, resident)
    writer.count(memory, ptes_copied=work.present)


def _copied_parts(mm: AddressSpace, slots: IntArray) -> ForkWork:
    parts: dict[int, list[Range]] = {}
    for passed in mm.vmas:
        if passed.copied_at_fork:
            continue
        for slot in slots[(passed.first_slot <= slots) & (slots < passed.end_slot)]:
            parts[int(slot)] = _copied_ranges(mm, int(slot))
    return ForkWork(slots[~np.isin(slots, list(parts))] if parts else slots, parts)


def _copied_ranges(mm: AddressSpace, slot: int) -> list[Range]:
    base = slot * PAGES_PER_SLOT
    ranges = (
        (max(vma.start_page - base, 0), min(vma.end_page - base, PAGES_PER_SLOT))
        for vma in mm.vmas
        if vma.copied_at_fork
    )
    return [(start, stop) for start, stop in ranges if start < stop]
