"""On-demand-fork: page tables are shared at fork, then copied (EuroSys '21; mechanisms.md 3, 4)."""

from collections.abc import Hashable, Mapping
from typing import Annotated, Any, ClassVar, Literal

import numpy as np
from pydantic import Field

from models.costs.laws import Costs
from models.faults.actions import TableAction
from models.faults.prices import scans_ns
from models.faults.rules import RssAccounting, Sharing
from models.memory.address_space import AddressSpace
from models.memory.entries import ENTRIES_PER_TABLE
from models.memory.tables import EXCLUSIVE, NOBODY
from models.operations.copying import copied_slots, copy_surveyed, divide, survey, wholly_anonymous
from models.operations.steps import Acquire, Apply, Mode, Operation, Release, Work
from models.schemes.base import Scheme, SchemeOptions
from models.schemes.words import ONE_LOCK, Words
from sim.arrays import BoolArray, IntArray, run_of

PAPER = Sharing()
"""The paper's text: partly covered slots are shared too, the last sharer reuses."""
HEAD = Sharing(
    last_sharer=TableAction.RENEW,
    accounting=RssAccounting.COPIER,
    copies_below_read_only=False,
    protect_settles=False,
    protects_both=False,
)
"""The authors' published kernel, December 2021 (mechanisms.md 3, column P)."""
PATCHSET = Sharing(accounting=RssAccounting.OWNER, scans_left=False, flushes=True)
"""Their later patch set for 6.0 (mechanisms.md 4, column V), its races repaired."""

PAGES_PER_GIB = 2**18
"""What a table of the level above (PMD) spans."""

Variant = Literal["paper", "head", "patchset"]
_RULES: dict[Variant, Sharing] = {"paper": PAPER, "head": HEAD, "patchset": PATCHSET}
_WORDS: dict[Variant, Words] = {
    "paper": Words(
        shared="Every page table of written private areas, and with it the pages below.",
        payer="Whoever first writes below a shared table, or reads a hole there, for its copy and "
        "that of the page; the last sharer makes the table writable again. A child's exit reads "
        "the entries of the tables it leaves.",
        locks=ONE_LOCK,
        breaks="Nothing. The first write in each 2 MiB takes long; cutting an area copies the "
        "table at the cut.",
    ),
    "head": Words(
        shared="The page tables that lie inside one anonymous area other than the heap, and with "
        "them the pages below; the others are copied at fork.",
        payer="Whoever first faults below such a table, for its copy, even as its last sharer. A "
        "child's exit reads the entries of the tables it leaves.",
        locks=f"{ONE_LOCK} Faults in the same 1 GiB exclude each other, table copies included.",
        breaks="The heap is copied as by classic fork. Resident sizes drift. MADV_DONTNEED is "
        "ignored, and new areas are filled at once, in processes that have to do with sharing.",
    ),
    "patchset": Words(
        shared="Every page table of written private areas but those filled by MAP_POPULATE.",
        payer="Whoever first faults below a shared table, for its copy and a flush of every core "
        "that runs the process; the last sharer makes the table writable again. A table's owner "
        "reads its entries when it leaves.",
        locks=ONE_LOCK,
        breaks="The pages below a shared table count as its owner's alone, or as nobody's. "
        "Populated memory is copied at fork.",
    ),
}


class OnDemandOptions(SchemeOptions):
    """Which kernel's On-demand-fork it is."""

    variant: Annotated[
        Variant,
        Field(description="the paper's text, the authors' December 2021 kernel, their patch set"),
    ] = "paper"


