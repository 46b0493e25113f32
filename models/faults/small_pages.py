"""Page faults on 4 KiB entries: which ones a batch of accesses raises, and what they change.

What becomes of the page says `page_action`; below a slot without write permission the table's own
question comes first (`models.faults.settling`).

In one address space distinct pages are distinct frames, so the faults of a batch depend on each
other only through their table: the first one of a slot settles the table for the rest.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from models.faults.actions import (
    IF_EXCLUSIVE,
    IF_MAPPED_ELSEWHERE,
    ActionArray,
    Backing,
    PageAction,
    TableAction,
    replaces,
)
from models.faults.batch import Faults
from models.faults.candidates import candidates, first_accesses
from models.faults.prices import faults_ns, in_cache, remember, settling_ns
from models.faults.rules import Rules
from models.faults.settling import settle, settling_actions
from models.memory import slots as writer
from models.memory.address_space import NO_TABLE, AddressSpace
from models.memory.areas import PAGES_PER_SLOT, Vma
from models.memory.entries import NO_FRAME, Entries
from models.memory.files import File
from models.memory.frame_stock import spread_marks
from sim.arrays import BoolArray, IntArray


@dataclass(frozen=True, eq=False)
class _Slots:
    """The distinct slots that some accesses meet, in ascending order."""

    content: IntArray
    """Content of the slot's table, -1 if there is no table."""
    action: ActionArray
    """What the first fault of the slot does to its table."""


