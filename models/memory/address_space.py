"""The address space of a process (the kernel's mm): its areas and its slots."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable
from dataclasses import replace
from operator import attrgetter
from typing import ClassVar

import numpy as np

from models.memory.areas import PAGES_PER_SLOT, SegmentationFault, Vma
from models.memory.counts import Counts
from models.memory.files import File
from models.memory.lockable import Lockable
from models.memory.physical import PhysicalMemory
from sim.arrays import BoolArray, IntArray, run_of

NO_TABLE = -1
NOWHERE = -2

_FEW = 64
"""Of so many numbers Python finds the extremes sooner than NumPy."""

_start_page = attrgetter("start_page")


class AddressSpace(Lockable):
    """Areas in address order, and per slot (2 MiB of address) the PTE table and its write bit.

    Pages are numbered from 0; page p lies in slot ``p // 512``. `slot_table` holds table numbers or
    -1; `slot_writable` is the PMD's write bit: without it no entry below it allows writes.
    `last_fault_page` and `last_copied_slot` say where faults were last handled and a table was last
    copied (`NOWHERE` at first), and with that what is still in cache.

    Args:
        memory: The machine's physical memory.
        parent: Who forks it, if anybody does.

    Attributes:
        number: Tells it apart from the others of that memory.
        family: Its forks, theirs, and whom it comes from: those that are alive, by their number.
        counts: Its own faults.
        accounted_pages: The kernel's count of resident pages (see `rss_pages`).
        pmd_tables: The tables of the level above that were ever locked, by their number; they span
            1 GiB each.
        state: What the fork scheme keeps of it, as the scheme says; None at first.
    """

    lock_kind: ClassVar[str] = "mm"

    def __init__(self, memory: PhysicalMemory, parent: AddressSpace | None = None) -> None:
        self.memory = memory
        self.number = memory.next_number()
        self.family: dict[int, AddressSpace] = {} if parent is None else parent.family
        self.family[self.number] = self
        self.counts = Counts()
        self.accounted_pages = 0
        self.pmd_tables: dict[int, Lockable] = {}
        self.state: object = None
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
        file: File | None = None,
        heap: bool = False,
    ) -> Vma:
        """Add an area; nothing is allocated until its pages are touched.

        Args:
            n_pages: Its length, at least 1.
            alignment_pages: The start is the lowest free multiple of this.
            at: The start page instead.
            writable: Whether writes are allowed.
            shared: MAP_SHARED instead of MAP_PRIVATE. A shared area has its slots to itself.
            file: The pages behind it, from their first one; None for anonymous memory.
            heap: Whether it is the heap.

        Raises:
            ValueError: If the length is not positive, the file too short, or the place at `at`
                taken.
        """
        if n_pages < 1 or (file is not None and file.n_pages < n_pages):
            raise ValueError(f"cannot map {n_pages} pages")
        if shared and file is None:
            file = File(self.memory.frames, n_pages)
        vma = Vma(0, n_pages, writable, file, private=not shared, heap=heap)
        vma.start_page = self._free_start(vma, alignment_pages) if at is None else at
        self.add(vma)
        return vma

    def add(self, vma: Vma) -> None:
        """Put an area where its `start_page` says.

        Raises:
            ValueError: If the place is taken.
        """
        if vma.start_page < 0 or not self.is_free(vma):
            place = f"{vma.n_pages} pages at page {vma.start_page}"
            raise ValueError(f"cannot map {place}: the place is taken")
        if vma.file is not None:
            vma.file.add_area()
        self._set_vmas(sorted([*self._vmas, vma], key=lambda v: v.start_page))
        self._extend_slots(vma.end_slot)

    def is_free(self, wanted: Vma, besides: Vma | None = None) -> bool:
        """Whether no area, one excepted, is in the way of another."""
        return all(
            wanted.end_page <= low or high <= wanted.start_page
            for low, high in (self._reach(vma, wanted) for vma in self._vmas if vma is not besides)
        )

    def extend(self, vma: Vma, n_pages: int) -> None:
        """Make an area longer.

        Raises:
            ValueError: If another is in the way.
        """
        self.check_extension(vma, n_pages)
        vma.n_pages = n_pages
        self._set_vmas(self._vmas)
        self._extend_slots(vma.end_slot)

    def check_extension(self, vma: Vma, n_pages: int) -> None:
        """ValueError if another area is in the way of a longer one."""
        if not self.is_free(replace(vma, n_pages=n_pages), besides=vma):
            raise ValueError(f"cannot extend to {n_pages} pages: the place is taken")

    def fork_layout(self) -> AddressSpace:
        """A new address space with the same areas and no table."""
        child = AddressSpace(self.memory, self)
        child._set_vmas([replace(vma, inherited=True) for vma in self._vmas])
        child._extend_slots(len(self.slot_table))
        for vma in self._vmas:
            if vma.file is not None:
                vma.file.add_area()
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
                if vma.file is not None:
                    vma.file.add_area()
                self._set_vmas([*self._vmas[: number + 1], upper, *self._vmas[number + 1 :]])
                return True
        return False

    def remove(self, start_page: int, end_page: int) -> int:
        """Remove the areas inside [start_page, end_page); returns the frames of objects freed."""
        gone = [v for v in self._vmas if start_page <= v.start_page and v.end_page <= end_page]
        self._set_vmas([vma for vma in self._vmas if vma not in gone])
        return sum(vma.file.remove_area() for vma in gone if vma.file is not None)

    def mark_written(self, pages: IntArray) -> None:
        """From its first written page on, a private area is copied at fork."""
        if all(vma.has_anon_vma for vma in self._vmas):
            return
        for number in np.unique(self.vma_numbers(pages)):
            self._vmas[number].has_anon_vma = True

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
        if len(pages) <= _FEW:
            listed = pages.tolist()
            lowest, highest = min(listed), max(listed)
        else:
            lowest, highest = int(pages.min()), int(pages.max())
        first = self.area_of(lowest)
        if first is None or not first.writable or highest >= first.end_page:
            numbers = self.vma_numbers(pages)
            self.check_writes(pages[writes], numbers[writes])

    def area_of(self, page: int) -> Vma | None:
        """The area that holds a page, if one does."""
        number = bisect_right(self._vmas, page, key=_start_page) - 1
        vma = self._vmas[number] if number >= 0 else None
        return vma if vma is not None and page < vma.end_page else None

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
        """Whether each slot lies inside one area of private anonymous memory."""
        which: BoolArray = self._inside(lambda vma: vma.file is None)[run_of(slots)]
        return which

    def mapped_itself(self) -> BoolArray:
        """Of every slot whether it lies inside one anonymous area that it has mapped itself."""
        return self._inside(lambda vma: vma.file is None and not vma.inherited)

    def _inside(self, chosen: Callable[[Vma], bool]) -> BoolArray:
        """Of every slot whether it lies inside one of some areas."""
        inside = np.zeros(len(self.slot_table), np.bool_)
        for vma in self._vmas:
            if chosen(vma):
                first = -(-vma.start_page // PAGES_PER_SLOT)
                inside[first : vma.end_page // PAGES_PER_SLOT] = True
        return inside

    def in_read_only_areas(self, slots: IntArray) -> BoolArray:
        """Whether the first area in each slot may not be written."""
        read_only = np.array([not vma.writable for vma in self._vmas], np.bool_)
        numbers = np.searchsorted(self._ends, slots * PAGES_PER_SLOT, "right")
        inside: BoolArray = read_only[np.minimum(numbers, len(read_only) - 1)]
        return inside

    def slots_with_tables(self, first_slot: int = 0, end_slot: int | None = None) -> IntArray:
        """The slots in [first_slot, end_slot) that have a table, ascending."""
        return np.flatnonzero(self.slot_table[first_slot:end_slot] != NO_TABLE) + first_slot

    def slots_around(self, start_page: int, end_page: int) -> IntArray:
        """The slots that have a table and that [start_page, end_page) meets, ascending."""
        return self.slots_with_tables(start_page // PAGES_PER_SLOT, -(-end_page // PAGES_PER_SLOT))

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
        return self._resident(shared=False)

    @property
    def rss_pages(self) -> int:
        """What the kernel's own counter says of `resident_pages` (`RssAccounting` of its rules)."""
        return self.accounted_pages - self._resident(shared=True)

    @property
    def n_tables(self) -> int:
        """PTE tables that its slots point at, shared ones included."""
        return int((self.slot_table != NO_TABLE).sum())

    def _resident(self, *, shared: bool) -> int:
        of_kind = np.full(len(self.slot_table), not shared)
        for vma in self._vmas:
            if not vma.private:
                of_kind[vma.first_slot : vma.end_slot] = shared
        tables = self.slot_table[of_kind & (self.slot_table != NO_TABLE)]
        return self.memory.contents.resident_sum(self.memory.tables.content[tables])

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

    def _reach(self, vma: Vma, wanted: Vma) -> tuple[int, int]:
        """The pages that a new area must keep off: whole slots if either of the two is shared."""
        if vma.private and wanted.private:
            return vma.start_page, vma.end_page
        return vma.first_slot * PAGES_PER_SLOT, vma.end_slot * PAGES_PER_SLOT

    def _free_start(self, wanted: Vma, alignment: int) -> int:
        """The lowest aligned start with room for an area."""
        start = 0
        for vma in self._vmas:
            low, high = self._reach(vma, wanted)
            if start + wanted.n_pages <= low:
                break
            start = max(start, -(-high // alignment) * alignment)
        return start


def area_around(mm: AddressSpace, start_page: int, n_pages: int) -> Vma:
    """The one area that a range lies in.

    Raises:
        ValueError: If there is none.
    """
    for vma in mm.vmas:
        if vma.start_page <= start_page and start_page + n_pages <= vma.end_page:
            return vma
    raise ValueError(f"cannot move {n_pages} pages at page {start_page}: not one area")


def is_mapped(mm: AddressSpace, start_page: int, end_page: int) -> bool:
    """Whether areas cover every page of a range."""
    page = start_page
    for vma in mm.vmas:
        if vma.start_page <= page < vma.end_page:
            page = vma.end_page
    return page >= end_page


def areas_in(mm: AddressSpace, start_page: int, end_page: int) -> tuple[Vma, ...]:
    """The areas that a range meets."""
    return tuple(v for v in mm.vmas if v.start_page < end_page and start_page < v.end_page)
