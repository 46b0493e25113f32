"""Moving memory to other addresses: mremap (move_page_tables, mechanisms.md 3.3)."""

from dataclasses import replace

import numpy as np

from models.faults.huge_pages import split_for_change
from models.faults.rules import Rules
from models.faults.settling import allocate_tables, make_own
from models.memory import slots as writer
from models.memory.address_space import NO_TABLE, AddressSpace, area_around
from models.memory.areas import PAGES_PER_SLOT, Vma
from models.memory.entry_ranges import count_range, move_range
from models.operations import removing
from sim.arrays import IntArray


def check_target(mm: AddressSpace, start_page: int, n_pages: int, to_page: int) -> None:
    """Refuse to move a range to where it cannot go.

    Raises:
        ValueError: If the range is not part of one area, or its target not free; or if it is of
            shared memory, whose slots are its own, and begins elsewhere in its slot there.
    """
    vma = area_around(mm, start_page, n_pages)
    target = replace(vma, start_page=to_page, n_pages=n_pages)
    overlaps = start_page < to_page + n_pages and to_page < start_page + n_pages
    if overlaps or to_page < 0 or not mm.is_free(target):
        raise ValueError(f"cannot move {n_pages} pages to page {to_page}: the place is taken")
    if not vma.private and (to_page - start_page) % PAGES_PER_SLOT:
        raise ValueError(f"cannot move shared memory to page {to_page}: not at the same offset")


def move(mm: AddressSpace, vma: Vma, to_page: int, rules: Rules) -> int:
    """Move an area to a free place.

    Shared tables are copied first. A slot that moves whole to an empty one takes its table along;
    of others the entries are moved one by one.

    Returns:
        The cost in ns.
    """
    start_page, end_page = vma.start_page, vma.end_page
    slots = mm.slots_around(start_page, end_page)
    target = replace(vma, start_page=to_page, heap=False)
    mm.add(target)
    met = np.union1d(slots, mm.slots_around(target.start_page, target.end_page))
    own_ns = make_own(mm, met, rules)
    shift = to_page - start_page
    moved = 0
    for slot in slots.tolist():
        start = max(start_page, slot * PAGES_PER_SLOT)
        stop = min(end_page, (slot + 1) * PAGES_PER_SLOT)
        whole = stop - start == PAGES_PER_SLOT and shift % PAGES_PER_SLOT == 0
        into = slot + shift // PAGES_PER_SLOT
        if whole and mm.slot_table[into] == NO_TABLE:
            writer.shift(mm, slot, into)
            moved += 1
        else:
            own_ns += split_for_change(mm, np.array([slot]), rules)
            moved += _move_entries(mm, start, stop, shift)
    freed = mm.remove(start_page, end_page)
    if freed:
        raise AssertionError("the moved area maps the file too")
    removing.free_unused_tables(mm, slots[mm.slot_table[slots] != NO_TABLE], rules)
    costs = rules.costs
    return own_ns + round(moved * costs.entry_protect_ns + costs.tlb_flush_ns)


def _move_entries(mm: AddressSpace, start: int, stop: int, shift: int) -> int:
    """Move the entries of pages [start, stop), of one slot; returns how many are present."""
    memory = mm.memory
    slot = start // PAGES_PER_SLOT
    content = int(memory.detach(mm.slot_table[slot : slot + 1])[0])
    present = 0
    while start < stop:
        target, position = divmod(start + shift, PAGES_PER_SLOT)
        count = min(stop - start, PAGES_PER_SLOT - position)
        first = start - slot * PAGES_PER_SLOT
        span = first, first + count
        present += count_range(memory.contents, content, span).present
        into = int(_own_content(mm, np.array([target]))[0])
        move_range(memory.contents, content, span, into, position)
        start += count
    return present


def _own_content(mm: AddressSpace, slot: IntArray) -> IntArray:
    """The content of a slot that will be changed; an empty slot gets a table."""
    if mm.slot_table[slot[0]] == NO_TABLE:
        allocate_tables(mm, slot)
    return mm.memory.detach(mm.slot_table[slot])
