"""What a process does to its mappings: mmap, brk, munmap, mprotect, madvise, mremap."""

from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import Protocol

import numpy as np
import numpy.typing as npt

from models.faults.batch import Faults
from models.faults.rules import Rules
from models.memory.address_space import AddressSpace, area_around, areas_in, is_mapped
from models.memory.areas import PAGES_PER_SLOT, Refusal, Vma
from models.memory.files import File
from models.operations import moving, protecting, removing
from models.operations.causes import FILL, TABLE_COPY, TEARDOWN
from models.operations.steps import Acquire, Apply, Flush, Mode, Operation, Release, Step, Work


class ChangeLocks(Protocol):
    """Which areas are locked when a range changes; see `models.schemes.locking`."""

    def of_change(self, mm: AddressSpace, start_page: int, end_page: int) -> tuple[Vma, ...]:
        """The areas."""


class ChangeablePages(Protocol):
    """What may be done to the pages; see `models.schemes.pages.SmallPages`."""

    def refusal(self, mm: AddressSpace) -> str | None:
        """Why areas that have just grown cannot stay so."""

    def unmapped(self, mm: AddressSpace) -> None:
        """Areas are gone."""

    def check_cuts(
        self, mm: AddressSpace, start_page: int, end_page: int, areas: Iterable[Vma]
    ) -> None:
        """Refuse to cut areas at the ends of a range."""

    def check_discard(self, mm: AddressSpace, start_page: int, end_page: int) -> None:
        """Refuse to forget a range."""

    def check_move(self, mm: AddressSpace, start_page: int, n_pages: int, to_page: int) -> None:
        """Refuse to move a range."""


class MappingScheme(Protocol):
    """What mappings have to know of the fork scheme that they belong to."""

    rules: Rules

    @property
    def locks(self) -> ChangeLocks:
        """Which areas are locked."""

    @property
    def pages(self) -> ChangeablePages:
        """What may be done to its pages."""

    def classify(
        self, mm: AddressSpace, pages: npt.ArrayLike, writes: npt.ArrayLike = True
    ) -> Faults:
        """The faults of accesses."""

    def apply(self, mm: AddressSpace, faults: Faults) -> None:
        """Make the changes of faults."""

    def settle_for_child(self, mm: AddressSpace, areas: tuple[Vma, ...]) -> int:
        """Finish what a child is still owed of areas before they change; the cost in ns."""

    def begin_new_pages(
        self, mm: AddressSpace, start_page: int, end_page: int, *, asked: bool
    ) -> Operation[None]:
        """Access new pages at once, if that was asked for."""


