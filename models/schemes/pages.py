"""What pages memory is made of: how it is filled, what faults do, what may be done to it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import numpy as np

from models.faults import few_pages, huge_pages, small_pages
from models.faults.actions import PageAction, on_huge_pages
from models.faults.batch import Faults
from models.faults.rules import Rules
from models.memory.address_space import AddressSpace
from models.memory.areas import PAGES_PER_SLOT, Vma
from models.memory.entries import Kind
from models.operations import filling
from models.operations.copying import ForkWork, copy_surveyed
from sim.arrays import BoolArray, IntArray


class SmallPages:
    """4 KiB pages.

    Args:
        folio_pages: Pages of the folios that memory is filled with.
    """

    def __init__(self, folio_pages: int = 1) -> None:
        self.folio_pages = folio_pages

    def classify(
        self, mm: AddressSpace, pages: IntArray, writes: BoolArray, rules: Rules
    ) -> Faults:
        """The faults of accesses that are allowed, in order; changes nothing."""
        if len(pages) <= few_pages.FEW:
            return few_pages.classify(mm, pages.tolist(), writes.tolist(), rules)
        return small_pages.classify(mm, pages, writes, rules)

    def apply(self, mm: AddressSpace, faults: Faults, rules: Rules) -> None:
        """Make the changes of `faults`, a prefix of what `classify` gave for the present state."""
        resolve = few_pages if 0 < len(faults) <= few_pages.FEW else small_pages
        resolve.apply(mm, faults, rules)

    def fill(self, mm: AddressSpace, slots: IntArray, share: float | None) -> None:
        """Fill untouched whole slots; `share` of the frames is scattered, or the stock decides."""
        filling.fill_slots(mm, slots, share, large_folios=self.folio_pages > 1)

    def fill_ns(self, mm: AddressSpace, start_page: int, n_pages: int, rules: Rules) -> int:
        """What filling an untouched range costs."""
        del mm, start_page  # only huge pages care where the range lies
        return rules.costs.fill_ns(pages=n_pages)

    def copy_ns(self, parent: AddressSpace, work: ForkWork, rules: Rules) -> int:
        """What a fork costs that copies `work`, its base included."""
        del parent  # only huge pages care what its free lists hold
        return rules.costs.fork_ns(work.tables_ns(rules.costs))

    def copy(self, parent: AddressSpace, child: AddressSpace, work: ForkWork) -> None:
        """Give a child what `work` says, surveyed in the same state."""
        copy_surveyed(parent, child, work)

    def refusal(self, mm: AddressSpace) -> str | None:
        """Why areas that have just grown cannot stay so; None if there is memory to promise."""
        del mm
        return None

    def unmapped(self, mm: AddressSpace) -> None:
        """Areas are gone."""

    def check_cuts(
        self, mm: AddressSpace, start_page: int, end_page: int, areas: Iterable[Vma]
    ) -> None:
        """Refuse to cut some areas at the ends of a range."""

    def check_discard(self, mm: AddressSpace, start_page: int, end_page: int) -> None:
        """Refuse to forget what a range holds."""

    def check_move(self, mm: AddressSpace, start_page: int, n_pages: int, to_page: int) -> None:
        """Refuse to move a range, which there is a place for."""

    def has_lost(self, mm: AddressSpace) -> bool:
        """Whether a process would be killed if it went through all of its memory."""
        del mm
        return False


class HugePages(SmallPages):
    """2 MiB pages in the slots that lie inside one private area, 4 KiB pages in the others.

    Args:
        splits: Whether a write to a shared huge page splits it (6.x) instead of copying it.
        physical: Whether a table is kept in reserve for a split.
    """

    def __init__(self, *, splits: bool = False, physical: bool = True) -> None:
        super().__init__(PAGES_PER_SLOT if splits else 1)
        self.splits = splits
        self.physical = physical

    def classify(
        self, mm: AddressSpace, pages: IntArray, writes: BoolArray, rules: Rules
    ) -> Faults:
        """See `SmallPages.classify`."""
        few = len(pages) <= few_pages.FEW
        if few and not few_pages.faulting(mm, pages.tolist(), writes.tolist()):
            return Faults.none()
        huge = huge_pages.is_huge(mm, pages // PAGES_PER_SLOT)
        if not huge.any():
            return super().classify(mm, pages, writes, rules)
        of_huge = np.flatnonzero(huge)
        on_huge = huge_pages.classify(
            mm, pages[of_huge], writes[of_huge], rules, splits=self.splits
        )
        if len(of_huge) == len(pages):
            return on_huge
        of_small = np.flatnonzero(~huge)
        on_small = super().classify(mm, pages[of_small], writes[of_small], rules)
        return Faults.merged(on_huge.at(of_huge), on_small.at(of_small))

    def apply(self, mm: AddressSpace, faults: Faults, rules: Rules) -> None:
        """See `SmallPages.apply`; a huge page is split before its 4 KiB pages are copied."""
        huge = on_huge_pages(faults.page_action)
        if not huge.any():
            super().apply(mm, faults, rules)
            return
        if not self.splits:
            super().apply(mm, faults[~huge], rules)
        if huge.any():
            self._apply_huge(mm, faults[huge], rules)
        if self.splits:
            super().apply(mm, faults[~huge], rules)

    def _apply_huge(self, mm: AddressSpace, faults: Faults, rules: Rules) -> None:
        splits = faults.page_action == PageAction.HUGE_SPLIT
        whole = faults[~splits]
        huge_pages.apply(mm, whole, large_folios=self.splits, physical=self.physical)
        if splits.any():
            huge_pages.split(mm, faults.page[splits] // PAGES_PER_SLOT)
            copies = np.full(int(splits.sum()), PageAction.COW_COPY, np.uint8)
            super().apply(mm, replace(faults[splits], page_action=copies), rules)

    def fill(self, mm: AddressSpace, slots: IntArray, share: float | None) -> None:
        """See `SmallPages.fill`."""
        large, physical = self.splits, self.physical
        filling.fill_slots(mm, slots, share, Kind.HUGE, large_folios=large, physical=physical)

    def fill_ns(self, mm: AddressSpace, start_page: int, n_pages: int, rules: Rules) -> int:
        """See `SmallPages.fill_ns`."""
        huge = len(filling.untouched_slots(mm, start_page, n_pages))
        return rules.costs.fill_ns(pages=n_pages - huge * PAGES_PER_SLOT, huge=huge)

    def copy_ns(self, parent: AddressSpace, work: ForkWork, rules: Rules) -> int:
        """See `SmallPages.copy_ns`."""
        return rules.costs.fork_huge_ns(
            work.tables_ns(rules.costs),
            huge=work.huge,
            scattered_deposits=parent.memory.tables.stock.scattered_next(work.huge),
        )
