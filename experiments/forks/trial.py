"""A process and its child under a fork scheme, and what happens to them, priced and counted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterable
from dataclasses import dataclass, field
from typing import Any, Self

import numpy as np

from models.memory.address_space import AddressSpace
from models.memory.areas import PAGES_PER_SLOT, BusError, Vma
from models.memory.counts import Counts
from models.memory.physical import PhysicalMemory
from models.memory.slots import count_killed
from models.operations.steps import Acquire, Mode, Operation, perform
from models.schemes.base import Scheme
from models.schemes.pages import SmallPages
from sim.arrays import IntArray

BOUNDLESS = 2.0**50
"""A stock of so many scattered frames is never used up."""


@dataclass(frozen=True)
class Observation:
    """What an operation did.

    Attributes:
        ns: the time it takes when nothing else goes on; of an average, with a fraction.
        counts: what it did to memory.
        locks: what it locked and in which modes, and how often: `mm read`.
        flushes: how often it made the other cores that run the process flush their TLB.
        beyond: of an average, how many such things were there before those that it is of.
    """

    ns: float
    counts: Counts
    locks: Counter[str] = field(default_factory=Counter)
    flushes: int = 0
    beyond: int = 0

    @property
    def anything(self) -> bool:
        """Whether it did anything at all."""
        return bool(self.ns or self.locks or any(self.counts.as_dict().values()))

    @classmethod
    def each(cls, few: Self, more: Self, number: int, beyond: int) -> Self:
        """What each of `number` things cost that `more` did besides the `beyond` that `few` did."""
        counts = (more.counts - few.counts).per(number)
        return cls((more.ns - few.ns) / number, counts, more.locks - few.locks, beyond=beyond)

    def did_besides(self, fewer: Self) -> tuple[Counts, Counter[str], int]:
        """What it did that `fewer` did not, apart from its time."""
        return (
            self.counts - fewer.counts,
            self.locks - fewer.locks,
            self.flushes - fewer.flushes,
        )


class Trial:
    """A parent with memory of its own, and the child that it forks.

    Args:
        scheme: how it forks.
        scattered: whether every frame lies scattered, or all in contiguous runs; None leaves it
            to the stocks of the machine's profile.
        share: of the frames that are filled first, so many lie scattered, whatever the stocks.
    """

    def __init__(
        self, scheme: Scheme, *, scattered: bool | None = None, share: float | None = None
    ) -> None:
        self.scheme = scheme
        costs = scheme.costs
        if scattered is None:
            memory = PhysicalMemory(costs.movable_stock_frames, costs.unmovable_stock_frames)
        else:
            stock = BOUNDLESS * scattered
            memory = PhysicalMemory(stock, stock)
        self._share = share if scattered is None else float(scattered)
        self.memory = memory
        self.parent = AddressSpace(memory)
        self.child = self.parent

    def map(self, n_pages: int, *, at: int | None = None, heap: bool = False) -> Vma:
        """An area of the parent, nothing of it written.

        Raises:
            ValueError: the scheme has no memory for it.
        """
        vma, _ = perform(self.scheme.map(self.parent, n_pages, at=at, heap=heap))
        return vma

    def fill(self, start_page: int, n_pages: int) -> None:
        """The parent writes all pages of a range."""
        self.scheme.fill(self.parent, start_page, n_pages, scattered_share=self._share)

    def fill_slots(self, slots: IntArray, *, small: bool = False) -> None:
        """The parent writes all pages of some untouched slots, each inside one area.

        Args:
            slots: ascending.
            small: they get 4 KiB pages, whatever pages the scheme makes.
        """
        pages = SmallPages() if small else self.scheme.pages
        pages.fill(self.parent, slots, self._share)

    def fill_pages(self, pages: IntArray, *, small: bool = False) -> None:
        """The parent writes some pages, one after the other; ``small`` as above."""
        if small:
            writes = np.ones(len(pages), np.bool_)
            rules = self.scheme.rules
            own = SmallPages()
            own.apply(self.parent, own.classify(self.parent, pages, writes, rules), rules)
        else:
            self.scheme.touch(self.parent, pages)

    def with_tables(self, number: int, *, present: int = PAGES_PER_SLOT) -> Self:
        """The same with one area of `number` tables more, of each `present` pages written."""
        vma = self.map(number * PAGES_PER_SLOT)
        if present == PAGES_PER_SLOT:
            self.fill(vma.start_page, vma.n_pages)
        else:
            for slot in range(vma.first_slot, vma.end_slot):
                self.fill(slot * PAGES_PER_SLOT, present)
        return self

    def with_areas(self, number: int, n_pages: int, *, written: int) -> Self:
        """The same with more areas, each in slots of its own, of each the first pages written."""
        for _ in range(number):
            vma = self.map(n_pages)
            if written:
                self.fill(vma.start_page, written)
        return self

    def fork(self, *, start: bool = True) -> Observation:
        """The parent forks; the child gets to its first instruction, if it is to `start`."""
        before = self.memory.counts.copy()
        self.child, performed = perform(self.scheme.fork(self.parent))
        locks = _locked(performed.steps, self.parent)
        observation = Observation(performed.work_ns, self.memory.counts - before, locks)
        if start:
            self.start()
        return observation

    def forked(self, *, start: bool = True) -> Self:
        """The same after `fork`."""
        self.fork(start=start)
        return self

    def start(self) -> Observation:
        """What the child does before its first instruction."""
        return self.does(self.scheme.start(self.child), self.child)

    def exit(self) -> Observation:
        """The child exits."""
        return self.does(self.scheme.exit(self.child), self.child)

    def does(self, operation: Operation[Any], by: AddressSpace) -> Observation:
        """Any operation of the scheme, done by a process."""
        before = self.memory.counts.copy()
        _, performed = perform(operation)
        locks = _locked(performed.steps, by)
        return Observation(performed.work_ns, self.memory.counts - before, locks)

    def writes(self, mm: AddressSpace, pages: IntArray | int) -> Observation:
        """A process writes pages, one after the other."""
        return self._touches(mm, np.atleast_1d(pages), writes=True)

    def reads(self, mm: AddressSpace, pages: IntArray | int) -> Observation:
        """A process reads pages, one after the other."""
        return self._touches(mm, np.atleast_1d(pages), writes=False)

    def _touches(self, mm: AddressSpace, pages: IntArray, *, writes: bool) -> Observation:
        before = self.memory.counts.copy()
        locks = self.scheme.fault_locks(mm, int(pages[0]))
        faults = self.scheme.classify(mm, pages, writes)
        try:
            self.scheme.apply(mm, faults)
        except BusError:
            count_killed(self.memory)
        taken = [_name(mode, of, mm) for mode, of in locks] if len(faults) else []
        counts = self.memory.counts - before
        return Observation(faults.total_ns, counts, Counter(taken), self.scheme.flushes(faults))


def _locked(steps: Iterable[object], by: AddressSpace) -> Counter[str]:
    return Counter(_name(s.mode, s.lock, by) for s in steps if isinstance(s, Acquire))


def _name(mode: Mode, lock: Hashable, by: AddressSpace) -> str:
    if isinstance(lock, AddressSpace):
        what = "mm" if lock is by else "parent's mm"
    else:
        what = "area" if isinstance(lock, Vma) else "1 GiB"
    return f"{what} {mode}"
