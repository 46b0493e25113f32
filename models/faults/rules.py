"""The rules of a kernel: what things cost, and what it does about tables that are shared.

A slot whose table is shared, or was and has not been settled since, has no write permission. What
else differs between the forks that share tables is said here (mechanisms.md 3, 4, 6 and 10).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from functools import cached_property

import numpy as np

from models.costs.laws import Costs
from models.faults.actions import PageAction, TableAction
from models.memory.address_space import AddressSpace
from sim.arrays import FloatArray, IntArray


class RssAccounting(Enum):
    """Which processes count the pages below a shared table as resident (their RSS)."""

    VIEW = "every process that sees them"
    COPIER = "whoever copies the table adds them; only the last to leave a table subtracts them"
    OWNER = "the one owner of the table, until it copies or leaves it"


@dataclass(frozen=True)
class Sharing:
    """The rules for slots without write permission.

    Attributes:
        last_sharer: What a fault does to a table that this slot alone points at: `REUSE`, `RENEW`,
            or, where such tables are owed to a child, `SYNC`.
        accounting: Whose RSS the pages below a shared table are part of.
        scans_left: Leaving a shared table reads all its entries, as exit and munmap do.
        copies_below_read_only: A fault in an area without write permission settles the table as
            any other; else it maps into the shared table.
        protect_settles: mprotect settles the tables that it changes; else it leaves shared ones.
        flushes: Copying a table flushes the TLB of every core that runs the process.
        protects_both: A table and its copy are both write-protected; else the copy alone, and the
            other must never be reused (mechanisms.md N1).
        closes_read_only: Fork takes the write permission of slots below read-only areas too
            (mechanisms.md B1).
        cuts_before_zap: Removing a part of what a shared table maps copies the table first
            (mechanisms.md D3).
    """

    last_sharer: TableAction = TableAction.REUSE
    accounting: RssAccounting = RssAccounting.VIEW
    scans_left: bool = True
    copies_below_read_only: bool = True
    protect_settles: bool = True
    flushes: bool = False
    protects_both: bool = True
    closes_read_only: bool = True
    cuts_before_zap: bool = True

    @cached_property
    def settling(self) -> tuple[TableAction, ...]:
        """What a fault does first to the table of a slot.

        If there is none; if the slot is writable; if it is not and others point at the table too;
        if it is not and nobody else does.
        """
        return TableAction.ALLOC, TableAction.NONE, TableAction.COPY, self.last_sharer


UNSHARED = Sharing()
"""For schemes that never share a table: nothing of it applies."""


def _to_nobody(mm: AddressSpace, slots: IntArray) -> None:
    raise AssertionError("no child waits for these tables")


@dataclass(frozen=True, eq=False)
class Rules:
    """The rules of one kernel.

    Attributes:
        costs: What its work costs on a machine.
        sharing: What it does about shared tables.
        hand_over: Copies the tables of some slots for the child that they are owed to (`SYNC`).
    """

    costs: Costs
    sharing: Sharing = UNSHARED
    hand_over: Callable[[AddressSpace, IntArray], None] = _to_nobody

    @cached_property
    def page_action_ns(self) -> FloatArray:
        """The price of each `PageAction`, shape (actions, 2, 2).

        The second axis is whether the fault before was that of the page before, the third whether
        the table above was copied and no other has been since.
        """
        costs, copy = self.costs, PageAction.COW_COPY
        prices = [action.row.price for action in PageAction]
        alone_ns = np.array([getattr(costs, price) if price else 0.0 for price in prices])
        by_cache = np.tile(alone_ns[:, np.newaxis, np.newaxis], (1, 2, 2))
        by_cache[copy, 1] = costs.fault_copy_sequential_ns
        by_cache[copy, :, 1] -= costs.struct_page_miss_ns
        prices_ns: FloatArray = np.maximum(by_cache, 0.0)
        return prices_ns