def classify(mm: AddressSpace, pages: IntArray, writes: BoolArray, rules: Rules) -> Faults:
    """The faults that accesses to 4 KiB entries raise, one after the other; changes nothing.

    Args:
        mm: The address space.
        pages: Page accessed each time, in order; inside the areas of `mm`.
        writes: Whether each access writes.
        rules: The kernel's.
    """
    able = candidates(mm, pages, writes)
    if not len(able):
        return Faults.none()
    events, after_read = first_accesses(pages[able], writes[able])
    position = able[events]
    page, write = pages[position], writes[position]
    distinct = _distinct_slots(mm, page)
    number = np.empty(len(mm.slot_table), np.int64)
    number[distinct] = np.arange(len(distinct))
    of_slot = number[page // PAGES_PER_SLOT]
    first = np.empty(len(distinct), np.int64)
    # Of several assignments to a place the last one stays.
    first[of_slot[::-1]] = np.arange(len(page))[::-1]
    slots = _inspect_slots(mm, distinct, rules)
    page_action, replaces = _page_actions(
        mm, slots, of_slot=of_slot, page=page, write=write, after_read=after_read
    )
    leads = np.zeros(len(page), np.bool_)
    leads[first] = True
    table_action = np.where(leads, slots.action[of_slot], TableAction.NONE).astype(np.uint8)
    # Below a table that is simply reused, an entry that was never protected does not fault again.
    faulting = (page_action != PageAction.NONE) | (table_action != TableAction.NONE)
    table_ns = np.zeros(len(page))
    table_ns[first] = settling_ns(mm, distinct, slots.action, rules)
    position, page, table_ns = position[faulting], page[faulting], table_ns[faulting]
    table_action, page_action = table_action[faulting], page_action[faulting]
    sequential, warm = in_cache(mm, page, table_action)
    cost_ns = faults_ns(rules, page_action, table_ns, sequential=sequential, warm=warm)
    return Faults(
        position,
        page,
        table_action,
        page_action,
        cost_ns,
        replaces[faulting],
        np.rint(table_ns).astype(np.int64),
    )


def apply(mm: AddressSpace, faults: Faults, rules: Rules) -> None:
    """Change the state as `faults` (of `classify`, in the same state) say.

    Any prefix may be applied; the rest of the batch is then to be classified anew.
    """
    if not len(faults):
        return
    leads = faults.table_action != TableAction.NONE
    settle(mm, faults.page[leads] // PAGES_PER_SLOT, faults.table_action[leads], rules)
    changed = faults.page[faults.page_action != PageAction.NONE]
    if len(changed):
        mm.memory.detach(mm.slot_table[_distinct_slots(mm, changed)])
    for action, change in CHANGES.items():
        pages = faults.with_page_action(action)
        if len(pages):
            change(mm, pages)
            writer.count_action(mm, action.counter, len(pages))
    writer.count_faults(mm, len(faults))
    remember(mm, faults.page, faults.table_action)


def _distinct_slots(mm: AddressSpace, pages: IntArray) -> IntArray:
    """The slots of `pages`, each once, ascending."""
    seen = np.zeros(len(mm.slot_table), np.bool_)
    seen[pages // PAGES_PER_SLOT] = True
    return np.flatnonzero(seen)


def _inspect_slots(mm: AddressSpace, slots: IntArray, rules: Rules) -> _Slots:
    tables = mm.slot_table[slots]
    mapped = tables != NO_TABLE
    content = np.full(len(slots), NO_TABLE, np.int64)
    content[mapped] = mm.memory.tables.content[tables[mapped]]
    action = settling_actions(mm, slots, rules)
    if not rules.sharing.copies_below_read_only:
        action[mapped & mm.in_read_only_areas(slots)] = TableAction.NONE
    return _Slots(content, action)


def _page_actions(
    mm: AddressSpace,
    slots: _Slots,
    *,
    of_slot: IntArray,
    page: IntArray,
    write: BoolArray,
    after_read: BoolArray,
) -> tuple[ActionArray, BoolArray]:
    """What faults do to pages, and whether each replaces a present entry."""
    contents = mm.memory.contents
    content, entry = slots.content[of_slot], page % PAGES_PER_SLOT
    if (slots.content != NO_TABLE).all():
        found = contents.entries(content, entry)
    else:
        where = np.flatnonzero(content != NO_TABLE)
        found = Entries(*np.zeros((3, len(page)), np.bool_))
        for of_all, of_mapped in zip(
            found, contents.entries(content[where], entry[where]), strict=True
        ):
            of_all[where] = of_mapped
    met = (
        *(each.view(np.uint8) for each in (write, *found, after_read)),
        backings(mm, page),
        slots.action[of_slot],
    )
    # One number for what is met is looked up several times faster than its seven.
    place = np.zeros(len(page), np.uint16)
    for each, many in zip(met, IF_EXCLUSIVE.shape, strict=True):
        place *= many
        place += each
    actions, alone = IF_MAPPED_ELSEWHERE.take(place), IF_EXCLUSIVE.take(place)
    unsure = np.flatnonzero(actions != alone)
    exclusive = unsure[contents.exclusive(content[unsure], entry[unsure])]
    actions[exclusive] = alone[exclusive]
    return actions, replaces(actions, found[0] | after_read)


def backings(mm: AddressSpace, pages: IntArray) -> ActionArray:
    """The `Backing` of each of `pages`."""
    of_areas = np.array([backing(vma) for vma in mm.vmas], np.uint8)
    if not of_areas.any():
        return np.zeros(len(pages), np.uint8)
    return of_areas[mm.vma_numbers(pages)]


def backing(vma: Vma) -> Backing:
    """What is behind an area."""
    if not vma.private:
        return Backing.SHARED
    return Backing.NOTHING if vma.file is None else Backing.FILE


def _entries_of(mm: AddressSpace, pages: IntArray) -> tuple[IntArray, IntArray]:
    """Content and entry of pages whose slots have a table."""
    contents = mm.memory.tables.content[mm.slot_table[pages // PAGES_PER_SLOT]]
    return contents, pages % PAGES_PER_SLOT


def _map_zero_pages(mm: AddressSpace, pages: IntArray) -> None:
    mm.memory.contents.map_zero(*_entries_of(mm, pages))


def _map_shared_pages(mm: AddressSpace, pages: IntArray) -> None:
    _map_pages_of_files(mm, pages, writable=True)


def _map_file_pages(mm: AddressSpace, pages: IntArray) -> None:
    _map_pages_of_files(mm, pages, writable=False)


def _map_pages_of_files(mm: AddressSpace, pages: IntArray, *, writable: bool) -> None:
    for file, offsets, inside in _by_file(mm, pages):
        nowhere = np.zeros(len(inside), np.bool_)
        frames = file.hold(offsets)
        entries = _entries_of(mm, inside)
        mm.memory.contents.map_frames(*entries, frames, nowhere, writable=writable)
    writer.account(mm, len(pages))


def _by_file(mm: AddressSpace, pages: IntArray) -> Iterator[tuple[File, IntArray, IntArray]]:
    """Of pages in areas of files: for each area its file, and which pages of it are where."""
    numbers = mm.vma_numbers(pages) if len(pages) else pages
    for number in np.unique(numbers):
        vma = mm.vmas[number]
        if vma.file is not None:
            inside = pages[numbers == number]
            yield vma.file, inside - vma.start_page + vma.offset, inside


def _copy_pages(mm: AddressSpace, pages: IntArray) -> None:
    # The origin of a page of a file that was not mapped yet is read into memory for the copy.
    for file, offsets, _ in _by_file(mm, pages):
        file.bring(offsets)
    entries = _entries_of(mm, pages)
    absent = int((mm.memory.contents.frames_at(*entries) == NO_FRAME).sum())
    frames, _ = mm.memory.frames.allocate(len(pages))
    # Frames that random faults take one by one come from all over the free lists.
    scattered = np.ones(len(pages), np.bool_)
    freed = mm.memory.contents.map_frames(*entries, frames, scattered)
    writer.account(mm, absent)
    writer.count(mm.memory, pages_freed=freed)
    mm.mark_written(pages)


def _reuse_pages(mm: AddressSpace, pages: IntArray) -> None:
    mm.memory.contents.allow_writes(*_entries_of(mm, pages))


def _fill_pages(mm: AddressSpace, pages: IntArray) -> None:
    frames, scattered = mm.memory.frames.allocate(len(pages))
    marks = spread_marks(np.array([scattered]), len(pages))[0]
    mm.memory.contents.map_frames(*_entries_of(mm, pages), frames, marks)
    writer.account(mm, len(pages))
    mm.mark_written(pages)


CHANGES = {
    PageAction.ZERO_MAP: _map_zero_pages,
    PageAction.SHARED_MAP: _map_shared_pages,
    PageAction.FILE_MAP: _map_file_pages,
    PageAction.COW_COPY: _copy_pages,
    PageAction.COW_REUSE: _reuse_pages,
    PageAction.ZERO_FILL: _fill_pages,
}
"""What each action changes, given pages that it happens to; in the order in which it is done."""
