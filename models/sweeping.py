"""Going through memory from end to end: what a long run of accesses costs.

Page by page a sweep is what `Scheme.touch` says; where every page of every slot meets the same
fault it is resolved slot by slot.
"""

import numpy as np

from models.address_space import NO_TABLE, PAGES_PER_SLOT, AddressSpace
from models.costs import Costs
from models.counts import Counts
from models.entries import Kind
from models.fault_prices import in_cache, remember, table_copies_ns
from models.faulting import copy_tables, count_faults
from models.faults import PageAction, TableAction
from models.pool import IntArray


def slots_copied_whole(mm: AddressSpace, start_page: int, n_pages: int) -> IntArray | None:
    """The slots of a range in which a write to each page copies that page, else None.

    Such a slot lies in the range altogether, and all its pages are mapped by another process too:
    below its table, if that is shared, or in a table that says the same.
    """
    if start_page % PAGES_PER_SLOT or n_pages % PAGES_PER_SLOT:
        return None
    slots = np.arange(start_page // PAGES_PER_SLOT, (start_page + n_pages) // PAGES_PER_SLOT)
    tables, contents = mm.memory.tables, mm.memory.contents
    at = mm.slot_table[slots]
    if (at == NO_TABLE).any() or not mm.whole_slots(slots).all():
        return None
    said = tables.content[at]
    shared_table = ~mm.slot_writable[slots] & (tables.references[at] > 1)
    said_elsewhere = mm.slot_writable[slots] & (contents.multiplicity[said] > 1)
    protected = contents.writable[said] == 0
    copied = (contents.kind[said] == Kind.UNIFORM) & (shared_table | (said_elsewhere & protected))
    return slots if copied.all() else None


def write_slots(mm: AddressSpace, slots: IntArray, costs: Costs) -> int:
    """Write every page of `slots` (from `slots_copied_whole`) in order; the faults' cost in ns."""
    memory = mm.memory
    closed = ~mm.slot_writable[slots]
    page = (slots[:, np.newaxis] * PAGES_PER_SLOT + np.arange(PAGES_PER_SLOT)).ravel()
    table_action = np.zeros((len(slots), PAGES_PER_SLOT), np.uint8)
    table_action[closed, 0] = TableAction.COPY
    table_ns = np.zeros((len(slots), PAGES_PER_SLOT))
    table_ns[:, 0] = closed * table_copies_ns(mm, slots, costs)
    page_action = np.full(len(page), PageAction.COW_COPY, np.uint8)
    sequential, warm = in_cache(mm, page, table_action.ravel())
    cost_ns = costs.faults_ns(page_action, table_ns.ravel(), sequential=sequential, warm=warm)
    remember(mm, page, table_action.ravel())

    copy_tables(mm, slots[closed])
    tables = mm.slot_table[slots]
    memory.contents.drop(memory.tables.content[tables])
    blocks, _ = memory.frames.allocate_blocks(len(slots))
    # As of any copied page: its frame comes from somewhere in the free lists.
    scattered = np.full(len(slots), PAGES_PER_SLOT)
    memory.tables.content[tables] = memory.contents.new_filled(Kind.UNIFORM, blocks, scattered)
    count_faults(mm, Counts(faults=len(page), page_copies=len(page)))
    return int(cost_ns.sum())
