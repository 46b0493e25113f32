"""What becomes of PTE tables when a process needs one of its own (mechanisms.md 3.2, 4.2, 6.3)."""

import numpy as np

from models.faults.actions import ActionArray, TableAction
from models.faults.prices import settling_ns
from models.faults.rules import RssAccounting, Rules, Sharing
from models.memory import one_entry
from models.memory import slots as writer
from models.memory.address_space import NO_TABLE, AddressSpace
from models.memory.entries import ENTRIES_PER_TABLE
from models.memory.tables import NOBODY
from sim.arrays import BoolArray, IntArray, run_of


def settling_actions(mm: AddressSpace, slots: IntArray, rules: Rules) -> ActionArray:
    """What a fault would do to the table of each of `slots` before it turns to the page."""
    tables = mm.slot_table[slots]
    mapped = tables != NO_TABLE
    none, writable, shared, alone = rules.sharing.settling
    action = np.where(mapped, writable, none).astype(np.uint8)
    closed = np.flatnonzero(mapped & ~mm.slot_writable[slots])
    references = mm.memory.tables.references[tables[closed]]
    action[closed] = np.where(references > 1, shared, alone)
    return action


def settle(mm: AddressSpace, slots: IntArray, actions: ActionArray, rules: Rules) -> None:
    """Do to the tables of distinct `slots` what `settling_actions` said."""
    for action, change in _CHANGES.items():
        chosen = slots[actions == action]
        if len(chosen):
            change(mm, chosen, rules.sharing)
            writer.count_action(mm, action.counter, len(chosen))
    synced = slots[actions == TableAction.SYNC]
    if len(synced):
        writer.count_action(mm, TableAction.SYNC.counter, len(synced))
        rules.hand_over(mm, synced)


def settling_action(mm: AddressSpace, slot: int, rules: Rules) -> TableAction:
    """The same of one slot."""
    none, writable, shared, alone = rules.sharing.settling
    table = mm.slot_table.item(slot)
    if table == NO_TABLE:
        return none
    if mm.slot_writable.item(slot):
        return writable
    return shared if mm.memory.tables.references.item(table) > 1 else alone


def settle_few(mm: AddressSpace, slots: list[int], action: TableAction, rules: Rules) -> None:
    """Do to the tables of a few distinct slots what `settling_action` said, of all the same."""
    contents, sharing = mm.memory.contents, rules.sharing
    owned = sharing.accounting is RssAccounting.OWNER
    if action is TableAction.ALLOC:
        for slot in slots:
            writer.put_table(mm, slot, one_entry.new_empty(contents))
    elif action is TableAction.COPY and not owned:
        for slot in slots:
            _copy_table(mm, slot, sharing)
    elif action is TableAction.REUSE and not owned:
        for slot in slots:
            writer.reopen(mm, slot)
    else:
        settle(mm, np.array(slots), np.full(len(slots), action, np.uint8), rules)
        return
    writer.count_action(mm, action.counter, len(slots))


def _copy_table(mm: AddressSpace, slot: int, sharing: Sharing) -> None:
    """As `_copy_tables`, where nobody owns tables."""
    memory = mm.memory
    contents, shared = memory.contents, mm.slot_table.item(slot)
    content = memory.tables.content.item(shared)
    if sharing.accounting is RssAccounting.COPIER:
        writer.account(mm, contents.present.item(content) - contents.zero.item(content))
    writer.leave(memory, shared)
    one_entry.share(contents, content)
    if not sharing.protects_both:
        content = one_entry.detach(contents, content)
    one_entry.protect(contents, content)
    writer.put_table(mm, slot, content)
    writer.count(memory, ptes_copied=contents.present.item(content))


def allocate_tables(mm: AddressSpace, slots: IntArray) -> None:
    """Give distinct empty slots a table without entries."""
    writer.put_tables(mm, slots, mm.memory.contents.new_empty(len(slots)))


def _allocate(mm: AddressSpace, slots: IntArray, _sharing: Sharing) -> None:
    allocate_tables(mm, slots)


