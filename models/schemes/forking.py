"""What a fork makes of the parent's tables: copies of them, or sharers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, TypeAlias

from models.faults.prices import scans_ns
from models.faults.rules import RssAccounting, Rules
from models.memory import slots as writer
from models.memory.address_space import AddressSpace
from models.memory.entries import ENTRIES_PER_TABLE
from models.memory.tables import NOBODY
from models.operations.causes import FORK
from models.operations.copying import ForkWork, copied_slots, copy_surveyed, survey
from models.operations.steps import Operation, Work
from models.schemes.pages import SmallPages
from sim.arrays import BoolArray, IntArray, run_of

Division: TypeAlias = Callable[[AddressSpace], tuple[IntArray, IntArray]]
"""Of the slots in which fork has something to do: one kind, and the rest, both ascending."""


class Forking(Protocol):
    """The part of a fork that the parent's lock is held for."""

    def fork_ns(self, parent: AddressSpace) -> int:
        """What a fork in the present state would cost; changes nothing."""

    def make_child(self, parent: AddressSpace) -> Operation[AddressSpace]:
        """Work for as long as the fork takes, then make and return the child."""


class CopyTables:
    """Copy every table and share every page (classic fork).

    Args:
        rules: The kernel's.
        pages: What memory is made of.
    """

    def __init__(self, rules: Rules, pages: SmallPages) -> None:
        self.rules = rules
        self.pages = pages

    def fork_ns(self, parent: AddressSpace) -> int:
        """See `Forking.fork_ns`."""
        return self.price_ns(parent, survey(parent, copied_slots(parent)))

    def make_child(self, parent: AddressSpace) -> Operation[AddressSpace]:
        """See `Forking.make_child`; what is copied is what was found when the lock was taken."""
        work = survey(parent, copied_slots(parent))
        yield Work(self.price_ns(parent, work), "fork", FORK)
        child = parent.fork_layout()
        self.pages.copy(parent, child, work)
        return child

    def price_ns(self, parent: AddressSpace, work: ForkWork) -> int:
        """What copying `work` costs."""
        return self.pages.copy_ns(parent, work, self.rules)


class ShareTables:
    """Share some tables by reference count and copy the others (On-demand-fork).

    The price is that of the state found at first; what is shared is what is there at the end.

    Args:
        rules: The kernel's.
        divided: Which slots' tables are shared, and which are copied.
    """

    def __init__(self, rules: Rules, divided: Division) -> None:
        self.rules = rules
        self.divided = divided

    def fork_ns(self, parent: AddressSpace) -> int:
        """See `Forking.fork_ns`."""
        shared, rest = self.divided(parent)
        costs = self.rules.costs
        tables = parent.slot_table[run_of(shared)]
        scattered = int(parent.memory.tables.scattered[run_of(tables)].sum())
        price_ns = costs.fork_on_demand_ns(tables=len(tables), scattered_tables=scattered)
        if len(rest):
            price_ns += round(survey(parent, rest).tables_ns(costs))
        if self.rules.sharing.accounting is RssAccounting.OWNER:
            orphans = tables[_orphans(parent, shared)]
            price_ns += round(float(scans_ns(parent, orphans, self.rules).sum()))
        return price_ns

    def make_child(self, parent: AddressSpace) -> Operation[AddressSpace]:
        """See `Forking.make_child`."""
        yield Work(self.fork_ns(parent), "fork", FORK)
        shared, rest = self.divided(parent)
        child = parent.fork_layout()
        if len(rest):
            copy_surveyed(parent, child, survey(parent, rest))
        self._share(parent, child, shared)
        return child

    def _share(self, parent: AddressSpace, child: AddressSpace, slots: IntArray) -> None:
        memory, sharing = parent.memory, self.rules.sharing
        at = run_of(slots)
        tables = parent.slot_table[at]
        if sharing.accounting is RssAccounting.VIEW:
            content = memory.tables.content[run_of(tables)]
            writer.account(child, memory.contents.resident_sum(content))
        elif sharing.accounting is RssAccounting.OWNER:
            _account(parent, slots)
        writer.point_at(child, at, tables)
        closed = at
        if not sharing.closes_read_only:
            closed = slots[~parent.in_read_only_areas(slots)]
        writer.close(child, closed)
        writer.close(parent, closed)


def _account(parent: AddressSpace, slots: IntArray) -> None:
    """Account for the tables that nobody accounts for."""
    memory = parent.memory
    tables = parent.slot_table[run_of(slots)]
    orphans = tables[_orphans(parent, slots)]
    writer.account(parent, memory.contents.resident_sum(memory.tables.content[orphans]))
    writer.count(memory, ptes_scanned=ENTRIES_PER_TABLE * len(orphans))
    writer.own(parent, tables[memory.tables.owner[run_of(tables)] == NOBODY])


def _orphans(parent: AddressSpace, slots: IntArray) -> BoolArray:
    """Which of the tables of `slots` are shared and accounted for by nobody."""
    at = run_of(slots)
    owner = parent.memory.tables.owner[run_of(parent.slot_table[at])]
    orphans: BoolArray = (owner == NOBODY) & ~parent.slot_writable[at]
    return orphans
