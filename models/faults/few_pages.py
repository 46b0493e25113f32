"""Page faults of a few accesses to 4 KiB entries: as `models.faults.small_pages`, without arrays.

Both go by the same tables of actions and prices; arrays are worth their trouble from some dozens of
accesses on, and most questions of threads, children and single requests are about one or two.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from models.faults.actions import (
    COPIES_TABLE,
    IF_EXCLUSIVE,
    IF_MAPPED_ELSEWHERE,
    PageAction,
    TableAction,
)
from models.faults.batch import Faults
from models.faults.prices import TableEntries, action_ns, fault_ns
from models.faults.rules import Rules
from models.faults.settling import settle_few, settling_action
from models.faults.small_pages import CHANGES, backing
from models.memory import one_entry
from models.memory import slots as writer
from models.memory.address_space import NO_TABLE, AddressSpace
from models.memory.areas import PAGES_PER_SLOT
from models.memory.frame_stock import spread_marks
from models.memory.one_entry import Entry

FEW = 32
"""Up to so many accesses, or faults, are resolved one by one."""

_NOTHING = Entry(present=False, zero=False, writable=False)
_COPIES_TABLE = COPIES_TABLE.tolist()
_TABLE_ACTIONS, _PAGE_ACTIONS = tuple(TableAction), tuple(PageAction)
_UNPRICED = (TableAction.NONE, TableAction.ALLOC)


def faulting(mm: AddressSpace, pages: list[int], writes: list[bool]) -> list[int]:
    """Which of some accesses fault in the present state, as `candidates.candidates`.

    Holds for huge pages too: what no access faults at is no fault whatever the pages are.
    """
    memory = mm.memory
    table_of, is_open = mm.slot_table.item, mm.slot_writable.item
    content_of = memory.tables.content.item
    writable, present = memory.contents.writable.item, memory.contents.present.item
    found = []
    for position, (page, write) in enumerate(zip(pages, writes, strict=True)):
        slot = page // PAGES_PER_SLOT
        table = table_of(slot)
        if table != NO_TABLE and (not write or is_open(slot)):
            content = content_of(table)
            allowing = writable(content) if write else present(content)
            if allowing == PAGES_PER_SLOT:
                continue
            entry = page % PAGES_PER_SLOT
            if allowing and (
                one_entry.is_writable(memory.contents, content, entry)
                if write
                else one_entry.flags_of(memory.contents, content, entry)
            ):
                continue
        found.append(position)
    return found


def classify(mm: AddressSpace, pages: list[int], writes: list[bool], rules: Rules) -> Faults:
    """The faults that accesses raise, one after the other; see `small_pages.classify`."""
    able = faulting(mm, pages, writes)
    if not able:
        return Faults.none()
    raised = _Raised(mm, rules)
    accessed: dict[int, bool] = {}
    for position in able:
        page, write = pages[position], writes[position]
        before = accessed.get(page)
        # The first write of a page, or a first read before it, settles it.
        if before is None or (write and not before):
            accessed[page] = write
            raised.meet(position, page, write=write, after_read=before is not None)
    return raised.faults()


class _Raised:
    """The faults of a batch, found one after the other."""

    def __init__(self, mm: AddressSpace, rules: Rules) -> None:
        self._mm = mm
        self._rules = rules
        self._slots: dict[int, TableAction] = {}
        self._last_page, self._copied_slot = mm.last_fault_page, mm.last_copied_slot
        self._rows: list[tuple[int, int, int, int, int, bool, int]] = []

    def meet(self, position: int, page: int, *, write: bool, after_read: bool) -> None:
        """An access that may fault; the first of its kind to its page."""
        mm, rules = self._mm, self._rules
        contents = mm.memory.contents
        slot, at = divmod(page, PAGES_PER_SLOT)
        table = mm.slot_table.item(slot)
        content = NO_TABLE if table == NO_TABLE else mm.memory.tables.content.item(table)
        leads = slot not in self._slots
        if leads:
            self._slots[slot] = self._settling(slot, table)
        settles = self._slots[slot]
        entry = _NOTHING if content == NO_TABLE else one_entry.entry_of(contents, content, at)
        vma = mm.area_of(page)
        behind = 0 if vma is None else backing(vma)
        found = tuple(map(int, (write, *entry, after_read, behind, settles)))
        action = IF_MAPPED_ELSEWHERE.item(found)
        alone = IF_EXCLUSIVE.item(found)
        if action != alone and one_entry.is_exclusive(contents, content, at):
            action = alone
        table_action = settles if leads else TableAction.NONE
        # Below a table that is simply reused, an entry never protected does not fault again.
        if not action and not table_action:
            return
        copies = _COPIES_TABLE[table_action]
        table_ns = self._table_ns(table, content, table_action)
        cost_ns = fault_ns(
            rules,
            _PAGE_ACTIONS[action],
            table_ns,
            sequential=page == self._last_page + 1,
            warm=slot == self._copied_slot and not copies,
        )
        self._last_page = page
        if copies:
            self._copied_slot = slot
        replaces = (entry.present or after_read) and _PAGE_ACTIONS[action].row.replaces
        row = (position, page, table_action, action, cost_ns, replaces, round(table_ns))
        self._rows.append(row)

    def faults(self) -> Faults:
        """What was found."""
        if not self._rows:
            return Faults.none()
        position, page, table_action, action, cost_ns, replaces, table_ns = zip(
            *self._rows, strict=True
        )
        return Faults(
            np.array(position, np.int64),
            np.array(page, np.int64),
            np.array(table_action, np.uint8),
            np.array(action, np.uint8),
            np.array(cost_ns, np.int64),
            np.array(replaces, np.bool_),
            np.array(table_ns, np.int64),
        )

    def _settling(self, slot: int, table: int) -> TableAction:
        """What the first fault of a slot does to its table."""
        kept = table != NO_TABLE and not self._rules.sharing.copies_below_read_only
        if kept and self._mm.in_read_only_areas(np.array([slot]))[0]:
            return TableAction.NONE
        return settling_action(self._mm, slot, self._rules)

    def _table_ns(self, table: int, content: int, action: TableAction) -> float:
        if action in _UNPRICED:
            return 0.0
        memory = self._mm.memory
        contents = memory.contents
        entries = TableEntries(
            1.0,
            float(contents.present.item(content)),
            float(contents.zero.item(content)),
            float(contents.writable.item(content)),
            float(contents.scattered.item(content)),
        )
        own = float(memory.tables.owner.item(table) == self._mm.number)
        return action_ns(action, entries, own, self._rules)


class _OwnEntry(NamedTuple):
    """A page of a table that its process has to itself."""

    page: int
    content: int
    position: int


def apply(mm: AddressSpace, faults: Faults, rules: Rules) -> None:
    """Change the state as a few faults say; see `small_pages.apply`."""
    pages = faults.page.tolist()
    settled: dict[int, list[int]] = {}
    places: dict[int, list[_OwnEntry]] = {}
    for page, action in zip(pages, faults.table_action.tolist(), strict=True):
        if action:
            settled.setdefault(action, []).append(page // PAGES_PER_SLOT)
            if _COPIES_TABLE[action]:
                mm.last_copied_slot = page // PAGES_PER_SLOT
    for action in sorted(settled):
        settle_few(mm, settled[action], _TABLE_ACTIONS[action], rules)
    detached: dict[int, int] = {}
    changed = sorted(zip(pages, faults.page_action.tolist(), strict=True))
    for page, action in changed:
        if action:
            slot, position = divmod(page, PAGES_PER_SLOT)
            if slot not in detached:
                detached[slot] = _detach(mm, slot)
            place = _OwnEntry(page, detached[slot], position)
            places.setdefault(action, []).append(place)
    for action in sorted(places, key=_ORDER.__getitem__):
        _change(mm, _PAGE_ACTIONS[action], places[action])
    writer.count_faults(mm, len(pages))
    mm.last_fault_page = pages[-1]


_ORDER = {int(action): number for number, action in enumerate(CHANGES)}


def _detach(mm: AddressSpace, slot: int) -> int:
    """Give a slot's table explicit entries of its own; its content."""
    memory, table = mm.memory, mm.slot_table.item(slot)
    content = memory.tables.content.item(table)
    own = one_entry.detach(memory.contents, content)
    if own != content:
        writer.rewrite(memory, table, own)
    return own


