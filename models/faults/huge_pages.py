"""Page faults on 2 MiB pages: transparent huge pages and hugetlb (mechanisms.md 2.4, 2.5)."""

from dataclasses import replace

import numpy as np

from models.faults.actions import PageAction, TableAction, replaces
from models.faults.batch import Faults
from models.faults.candidates import first_accesses
from models.faults.prices import faults_ns, in_cache
from models.faults.rules import Rules
from models.memory import slots as writer
from models.memory.address_space import NO_TABLE, AddressSpace
from models.memory.areas import PAGES_PER_SLOT
from models.memory.entries import Kind
from sim.arrays import BoolArray, IntArray


def is_huge(mm: AddressSpace, slots: IntArray) -> BoolArray:
    """Whether each slot has a huge page, or would get one when touched."""
    memory = mm.memory
    tables = mm.slot_table[slots]
    empty = tables == NO_TABLE
    huge = np.zeros(len(slots), np.bool_)
    kind = memory.contents.kind[memory.tables.content[tables[~empty]]]
    huge[~empty] = (kind == Kind.HUGE) | (kind == Kind.HUGE_ZERO)
    huge[empty] = mm.whole_slots(slots[empty])
    return huge


def classify(
    mm: AddressSpace, pages: IntArray, writes: BoolArray, rules: Rules, *, splits: bool = False
) -> Faults:
    """The faults that accesses to slots of huge pages (`is_huge`) raise; changes nothing.

    Args:
        mm: The address space.
        pages: Page accessed each time, in order.
        writes: Whether each access writes.
        rules: The kernel's.
        splits: A write to a shared huge page splits it and copies 4 KiB (6.x); else it copies it.
    """
    position, after_read = first_accesses(pages // PAGES_PER_SLOT, writes)
    page, write = pages[position], writes[position]
    tables = mm.slot_table[page // PAGES_PER_SLOT]
    memory = mm.memory
    action = np.where(write, PageAction.HUGE_FILL, PageAction.HUGE_ZERO_MAP).astype(np.uint8)
    mapped = np.flatnonzero(tables != NO_TABLE)
    content = memory.tables.content[tables[mapped]]
    is_page = memory.contents.kind[content] == Kind.HUGE
    # A read of anything mapped, or a write to a writable huge page, is no fault.
    allowed = ~write[mapped] | (is_page & (memory.contents.writable[content] > 0))
    action[mapped[allowed]] = PageAction.NONE
    protected = is_page & ~allowed
    exclusive = memory.contents.exclusive_huge(content[protected])
    shared = PageAction.HUGE_SPLIT if splits else PageAction.HUGE_COPY
    action[mapped[protected]] = np.where(exclusive, PageAction.HUGE_REUSE, shared)
    table_action = np.full(len(page), TableAction.ALLOC, np.uint8)
    table_action[mapped] = TableAction.NONE
    table_action[after_read] = TableAction.NONE
    faulting = action != PageAction.NONE
    present = (tables != NO_TABLE) | after_read
    replaced = replaces(action, present)
    cost_ns = faults_ns(rules, action)
    faults = Faults(
        position, page, table_action, action, cost_ns, replaced, np.zeros_like(cost_ns)
    )[faulting]
    return faults if not splits else _with_small_pages(mm, faults, pages, writes, rules)


def apply(
    mm: AddressSpace, faults: Faults, *, large_folios: bool = False, physical: bool = True
) -> None:
    """Change the state as faults on huge pages say.

    Args:
        mm: The address space.
        faults: Of `classify`, in the same state, the copies of small pages excepted.
        large_folios: Whether a split page's 4 KiB pages stay one folio.
        physical: Whether a table is kept in reserve for a split.
    """
    memory = mm.memory
    slots = {
        action: faults.with_page_action(action) // PAGES_PER_SLOT
        for action in PageAction
        if action.row.huge
    }
    read = slots[PageAction.HUGE_ZERO_MAP]
    writer.put_tables(mm, read, memory.contents.new_huge_zero(len(read)))
    read_filled = slots[PageAction.HUGE_READ_FILL]
    _map_fresh(mm, read_filled, large_folios=large_folios, physical=physical)
    memory.contents.protect(memory.tables.content[mm.slot_table[read_filled]])
    reused = slots[PageAction.HUGE_REUSE]
    memory.contents.allow_huge_writes(memory.tables.content[mm.slot_table[reused]])
    filled = slots[PageAction.HUGE_FILL]
    _map_fresh(mm, filled, large_folios=large_folios, physical=physical)
    _map_fresh(mm, slots[PageAction.HUGE_COPY], large_folios=large_folios, physical=physical)
    writer.account(mm, PAGES_PER_SLOT * (len(filled) + len(read_filled)))
    writer.count_faults(mm, len(faults))
    for action, of_action in slots.items():
        writer.count_action(mm, action.counter, len(of_action))


def _with_small_pages(
    mm: AddressSpace, faults: Faults, pages: IntArray, writes: BoolArray, rules: Rules
) -> Faults:
    """Add the copies of other 4 KiB pages that follow the split of a huge page."""
    splits = faults.page_action == PageAction.HUGE_SPLIT
    if not splits.any():
        return faults
    since = np.full(len(mm.slot_table), len(pages))
    since[faults.page[splits] // PAGES_PER_SLOT] = faults.position[splits]
    later = np.flatnonzero(writes & (np.arange(len(pages)) > since[pages // PAGES_PER_SLOT]))
    later = later[~np.isin(pages[later], faults.page[splits])]
    _, first = np.unique(pages[later], return_index=True)
    position = np.sort(later[first])
    action = np.full(len(position), PageAction.COW_COPY, np.uint8)
    nothing = np.full(len(position), TableAction.NONE, np.uint8)
    present = np.ones(len(position), np.bool_)
    cost_ns = faults_ns(rules, action)
    copies = Faults(
        position, pages[position], nothing, action, cost_ns, present, np.zeros_like(cost_ns)
    )
    merged = Faults.merged(faults, copies)
    sequential, warm = in_cache(mm, merged.page, merged.table_action)
    cost_ns = faults_ns(rules, merged.page_action, sequential=sequential, warm=warm)
    return replace(merged, cost_ns=cost_ns)


def _map_fresh(mm: AddressSpace, slots: IntArray, *, large_folios: bool, physical: bool) -> None:
    """Map a fresh huge page in each of distinct slots; a slot keeps its table or gets one."""
    if not len(slots):
        return
    memory = mm.memory
    blocks, scattered = memory.frames.allocate_blocks(len(slots), large=large_folios)
    contents = memory.contents.new_filled(Kind.HUGE, blocks, np.zeros_like(scattered))
    tables = mm.slot_table[slots]
    kept, empty = tables != NO_TABLE, tables == NO_TABLE
    before = memory.tables.content[tables[kept]]
    writer.rewrite(memory, tables[kept], contents[kept])
    writer.count(memory, pages_freed=memory.contents.drop(before))
    writer.hold_huge(memory, len(slots))
    writer.put_tables(mm, slots[empty], contents[empty], physical=physical)
    mm.mark_written(slots * PAGES_PER_SLOT)


def split(mm: AddressSpace, slots: IntArray) -> None:
    """Spell out the huge pages of some slots, all of which have one."""
    mm.memory.detach(mm.slot_table[slots])
    writer.count_action(mm, PageAction.HUGE_SPLIT.counter, len(slots))


def split_for_change(mm: AddressSpace, slots: IntArray, rules: Rules) -> int:
    """Split what huge pages there are in slots of which a part will change; the cost in ns."""
    mapped = slots[mm.slot_table[slots] != NO_TABLE]
    kind = mm.memory.contents.kind[mm.memory.tables.content[mm.slot_table[mapped]]]
    huge = mapped[kind >= Kind.HUGE]
    if len(huge):
        split(mm, huge)
    return round(len(huge) * rules.costs.fault_huge_split_ns)