def _copy_tables(mm: AddressSpace, slots: IntArray, sharing: Sharing) -> None:
    """Give distinct slots with shared tables a copy of their own ("break", "unshare").

    The entries are write-protected in both tables, as their pages are now mapped by both; or in the
    copy alone, if the rules never open the other table again.
    """
    memory = mm.memory
    contents = memory.contents
    shared = mm.slot_table[slots]
    content = memory.tables.content[shared]
    resident = contents.resident(content)
    _leave_accounts(mm, shared, resident, sharing)
    if sharing.accounting is not RssAccounting.VIEW:
        writer.account(mm, int(resident.sum()))
    writer.leave(memory, shared)
    if sharing.protects_both:
        contents.protect(content)
        contents.share(content)
    else:
        contents.share(content)
        content = contents.detach(content)
        contents.protect(content)
    writer.put_tables(mm, slots, content)
    writer.count(memory, ptes_copied=int(contents.present[content].sum()))


def _reuse_tables(mm: AddressSpace, slots: IntArray, sharing: Sharing) -> None:
    """Make slots writable again whose table nobody shares any more; its entries stay."""
    memory = mm.memory
    tables = mm.slot_table[slots]
    if sharing.accounting is RssAccounting.OWNER:
        foreign = memory.tables.owner[tables] != mm.number
        taken = memory.tables.content[tables[foreign]]
        writer.account(mm, memory.contents.resident_sum(taken))
        writer.count(memory, ptes_scanned=ENTRIES_PER_TABLE * len(taken))
        writer.disown(memory, tables)
    writer.reopen(mm, slots)


def _renew_tables(mm: AddressSpace, slots: IntArray, _sharing: Sharing) -> None:
    """Copy tables that nobody shares any more, and free them: their entries are protected.

    The copier adds the pages and, as the last to leave the old table, subtracts them.
    """
    memory = mm.memory
    old = mm.slot_table[slots]
    content = memory.tables.content[old]
    memory.contents.protect(content)
    writer.put_tables(mm, slots, content)
    writer.free(memory, old)
    entries = int(memory.contents.present[content].sum())
    writer.count(memory, ptes_copied=entries, ptes_zapped=entries)


_CHANGES = {
    TableAction.ALLOC: _allocate,
    TableAction.COPY: _copy_tables,
    TableAction.REUSE: _reuse_tables,
    TableAction.RENEW: _renew_tables,
}


def reuse(mm: AddressSpace, slots: IntArray, rules: Rules) -> None:
    """Make slots writable again, at least one, whose table nobody shares any more."""
    settle(mm, slots, np.full(len(slots), TableAction.REUSE, np.uint8), rules)


def copy_tables_to(parent: AddressSpace, child: AddressSpace, slots: IntArray) -> None:
    """Give a child a copy of the tables of distinct slots that are closed for it."""
    memory = parent.memory
    content = memory.tables.content[parent.slot_table[slots]]
    contents = run_of(content)
    memory.contents.protect(contents)
    memory.contents.share(contents)
    writer.put_tables(child, slots, content)
    writer.account(child, memory.contents.resident_sum(contents))
    writer.reopen(parent, slots)
    writer.count(memory, ptes_copied=int(memory.contents.present[contents].sum()))


def leave_tables(mm: AddressSpace, tables: IntArray, sharing: Sharing) -> None:
    """One slot of `mm` less points at each of some shared tables."""
    if not len(tables):
        return
    resident = mm.memory.contents.resident(mm.memory.tables.content[tables])
    _leave_accounts(mm, tables, resident, sharing)
    if sharing.accounting is RssAccounting.VIEW:
        writer.account(mm, -int(resident.sum()))
    writer.leave(mm.memory, tables)


def _leave_accounts(
    mm: AddressSpace, tables: IntArray, resident: IntArray, sharing: Sharing
) -> None:
    """The owner of some shared tables stops accounting for their pages."""
    if sharing.accounting is not RssAccounting.OWNER:
        return
    owned: BoolArray = mm.memory.tables.owner[tables] == mm.number
    writer.account(mm, -int(resident[owned].sum()))
    writer.count(mm.memory, ptes_scanned=ENTRIES_PER_TABLE * int(owned.sum()))
    writer.disown(mm.memory, tables[owned], NOBODY)


def make_own(mm: AddressSpace, slots: IntArray, rules: Rules) -> int:
    """Settle the tables of slots as a fault would: copy them if shared; the cost in ns."""
    closed = slots[(mm.slot_table[slots] != NO_TABLE) & ~mm.slot_writable[slots]]
    if not len(closed):
        return 0
    actions = settling_actions(mm, closed, rules)
    own_ns = settling_ns(mm, closed, actions, rules)
    settle(mm, closed, actions, rules)
    return round(float(own_ns.sum()))
