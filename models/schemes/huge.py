"""Classic fork on transparent huge pages (Linux 5.6; mechanisms.md 2.4)."""

from typing import ClassVar

import numpy as np

from models import filling
from models.address_space import NO_TABLE, PAGES_PER_SLOT, AddressSpace
from models.counts import Counts
from models.entries import Kind
from models.faulting import classify, count_faults, first_accesses, mark_written
from models.faults import FIRST_HUGE_ACTION, Faults, PageAction, TableAction
from models.pool import BoolArray, IntArray
from models.schemes.classic import Classic, ForkWork


class Huge(Classic):
    """Slots that lie inside one private area are huge pages; the others have 4 KiB pages.

    A huge page's slot still has a PTE table, the deposit that 5.6 keeps for splitting it. A write
    to a huge page copies 2 MiB, or reuses it if it is mapped once. Unmapping a part of one splits
    it into 4 KiB pages in that address space.
    """

    name: ClassVar[str] = "huge"

    def fill_ns(self, mm: AddressSpace, start_page: int, n_pages: int) -> int:
        """See `Scheme.fill_ns`."""
        huge = len(filling.untouched_slots(mm, start_page, n_pages))
        return self.costs.fill_ns(pages=n_pages - huge * PAGES_PER_SLOT, huge=huge)

    def apply(self, mm: AddressSpace, faults: Faults) -> None:
        """See `Scheme.apply`."""
        huge = faults.page_action >= FIRST_HUGE_ACTION
        super().apply(mm, faults[~huge])
        if huge.any():
            _apply_huge(mm, faults[huge])

    def _price(self, parent: AddressSpace, work: ForkWork) -> int:
        return self.costs.fork_huge_ns(
            huge=work.huge,
            scattered_deposits=parent.memory.tables.stock.scattered_next(work.huge),
            present=work.present,
            writable=work.writable,
            scattered=work.scattered,
        )

    def _classify(self, mm: AddressSpace, pages: IntArray, writes: BoolArray) -> Faults:
        huge = _is_huge(mm, pages // PAGES_PER_SLOT)
        if not huge.any():
            return classify(mm, pages, writes, self.costs)
        of_huge = np.flatnonzero(huge)
        huge_faults = self._classify_huge(mm, pages[of_huge], writes[of_huge])
        if len(of_huge) == len(pages):
            return huge_faults
        of_small = np.flatnonzero(~huge)
        small_faults = classify(mm, pages[of_small], writes[of_small], self.costs)
        return Faults.merged(huge_faults.at(of_huge), small_faults.at(of_small))

    def _classify_huge(self, mm: AddressSpace, pages: IntArray, writes: BoolArray) -> Faults:
        position, after_read = first_accesses(pages // PAGES_PER_SLOT, writes)
        page, write = pages[position], writes[position]
        tables = mm.slot_table[page // PAGES_PER_SLOT]
        memory = mm.memory
        action = np.where(write, PageAction.HUGE_FILL, PageAction.HUGE_ZERO_MAP).astype(np.uint8)
        mapped = np.flatnonzero(tables != NO_TABLE)
        said = memory.tables.content[tables[mapped]]
        is_page = memory.contents.kind[said] == Kind.HUGE
        # A read of anything mapped, or a write to a writable huge page, is no fault.
        allowed = ~write[mapped] | (is_page & (memory.contents.writable[said] > 0))
        action[mapped[allowed]] = PageAction.NONE
        protected = is_page & ~allowed
        exclusive = memory.contents.exclusive_huge(said[protected])
        action[mapped[protected]] = np.where(exclusive, PageAction.HUGE_REUSE, PageAction.HUGE_COPY)
        table_action = np.full(len(page), TableAction.ALLOC, np.uint8)
        table_action[mapped] = TableAction.NONE
        table_action[after_read] = TableAction.NONE
        faulting = action != PageAction.NONE
        cost_ns = self.costs.faults_ns(action)
        return Faults(position, page, table_action, action, cost_ns)[faulting]

    def _fill_slots(self, mm: AddressSpace, slots: IntArray, share: float | None) -> None:
        filling.fill_slots(mm, slots, share, Kind.HUGE)


def _is_huge(mm: AddressSpace, slots: IntArray) -> BoolArray:
    """Whether each slot has a huge page, or would get one when touched."""
    memory = mm.memory
    tables = mm.slot_table[slots]
    empty = tables == NO_TABLE
    huge = np.zeros(len(slots), np.bool_)
    kind = memory.contents.kind[memory.tables.content[tables[~empty]]]
    huge[~empty] = (kind == Kind.HUGE) | (kind == Kind.HUGE_ZERO)
    huge[empty] = mm.whole_slots(slots[empty])
    return huge


def _apply_huge(mm: AddressSpace, faults: Faults) -> None:
    memory = mm.memory
    read = faults.with_page_action(PageAction.HUGE_ZERO_MAP) // PAGES_PER_SLOT
    mm.slot_table[read] = memory.tables.new(memory.contents.new_huge_zero(len(read)))
    memory.counts.tables_alloc += len(read)
    reused = faults.with_page_action(PageAction.HUGE_REUSE) // PAGES_PER_SLOT
    memory.contents.allow_huge_writes(memory.tables.content[mm.slot_table[reused]])
    filled = faults.with_page_action(PageAction.HUGE_FILL) // PAGES_PER_SLOT
    copied = faults.with_page_action(PageAction.HUGE_COPY) // PAGES_PER_SLOT
    _map_fresh(mm, filled)
    _map_fresh(mm, copied)
    count_faults(
        mm,
        Counts(
            faults=len(faults),
            huge_zero_map=len(read),
            huge_reuse=len(reused),
            huge_fill=len(filled),
            huge_copies=len(copied),
        ),
    )


def _map_fresh(mm: AddressSpace, slots: IntArray) -> None:
    """Map a fresh huge page in each of distinct slots; a slot keeps its table or gets one."""
    if not len(slots):
        return
    memory = mm.memory
    blocks, scattered = memory.frames.allocate_blocks(len(slots))
    contents = memory.contents.new_filled(Kind.HUGE, blocks, np.zeros_like(scattered))
    tables = mm.slot_table[slots]
    kept, empty = tables != NO_TABLE, tables == NO_TABLE
    before = memory.tables.content[tables[kept]]
    memory.tables.content[tables[kept]] = contents[kept]
    memory.counts.pages_freed += memory.contents.drop(before)
    mm.slot_table[slots[empty]] = memory.tables.new(contents[empty])
    memory.counts.tables_alloc += int(empty.sum())
    mark_written(mm, slots * PAGES_PER_SLOT)
