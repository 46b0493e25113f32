"""Filling memory: the first write of every page of a range, whole slots at a time."""

import numpy as np

from models.faults.actions import PageAction
from models.memory import slots as writer
from models.memory.address_space import NO_TABLE, AddressSpace
from models.memory.areas import PAGES_PER_SLOT
from models.memory.entries import Kind
from models.memory.frame_stock import even_spread
from sim.arrays import IntArray, run_of


def untouched_slots(mm: AddressSpace, start_page: int, n_pages: int) -> IntArray:
    """The slots without a table that lie inside a range and inside one private area."""
    first = -(-start_page // PAGES_PER_SLOT)
    slots = np.arange(first, (start_page + n_pages) // PAGES_PER_SLOT)
    empty: IntArray = slots[mm.slot_table[slots] == NO_TABLE]
    whole: IntArray = empty[mm.whole_slots(empty)]
    return whole


def pages_beside(slots: IntArray, start_page: int, n_pages: int) -> IntArray:
    """The pages of a range that lie outside the given slots, ascending."""
    end_page = start_page + n_pages
    touched = np.arange(start_page // PAGES_PER_SLOT, -(-end_page // PAGES_PER_SLOT))
    others = touched[~np.isin(touched, slots)]
    pages = (others[:, np.newaxis] * PAGES_PER_SLOT + np.arange(PAGES_PER_SLOT)).ravel()
    inside: IntArray = pages[(start_page <= pages) & (pages < end_page)]
    return inside


def fill_slots(
    mm: AddressSpace,
    slots: IntArray,
    scattered_share: float | None,
    kind: Kind = Kind.UNIFORM,
    *,
    large_folios: bool = False,
    physical: bool = True,
) -> None:
    """Fill untouched whole slots with fresh pages of one kind (UNIFORM or HUGE).

    Args:
        mm: The address space.
        slots: Distinct, ascending.
        scattered_share: Share of scattered frames; None lets the stock decide. A huge page lies in
            one run whatever it says.
        kind: What to fill with.
        large_folios: Whether the frames belong to folios of more than one page.
        physical: Whether the slots' tables take frames.
    """
    if not len(slots):
        return
    memory = mm.memory
    blocks, scattered = memory.frames.allocate_blocks(len(slots), large=large_folios)
    if kind == Kind.HUGE:
        scattered = np.zeros(len(slots), np.int64)
    elif scattered_share is not None:
        scattered = even_spread(len(slots) * PAGES_PER_SLOT, len(slots), scattered_share)
    contents = memory.contents.new_filled(kind, blocks, scattered)
    writer.put_tables(mm, run_of(slots), contents, physical=physical)
    mm.mark_written(slots * PAGES_PER_SLOT)
    pages = len(slots) * PAGES_PER_SLOT
    writer.account(mm, pages)
    action, faults = PageAction.ZERO_FILL, pages
    if kind == Kind.HUGE:
        action, faults = PageAction.HUGE_FILL, len(slots)
        writer.hold_huge(memory, len(slots))
    writer.count_faults(mm, faults)
    writer.count_action(mm, action.counter, faults)