class OnDemand(Scheme):
    """Fork shares the page tables; the first fault below a shared one copies it.

    Shared is every table below a written private area, partly covered slots and slots of several
    areas included, once per fork. `head` shares only slots that lie inside one anonymous area
    other than the heap, and `patchset` no populated ones; both copy the rest as classic fork does.
    What follows from a slot without write permission is in `models.faults.rules`.

    Args:
        costs: Prices.
        variant: Which kernel: `paper`, `head` or `patchset`.
        sharing: Its rules, where they are to differ from the variant's.

    Raises:
        ValueError: If there is no such variant.
    """

    name: ClassVar[str] = "on_demand"
    Options: ClassVar[type[SchemeOptions]] = OnDemandOptions
    variants: ClassVar[tuple[Mapping[str, Any], ...]] = (
        {"variant": "paper"},
        {"variant": "head"},
        {"variant": "patchset"},
    )

    def __init__(
        self, costs: Costs, *, variant: Variant = "paper", sharing: Sharing | None = None
    ) -> None:
        if variant not in _RULES:
            raise ValueError(f"no variant '{variant}' of on_demand: {', '.join(_RULES)}")
        super().__init__(costs, sharing or _RULES[variant])
        self.variant = variant
        self.words = _WORDS[variant]

    def fork_ns(self, parent: AddressSpace) -> int:
        """See `Scheme.fork_ns`."""
        return self._price(parent, *self._divided(parent))

    def discard(self, mm: AddressSpace, start_page: int, n_pages: int) -> Operation[None]:
        """See `Scheme.discard`; `head` ignores it in a process that has to do with sharing."""
        if self.variant == "head" and mm.on_demand:
            return
        yield from super().discard(mm, start_page, n_pages)

    def fault_locks(self, mm: AddressSpace, page: int) -> tuple[tuple[Mode, Hashable], ...]:
        """See `Scheme.fault_locks`; `head` also takes the lock of the PMD table, of 1 GiB."""
        locks = super().fault_locks(mm, page)
        return (*locks, ("write", (mm, page // PAGES_PER_GIB))) if self.variant == "head" else locks

    def _fork(self, parent: AddressSpace) -> Operation[AddressSpace]:
        yield Work(self._price(parent, *self._divided(parent)), "fork")
        # The price is that of the state found at first; what is shared is what is there now.
        slots, rest = self._divided(parent)
        child = parent.fork_layout()
        if len(rest):
            copy_surveyed(parent, child, survey(parent, rest))
        self._share(parent, child, slots)
        parent.on_demand = child.on_demand = True
        return child

    def _price(self, parent: AddressSpace, shared: IntArray, rest: IntArray) -> int:
        tables = parent.slot_table[run_of(shared)]
        scattered = int(parent.memory.tables.scattered[run_of(tables)].sum())
        price_ns = self.costs.fork_on_demand_ns(tables=len(tables), scattered_tables=scattered)
        if len(rest):
            work = survey(parent, rest)
            entries_ns = self.costs.entries_ns(work.present, work.writable, work.scattered)
            price_ns += round(entries_ns)
        if self.sharing.accounting is RssAccounting.OWNER:
            orphans = tables[self._orphans(parent, shared)]
            price_ns += round(float(scans_ns(parent, orphans, self.costs).sum()))
        return price_ns

    def _share(self, parent: AddressSpace, child: AddressSpace, slots: IntArray) -> None:
        memory = parent.memory
        at = run_of(slots)
        tables = parent.slot_table[at]
        if self.sharing.accounting is RssAccounting.VIEW:
            content = memory.tables.content[run_of(tables)]
            child.accounted_pages += memory.contents.resident_sum(content)
        elif self.sharing.accounting is RssAccounting.OWNER:
            self._own(parent, slots)
        child.slot_table[at] = tables
        closed = slots
        if not self.sharing.closes_read_only:
            closed = slots[~parent.in_read_only_areas(slots)]
        child.slot_writable[run_of(closed)] = False
        parent.slot_writable[run_of(closed)] = False
        memory.tables.references[run_of(tables)] += 1
        memory.counts.tables_shared += len(slots)

    def _own(self, parent: AddressSpace, slots: IntArray) -> None:
        """Account for the tables that nobody accounts for."""
        memory = parent.memory
        tables = parent.slot_table[run_of(slots)]
        orphans = tables[self._orphans(parent, slots)]
        parent.accounted_pages += memory.contents.resident_sum(memory.tables.content[orphans])
        memory.counts.ptes_scanned += ENTRIES_PER_TABLE * len(orphans)
        nobodys = memory.tables.owner[run_of(tables)] == NOBODY
        memory.tables.owner[tables[nobodys]] = parent.number

    def _divided(self, parent: AddressSpace) -> tuple[IntArray, IntArray]:
        """The slots that are shared, and those that are copied."""
        slots = copied_slots(parent)
        if self.variant == "head":
            return divide(slots, wholly_anonymous(parent, slots, heap=False))
        if self.variant == "patchset":
            owner = parent.memory.tables.owner[run_of(parent.slot_table[run_of(slots)])]
            return divide(slots, owner != EXCLUSIVE)
        return slots, slots[:0]

    def _orphans(self, parent: AddressSpace, slots: IntArray) -> BoolArray:
        """Which of the tables of `slots` are shared and accounted for by nobody."""
        at = run_of(slots)
        owner = parent.memory.tables.owner[run_of(parent.slot_table[at])]
        orphans: BoolArray = (owner == NOBODY) & ~parent.slot_writable[at]
        return orphans

    def _populate_new(
        self, mm: AddressSpace, start_page: int, end_page: int, *, asked: bool
    ) -> Operation[None]:
        """Access new pages at once; `head` reads them even if nobody asked (do_mmap, brk)."""
        if asked:
            yield from super()._populate_new(mm, start_page, end_page, asked=True)
            if self.variant == "patchset":
                slots = mm.slots_around(start_page, end_page)
                mm.memory.tables.owner[mm.slot_table[slots]] = EXCLUSIVE
        elif self.variant == "head" and mm.on_demand:
            yield Acquire("read", mm)
            faults = self.classify(mm, np.arange(start_page, end_page), False)
            yield Apply(mm, faults, self.apply)
            yield Work(faults.total_ns, "fill")
            yield Release("read", mm)
