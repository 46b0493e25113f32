"""Classic fork on a pool of reserved 2 MiB pages (hugetlbfs; mechanisms.md 2.5)."""

from dataclasses import replace
from typing import Annotated, Any, ClassVar

import numpy as np
from pydantic import AfterValidator, Field

from models import filling, huge_faults
from models.address_space import NO_TABLE, PAGES_PER_SLOT, AddressSpace, BusError, Vma
from models.copying import ForkWork, copied_slots, copy_surveyed, survey
from models.costs import Costs
from models.entries import Kind
from models.faults import Faults, PageAction, TableAction
from models.frames import FRAME_BYTES
from models.pool import BoolArray, IntArray
from models.schemes.base import SchemeOptions
from models.schemes.huge import Huge
from models.schemes.words import ONE_LOCK, Words
from models.steps import Operation, Work
from models.zapping import used_slots
from sim.quantities import Bytes

HUGE_PAGE_BYTES = PAGES_PER_SLOT * FRAME_BYTES


def _whole_pages(value: int) -> int:
    if value % HUGE_PAGE_BYTES:
        raise ValueError("expected a multiple of 2MiB")
    return value


_FILLS = (PageAction.HUGE_FILL, PageAction.HUGE_READ_FILL)


class HugetlbOptions(SchemeOptions):
    """The pool of reserved pages."""

    pool: Annotated[
        Annotated[Bytes, AfterValidator(_whole_pages)] | None,
        Field(description="huge pages reserved for each program; no limit if left out"),
    ] = None

    def arguments(self) -> dict[str, Any]:
        """See `SchemeOptions.arguments`."""
        return {"pool_pages": None if self.pool is None else self.pool // HUGE_PAGE_BYTES}


class Hugetlb(Huge):
    """Slots that lie inside one private area are pages of a pool, reserved when they are mapped.

    A child has no reservation. If a write must copy a page and the pool has none left, a child is
    killed (SIGBUS); the process that mapped the page takes it from its children instead, which are
    killed when they next access it. There is no table in reserve: such pages are never split.

    Args:
        costs: Prices.
        pool_pages: Size of the pool of each program, in 2 MiB pages; None if there is no limit.

    Raises:
        ValueError: If the size is negative.
    """

    name: ClassVar[str] = "hugetlb"
    Options: ClassVar[type[SchemeOptions]] = HugetlbOptions
    words = Words(
        shared="Every 2 MiB page of the pool; there are no page tables.",
        payer="The parent at fork, for each huge page; later whoever first writes below one, for a "
        "copy of 2 MiB out of the pool.",
        locks=ONE_LOCK,
        breaks="With the pool used up a writing child is killed; a writing parent takes the page "
        "from its children, which are killed when they next access it. Writes copy 2 MiB.",
    )

    def __init__(self, costs: Costs, *, pool_pages: int | None = None) -> None:
        super().__init__(costs)
        if pool_pages is not None and pool_pages < 0:
            raise ValueError(f"a pool cannot have {pool_pages} pages")
        self.pool_pages = pool_pages

    def apply(self, mm: AddressSpace, faults: Faults) -> None:
        """See `Scheme.apply`.

        Raises:
            BusError: If the pool has no page for one of them; those before it are applied.
        """
        unserved = self._beyond_the_pool(mm, faults)
        if len(unserved):
            super().apply(mm, faults[: unserved[0]])
            raise BusError(f"no huge page is left for page {faults.page[unserved[0]]}")
        reused = faults.with_page_action(PageAction.HUGE_REUSE) // PAGES_PER_SLOT
        reused = reused[mm.slot_table[reused] != NO_TABLE]
        said = mm.memory.tables.content[mm.slot_table[reused]]
        self._take(mm, said[~mm.memory.contents.exclusive_huge(said)])
        super().apply(mm, faults)

    def exec(self, mm: AddressSpace) -> Operation[None]:
        """See `Scheme.exec`."""
        yield from super().exec(mm)
        mm.lost_slots = mm.lost_slots[:0]

    def unmap(self, mm: AddressSpace, start_page: int, n_pages: int) -> Operation[None]:
        """See `MappingOperations.unmap`.

        Raises:
            ValueError: If it would cut a page of the pool (EINVAL).
        """
        _check_whole(mm, start_page, n_pages)
        yield from super().unmap(mm, start_page, n_pages)
        mm.lost_slots = mm.lost_slots[used_slots(mm, mm.lost_slots)]

    def protect(
        self, mm: AddressSpace, start_page: int, n_pages: int, writable: bool
    ) -> Operation[None]:
        """See `MappingOperations.protect`; ValueError as of `unmap`."""
        _check_whole(mm, start_page, n_pages)
        yield from super().protect(mm, start_page, n_pages, writable)

    def discard(self, mm: AddressSpace, start_page: int, n_pages: int) -> Operation[None]:
        """See `MappingOperations.discard`; ValueError if a page of the pool is met (EINVAL)."""
        first, last = start_page // PAGES_PER_SLOT, (start_page + n_pages - 1) // PAGES_PER_SLOT
        if mm.whole_slots(np.arange(first, min(last + 1, len(mm.slot_table)))).any():
            raise ValueError("cannot discard pages of a pool")
        yield from super().discard(mm, start_page, n_pages)

    def move(
        self, mm: AddressSpace, start_page: int, n_pages: int, to_page: int
    ) -> Operation[None]:
        """See `MappingOperations.move`; ValueError if a page of the pool is met (EINVAL)."""
        first, end = start_page // PAGES_PER_SLOT, -(-(start_page + n_pages) // PAGES_PER_SLOT)
        if mm.whole_slots(np.arange(first, min(end, len(mm.slot_table)))).any():
            raise ValueError("cannot move pages of a pool")
        yield from super().move(mm, start_page, n_pages, to_page)

    def _apply_huge(self, mm: AddressSpace, faults: Faults) -> None:
        huge_faults.apply(mm, faults, physical=False)

    def _classify(self, mm: AddressSpace, pages: IntArray, writes: BoolArray) -> Faults:
        lost = mm.lost_slots
        if len(lost):
            gone = np.isin(pages // PAGES_PER_SLOT, lost)
            if gone.any():
                raise BusError(f"page {pages[gone][0]} was taken by the process that mapped it")
        faults = super()._classify(mm, pages, writes)
        action, cost_ns = faults.page_action.copy(), faults.cost_ns.copy()
        # A read has its page from the pool too; a write after it finds it there.
        action[action == PageAction.HUGE_ZERO_MAP] = PageAction.HUGE_READ_FILL
        found = (action == PageAction.HUGE_FILL) & (faults.table_action == TableAction.NONE)
        action[found] = PageAction.HUGE_REUSE
        # What the pool has no page for whoever mapped it takes from its children, and reuses.
        unserved = self._beyond_the_pool(mm, replace(faults, page_action=action))
        mapped = mm.mapped_itself()[faults.page[unserved] // PAGES_PER_SLOT]
        action[unserved[mapped]] = PageAction.HUGE_REUSE
        changed = action != faults.page_action
        cost_ns[changed] = self.costs.faults_ns(action[changed])
        return replace(faults, page_action=action, cost_ns=cost_ns)

    def _fork(self, parent: AddressSpace) -> Operation[AddressSpace]:
        work = survey(parent, copied_slots(parent))
        yield Work(self._price(parent, work), "fork")
        child = parent.fork_layout()
        said = parent.memory.tables.content[parent.slot_table[work.slots]]
        huge = parent.memory.contents.kind[said] >= Kind.HUGE
        all_slots = work.slots
        work.slots = all_slots[~huge]
        copy_surveyed(parent, child, work)
        copy_surveyed(parent, child, ForkWork(all_slots[huge], {}), physical=False)
        child.lost_slots = parent.lost_slots
        return child

    def _price(self, parent: AddressSpace, work: ForkWork) -> int:
        del parent  # no table is allocated
        return self.costs.fork_hugetlb_ns(
            huge=work.huge,
            present=work.present,
            writable=work.writable,
            scattered=work.scattered,
        )

    def fill(
        self,
        mm: AddressSpace,
        start_page: int,
        n_pages: int,
        *,
        scattered_share: float | None = None,
    ) -> None:
        """See `Scheme.fill`.

        Raises:
            ValueError: If the pool has fewer pages than the areas need.
        """
        if (self._free(mm) or 0) < 0:
            raise ValueError(f"a pool of {self.pool_pages} huge pages (fork.pool) is too small")
        super().fill(mm, start_page, n_pages, scattered_share=scattered_share)

    def _fill_slots(self, mm: AddressSpace, slots: IntArray, share: float | None) -> None:
        filling.fill_slots(mm, slots, share, Kind.HUGE, physical=False)

    def _check_new(self, mm: AddressSpace, vma: Vma) -> None:
        free = self._free(mm)
        if free is not None and free < 0:
            mm.remove(vma.start_page, vma.end_page)
            raise ValueError(f"the pool of {self.pool_pages} huge pages is too small")

    def _free(self, mm: AddressSpace) -> int | None:
        """Pages of the pool neither in use nor reserved; None if there is no limit."""
        if self.pool_pages is None:
            return None
        reserved = 0
        for relative in mm.memory.address_spaces.values():
            unused = relative.mapped_itself() & (relative.slot_table == NO_TABLE)
            reserved += int(unused.sum())
        return self.pool_pages - mm.memory.huge_pages - reserved

    def _beyond_the_pool(self, mm: AddressSpace, faults: Faults) -> IntArray:
        """Which faults find no page: copies, and fills of what was mapped by somebody else."""
        free = self._free(mm)
        if free is None:
            return np.empty(0, np.int64)
        mapped = mm.mapped_itself()[faults.page // PAGES_PER_SLOT]
        fills = np.isin(faults.page_action, _FILLS) & ~mapped
        wanted = np.flatnonzero(fills | (faults.page_action == PageAction.HUGE_COPY))
        return wanted[max(free, 0) :]

    def _take(self, mm: AddressSpace, contents: IntArray) -> None:
        """Unmap pages from everybody else who maps them (unmap_ref_private)."""
        if not len(contents):
            return
        memory = mm.memory
        for relative in memory.address_spaces.values():
            if relative is mm:
                continue
            slots = relative.slots_with_tables()
            slots = slots[np.isin(memory.tables.content[relative.slot_table[slots]], contents)]
            memory.free_tables(relative.slot_table[slots])
            relative.slot_table[slots] = NO_TABLE
            relative.lost_slots = np.union1d(relative.lost_slots, slots)
            relative.accounted_pages -= PAGES_PER_SLOT * len(slots)
            memory.counts.huge_zapped += len(slots)


def _check_whole(mm: AddressSpace, start_page: int, n_pages: int) -> None:
    for page in (start_page, start_page + n_pages):
        slot = page // PAGES_PER_SLOT
        inside = page % PAGES_PER_SLOT and slot < len(mm.slot_table)
        if inside and mm.whole_slots(np.array([slot]))[0]:
            raise ValueError(f"cannot cut a page of the pool at page {page}")
