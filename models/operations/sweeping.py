"""Going through memory from end to end: what a long run of accesses costs.

Page by page a sweep is what `Scheme.touch` says; where every page of every slot meets the same
fault it is resolved slot by slot.
"""

import numpy as np

from models.faults.actions import PageAction
from models.faults.prices import faults_ns, in_cache, remember, settling_ns
from models.faults.rules import Rules
from models.faults.settling import settle, settling_actions
from models.memory import slots as writer
from models.memory.address_space import NO_TABLE, AddressSpace
from models.memory.areas import PAGES_PER_SLOT
from models.memory.entries import Kind
from sim.arrays import IntArray


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
    content = tables.content[at]
    shared_table = ~mm.slot_writable[slots] & (tables.references[at] > 1)
    held_elsewhere = mm.slot_writable[slots] & (contents.multiplicity[content] > 1)
    protected = contents.writable[content] == 0
    copied = (contents.kind[content] == Kind.UNIFORM) & (
        shared_table | (held_elsewhere & protected)
    )
    return slots if copied.all() else None


def is_present(mm: AddressSpace, start_page: int, n_pages: int) -> bool:
    """Whether every page of every slot that a range meets is present."""
    at = mm.slot_table[start_page // PAGES_PER_SLOT : -(-(start_page + n_pages) // PAGES_PER_SLOT)]
    if (at == NO_TABLE).any():
        return False
    contents = mm.memory.contents
    return bool((contents.present[mm.memory.tables.content[at]] == PAGES_PER_SLOT).all())


def write_slots(mm: AddressSpace, slots: IntArray, rules: Rules) -> int:
    """Write every page of `slots` (from `slots_copied_whole`) in order; the faults' cost in ns."""
    memory = mm.memory
    closed = ~mm.slot_writable[slots]
    # Of each slot the first page and the last; those between find what the last one finds.
    page = np.repeat(slots * PAGES_PER_SLOT, 2)
    page[1::2] += PAGES_PER_SLOT - 1
    table_action = np.zeros(len(page), np.uint8)
    table_action[::2] = settling_actions(mm, slots, rules)
    table_ns = np.zeros(len(page))
    table_ns[::2] = settling_ns(mm, slots, table_action[::2], rules)
    sequential, warm = in_cache(mm, page, table_action)
    sequential[1::2] = True
    page_action = np.full(len(page), PageAction.COW_COPY, np.uint8)
    cost_ns = faults_ns(rules, page_action, table_ns, sequential=sequential, warm=warm)
    total_ns = int(cost_ns[::2].sum()) + (PAGES_PER_SLOT - 1) * int(cost_ns[1::2].sum())
    remember(mm, page, table_action)

    settle(mm, slots[closed], table_action[::2][closed], rules)
    tables = mm.slot_table[slots]
    memory.contents.drop(memory.tables.content[tables])
    blocks, _ = memory.frames.allocate_blocks(len(slots))
    # As of any copied page: its frame comes from somewhere in the free lists.
    scattered = np.full(len(slots), PAGES_PER_SLOT)
    filled = memory.contents.new_filled(Kind.UNIFORM, blocks, scattered)
    writer.rewrite(memory, tables, filled)
    pages = len(slots) * PAGES_PER_SLOT
    writer.count_faults(mm, pages)
    writer.count_action(mm, PageAction.COW_COPY.counter, pages)
    return total_ns
