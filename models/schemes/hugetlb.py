"""Classic fork on a pool of reserved 2 MiB pages (hugetlbfs; mechanisms.md 2.5)."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Annotated, Any, ClassVar

import numpy as np
from pydantic import AfterValidator, Field

from models.costs.laws import Costs
from models.faults import huge_pages
from models.faults.actions import PageAction, TableAction
from models.faults.batch import Faults
from models.faults.prices import faults_ns
from models.faults.rules import Rules
from models.memory import slots as writer
from models.memory.address_space import NO_TABLE, AddressSpace, area_around
from models.memory.areas import PAGES_PER_SLOT, BusError, Refusal, Vma
from models.memory.entries import Kind
from models.memory.frames import FRAME_BYTES
from models.operations import filling
from models.operations.copying import ForkWork, copy_surveyed, divide
from models.operations.removing import used_slots
from models.operations.steps import Operation
from models.schemes.base import Scheme, SchemeOptions
from models.schemes.forking import CopyTables
from models.schemes.pages import HugePages
from models.schemes.words import ONE_LOCK, Words
from sim.arrays import BoolArray, IntArray, run_of
from sim.units import Bytes

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


def lost_slots(mm: AddressSpace) -> IntArray:
    """The slots whose huge page the parent has taken, ascending: all that is kept of a process."""
    if mm.state is None:
        return np.empty(0, np.int64)
    assert isinstance(mm.state, np.ndarray)  # noqa: S101 - for mypy
    return mm.state


class PoolPages(HugePages):
    """2 MiB pages of a pool, reserved when they are mapped.

    Args:
        number: Size of the pool of each program, in 2 MiB pages; None if there is no limit.

    Raises:
        ValueError: If the size is negative.
    """

    def __init__(self, number: int | None) -> None:
        super().__init__(physical=False)
        if number is not None and number < 0:
            raise ValueError(f"a pool cannot have {number} pages")
        self.number = number

    def classify(
        self, mm: AddressSpace, pages: IntArray, writes: BoolArray, rules: Rules
    ) -> Faults:
        """See `SmallPages.classify`."""
        faults = super().classify(mm, pages, writes, rules)
        if not len(faults):
            return faults
        action, cost_ns = faults.page_action.copy(), faults.cost_ns.copy()
        # A read has its page from the pool too; a write after it finds it there.
        action[action == PageAction.HUGE_ZERO_MAP] = PageAction.HUGE_READ_FILL
        found = (action == PageAction.HUGE_FILL) & (faults.table_action == TableAction.NONE)
        action[found] = PageAction.HUGE_REUSE
        # What the pool has no page for whoever mapped it takes from its children, and reuses.
        slots = faults.page // PAGES_PER_SLOT
        unserved = self._beyond_the_pool(mm, replace(faults, page_action=action))
        mapped = mm.mapped_itself()[slots[unserved]]
        action[unserved[mapped]] = PageAction.HUGE_REUSE
        changed = action != faults.page_action
        cost_ns[changed] = faults_ns(rules, action[changed])
        replaced = faults.replaces & (action != PageAction.HUGE_REUSE)
        faults = replace(faults, page_action=action, cost_ns=cost_ns, replaces=replaced)
        gone = lost_slots(mm)
        lost = np.flatnonzero(np.isin(slots, gone)) if len(gone) else unserved[:0]
        killed = np.concatenate((unserved[~mapped], lost))
        return faults.killed_at(int(killed.min())) if len(killed) else faults

    def apply(self, mm: AddressSpace, faults: Faults, rules: Rules) -> None:
        """See `SmallPages.apply`.

        Raises:
            BusError: If the pool has no page for the last of them; those before it are applied.
        """
        killed = faults.with_page_action(PageAction.NO_PAGE)
        served = faults[: len(faults) - len(killed)]
        reused = served.with_page_action(PageAction.HUGE_REUSE) // PAGES_PER_SLOT
        reused = reused[mm.slot_table[reused] != NO_TABLE]
        content = mm.memory.tables.content[mm.slot_table[reused]]
        _take(mm, content[~mm.memory.contents.exclusive_huge(content)])
        super().apply(mm, served, rules)
        if len(killed):
            raise BusError(f"no huge page is left for page {killed[0]}")

    def copy_ns(self, parent: AddressSpace, work: ForkWork, rules: Rules) -> int:
        """See `SmallPages.copy_ns`."""
        del parent  # no table is allocated
        return rules.costs.fork_hugetlb_ns(work.tables_ns(rules.costs), huge=work.huge)

    def copy(self, parent: AddressSpace, child: AddressSpace, work: ForkWork) -> None:
        """See `SmallPages.copy`."""
        content = parent.memory.tables.content[run_of(parent.slot_table[run_of(work.slots)])]
        huge, work.slots = divide(
            work.slots, parent.memory.contents.kind[run_of(content)] >= Kind.HUGE
        )
        copy_surveyed(parent, child, work)
        copy_surveyed(parent, child, ForkWork(huge, {}), physical=False)
        child.state = lost_slots(parent)

    def free(self, mm: AddressSpace) -> int | None:
        """Pages of the pool that are neither in use nor reserved; None if there is no limit."""
        if self.number is None:
            return None
        reserved = 0
        for relative in mm.family.values():
            unused = relative.mapped_itself() & (relative.slot_table == NO_TABLE)
            reserved += int(unused.sum())
        return self.number - mm.memory.huge_pages - reserved

    def refusal(self, mm: AddressSpace) -> str | None:
        """See `SmallPages.refusal`."""
        if (self.free(mm) or 0) >= 0:
            return None
        return f"the pool of {self.number} huge pages is too small"

    def unmapped(self, mm: AddressSpace) -> None:
        """See `SmallPages.unmapped`."""
        gone = lost_slots(mm)
        mm.state = gone[used_slots(mm, gone)]

    def check_cuts(
        self, mm: AddressSpace, start_page: int, end_page: int, areas: Iterable[Vma]
    ) -> None:
        """Refuse to cut pages of the pool in two (EINVAL)."""
        for page in (start_page, end_page):
            for vma in areas:
                inside = vma.start_page < page < vma.end_page and page % PAGES_PER_SLOT
                if inside and huge_pages.is_huge(mm, np.array([page // PAGES_PER_SLOT]))[0]:
                    raise Refusal(f"cannot cut a page of the pool at page {page}")

    def check_discard(self, mm: AddressSpace, start_page: int, end_page: int) -> None:
        """See `SmallPages.check_discard`."""
        _refuse_pages_of_the_pool(mm, start_page, end_page, "discard")

    def check_move(self, mm: AddressSpace, start_page: int, n_pages: int, to_page: int) -> None:
        """See `SmallPages.check_move`."""
        _refuse_pages_of_the_pool(mm, start_page, start_page + n_pages, "move")
        # Pages of 4 KiB do not become such.
        anonymous = area_around(mm, start_page, n_pages).file is None
        if anonymous and -(-to_page // PAGES_PER_SLOT) < (to_page + n_pages) // PAGES_PER_SLOT:
            raise Refusal(f"cannot move {n_pages} pages of 4 KiB to page {to_page}, in the pool")

    def has_lost(self, mm: AddressSpace) -> bool:
        """See `SmallPages.has_lost`."""
        return bool(len(lost_slots(mm)))

    def _beyond_the_pool(self, mm: AddressSpace, faults: Faults) -> IntArray:
        """Which faults find no page: copies, and fills of what was mapped by somebody else."""
        free = self.free(mm)
        if free is None:
            return np.empty(0, np.int64)
        mapped = mm.mapped_itself()[faults.page // PAGES_PER_SLOT]
        fills = np.isin(faults.page_action, _FILLS) & ~mapped
        wanted = np.flatnonzero(fills | (faults.page_action == PageAction.HUGE_COPY))
        return wanted[max(free, 0) :]


def _take(mm: AddressSpace, contents: IntArray) -> None:
    """Unmap pages from everybody else who maps them (unmap_ref_private)."""
    if not len(contents):
        return
    memory = mm.memory
    for relative in mm.family.values():
        if relative is mm:
            continue
        slots = relative.slots_with_tables()
        slots = slots[np.isin(memory.tables.content[relative.slot_table[slots]], contents)]
        tables = relative.slot_table[slots]
        writer.empty(relative, slots)
        writer.drop_tables(relative, tables)
        relative.state = np.union1d(lost_slots(relative), slots)
        writer.count(memory, huge_zapped=len(slots))


def _refuse_pages_of_the_pool(mm: AddressSpace, start_page: int, end_page: int, what: str) -> None:
    """Refuse what cannot be done to pages of the pool (EINVAL)."""
    end_slot = min(-(-end_page // PAGES_PER_SLOT), len(mm.slot_table))
    if huge_pages.is_huge(mm, np.arange(start_page // PAGES_PER_SLOT, end_slot)).any():
        raise Refusal(f"cannot {what} pages of the pool")


class Hugetlb(Scheme):
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
    title: ClassVar[str] = "Fork, hugetlb"
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
        rules, pages = Rules(costs), PoolPages(pool_pages)
        super().__init__(rules, CopyTables(rules, pages), pages=pages)
        self.pool = pages

    def exec(self, mm: AddressSpace) -> Operation[None]:
        """See `Scheme.exec`."""
        yield from super().exec(mm)
        mm.state = None

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
            Refusal: If the pool has fewer pages than the areas need.
            BusError: As `apply`.
        """
        if (self.pool.free(mm) or 0) < 0:
            raise Refusal(f"a pool of {self.pool.number} huge pages (fork.pool) is too small")
        whole = filling.untouched_slots(mm, start_page, n_pages)
        if mm.mapped_itself()[whole].all():
            super().fill(mm, start_page, n_pages, scattered_share=scattered_share)
        else:
            # No page of the pool is promised for what another process has mapped.
            self.touch(mm, np.arange(start_page, start_page + n_pages))
            mm.last_fault_page = start_page + n_pages - 1
