"""The address space of a process (the kernel's mm): its areas and its slots."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from models.counts import Counts
from models.entries import ENTRIES_PER_TABLE
from models.memory import PhysicalMemory
from models.pool import BoolArray, IntArray
from models.shared_pages import SharedPages

PAGES_PER_SLOT = ENTRIES_PER_TABLE
NO_TABLE = -1
NOWHERE = -2


class SegmentationFault(ValueError):  # noqa: N818 - the name that everybody knows it by
    """An access outside the areas of an address space, or a write to a read-only one."""


@dataclass(eq=False)
class Vma:
    """An area of consecutive pages with one set of rights.

    Attributes:
        start_page: Its first page.
        n_pages: Its length.
        writable: Whether writes are allowed.
        pages: The object behind a MAP_SHARED area; None for a private one.
        offset: The page of that object at `start_page`.
        has_anon_vma: Whether a page of it was ever written (a private area without is not copied).
    """

    start_page: int
    n_pages: int
    writable: bool = True
    pages: SharedPages | None = None
    offset: int = 0
    has_anon_vma: bool = False

    @property
    def end_page(self) -> int:
        """The page after its last one."""
        return self.start_page + self.n_pages

    @property
    def first_slot(self) -> int:
        """The slot of its first page."""
        return self.start_page // PAGES_PER_SLOT

    @property
    def end_slot(self) -> int:
        """The slot after that of its last page."""
        return -(-self.end_page // PAGES_PER_SLOT)

    @property
    def copied_at_fork(self) -> bool:
        """Whether fork has to look at its pages (the filter of copy_page_range)."""
        return self.pages is None and self.has_anon_vma


class AddressSpace:
    """Areas in address order, and per slot (2 MiB of address) the PTE table and its write bit.

    Pages are numbered from 0; page p lies in slot ``p // 512``. `slot_table` holds table numbers or
    -1; `slot_writable` is the PMD's write bit: without it no entry below it allows writes.
    `last_fault_page` and `last_copied_slot` say where faults were last handled and a table was last
    copied (`NOWHERE` at first), and with that what is still in cache.

    Args:
        memory: The machine's physical memory.
    """

    def __init__(self, memory: PhysicalMemory) -> None:
        self.memory = memory
        self.counts = Counts()
        self.slot_table = np.empty(0, np.int64)
        self.slot_writable = np.empty(0, np.bool_)
        self.last_fault_page = self.last_copied_slot = NOWHERE
        self._vmas: list[Vma] = []
        self._starts = np.empty(0, np.int64)
        self._ends = np.empty(0, np.int64)

    @property
    def vmas(self) -> tuple[Vma, ...]:
        """The areas in address order."""
        return tuple(self._vmas)

    def map(
        self,
        n_pages: int,
        *,
        alignment_pages: int = PAGES_PER_SLOT,
        at: int | None = None,
        writable: bool = True,
        shared: bool = False,
    ) -> Vma:
        """Add an area; nothing is allocated until its pages are touched.

        Args:
            n_pages: Its length, at least 1.
            alignment_pages: The start is the lowest free multiple of this.
            at: The start page instead.
            writable: Whether writes are allowed.
            shared: MAP_SHARED instead of MAP_PRIVATE. A shared area has its slots to itself.

        Raises:
            ValueError: If the length is not positive or the place at `at` is taken.
        """
        if n_pages < 1:
            raise ValueError(f"cannot map {n_pages} pages")
        start = self._free_start(n_pages, alignment_pages, shared=shared) if at is None else at
        if start < 0 or not self._is_free(start, n_pages, shared=shared):
            raise ValueError(f"cannot map {n_pages} pages at page {start}: the place is taken")
        vma = Vma(start, n_pages, writable)
        if shared:
            vma.pages = SharedPages(self.memory.frames, n_pages)
            vma.pages.add_area()
        self._set_vmas(sorted([*self._vmas, vma], key=lambda v: v.start_page))
        self._extend_slots(vma.end_slot)
        return vma

    def fork_layout(self) -> AddressSpace:
        """A new address space with the same areas and no table."""
        child = AddressSpace(self.memory)
        child._set_vmas([replace(vma) for vma in self._vmas])
        child._extend_slots(len(self.slot_table))
        for vma in self._vmas:
            if vma.pages is not None:
                vma.pages.add_area()
        return child

    def split_at(self, page: int) -> bool:
        """Cut the area around `page` in two at `page`; False if no area lies on both sides."""
        for number, vma in enumerate(self._vmas):
            if vma.start_page < page < vma.end_page:
                kept = page - vma.start_page
                upper = replace(
                    vma, start_page=page, n_pages=vma.n_pages - kept, offset=vma.offset + kept
                )
                vma.n_pages = kept
                if vma.pages is not None:
                    vma.pages.add_area()
                self._set_vmas([*self._vmas[: number + 1], upper, *self._vmas[number + 1 :]])
                return True
        return False

    def remove(self, start_page: int, end_page: int) -> int:
        """Remove the areas inside [start_page, end_page); returns the frames of objects freed."""
        gone = [v for v in self._vmas if start_page <= v.start_page and v.end_page <= end_page]
        self._set_vmas([vma for vma in self._vmas if vma not in gone])
        return sum(vma.pages.remove_area() for vma in gone if vma.pages is not None)

    def vma_numbers(self, pages: IntArray) -> IntArray:
        """Index in `vmas` of the area that holds each of `pages`.

        Raises:
            SegmentationFault: If a page lies in no area.
        """
        numbers = np.searchsorted(self._starts, pages, "right") - 1
        outside = numbers < 0
        outside[~outside] = pages[~outside] >= self._ends[numbers[~outside]]
        if outside.any():
            raise SegmentationFault(f"page {pages[outside][0]} is not mapped")
        return numbers

    def check_accesses(self, pages: IntArray, writes: BoolArray) -> None:
        """Refuse accesses outside all areas, and writes to read-only ones.

        Raises:
            SegmentationFault: If one of the accesses is not allowed.
        """
        # Most batches lie in one writable area: two comparisons instead of a search a page.
        first = int(np.searchsorted(self._starts, int(pages.min()), "right")) - 1
        inside = first >= 0 and int(pages.max()) < self._ends[first]
        if not (inside and self._vmas[first].writable):
            numbers = self.vma_numbers(pages)
            self.check_writes(pages[writes], numbers[writes])

    def check_writes(self, pages: IntArray, numbers: IntArray) -> None:
        """Refuse writes to read-only areas (`numbers` from `vma_numbers`).

        Raises:
            SegmentationFault: If one of `pages` must not be written.
        """
        writable = np.array([vma.writable for vma in self._vmas], np.bool_)
        if writable.all():
            return
        refused = ~writable[numbers]
        if refused.any():
            raise SegmentationFault(f"page {pages[refused][0]} is read-only")

    def whole_slots(self, slots: IntArray) -> BoolArray:
        """Whether each slot lies inside one private area."""
        private = np.array([vma.pages is None for vma in self._vmas], np.bool_)
        start = slots * PAGES_PER_SLOT
        numbers = np.searchsorted(self._starts, start, "right") - 1
        inside = numbers >= 0
        owners = numbers[inside]
        inside[inside] = private[owners] & (start[inside] + PAGES_PER_SLOT <= self._ends[owners])
        return inside

    def slots_with_tables(self, first_slot: int = 0, end_slot: int | None = None) -> IntArray:
        """The slots in [first_slot, end_slot) that have a table, ascending."""
        return np.flatnonzero(self.slot_table[first_slot:end_slot] != NO_TABLE) + first_slot

    def frames_at(self, pages: IntArray) -> IntArray:
        """The frame that each page maps; -1 for an absent page or the zero page."""
        tables = self.slot_table[pages // PAGES_PER_SLOT]
        frames = np.full(len(pages), NO_TABLE, np.int64)
        mapped = np.flatnonzero(tables != NO_TABLE)
        contents = self.memory.tables.content[tables[mapped]]
        frames[mapped] = self.memory.contents.frames_at(contents, pages[mapped] % PAGES_PER_SLOT)
        return frames

    @property
    def resident_pages(self) -> int:
        """Present pages of private areas as the process sees them, the zero page excepted."""
        contents = self.memory.contents
        has_table = self.slot_table != NO_TABLE
        for vma in self._vmas:
            if vma.pages is not None:
                has_table[vma.first_slot : vma.end_slot] = False
        seen = self.memory.tables.content[self.slot_table[has_table]]
        return int(contents.present[seen].sum()) - int(contents.zero[seen].sum())

    @property
    def n_tables(self) -> int:
        """PTE tables that its slots point at, shared ones included."""
        return int((self.slot_table != NO_TABLE).sum())

    def _set_vmas(self, vmas: list[Vma]) -> None:
        self._vmas = vmas
        self._starts = np.array([vma.start_page for vma in vmas], np.int64)
        self._ends = np.array([vma.end_page for vma in vmas], np.int64)

    def _extend_slots(self, count: int) -> None:
        missing = count - len(self.slot_table)
        if missing > 0:
            self.slot_table = np.concatenate(
                (self.slot_table, np.full(missing, NO_TABLE, np.int64))
            )
            self.slot_writable = np.concatenate((self.slot_writable, np.ones(missing, np.bool_)))

    def _reach(self, vma: Vma, *, shared: bool) -> tuple[int, int]:
        """The pages that a new area must keep off: whole slots if either of the two is shared."""
        if shared or vma.pages is not None:
            return vma.first_slot * PAGES_PER_SLOT, vma.end_slot * PAGES_PER_SLOT
        return vma.start_page, vma.end_page

    def _is_free(self, start: int, n_pages: int, *, shared: bool) -> bool:
        return all(
            start + n_pages <= low or high <= start
            for low, high in (self._reach(vma, shared=shared) for vma in self._vmas)
        )

    def _free_start(self, n_pages: int, alignment: int, *, shared: bool) -> int:
        """The lowest aligned start with room for `n_pages`."""
        start = 0
        for vma in self._vmas:
            low, high = self._reach(vma, shared=shared)
            if start + n_pages <= low:
                break
            start = max(start, -(-high // alignment) * alignment)
        return start
