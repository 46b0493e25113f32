"""On-demand-fork: page tables are shared at fork, then copied (EuroSys '21; mechanisms.md 3, 4)."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Annotated, Any, ClassVar, Literal

import numpy as np
from pydantic import Field

from models.costs.laws import Costs
from models.faults.actions import TableAction
from models.faults.rules import RssAccounting, Rules, Sharing
from models.memory import slots as writer
from models.memory.address_space import AddressSpace
from models.memory.tables import EXCLUSIVE
from models.operations.causes import FILL
from models.operations.copying import copied_slots, divide, wholly_anonymous
from models.operations.mappings import populate
from models.operations.steps import Acquire, Apply, Operation, Release, Work
from models.schemes.base import Scheme, SchemeOptions
from models.schemes.forking import Division, ShareTables
from models.schemes.locking import GibLocks, OneLock
from models.schemes.words import ONE_LOCK, Words
from sim.arrays import IntArray, run_of

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

SHARES = "shares tables"
"""What `head` keeps of a process that has forked, or been forked, with shared tables."""

Variant = Literal["paper", "head", "patchset"]
_RULES: dict[Variant, Sharing] = {"paper": PAPER, "head": HEAD, "patchset": PATCHSET}
_WORDS: dict[Variant, Words] = {
    "paper": Words(
        shared="Every page table of written private areas, and with it the pages below.",
        payer="Whoever first writes below a shared table, or reads a hole there, for its copy and "
        "that of the page; the last sharer makes the table writable again. A child's exit reads "
        "the entries of the tables it leaves: the paper does not say so, it is inferred from its "
        "rates (figure 9), and what reading one takes is assumed; `scans_left: false` is without.",
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
    scans_left: Annotated[
        bool | None,
        Field(
            description="whether an exit reads the entries of the tables that it leaves to others; "
            "by default as the variant does (the paper does not say: inferred from its rates)"
        ),
    ] = None


class OnDemand(Scheme):
    """Fork shares the page tables; the first fault below a shared one copies it.

    Shared is every table below a written private area, partly covered slots and slots of several
    areas included, once per fork. `head` shares only slots that lie inside one anonymous area
    other than the heap, and `patchset` no populated ones; both copy the rest as classic fork does.
    What follows from a slot without write permission is in `models.faults.rules`.

    Args:
        costs: Prices.
        variant: Which kernel: `paper`, `head` or `patchset`.
        scans_left: See `Sharing.scans_left`; the variant's if None.
        sharing: Its rules, where they are to differ from the variant's.

    Raises:
        ValueError: If there is no such variant.
    """

    name: ClassVar[str] = "on_demand"
    title: ClassVar[str] = "On-demand-fork"
    Options: ClassVar[type[SchemeOptions]] = OnDemandOptions
    variants: ClassVar[tuple[Mapping[str, Any], ...]] = (
        {"variant": "paper"},
        {"variant": "head"},
        {"variant": "patchset"},
    )

    def __init__(
        self,
        costs: Costs,
        *,
        variant: Variant = "paper",
        scans_left: bool | None = None,
        sharing: Sharing | None = None,
    ) -> None:
        if variant not in _RULES:
            raise ValueError(f"no variant '{variant}' of on_demand: {', '.join(_RULES)}")
        sharing = sharing or _RULES[variant]
        if scans_left is not None:
            sharing = replace(sharing, scans_left=scans_left)
        rules = Rules(costs, sharing)
        locks = GibLocks() if variant == "head" else OneLock()
        super().__init__(rules, ShareTables(rules, _DIVISIONS[variant]), locks=locks)
        self.variant = variant
        self.words = _WORDS[variant]

    def fork(self, parent: AddressSpace) -> Operation[AddressSpace]:
        """See `Scheme.fork`."""
        child = yield from super().fork(parent)
        parent.state = child.state = SHARES
        return child

    def discard(self, mm: AddressSpace, start_page: int, n_pages: int) -> Operation[None]:
        """See `Scheme.discard`; `head` ignores it in a process that has to do with sharing."""
        if self.variant == "head" and mm.state is SHARES:
            return
        yield from super().discard(mm, start_page, n_pages)

    def begin_new_pages(
        self, mm: AddressSpace, start_page: int, end_page: int, *, asked: bool
    ) -> Operation[None]:
        """Access new pages at once; `head` reads them even if nobody asked (do_mmap, brk)."""
        if asked:
            yield from populate(self, mm, start_page, end_page)
            if self.variant == "patchset":
                slots = mm.slots_around(start_page, end_page)
                writer.disown(mm.memory, mm.slot_table[slots], EXCLUSIVE)
        elif self.variant == "head" and mm.state is SHARES:
            yield Acquire("read", mm)
            faults = self.classify(mm, np.arange(start_page, end_page), False)
            yield Apply(mm, faults, self.apply)
            yield Work(faults.total_ns, "fill", FILL)
            yield Release("read", mm)


def _all(parent: AddressSpace) -> tuple[IntArray, IntArray]:
    slots = copied_slots(parent)
    return slots, slots[:0]


def _of_one_area(parent: AddressSpace) -> tuple[IntArray, IntArray]:
    slots = copied_slots(parent)
    return divide(slots, wholly_anonymous(parent, slots, heap=False))


def _not_exclusive(parent: AddressSpace) -> tuple[IntArray, IntArray]:
    slots = copied_slots(parent)
    owner = parent.memory.tables.owner[run_of(parent.slot_table[run_of(slots)])]
    return divide(slots, owner != EXCLUSIVE)


_DIVISIONS: dict[Variant, Division] = {
    "paper": _all,
    "head": _of_one_area,
    "patchset": _not_exclusive,
}
"""Which slots' tables each variant shares, and which it copies."""
