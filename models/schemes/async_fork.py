"""Async-fork (VLDB '23): the child copies the page tables, before it runs (mechanisms.md 6)."""

from typing import ClassVar

import numpy as np

from models.costs.laws import Costs
from models.faults.actions import TableAction
from models.faults.batch import Faults
from models.faults.prices import table_copies_ns
from models.faults.rules import Sharing
from models.faults.settling import copy_for_child, make_own
from models.memory.address_space import AddressSpace
from models.memory.areas import Vma
from models.operations.copying import copied_slots, copy_surveyed, divide, survey, wholly_anonymous
from models.operations.steps import Acquire, Operation, Release, Work
from models.schemes.base import Scheme
from models.schemes.words import Words
from sim.arrays import BoolArray, IntArray, run_of

PORTIONS = 256
"""In how many steps at most the child's progress can be seen by its parent."""


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
        super().__init__(costs, Sharing(last_sharer=TableAction.SYNC))

    def fork_ns(self, parent: AddressSpace) -> int:
        """See `Scheme.fork_ns`."""
        return self._price(parent, *self._divided(parent))

    def start(self, child: AddressSpace) -> Operation[None]:
        """Copy the tables that the parent left (async_fork_cpr_rest)."""
        parent = child.tables_from
        if parent is None:
            return
        yield Acquire("read", parent)
        # Whoever had the lock before may have left nothing to do.
        slots = _pending(parent) if child.tables_from is parent else np.empty(0, np.int64)
        for portion in np.array_split(slots, min(max(len(slots), 1), PORTIONS)):
            yield self._work(parent, portion)
            left = _still(parent, portion)
            if len(left):
                copy_for_child(parent, left)
        yield Release("read", parent)
        if child.tables_from is parent:
            yield Acquire("write", parent)
            _part(parent)
            yield Release("write", parent)

    def _tear_down(self, mm: AddressSpace) -> Operation[None]:
        parent = mm.tables_from
        if parent is not None:
            # A child that never ran gives its parent's slots back.
            parent.slot_writable[_pending(parent)] = True
            _part(parent)
        if mm.tables_for is not None:
            slots = _pending(mm)
            for portion in np.array_split(slots, min(max(len(slots), 1), PORTIONS)):
                yield self._work(mm, portion)
                make_own(mm, portion, self.costs, self.sharing)
            _part(mm)
        yield from super()._tear_down(mm)

    def _work(self, parent: AddressSpace, portion: IntArray) -> Work:
        """The copying of those slots of a portion that are still to be copied."""
        copied_ns = table_copies_ns(parent, _still(parent, portion), self.costs)
        return Work(round(float(copied_ns.sum())), "fork")

    def _classify(self, mm: AddressSpace, pages: IntArray, writes: BoolArray) -> Faults:
        if mm.tables_from is not None:
            raise RuntimeError("a child of Async-fork has no memory before its start")
        return super()._classify(mm, pages, writes)

    def _fork(self, parent: AddressSpace) -> Operation[AddressSpace]:
        settled_ns = self._settle_for_child(parent, parent.vmas)
        if parent.tables_for is not None:
            _part(parent)
        left, rest = self._divided(parent)
        yield Work(settled_ns + self._price(parent, left, rest), "fork")
        left, rest = self._divided(parent)
        child = parent.fork_layout()
        if len(rest):
            copy_surveyed(parent, child, survey(parent, rest))
        parent.slot_writable[run_of(left)] = False
        parent.tables_for, child.tables_from = child, parent
        return child

    def _divided(self, parent: AddressSpace) -> tuple[IntArray, IntArray]:
        """The slots that are left to the child, and those that are copied at once."""
        slots = copied_slots(parent)
        return divide(slots, wholly_anonymous(parent, slots))

    def _price(self, parent: AddressSpace, left: IntArray, rest: IntArray) -> int:
        work = survey(parent, rest)
        return round(
            self.costs.fork_on_demand_base_ns
            + len(left) * self.costs.slot_protect_ns
            + self.costs.entries_ns(work.present, work.writable, work.scattered)
        )

    def _settle_for_child(self, mm: AddressSpace, areas: tuple[Vma, ...]) -> int:
        if mm.tables_for is None:
            return 0
        slots = _pending(mm)
        met = np.zeros(len(slots), np.bool_)
        for vma in areas:
            met |= (vma.first_slot <= slots) & (slots < vma.end_slot)
        return make_own(mm, slots[met], self.costs, self.sharing)


def _pending(parent: AddressSpace) -> IntArray:
    """The slots whose tables are still to be copied for the child."""
    return np.flatnonzero(~parent.slot_writable)


def _still(parent: AddressSpace, slots: IntArray) -> IntArray:
    still: IntArray = slots[~parent.slot_writable[slots]]
    return still


def _part(parent: AddressSpace) -> None:
    """Nothing is owed any more."""
    if parent.tables_for is not None:
        parent.tables_for.tables_from = None
        parent.tables_for = None