def _change(mm: AddressSpace, action: PageAction, places: list[_OwnEntry]) -> None:
    pages = np.array([place.page for place in places])
    anonymous = all(vma.file is None for vma in mm.vmas)
    if action is PageAction.COW_REUSE:
        for place in places:
            one_entry.allow_writes(mm.memory.contents, place.content, place.position)
    elif action is PageAction.ZERO_MAP:
        for place in places:
            one_entry.map_zero(mm.memory.contents, place.content, place.position)
    elif action is PageAction.COW_COPY and anonymous:
        # Frames that random faults take one by one come from all over the free lists.
        _map_new_frames(mm, places, [True] * len(places))
        mm.mark_written(pages)
    elif action is PageAction.ZERO_FILL:
        marked = mm.memory.frames.stock.scattered_next(len(places))
        marks = spread_marks(np.array([marked]), len(places))[0]
        _map_new_frames(mm, places, marks.tolist())
        mm.mark_written(pages)
        writer.account(mm, len(places))
    else:
        CHANGES[action](mm, pages)
    writer.count_action(mm, action.counter, len(places))


def _map_new_frames(mm: AddressSpace, places: list[_OwnEntry], scattered: list[bool]) -> None:
    frames, contents, freed = mm.memory.frames, mm.memory.contents, 0
    # All are taken before any is given back.
    taken = [frames.take_one() for _ in places]
    for place, frame, mark in zip(places, taken, scattered, strict=True):
        freed += one_entry.map_frame(contents, place.content, place.position, frame, scattered=mark)
    writer.count(mm.memory, pages_freed=freed)
