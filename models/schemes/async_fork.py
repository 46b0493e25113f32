"""Async-fork (VLDB '23): the child copies the page tables, before it runs (mechanisms.md 6)."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from models.costs.laws import Costs
from models.faults.actions import TableAction
from models.faults.batch import Faults
from models.faults.prices import table_copies_ns
from models.faults.rules import Rules, Sharing
from models.faults.settling import copy_tables_to, make_own
from models.memory import slots as writer
from models.memory.address_space import AddressSpace
from models.memory.areas import Vma
from models.operations.causes import FORK, TABLE_COPY
from models.operations.copying import copied_slots, copy_surveyed, divide, survey, wholly_anonymous
from models.operations.steps import Acquire, Operation, Release, Work
from models.schemes.base import Scheme
from models.schemes.words import Words
from sim.arrays import IntArray, run_of

PORTIONS = 256
"""In how many steps at most the child's progress can be seen by its parent."""


@dataclass(eq=False)
class Debts:
    """What is kept of a process.

    Attributes:
        to: The child that its slots without write permission are still to be copied for.
        by: The parent that its own tables are still to be copied from.
    """

    to: AddressSpace | None = None
    by: AddressSpace | None = None


def debts_of(mm: AddressSpace) -> Debts:
    """What is kept of a process."""
    if mm.state is None:
        mm.state = Debts()
    assert isinstance(mm.state, Debts)  # noqa: S101 - for mypy
    return mm.state


class LeaveTables:
    """Leave the tables inside anonymous private areas to the child, and copy the others.

    Args:
        rules: The kernel's.
    """

    def __init__(self, rules: Rules) -> None:
        self.rules = rules

    def fork_ns(self, parent: AddressSpace) -> int:
        """See `Forking.fork_ns`."""
        left, rest = self._divided(parent)
        work, costs = survey(parent, rest), self.rules.costs
        return round(
            costs.fork_on_demand_base_ns + len(left) * costs.slot_protect_ns + work.tables_ns(costs)
        )

    def make_child(self, parent: AddressSpace) -> Operation[AddressSpace]:
        """See `Forking.make_child`; first the parent pays what it owes an earlier child."""
        settled_ns = pay(parent, parent.vmas, self.rules)
        _part(parent)
        yield Work(settled_ns + self.fork_ns(parent), "fork", FORK)
        left, rest = self._divided(parent)
        child = parent.fork_layout()
        if len(rest):
            copy_surveyed(parent, child, survey(parent, rest))
        writer.close(parent, run_of(left))
        debts_of(parent).to, debts_of(child).by = child, parent
        return child

    def _divided(self, parent: AddressSpace) -> tuple[IntArray, IntArray]:
        """The slots that are left to the child, and those that are copied at once."""
        slots = copied_slots(parent)
        return divide(slots, wholly_anonymous(parent, slots))


class AsyncFork(Scheme):
    """Fork copies the upper levels only; the child copies the PTE tables before it runs.

    Left to the child are the slots inside one anonymous private area; the parent copies the others
    at once. The child holds its parent's lock for reading while it copies. Meanwhile a slot that is
    not copied yet has no write permission, and the parent copies its table itself when it first
    faults below it; whoever changes an area (or forks again) copies what is left of it first.

    Args:
        costs: Prices.
    """

    name: ClassVar[str] = "async"
    title: ClassVar[str] = "Async-fork"
    words = Words(
        shared="Every 4 KiB page; for a while the tables that are not copied yet.",
        payer="The child, for all tables before its first instruction; the parent, for a table "
        "that it faults below before the child has come to it, and at fork for slots that an area "
        "covers in part; later whoever first writes a page.",
        locks="The parent's lock is held for writing for a short fork, then by the child for "
        "reading until all is copied: faults go on, but munmap, mprotect and another fork wait.",
        breaks="The child starts as late as after a classic fork. Whatever changes an area before "
        "copies the rest of its tables first.",
    )

    def __init__(self, costs: Costs) -> None:
        rules = Rules(costs, Sharing(last_sharer=TableAction.SYNC), _hand_over)
        super().__init__(rules, LeaveTables(rules))

    def start(self, child: AddressSpace) -> Operation[None]:
        """Copy the tables that the parent left (async_fork_cpr_rest)."""
        parent = debts_of(child).by
        if parent is None:
            return
        yield Acquire("read", parent)
        # Whoever had the lock before may have left nothing to do.
        slots = _pending(parent) if debts_of(child).by is parent else np.empty(0, np.int64)
        for portion in np.array_split(slots, min(max(len(slots), 1), PORTIONS)):
            yield self._work(parent, portion)
            left = _still(parent, portion)
            if len(left):
                _hand_over(parent, left)
        yield Release("read", parent)
        if debts_of(child).by is parent:
            yield Acquire("write", parent)
            _part(parent)
            yield Release("write", parent)

    def tear_down(self, mm: AddressSpace) -> Operation[None]:
        """See `Scheme.tear_down`."""
        parent = debts_of(mm).by
        if parent is not None:
            # A child that never ran gives its parent's slots back.
            writer.reopen(parent, _pending(parent))
            _part(parent)
        if debts_of(mm).to is not None:
            slots = _pending(mm)
            for portion in np.array_split(slots, min(max(len(slots), 1), PORTIONS)):
                yield self._work(mm, portion)
                make_own(mm, portion, self.rules)
            _part(mm)
        yield from super().tear_down(mm)

    def classify(
        self, mm: AddressSpace, pages: npt.ArrayLike, writes: npt.ArrayLike = True
    ) -> Faults:
        """See `Scheme.classify`; a child has memory from its start on."""
        if debts_of(mm).by is not None:
            raise RuntimeError("a child of Async-fork has no memory before its start")
        return super().classify(mm, pages, writes)

    def settle_for_child(self, mm: AddressSpace, areas: tuple[Vma, ...]) -> int:
        """See `Scheme.settle_for_child`."""
        return pay(mm, areas, self.rules)

    def _work(self, parent: AddressSpace, portion: IntArray) -> Work:
        """The copying of those slots of a portion that are still to be copied."""
        copied_ns = table_copies_ns(parent, _still(parent, portion), self.rules)
        return Work(round(float(copied_ns.sum())), "fork", TABLE_COPY)


def pay(mm: AddressSpace, areas: tuple[Vma, ...], rules: Rules) -> int:
    """Copy what is owed to a child of some areas; the cost in ns."""
    if debts_of(mm).to is None:
        return 0
    slots = _pending(mm)
    met = np.zeros(len(slots), np.bool_)
    for vma in areas:
        met |= (vma.first_slot <= slots) & (slots < vma.end_slot)
    return make_own(mm, slots[met], rules)


def _hand_over(parent: AddressSpace, slots: IntArray) -> None:
    """Copy the tables of slots for the child that they are owed to."""
    child = debts_of(parent).to
    if child is None:
        raise AssertionError("no child waits for these tables")
    copy_tables_to(parent, child, slots)


def _pending(parent: AddressSpace) -> IntArray:
    """The slots whose tables are still to be copied for the child."""
    return np.flatnonzero(~parent.slot_writable)


def _still(parent: AddressSpace, slots: IntArray) -> IntArray:
    still: IntArray = slots[~parent.slot_writable[slots]]
    return still


def _part(parent: AddressSpace) -> None:
    """Nothing is owed any more."""
    debts = debts_of(parent)
    if debts.to is not None:
        debts_of(debts.to).by = None
        debts.to = None
