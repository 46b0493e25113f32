"""What faults cost, by what they find in cache."""

from __future__ import annotations

import numpy as np

from models.faults.actions import ActionArray, PageAction, TableAction
from models.faults.rules import RssAccounting, Rules
from models.memory.address_space import AddressSpace
from models.memory.areas import PAGES_PER_SLOT
from sim.arrays import BoolArray, FloatArray, IntArray

_COPYING = (TableAction.COPY, TableAction.RENEW, TableAction.SYNC)


def in_cache(
    mm: AddressSpace, page: IntArray, table_action: ActionArray
) -> tuple[BoolArray, BoolArray]:
    """What faults find in cache, in the order in which they are raised.

    Returns:
        Whether each is sequential: the fault before was that of the page before; and warm: below
        the table that was copied last, the fault that copied it excepted.
    """
    slot = page // PAGES_PER_SLOT
    copies = _copies_table(table_action)
    sequential: BoolArray = page == np.concatenate(([mm.last_fault_page], page[:-1])) + 1
    # By the number of tables copied up to each fault; 0 is the one copied before the batch.
    copied = np.concatenate(([mm.last_copied_slot], slot[copies]))
    warm: BoolArray = (copied[np.cumsum(copies)] == slot) & ~copies
    return sequential, warm


def remember(mm: AddressSpace, page: IntArray, table_action: ActionArray) -> None:
    """Where faults (at least one, in order) were handled last: what `in_cache` goes by."""
    mm.last_fault_page = int(page[-1])
    copied = np.flatnonzero(_copies_table(table_action))
    if len(copied):
        mm.last_copied_slot = int(page[copied[-1]]) // PAGES_PER_SLOT


def _copies_table(table_action: ActionArray) -> BoolArray:
    """Whether each fault has read every struct page below its table."""
    copies: BoolArray = np.isin(table_action, _COPYING)
    return copies


def settling_ns(
    mm: AddressSpace, slots: IntArray, actions: ActionArray, rules: Rules
) -> FloatArray:
    """What settling the tables of `slots` costs (`models.faults.settling`); not rounded."""
    costs, sharing = rules.costs, rules.sharing
    table_ns = np.zeros(len(slots))
    copied = (actions == TableAction.COPY) | (actions == TableAction.RENEW)
    synced = actions == TableAction.SYNC
    reused = actions == TableAction.REUSE
    if copied.any():
        protects = sharing.protects_both
        table_ns[copied] = table_copies_ns(mm, slots[copied], rules, protects=protects)
        table_ns[copied] += costs.tlb_flush_ns * sharing.flushes
    if synced.any():
        table_ns[synced] = table_copies_ns(mm, slots[synced], rules)
    table_ns[reused] = costs.fault_table_reuse_ns
    renewed = actions == TableAction.RENEW
    if renewed.any():
        table_ns[renewed] += _second_pass_ns(mm, slots[renewed], rules)
    if sharing.accounting is RssAccounting.OWNER and (copied | reused).any():
        own = mm.memory.tables.owner[mm.slot_table[slots]] == mm.number
        scanned = (copied & own) | (reused & ~own)
        table_ns[scanned] += scans_ns(mm, mm.slot_table[slots[scanned]], rules)
    return table_ns


def table_copies_ns(
    mm: AddressSpace, slots: IntArray, rules: Rules, *, protects: bool = True
) -> FloatArray:
    """What copying the tables of `slots`, each of which has one, would cost; not rounded.

    Args:
        mm: The address space.
        slots: Which slots.
        rules: The kernel's.
        protects: Whether the entries of the origin are write-protected too.
    """
    content = mm.memory.tables.content[mm.slot_table[slots]]
    contents = mm.memory.contents
    return rules.costs.tables_ns(
        tables=np.ones(len(slots)),
        present=contents.present[content].astype(np.float64),
        zero=contents.zero[content].astype(np.float64),
        writable=contents.writable[content].astype(np.float64) * protects,
        scattered=contents.scattered[content].astype(np.float64),
    )


def scans_ns(mm: AddressSpace, tables: IntArray, rules: Rules) -> FloatArray:
    """What reading every entry of some tables, and its struct page, costs; not rounded."""
    contents = mm.memory.contents
    content = mm.memory.tables.content[tables]
    return rules.costs.scan_ns(
        tables=np.ones(len(tables)),
        present=contents.present[content].astype(np.float64),
        zero=contents.zero[content].astype(np.float64),
        scattered=contents.scattered[content].astype(np.float64),
    )


def _second_pass_ns(mm: AddressSpace, slots: IntArray, rules: Rules) -> FloatArray:
    """What removing entries right after they were copied costs: every struct page is in cache."""
    costs = rules.costs
    content = mm.memory.tables.content[mm.slot_table[slots]]
    atomics_ns = costs.exit_entry_ns - costs.exit_scan_entry_ns
    return atomics_ns * mm.memory.contents.resident(content).astype(np.float64)


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
    page_ns = rules.page_action_ns[page_actions]
    copies = page_actions == PageAction.COW_COPY
    page_ns[copies & sequential] = rules.costs.fault_copy_sequential_ns
    page_ns[copies & warm] -= rules.costs.struct_page_miss_ns
    return np.rint(np.maximum(page_ns, 0.0) + table_ns).astype(np.int64)
