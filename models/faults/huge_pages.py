"""Page faults on 2 MiB pages: transparent huge pages and hugetlb (mechanisms.md 2.4, 2.5)."""

from dataclasses import replace

import numpy as np

from models.costs.laws import Costs
from models.faults.actions import PageAction, TableAction
from models.faults.batch import Faults
from models.faults.candidates import first_accesses
from models.faults.prices import faults_ns, in_cache
from models.faults.small_pages import count_faults, mark_written
from models.memory.address_space import NO_TABLE, AddressSpace
from models.memory.areas import PAGES_PER_SLOT
from models.memory.counts import Counts
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
    mm: AddressSpace, pages: IntArray, writes: BoolArray, costs: Costs, *, splits: bool = False
) -> Faults:
    """The faults that accesses to slots of huge pages (`is_huge`) raise; changes nothing.

    Args:
        mm: The address space.
        pages: Page accessed each time, in order.
        writes: Whether each access writes.
        costs: Prices.
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
    cost_ns = faults_ns(costs, action)
    present = (tables != NO_TABLE) | after_read
    replaces = present & (action != PageAction.HUGE_REUSE)
    faults = Faults(position, page, table_action, action, cost_ns, replaces)[faulting]
    return faults if not splits else _with_small_pages(mm, faults, pages, writes, costs)


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
    read = faults.with_page_action(PageAction.HUGE_ZERO_MAP) // PAGES_PER_SLOT
    mm.slot_table[read] = memory.tables.new(memory.contents.new_huge_zero(len(read)))
    memory.counts.tables_alloc += len(read)
    read_filled = faults.with_page_action(PageAction.HUGE_READ_FILL) // PAGES_PER_SLOT
    _map_fresh(mm, read_filled, large_folios=large_folios, physical=physical)
    memory.contents.protect(memory.tables.content[mm.slot_table[read_filled]])
    reused = faults.with_page_action(PageAction.HUGE_REUSE) // PAGES_PER_SLOT
    memory.contents.allow_huge_writes(memory.tables.content[mm.slot_table[reused]])
    filled = faults.with_page_action(PageAction.HUGE_FILL) // PAGES_PER_SLOT
    copied = faults.with_page_action(PageAction.HUGE_COPY) // PAGES_PER_SLOT
    _map_fresh(mm, filled, large_folios=large_folios, physical=physical)
    _map_fresh(mm, copied, large_folios=large_folios, physical=physical)
    mm.accounted_pages += PAGES_PER_SLOT * (len(filled) + len(read_filled))
    count_faults(
        mm,
        Counts(
            faults=len(faults),
            huge_zero_map=len(read),
            huge_reuse=len(reused),
            huge_fill=len(filled) + len(read_filled),
            huge_copies=len(copied),
        ),
    )


def _with_small_pages(
    mm: AddressSpace, faults: Faults, pages: IntArray, writes: BoolArray, costs: Costs
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
    replaces = np.ones(len(position), np.bool_)
    copies = Faults(position, pages[position], nothing, action, faults_ns(costs, action), replaces)
    merged = Faults.merged(faults, copies)
    sequential, warm = in_cache(mm, merged.page, merged.table_action)
    cost_ns = faults_ns(costs, merged.page_action, sequential=sequential, warm=warm)
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
    memory.tables.content[tables[kept]] = contents[kept]
    memory.counts.pages_freed += memory.contents.drop(before)
    memory.huge_pages += len(slots)
    mm.slot_table[slots[empty]] = memory.tables.new(contents[empty], physical=physical)
    memory.counts.tables_alloc += int(empty.sum()) * physical
    mark_written(mm, slots * PAGES_PER_SLOT)


def split(mm: AddressSpace, slots: IntArray) -> None:
    """Spell out the huge pages of some slots, all of which have one."""
    mm.memory.detach(mm.slot_table[slots])
    count_faults(mm, Counts(huge_splits=len(slots)))


def split_for_change(mm: AddressSpace, slots: IntArray, costs: Costs) -> int:
    """Split what huge pages there are in slots of which a part will change; the cost in ns."""
    mapped = slots[mm.slot_table[slots] != NO_TABLE]
    kind = mm.memory.contents.kind[mm.memory.tables.content[mm.slot_table[mapped]]]
    huge = mapped[kind >= Kind.HUGE]
    if len(huge):
        split(mm, huge)
    return round(len(huge) * costs.fault_huge_split_ns)
