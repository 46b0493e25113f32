"""What faults cost, by what they find in cache."""

from __future__ import annotations

from typing import Generic, NamedTuple

import numpy as np

from models.costs.laws import Amount
from models.faults.actions import COPIES_TABLE, ActionArray, PageAction, TableAction
from models.faults.rules import RssAccounting, Rules
from models.memory.address_space import AddressSpace
from models.memory.areas import PAGES_PER_SLOT
from sim.arrays import BoolArray, FloatArray, IntArray


class TableEntries(NamedTuple, Generic[Amount]):
    """What there is in a table; of several tables an array each.

    Attributes:
        tables: 1.
        present: Present entries.
        zero: Those of them that map the zero page.
        writable: Those of them that allow writes.
        scattered: Those of them whose frame is scattered.
    """

    tables: Amount
    present: Amount
    zero: Amount
    writable: Amount
    scattered: Amount


def in_cache(
    mm: AddressSpace, page: IntArray, table_action: ActionArray
) -> tuple[BoolArray, BoolArray]:
    """What faults find in cache, in the order in which they are raised.

    Returns:
        Whether each is sequential: the fault before was that of the page before; and warm: below
        the table that was copied last, the fault that copied it excepted.
    """
    slot = page // PAGES_PER_SLOT
    copies = COPIES_TABLE[table_action]
    sequential: BoolArray = page == np.concatenate(([mm.last_fault_page], page[:-1])) + 1
    # By the number of tables copied up to each fault; 0 is the one copied before the batch.
    copied = np.concatenate(([mm.last_copied_slot], slot[copies]))
    warm: BoolArray = (copied[np.cumsum(copies)] == slot) & ~copies
    return sequential, warm


def remember(mm: AddressSpace, page: IntArray, table_action: ActionArray) -> None:
    """Where faults (at least one, in order) were handled last: what `in_cache` goes by."""
    mm.last_fault_page = int(page[-1])
    copied = np.flatnonzero(COPIES_TABLE[table_action])
    if len(copied):
        mm.last_copied_slot = int(page[copied[-1]]) // PAGES_PER_SLOT


def settling_ns(
    mm: AddressSpace, slots: IntArray, actions: ActionArray, rules: Rules
) -> FloatArray:
    """What settling the tables of `slots` costs (`models.faults.settling`); not rounded."""
    table_ns = np.zeros(len(slots))
    for action in _PRICED:
        chosen = np.flatnonzero(actions == action)
        if len(chosen):
            tables = mm.slot_table[slots[chosen]]
            own = (mm.memory.tables.owner[tables] == mm.number).astype(np.float64)
            table_ns[chosen] = action_ns(action, _entries_of(mm, tables), own, rules)
    return table_ns


_PRICED = (TableAction.COPY, TableAction.REUSE, TableAction.RENEW, TableAction.SYNC)


def action_ns(
    action: TableAction, table: TableEntries[Amount], own: Amount, rules: Rules
) -> Amount:
    """What settling a table, or each of some tables, costs; not rounded.

    Args:
        action: One of `_PRICED`.
        table: What is in it.
        own: 1 if the process that settles it is the one that accounts for it, else 0.
        rules: The kernel's.
    """
    costs, sharing = rules.costs, rules.sharing
    if action is TableAction.SYNC:
        return _copy_ns(table, rules)
    if action is TableAction.REUSE:
        table_ns = table.tables * costs.fault_table_reuse_ns
        read = 1 - own
    else:
        table_ns = _copy_ns(table, rules, protects=sharing.protects_both)
        table_ns = table_ns + costs.tlb_flush_ns * sharing.flushes
        read = own
    if action is TableAction.RENEW:
        # Entries are removed right after they were copied: every struct page is in cache.
        atomics_ns = costs.exit_entry_ns - costs.exit_scan_entry_ns
        table_ns = table_ns + atomics_ns * (table.present - table.zero)
    if sharing.accounting is RssAccounting.OWNER:
        table_ns = table_ns + read * _scan_ns(table, rules)
    return table_ns


def table_copies_ns(mm: AddressSpace, slots: IntArray, rules: Rules) -> FloatArray:
    """What copying the tables of `slots`, each of which has one, would cost; not rounded."""
    return _copy_ns(_entries_of(mm, mm.slot_table[slots]), rules)


def scans_ns(mm: AddressSpace, tables: IntArray, rules: Rules) -> FloatArray:
    """What reading every entry of some tables, and its struct page, costs; not rounded."""
    return _scan_ns(_entries_of(mm, tables), rules)


def _entries_of(mm: AddressSpace, tables: IntArray) -> TableEntries[FloatArray]:
    contents = mm.memory.contents
    content = mm.memory.tables.content[tables]
    return TableEntries(
        np.ones(len(tables)),
        *(
            column[content].astype(np.float64)
            for column in (contents.present, contents.zero, contents.writable, contents.scattered)
        ),
    )


def _copy_ns(table: TableEntries[Amount], rules: Rules, *, protects: bool = True) -> Amount:
    """What copying tables costs; `protects`: the entries of the origin are write-protected too."""
    return rules.costs.tables_ns(
        tables=table.tables,
        present=table.present,
        zero=table.zero,
        writable=table.writable * protects,
        scattered=table.scattered,
    )


def _scan_ns(table: TableEntries[Amount], rules: Rules) -> Amount:
    return rules.costs.scan_ns(
        tables=table.tables, present=table.present, zero=table.zero, scattered=table.scattered
    )


def faults_ns(
    rules: Rules,
    page_actions: ActionArray,
    table_ns: FloatArray | float = 0.0,
    *,
    sequential: BoolArray | bool = False,
    warm: BoolArray | bool = False,
) -> IntArray:
    """The cost of faults.

    Args:
        rules: The kernel's.
        page_actions: A `PageAction` each.
        table_ns: What each pays for its table besides (not rounded).
        sequential: Whether the fault before was that of the page before.
        warm: Whether the table above was copied and no other has been since.
    """
    cache = np.asarray(sequential, np.uint8), np.asarray(warm, np.uint8)
    return np.rint(rules.page_action_ns[page_actions, *cache] + table_ns).astype(np.int64)


def fault_ns(
    rules: Rules, action: PageAction, table_ns: float, *, sequential: bool, warm: bool
) -> int:
    """The cost of one fault; arguments as of `faults_ns`."""
    return round(rules.page_action_ns.item(action, int(sequential), int(warm)) + table_ns)
