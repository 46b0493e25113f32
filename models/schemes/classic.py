"""Classic fork (Linux 5.6): copies every page table (mechanisms.md 2)."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from models.address_space import PAGES_PER_SLOT, AddressSpace
from models.entries import Kind
from models.pool import IntArray, run_of
from models.schemes.base import Scheme, copied_slots
from models.steps import Operation, Work


@dataclass
class ForkWork:
    """What a classic fork copies.

    Attributes:
        slots: Slots whose table is copied whole.
        parts: Of other slots the entries [start, stop) that are copied: those where an area that
            fork passes over (`Vma.copied_at_fork`) meets one that it copies.
        huge: Huge pages.
        present: Present 4 KiB entries.
        writable: Those of them that must be write-protected.
        scattered: Those of them whose frame is scattered.
    """

    slots: IntArray
    parts: dict[int, list[tuple[int, int]]]
    huge: int = 0
    present: int = 0
    writable: int = 0
    scattered: int = 0


class Classic(Scheme):
    """Fork copies the page tables and shares every page; it is copied when first written."""

    name: ClassVar[str] = "classic"

    def fork_ns(self, parent: AddressSpace) -> int:
        """See `Scheme.fork_ns`."""
        return self._price(parent, _survey(parent))

    def _fork(self, parent: AddressSpace) -> Operation[AddressSpace]:
        work = _survey(parent)
        yield Work(self._price(parent, work), "fork")
        return _copy(parent, work)

    def _price(self, parent: AddressSpace, work: ForkWork) -> int:
        del parent  # only huge pages care what its free lists hold
        return self.costs.fork_ns(
            present=work.present, writable=work.writable, scattered=work.scattered
        )


def _survey(parent: AddressSpace) -> ForkWork:
    """What there is to copy in an address space."""
    tables, contents = parent.memory.tables, parent.memory.contents
    work = _copied_parts(parent)
    said = tables.content[run_of(parent.slot_table[work.slots])]
    huge = contents.kind[run_of(said)] >= Kind.HUGE
    work.huge = int(huge.sum())
    small = run_of(said[~huge] if work.huge else said)
    work.present = int(contents.present[small].sum())
    work.writable = int(contents.writable[small].sum())
    work.scattered = int(contents.scattered[small].sum())
    for slot, ranges in work.parts.items():
        content = int(tables.content[parent.slot_table[slot]])
        for start, stop in ranges:
            counted = contents.count_range(content, start, stop)
            work.present += counted.present
            work.writable += counted.writable
            work.scattered += counted.scattered
    return work


def _copy(parent: AddressSpace, work: ForkWork) -> AddressSpace:
    """Make the child; what `work` says, surveyed in the same state."""
    memory = parent.memory
    child = parent.fork_layout()
    said = memory.tables.content[parent.slot_table[work.slots]]
    memory.contents.protect(said)
    memory.contents.share(said)
    child.slot_table[work.slots] = memory.tables.new(said)
    for slot, ranges in work.parts.items():
        content = int(memory.detach(parent.slot_table[slot : slot + 1])[0])
        copy = memory.contents.copy_ranges(content, ranges)
        child.slot_table[slot] = memory.tables.new(np.array([copy]))[0]
    memory.counts.tables_alloc += len(work.slots) + len(work.parts)
    memory.counts.ptes_copied += work.present
    return child


def _copied_parts(mm: AddressSpace) -> ForkWork:
    slots = copied_slots(mm)
    parts: dict[int, list[tuple[int, int]]] = {}
    for passed in mm.vmas:
        if passed.copied_at_fork:
            continue
        for slot in slots[(passed.first_slot <= slots) & (slots < passed.end_slot)]:
            parts[int(slot)] = _copied_ranges(mm, int(slot))
    return ForkWork(slots[~np.isin(slots, list(parts))] if parts else slots, parts)


def _copied_ranges(mm: AddressSpace, slot: int) -> list[tuple[int, int]]:
    base = slot * PAGES_PER_SLOT
    ranges = (
        (max(vma.start_page - base, 0), min(vma.end_page - base, PAGES_PER_SLOT))
        for vma in mm.vmas
        if vma.copied_at_fork
    )
    return [(start, stop) for start, stop in ranges if start < stop]
