"""Page faults on 4 KiB entries: which ones a batch of accesses raises, and what they change.

The decision tree is that of mechanisms.md 1.5 for the page (a page is reused iff it is mapped once)
and, below a slot without write permission, the table's own question first: shared by several slots,
it is copied; by one, its slot becomes writable again. Only On-demand-fork makes such slots.

In one address space distinct pages are distinct frames, so the faults of a batch depend on each
other only through their table: the first one of a slot settles the table for the rest.
"""

from dataclasses import dataclass

import numpy as np

from models.address_space import NO_TABLE, PAGES_PER_SLOT, AddressSpace
from models.costs import Costs, FloatArray
from models.counts import Counts
from models.fault_prices import in_cache, remember, table_copies_ns
from models.faults import ActionArray, Faults, PageAction, TableAction
from models.layout import spread_marks
from models.pool import BoolArray, IntArray


@dataclass(frozen=True, eq=False)
class _Slots:
    """The distinct slots that some accesses meet, in ascending order."""

    content: IntArray
    """Content of the slot's table, -1 if there is no table."""
    action: ActionArray
    """What the first fault of the slot does to its table."""


def classify(mm: AddressSpace, pages: IntArray, writes: BoolArray, costs: Costs) -> Faults:
    """The faults that accesses to 4 KiB entries raise, one after the other; changes nothing.

    Args:
        mm: The address space.
        pages: Page accessed each time, in order; inside the areas of `mm`.
        writes: Whether each access writes.
        costs: Prices.
    """
    candidates = _candidates(mm, pages, writes)
    if not len(candidates):
        return Faults.none()
    events, after_read = first_accesses(pages[candidates], writes[candidates])
    position = candidates[events]
    page, write = pages[position], writes[position]
    distinct = _distinct_slots(mm, page)
    number = np.empty(len(mm.slot_table), np.int64)
    number[distinct] = np.arange(len(distinct))
    of_slot = number[page // PAGES_PER_SLOT]
    first = np.full(len(distinct), len(page))
    np.minimum.at(first, of_slot, np.arange(len(page)))
    slots = _inspect_slots(mm, distinct)
    page_action = _page_actions(
        mm, slots, of_slot=of_slot, page=page, write=write, after_read=after_read
    )
    leads = np.zeros(len(page), np.bool_)
    leads[first] = True
    table_action = np.where(leads, slots.action[of_slot], TableAction.NONE).astype(np.uint8)
    # Below a table that is simply reused, an entry that was never protected does not fault again.
    faulting = (page_action != PageAction.NONE) | (table_action != TableAction.NONE)
    table_ns = np.zeros(len(page))
    table_ns[first] = _table_costs(mm, distinct, slots.action, costs)
    position, page, table_ns = position[faulting], page[faulting], table_ns[faulting]
    table_action, page_action = table_action[faulting], page_action[faulting]
    sequential, warm = in_cache(mm, page, table_action)
    cost_ns = costs.faults_ns(page_action, table_ns, sequential=sequential, warm=warm)
    return Faults(position, page, table_action, page_action, cost_ns)


def apply(mm: AddressSpace, faults: Faults) -> None:
    """Change the state as `faults` (of `classify`, in the same state) say.

    Any prefix may be applied; the rest of the batch is then to be classified anew.
    """
    if not len(faults):
        return
    for action, change in (
        (TableAction.ALLOC, allocate_tables),
        (TableAction.COPY, copy_tables),
        (TableAction.REUSE, reuse_tables),
    ):
        slots = faults.page[faults.table_action == action] // PAGES_PER_SLOT
        if len(slots):
            change(mm, slots)
    changed = faults.page[faults.page_action != PageAction.NONE]
    if len(changed):
        mm.memory.detach(mm.slot_table[_distinct_slots(mm, changed)])
    _map_zero_pages(mm, faults.with_page_action(PageAction.ZERO_MAP))
    _map_shared_pages(mm, faults.with_page_action(PageAction.SHARED_MAP))
    _copy_pages(mm, faults.with_page_action(PageAction.COW_COPY))
    _reuse_pages(mm, faults.with_page_action(PageAction.COW_REUSE))
    _fill_pages(mm, faults.with_page_action(PageAction.ZERO_FILL))
    count_faults(mm, Counts(faults=len(faults)))
    remember(mm, faults.page, faults.table_action)


def first_accesses(keys: IntArray, writes: BoolArray) -> tuple[IntArray, BoolArray]:
    """The accesses that can fault when the first write or read of a key settles it.

    Args:
        keys: What is accessed (pages, or slots of huge pages), with repeats.
        writes: Whether each access writes.

    Returns:
        Ascending indices: the first write of each key, and its first read if that comes before;
        and for each whether it is a write that such a read precedes.
    """
    written, first_write = _firsts(keys, np.flatnonzero(writes))
    read, first_read = _firsts(keys, np.flatnonzero(~writes))
    _, of_written, of_read = np.intersect1d(written, read, assume_unique=True, return_indices=True)
    read_first = first_read[of_read] < first_write[of_written]
    after_read = np.zeros(len(written), np.bool_)
    after_read[of_written[read_first]] = True
    matters = np.ones(len(read), np.bool_)
    matters[of_read[~read_first]] = False
    indices = np.concatenate((first_write, first_read[matters]))
    after_read = np.concatenate((after_read, np.zeros(int(matters.sum()), np.bool_)))
    order = np.argsort(indices)
    return indices[order], after_read[order]


def _firsts(keys: IntArray, accesses: IntArray) -> tuple[IntArray, IntArray]:
    """The distinct keys of some accesses, ascending, and the first of those accesses for each."""
    # Sorting key and index packed into one number is several times faster than an argsort.
    packed = np.sort(keys[accesses] * len(keys) + accesses)
    key, access = np.divmod(packed, max(len(keys), 1))
    leads = np.ones(len(key), np.bool_)
    leads[1:] = key[1:] != key[:-1]
    return key[leads], access[leads]


def _distinct_slots(mm: AddressSpace, pages: IntArray) -> IntArray:
    """The slots of `pages`, each once, ascending."""
    seen = np.zeros(len(mm.slot_table), np.bool_)
    seen[pages // PAGES_PER_SLOT] = True
    return np.flatnonzero(seen)


def allocate_tables(mm: AddressSpace, slots: IntArray) -> None:
    """Give distinct empty slots a table without entries."""
    memory = mm.memory
    mm.slot_table[slots] = memory.tables.new(memory.contents.new_empty(len(slots)))
    mm.slot_writable[slots] = True
    memory.counts.tables_alloc += len(slots)


def copy_tables(mm: AddressSpace, slots: IntArray) -> None:
    """Give distinct slots with shared tables a copy of their own ("break", "unshare").

    The entries are write-protected in both tables: their pages are now mapped by both.
    """
    memory = mm.memory
    tables, contents = memory.tables, memory.contents
    shared = mm.slot_table[slots]
    said = tables.content[shared]
    contents.protect(said)
    contents.share(said)
    tables.references[shared] -= 1
    mm.slot_table[slots] = tables.new(said)
    mm.slot_writable[slots] = True
    memory.counts.tables_copied += len(slots)
    memory.counts.tables_alloc += len(slots)
    memory.counts.ptes_copied += int(contents.present[said].sum())


def reuse_tables(mm: AddressSpace, slots: IntArray) -> None:
    """Make slots writable again whose table nobody shares any more; its entries stay."""
    mm.slot_writable[slots] = True
    mm.memory.counts.tables_reused += len(slots)


def count_faults(mm: AddressSpace, counts: Counts) -> None:
    """Count for the machine and for the address space."""
    mm.memory.counts.add(counts)
    mm.counts.add(counts)


def _candidates(mm: AddressSpace, pages: IntArray, writes: BoolArray) -> IntArray:
    """Indices of the accesses that fault in the present state, as `_may_fault` finds them.

    A large batch is compared with what is known of whole slots first, which settles most of it.
    """
    if len(pages) <= len(mm.slot_table):
        return np.flatnonzero(_may_fault(mm, pages, writes))
    memory = mm.memory
    mapped = np.flatnonzero(mm.slot_table != NO_TABLE)
    said = memory.tables.content[mm.slot_table[mapped]]
    # By slot and kind of access (read, write): whether it can fault.
    faulting = np.ones((len(mm.slot_table), 2), np.bool_)
    faulting[mapped, 0] = memory.contents.present[said] < PAGES_PER_SLOT
    all_writable = memory.contents.writable[said] == PAGES_PER_SLOT
    faulting[mapped, 1] = ~(mm.slot_writable[mapped] & all_writable)
    unsettled = np.flatnonzero(faulting[pages // PAGES_PER_SLOT, writes.view(np.uint8)])
    return unsettled[_may_fault(mm, pages[unsettled], writes[unsettled])]


def _may_fault(mm: AddressSpace, pages: IntArray, writes: BoolArray) -> BoolArray:
    """Accesses that fault in the present state; the same page may be among them repeatedly."""
    slots = pages // PAGES_PER_SLOT
    tables = mm.slot_table[slots]
    faulting = np.ones(len(pages), np.bool_)
    mapped = tables != NO_TABLE
    for of_kind, is_write in ((writes, True), (~writes, False)):
        where = np.flatnonzero(mapped & of_kind)
        if not len(where):
            continue
        contents = mm.memory.tables.content[tables[where]]
        entries = pages[where] % PAGES_PER_SLOT
        if is_write:
            allowed = mm.memory.contents.writable_entries(contents, entries)
            faulting[where] = ~(allowed & mm.slot_writable[slots[where]])
        else:
            faulting[where] = ~mm.memory.contents.entries(contents, entries).present
    return faulting


def _inspect_slots(mm: AddressSpace, slots: IntArray) -> _Slots:
    tables = mm.slot_table[slots]
    mapped = tables != NO_TABLE
    content = np.full(len(slots), NO_TABLE, np.int64)
    content[mapped] = mm.memory.tables.content[tables[mapped]]
    action = np.where(mapped, TableAction.NONE, TableAction.ALLOC).astype(np.uint8)
    closed = np.flatnonzero(mapped & ~mm.slot_writable[slots])
    references = mm.memory.tables.references[tables[closed]]
    action[closed] = np.where(references > 1, TableAction.COPY, TableAction.REUSE)
    return _Slots(content, action)


def _page_actions(
    mm: AddressSpace,
    slots: _Slots,
    *,
    of_slot: IntArray,
    page: IntArray,
    write: BoolArray,
    after_read: BoolArray,
) -> ActionArray:
    contents = mm.memory.contents
    content, entry = slots.content[of_slot], page % PAGES_PER_SLOT
    actions = np.where(write, PageAction.ZERO_FILL, PageAction.ZERO_MAP).astype(np.uint8)
    shared = _in_shared_areas(mm, page)
    if shared.any():
        actions[shared] = PageAction.SHARED_MAP
        # Shared memory is mapped writable at once.
        actions[shared & after_read] = PageAction.NONE
    where = np.flatnonzero(content != NO_TABLE)
    state = contents.entries(content[where], entry[where])
    protects = slots.action[of_slot[where]] == TableAction.COPY
    actions[where[state.present & ~shared[where]]] = PageAction.NONE
    holds_page = state.present & ~state.zero & write[where]
    copied = holds_page & protects
    actions[where[copied]] = PageAction.COW_COPY
    unsure = holds_page & ~protects & ~state.writable
    unsure_at = where[unsure]
    exclusive = contents.exclusive(content[unsure_at], entry[unsure_at])
    actions[unsure_at] = np.where(exclusive, PageAction.COW_REUSE, PageAction.COW_COPY)
    actions[where[state.zero & write[where]]] = PageAction.ZERO_FILL
    return actions


def _in_shared_areas(mm: AddressSpace, pages: IntArray) -> BoolArray:
    shared = np.array([vma.pages is not None for vma in mm.vmas], np.bool_)
    if not shared.any():
        return np.zeros(len(pages), np.bool_)
    inside: BoolArray = shared[mm.vma_numbers(pages)]
    return inside


def _table_costs(
    mm: AddressSpace, slots: IntArray, actions: ActionArray, costs: Costs
) -> FloatArray:
    table_ns = np.zeros(len(slots))
    copied = actions == TableAction.COPY
    table_ns[copied] = table_copies_ns(mm, slots[copied], costs)
    table_ns[actions == TableAction.REUSE] = costs.fault_table_reuse_ns
    return table_ns


def _entries_of(mm: AddressSpace, pages: IntArray) -> tuple[IntArray, IntArray]:
    """Content and entry of pages whose slots have a table."""
    contents = mm.memory.tables.content[mm.slot_table[pages // PAGES_PER_SLOT]]
    return contents, pages % PAGES_PER_SLOT


def _map_zero_pages(mm: AddressSpace, pages: IntArray) -> None:
    if len(pages):
        mm.memory.contents.map_zero(*_entries_of(mm, pages))
        count_faults(mm, Counts(zero_map=len(pages)))


def _map_shared_pages(mm: AddressSpace, pages: IntArray) -> None:
    if not len(pages):
        return
    numbers = mm.vma_numbers(pages)
    for number in np.unique(numbers):
        vma = mm.vmas[number]
        if vma.pages is None:
            raise AssertionError("a private page cannot be mapped from shared memory")
        inside = pages[numbers == number]
        frames = vma.pages.hold(inside - vma.start_page + vma.offset)
        nowhere = np.zeros(len(inside), np.bool_)
        mm.memory.contents.map_frames(*_entries_of(mm, inside), frames, nowhere)
    count_faults(mm, Counts(shared_map=len(pages)))


def _copy_pages(mm: AddressSpace, pages: IntArray) -> None:
    if not len(pages):
        return
    frames, _ = mm.memory.frames.allocate(len(pages))
    # Frames that random faults take one by one come from all over the free lists.
    scattered = np.ones(len(pages), np.bool_)
    freed = mm.memory.contents.map_frames(*_entries_of(mm, pages), frames, scattered)
    count_faults(mm, Counts(page_copies=len(pages), pages_freed=freed))


def _reuse_pages(mm: AddressSpace, pages: IntArray) -> None:
    if len(pages):
        mm.memory.contents.allow_writes(*_entries_of(mm, pages))
        count_faults(mm, Counts(page_reuse=len(pages)))


def _fill_pages(mm: AddressSpace, pages: IntArray) -> None:
    if not len(pages):
        return
    frames, scattered = mm.memory.frames.allocate(len(pages))
    marks = spread_marks(np.array([scattered]), len(pages))[0]
    mm.memory.contents.map_frames(*_entries_of(mm, pages), frames, marks)
    mark_written(mm, pages)
    count_faults(mm, Counts(zero_fill=len(pages)))


def mark_written(mm: AddressSpace, pages: IntArray) -> None:
    """From its first written page on, a private area is copied at fork."""
    if all(vma.has_anon_vma for vma in mm.vmas):
        return
    for number in np.unique(mm.vma_numbers(pages)):
        mm.vmas[number].has_anon_vma = True