class Mappings:
    """The operations that change areas; each a generator of steps (`models.operations.steps`).

    Args:
        scheme: Whose kernel does it.
    """

    def __init__(self, scheme: MappingScheme) -> None:
        self._scheme = scheme

    def map(
        self,
        mm: AddressSpace,
        n_pages: int,
        *,
        alignment_pages: int = PAGES_PER_SLOT,
        at: int | None = None,
        writable: bool = True,
        shared: bool = False,
        file: File | None = None,
        heap: bool = False,
        populate: bool = False,
    ) -> Operation[Vma]:
        """Add an area (mmap); arguments as of `AddressSpace.map`, and one more.

        Args:
            mm: The address space.
            n_pages: Its length.
            alignment_pages: Of its start.
            at: Its start instead.
            writable: Whether writes are allowed.
            shared: MAP_SHARED.
            file: What is behind it.
            heap: Whether it is the heap.
            populate: Access every page of it at once (MAP_POPULATE).

        Raises:
            ValueError: As `AddressSpace.map`.
            Refusal: If there is no memory to promise (hugetlb).
        """
        yield Acquire("write", mm)
        vma = mm.map(
            n_pages,
            alignment_pages=alignment_pages,
            at=at,
            writable=writable,
            shared=shared,
            file=file,
            heap=heap,
        )
        refusal = self._scheme.pages.refusal(mm)
        if refusal:
            mm.remove(vma.start_page, vma.end_page)
        yield Release("write", mm)
        if refusal:
            raise Refusal(refusal)
        yield from self._scheme.begin_new_pages(mm, vma.start_page, vma.end_page, asked=populate)
        return vma

    def brk(self, mm: AddressSpace, n_pages: int) -> Operation[None]:
        """Make the heap `n_pages` long.

        Raises:
            ValueError: If there is no heap, no length, or another area in the way.
            Refusal: As `map`.
        """
        yield from self._begin(mm, "write", partial(self._check_brk, mm, n_pages))
        heap = next(vma for vma in mm.vmas if vma.heap)
        before_page, end_page = heap.end_page, heap.start_page + n_pages
        if before_page > end_page:
            yield from self._unmap(mm, end_page, before_page)
            return
        refusal = None
        if before_page < end_page:
            settled_ns = self._scheme.settle_for_child(mm, (heap,))
            if settled_ns:
                yield Work(settled_ns, "copy", TABLE_COPY)
            mm.extend(heap, n_pages)
            refusal = self._scheme.pages.refusal(mm)
            if refusal:
                mm.extend(heap, before_page - heap.start_page)
        yield Release("write", mm)
        if refusal:
            raise Refusal(refusal)
        if before_page < end_page:
            yield from self._scheme.begin_new_pages(mm, before_page, end_page, asked=False)

    def unmap(self, mm: AddressSpace, start_page: int, n_pages: int) -> Operation[None]:
        """Remove the mappings of a range of pages; what is not mapped there is passed over.

        The areas are cut and the state changes under the write lock; the time of removing the
        entries is spent under the read lock, as a kernel does that downgrades it (5.6).

        Raises:
            ValueError: If the range is not one of pages.
        """
        end_page = _end_of(start_page, n_pages, "unmap")
        yield from self._begin(mm, "write", partial(self._check_cuts, mm, start_page, end_page))
        yield from self._unmap(mm, start_page, end_page)

    def _unmap(self, mm: AddressSpace, start_page: int, end_page: int) -> Operation[None]:
        """What `unmap` does once it has the lock."""
        areas = yield from self._acquire_areas(mm, start_page, end_page)
        table_ns = self._cut_out(mm, start_page, end_page)
        removal, own_ns = removing.remove_range(mm, start_page, end_page, self._scheme.rules)
        self._scheme.pages.unmapped(mm)
        if table_ns + own_ns:
            yield Work(table_ns + own_ns, "copy", TABLE_COPY)
        yield Flush(mm)
        yield from _release(mm, areas)
        yield Acquire("read", mm)
        yield Work(removal.unmap_ns(self._scheme.rules.costs), "zap", TEARDOWN)
        yield Release("read", mm)

    def protect(
        self, mm: AddressSpace, start_page: int, n_pages: int, writable: bool
    ) -> Operation[None]:
        """Allow or refuse writes to a range of pages (mprotect).

        Raises:
            ValueError: If the range is not one of mapped pages.
        """
        end_page = _end_of(start_page, n_pages, "protect")
        check = partial(self._check_protect, mm, start_page, end_page, writable)
        yield from self._begin(mm, "write", check)
        areas = yield from self._acquire_areas(mm, start_page, end_page)
        table_ns = 0
        for vma in areas_in(mm, start_page, end_page):
            if vma.writable == writable:
                continue  # mprotect_fixup leaves it alone
            span = max(start_page, vma.start_page), min(end_page, vma.end_page)
            table_ns += self._cut_out(mm, *span)
            table_ns += protecting.set_writable(mm, *span, self._scheme.rules, writable=writable)
        # What was cut off is an area of its own, and locked like the one that it was part of.
        areas += yield from self._acquire_areas(mm, start_page, end_page, besides=areas)
        yield Work(table_ns, "copy", TABLE_COPY)
        yield Flush(mm)
        yield from _release(mm, areas)

    def discard(self, mm: AddressSpace, start_page: int, n_pages: int) -> Operation[None]:
        """Forget what a range of pages holds; it reads as fresh memory (MADV_DONTNEED).

        Raises:
            ValueError: If the range is not one of pages.
        """
        end_page = _end_of(start_page, n_pages, "discard")
        yield from self._begin(
            mm, "read", partial(self._scheme.pages.check_discard, mm, start_page, end_page)
        )
        settled_ns = self._scheme.settle_for_child(mm, areas_in(mm, start_page, end_page))
        removal, own_ns = removing.discard_range(mm, start_page, end_page, self._scheme.rules)
        if settled_ns + own_ns:
            yield Work(settled_ns + own_ns, "copy", TABLE_COPY)
        yield Work(removal.unmap_ns(self._scheme.rules.costs), "zap", TEARDOWN)
        yield Flush(mm)
        yield Release("read", mm)

    def move(
        self, mm: AddressSpace, start_page: int, n_pages: int, to_page: int
    ) -> Operation[None]:
        """Move a range of pages to a free place (mremap).

        Raises:
            ValueError: As `models.operations.moving.check_target`.
        """
        end_page = _end_of(start_page, n_pages, "move")
        check = partial(self._check_move, mm, start_page, n_pages, to_page)
        yield from self._begin(mm, "write", check)
        areas = yield from self._acquire_areas(mm, start_page, end_page)
        table_ns = self._cut_out(mm, start_page, end_page)
        vma = area_around(mm, start_page, n_pages)
        table_ns += moving.move(mm, vma, to_page, self._scheme.rules)
        yield Work(table_ns, "copy", TABLE_COPY)
        yield Flush(mm)
        yield from _release(mm, areas)

    def _begin(self, mm: AddressSpace, mode: Mode, check: Callable[[], None]) -> Operation[None]:
        """Take the lock, and give it back if what is to be done then turns out to be wrong."""
        yield Acquire(mode, mm)
        try:
            check()
        except ValueError:
            yield Release(mode, mm)
            raise

    def _check_brk(self, mm: AddressSpace, n_pages: int) -> None:
        heap = next((vma for vma in mm.vmas if vma.heap), None)
        if heap is None or n_pages < 1:
            raise ValueError(f"cannot make the heap {n_pages} pages long")
        if n_pages < heap.n_pages:
            self._check_cuts(mm, heap.start_page + n_pages, heap.end_page)
        else:
            mm.check_extension(heap, n_pages)

    def _check_cuts(self, mm: AddressSpace, start_page: int, end_page: int) -> None:
        self._scheme.pages.check_cuts(mm, start_page, end_page, mm.vmas)

    def _check_protect(
        self, mm: AddressSpace, start_page: int, end_page: int, writable: bool
    ) -> None:
        if not is_mapped(mm, start_page, end_page):
            what = f"{end_page - start_page} pages at page {start_page}"
            raise ValueError(f"cannot protect {what}: not all mapped")
        changed = [vma for vma in mm.vmas if vma.writable != writable]
        self._scheme.pages.check_cuts(mm, start_page, end_page, changed)

    def _check_move(self, mm: AddressSpace, start_page: int, n_pages: int, to_page: int) -> None:
        moving.check_target(mm, start_page, n_pages, to_page)
        self._scheme.pages.check_move(mm, start_page, n_pages, to_page)

    def _acquire_areas(
        self, mm: AddressSpace, start_page: int, end_page: int, besides: tuple[Vma, ...] = ()
    ) -> Operation[tuple[Vma, ...]]:
        """Lock what is locked besides the address space, which nobody changes any more."""
        locked = self._scheme.locks.of_change(mm, start_page, end_page)
        areas = tuple(area for area in locked if area not in besides)
        for area in areas:
            yield Acquire("write", area)
        return areas

    def _cut_out(self, mm: AddressSpace, start_page: int, end_page: int) -> int:
        """Make areas begin or end at both ends of a range that will change; the cost in ns."""
        settled_ns = self._scheme.settle_for_child(mm, areas_in(mm, start_page, end_page))
        settled_ns += removing.cut(mm, start_page, self._scheme.rules)
        return settled_ns + removing.cut(mm, end_page, self._scheme.rules)


def populate(
    scheme: MappingScheme, mm: AddressSpace, start_page: int, end_page: int
) -> Operation[None]:
    """Access every page of a new range at once (MAP_POPULATE)."""
    pages = np.arange(start_page, end_page)
    vma = mm.vmas[mm.vma_numbers(pages[:1])[0]]
    # Private memory is populated by write faults, so that nothing is left to be done.
    yield Acquire("read", mm)
    faults = scheme.classify(mm, pages, vma.writable and vma.private)
    yield Apply(mm, faults, scheme.apply)
    yield Work(faults.total_ns, "fill", FILL)
    yield Release("read", mm)


def _release(mm: AddressSpace, areas: tuple[Vma, ...]) -> Iterator[Step]:
    for lock in (*reversed(areas), mm):
        yield Release("write", lock)


def _end_of(start_page: int, n_pages: int, what: str) -> int:
    if start_page < 0 or n_pages < 1:
        raise ValueError(f"cannot {what} {n_pages} pages at page {start_page}")
    return start_page + n_pages
