"""Classic fork on transparent huge pages (Linux 5.6; mechanisms.md 2.4)."""

from typing import ClassVar

import numpy as np

from models.faults import huge_pages, small_pages
from models.faults.actions import FIRST_HUGE_ACTION
from models.faults.batch import Faults
from models.memory.address_space import AddressSpace
from models.memory.areas import PAGES_PER_SLOT
from models.memory.entries import Kind
from models.operations import filling
from models.operations.copying import ForkWork
from models.schemes.classic import Classic
from models.schemes.words import ONE_LOCK, Words
from sim.arrays import BoolArray, IntArray


class Huge(Classic):
    """Slots that lie inside one private area are huge pages; the others have 4 KiB pages.

    A huge page's slot still has a PTE table, the deposit that 5.6 keeps for splitting it. A write
    to a huge page copies 2 MiB, or reuses it if it is mapped once. Unmapping a part of one splits
    it into 4 KiB pages in that address space.
    """

    name: ClassVar[str] = "huge"
    words = Words(
        shared="Every 2 MiB page; no page table.",
        payer="The parent at fork, for each huge page and the table kept in reserve for it; later "
        "whoever first writes below one, for a copy of 2 MiB.",
        locks=ONE_LOCK,
        breaks="One written byte takes 2 MiB, so memory grows many times faster after a fork. "
        "Slots that an area covers in part have 4 KiB pages, as under classic.",
    )
    splits: ClassVar[bool] = False
    """Whether a write to a shared huge page splits it instead of copying it."""

    def fill_ns(self, mm: AddressSpace, start_page: int, n_pages: int) -> int:
        """See `Scheme.fill_ns`."""
        huge = len(filling.untouched_slots(mm, start_page, n_pages))
        return self.costs.fill_ns(pages=n_pages - huge * PAGES_PER_SLOT, huge=huge)

    def apply(self, mm: AddressSpace, faults: Faults) -> None:
        """See `Scheme.apply`."""
        huge = faults.page_action >= FIRST_HUGE_ACTION
        super().apply(mm, faults[~huge])
        if huge.any():
            self._apply_huge(mm, faults[huge])

    def _apply_huge(self, mm: AddressSpace, faults: Faults) -> None:
        huge_pages.apply(mm, faults)

    def _price(self, parent: AddressSpace, work: ForkWork) -> int:
        return self.costs.fork_huge_ns(
            huge=work.huge,
            scattered_deposits=parent.memory.tables.stock.scattered_next(work.huge),
            present=work.present,
            writable=work.writable,
            scattered=work.scattered,
        )

    def _classify(self, mm: AddressSpace, pages: IntArray, writes: BoolArray) -> Faults:
        huge = huge_pages.is_huge(mm, pages // PAGES_PER_SLOT)
        if not huge.any():
            return self._classify_small(mm, pages, writes)
        of_huge = np.flatnonzero(huge)
        on_huge = self._classify_huge(mm, pages[of_huge], writes[of_huge])
        if len(of_huge) == len(pages):
            return on_huge
        of_small = np.flatnonzero(~huge)
        on_small = self._classify_small(mm, pages[of_small], writes[of_small])
        return Faults.merged(on_huge.at(of_huge), on_small.at(of_small))

    def _classify_small(self, mm: AddressSpace, pages: IntArray, writes: BoolArray) -> Faults:
        return small_pages.classify(mm, pages, writes, self.costs, self.sharing)

    def _classify_huge(self, mm: AddressSpace, pages: IntArray, writes: BoolArray) -> Faults:
        return huge_pages.classify(mm, pages, writes, self.costs, splits=self.splits)

    def _fill_slots(self, mm: AddressSpace, slots: IntArray, share: float | None) -> None:
        filling.fill_slots(mm, slots, share, Kind.HUGE)
