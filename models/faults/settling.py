"""What becomes of PTE tables when a process needs one of its own (mechanisms.md 3.2, 4.2, 6.3)."""

import numpy as np

from models.costs.laws import Costs
from models.faults.actions import ActionArray, TableAction
from models.faults.prices import settling_ns
from models.faults.rules import RssAccounting, Sharing
from models.memory.address_space import NO_TABLE, AddressSpace
from models.memory.entries import ENTRIES_PER_TABLE
from models.memory.tables import NOBODY
from sim.arrays import BoolArray, IntArray, run_of


def settling_actions(mm: AddressSpace, slots: IntArray, sharing: Sharing) -> ActionArray:
    """What a fault would do to the table of each of `slots` before it turns to the page."""
    tables = mm.slot_table[slots]
    mapped = tables != NO_TABLE
    action = np.where(mapped, TableAction.NONE, TableAction.ALLOC).astype(np.uint8)
    closed = np.flatnonzero(mapped & ~mm.slot_writable[slots])
    references = mm.memory.tables.references[tables[closed]]
    action[closed] = np.where(references > 1, TableAction.COPY, sharing.last_sharer)
    return action


def settle(mm: AddressSpace, slots: IntArray, actions: ActionArray, sharing: Sharing) -> None:
    """Do to the tables of distinct `slots` what `settling_actions` said."""
    allocate_tables(mm, slots[actions == TableAction.ALLOC])
    for action, change in (
        (TableAction.COPY, copy_tables),
        (TableAction.REUSE, reuse_tables),
        (TableAction.RENEW, renew_tables),
    ):
        chosen = slots[actions == action]
        if len(chosen):
            change(mm, chosen, sharing)
    sync_tables(mm, slots[actions == TableAction.SYNC])


def allocate_tables(mm: AddressSpace, slots: IntArray) -> None:
    """Give distinct empty slots a table without entries."""
    if not len(slots):
        return
    memory = mm.memory
    mm.slot_table[slots] = memory.tables.new(memory.contents.new_empty(len(slots)))
    mm.slot_writable[slots] = True
    memory.counts.tables_alloc += len(slots)


def copy_tables(mm: AddressSpace, slots: IntArray, sharing: Sharing) -> None:
    """Give distinct slots with shared tables a copy of their own ("break", "unshare").

    The entries are write-protected in both tables, as their pages are now mapped by both; or in the
    copy alone, if the rules never open the other table again.
    """
    memory = mm.memory
    tables, contents = memory.tables, memory.contents
    shared = mm.slot_table[slots]
    content = tables.content[shared]
    resident = contents.resident(content)
    _leave_accounts(mm, shared, resident, sharing)
    if sharing.accounting is not RssAccounting.VIEW:
        mm.accounted_pages += int(resident.sum())
    tables.references[shared] -= 1
    if sharing.protects_both:
        contents.protect(content)
        contents.share(content)
    else:
        contents.share(content)
        content = contents.detach(content)
        contents.protect(content)
    mm.slot_table[slots] = tables.new(content)
    mm.slot_writable[slots] = True
    count = memory.counts
    count.tables_copied += len(slots)
    count.tables_alloc += len(slots)
    count.ptes_copied += int(contents.present[content].sum())


def reuse_tables(mm: AddressSpace, slots: IntArray, sharing: Sharing) -> None:
    """Make slots writable again whose table nobody shares any more; its entries stay."""
    memory = mm.memory
    tables = mm.slot_table[slots]
    if sharing.accounting is RssAccounting.OWNER:
        foreign = memory.tables.owner[tables] != mm.number
        taken = memory.tables.content[tables[foreign]]
        mm.accounted_pages += memory.contents.resident_sum(taken)
        memory.counts.ptes_scanned += ENTRIES_PER_TABLE * len(taken)
        memory.tables.owner[tables] = NOBODY
    mm.slot_writable[slots] = True
    memory.counts.tables_reused += len(slots)


def renew_tables(mm: AddressSpace, slots: IntArray, sharing: Sharing) -> None:
    """Copy tables that nobody shares any more, and free them: their entries are protected."""
    del sharing  # the copier adds the pages and, as the last to leave the old table, subtracts them
    memory = mm.memory
    old = mm.slot_table[slots]
    content = memory.tables.content[old]
    memory.contents.protect(content)
    mm.slot_table[slots] = memory.tables.new(content)
    memory.tables.free(old)
    mm.slot_writable[slots] = True
    entries = int(memory.contents.present[content].sum())
    count_tables = memory.counts
    count_tables.tables_copied += len(slots)
    count_tables.tables_alloc += len(slots)
    count_tables.tables_freed += len(slots)
    count_tables.ptes_copied += entries
    count_tables.ptes_zapped += entries


def sync_tables(parent: AddressSpace, slots: IntArray) -> None:
    """Copy tables for the child that they are owed to, as a classic fork does."""
    if not len(slots):
        return
    parent.memory.counts.tables_synced += len(slots)
    copy_for_child(parent, slots)


def copy_for_child(parent: AddressSpace, slots: IntArray) -> None:
    """Give the child that the tables of distinct `slots` are owed to a copy of each."""
    child, memory = parent.tables_for, parent.memory
    if child is None:
        raise AssertionError("no child waits for these tables")
    content = memory.tables.content[parent.slot_table[slots]]
    contents = run_of(content)
    memory.contents.protect(contents)
    memory.contents.share(contents)
    child.slot_table[slots] = memory.tables.new(content)
    child.accounted_pages += memory.contents.resident_sum(contents)
    parent.slot_writable[slots] = True
    memory.counts.tables_alloc += len(slots)
    memory.counts.ptes_copied += int(memory.contents.present[contents].sum())


def leave_tables(mm: AddressSpace, tables: IntArray, sharing: Sharing) -> None:
    """One slot of `mm` less points at each of some shared tables."""
    resident = mm.memory.contents.resident(mm.memory.tables.content[tables])
    _leave_accounts(mm, tables, resident, sharing)
    if sharing.accounting is RssAccounting.VIEW:
        mm.accounted_pages -= int(resident.sum())
    mm.memory.tables.references[tables] -= 1


def _leave_accounts(
    mm: AddressSpace, tables: IntArray, resident: IntArray, sharing: Sharing
) -> None:
    """The owner of some shared tables stops accounting for their pages."""
    if sharing.accounting is not RssAccounting.OWNER:
        return
    owned: BoolArray = mm.memory.tables.owner[tables] == mm.number
    mm.accounted_pages -= int(resident[owned].sum())
    mm.memory.counts.ptes_scanned += ENTRIES_PER_TABLE * int(owned.sum())
    mm.memory.tables.owner[tables[owned]] = NOBODY


def make_own(mm: AddressSpace, slots: IntArray, costs: Costs, sharing: Sharing) -> int:
    """Settle the tables of slots as a fault would: copy them if shared; the cost in ns."""
    closed = slots[(mm.slot_table[slots] != NO_TABLE) & ~mm.slot_writable[slots]]
    if not len(closed):
        return 0
    actions = settling_actions(mm, closed, sharing)
    own_ns = settling_ns(mm, closed, actions, costs, sharing)
    settle(mm, closed, actions, sharing)
    return round(float(own_ns.sum()))
