"""Classic fork of Linux 6.x: exclusive pages, split huge pages, folios (mechanisms.md 2, 5)."""

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar

import numpy as np
from pydantic import AfterValidator, Field

from models.costs.laws import Costs
from models.faults.rules import Rules
from models.memory.address_space import AddressSpace
from models.memory.entries import ENTRIES_PER_TABLE, NO_FRAME, SCATTERED, Kind
from models.memory.entry_ranges import count_range
from models.memory.frames import FRAME_BYTES
from models.operations.causes import FORK
from models.operations.copying import ForkWork, copied_slots, survey
from models.operations.steps import Acquire, Operation, Release, Work
from models.schemes.base import Scheme, SchemeOptions
from models.schemes.forking import CopyTables
from models.schemes.locking import AreaLocks
from models.schemes.pages import HugePages, SmallPages
from models.schemes.words import Words
from sim.units import Bytes

_LOCKS = (
    "Fork takes the lock of one area after the other for writing and keeps it; a fault takes that "
    "of its area for reading, so areas not yet reached stay open."
)
SMALL = Words(
    shared="Every 4 KiB page; no page table.",
    payer="The parent at fork, for each present page (less in large folios); later whoever first "
    "writes a page, for a copy of 4 KiB.",
    locks=_LOCKS,
    breaks="The last that maps a page of a large folio copies it all the same (6.0 to 6.14).",
)
HUGE = Words(
    shared="Every 2 MiB page; no page table.",
    payer="The parent at fork, for each huge page and the table kept in reserve for it; later "
    "whoever first writes below one, for its split, and for a copy of each 4 KiB page it writes.",
    locks=_LOCKS,
    breaks="A split page stays split. Every side copies what it writes, the last one too.",
)

_SIZES = [FRAME_BYTES << order for order in range(10)]


def _folio_size(value: int) -> int:
    if value not in _SIZES:
        raise ValueError("expected a power of two from 4KiB to 2MiB")
    return value


class Classic6Options(SchemeOptions):
    """What memory is filled with."""

    folio: Annotated[
        Bytes, AfterValidator(_folio_size), Field(description="size of the folios of 4 KiB pages")
    ] = FRAME_BYTES
    huge: Annotated[bool, Field(description="2 MiB pages mapped as such, where they fit")] = False

    def arguments(self) -> dict[str, Any]:
        """See `SchemeOptions.arguments`."""
        return {"folio_pages": self.folio // FRAME_BYTES, "huge": self.huge}


class CopyByArea(CopyTables):
    """Copy every table as one area after the other is locked, in batches of large folios.

    Args:
        rules: The kernel's.
        pages: What memory is made of.
        folio_pages: Pages of the folios of its 4 KiB pages.
    """

    def __init__(self, rules: Rules, pages: SmallPages, folio_pages: int) -> None:
        super().__init__(rules, pages)
        self._folio_pages = folio_pages

    def make_child(self, parent: AddressSpace) -> Operation[AddressSpace]:
        """See `Forking.make_child`."""
        slots = copied_slots(parent)
        spent_ns = 0
        for vma in parent.vmas:
            yield Acquire("write", vma)
            if vma.copied_at_fork and vma.end_page < parent.vmas[-1].end_page:
                # The price of what has been passed when this area is done, less what was spent.
                passed = self.price_ns(parent, survey(parent, slots[slots < vma.end_slot]))
                yield Work(max(passed - spent_ns, 0), "fork", FORK)
                spent_ns = max(passed, spent_ns)
        locked = parent.vmas
        # Until its lock was taken, an area could get new tables.
        work = survey(parent, copied_slots(parent))
        yield Work(max(self.price_ns(parent, work) - spent_ns, 0), "fork", FORK)
        child = parent.fork_layout()
        self.pages.copy(parent, child, work)
        for vma in locked:
            yield Release("write", vma)
        return child

    def price_ns(self, parent: AddressSpace, work: ForkWork) -> int:
        """See `CopyTables.price_ns`; entries also cost a third atomic, or less in a batch."""
        pages = self.pages if work.huge else SmallPages()
        base = pages.copy_ns(parent, work, self.rules)
        entries = (work.present - work.zero) * self.rules.costs.entry_exclusive_ns
        return round(base + entries - self._saved_ns(parent, work))

    def _saved_ns(self, parent: AddressSpace, work: ForkWork) -> float:
        """What it saves to copy entries of one folio in a batch."""
        if self._folio_pages == 1:
            return 0.0
        contents = parent.memory.contents
        content = parent.memory.tables.content[parent.slot_table[work.slots]]
        kind = contents.kind[content]
        alike = content[kind == Kind.UNIFORM]
        first = ENTRIES_PER_TABLE * contents.block[alike].astype(np.int64)
        alike = alike[parent.memory.frames.in_large_folios(first)]
        counts = [contents.present, contents.writable, contents.scattered]
        present, writable, scattered = (int(count[alike].sum()) for count in counts)
        explicit = content[kind == Kind.ROW]
        rows = contents.row[explicit]
        frames = contents.rows.frame[rows]
        large = frames != NO_FRAME
        large[large] = parent.memory.frames.in_large_folios(frames[large].astype(np.int64))
        present += int(large.sum())
        allowed = contents.rows.epoch[rows] == contents.protect_epoch[explicit, np.newaxis]
        writable += int((large & allowed).sum())
        scattered += int((large & (contents.rows.flags[rows] & SCATTERED != 0)).sum())
        for slot, spans in work.parts.items():
            of_slot = int(parent.memory.tables.content[parent.slot_table[slot]])
            for span in spans:
                counted = count_range(contents, of_slot, span, in_folios=True)
                present += counted.present
                writable += counted.writable
                scattered += counted.scattered
        of_folios = ForkWork(
            work.slots[:0], {}, present=present, writable=writable, scattered=scattered
        )
        entry_ns = of_folios.tables_ns(self.rules.costs)
        entry_ns += present * self.rules.costs.entry_exclusive_ns
        return (1 - self.rules.costs.folio_factor(self._folio_pages)) * entry_ns


class Classic6(Scheme):
    """Classic fork as Linux 6.x does it: copies every page table, in batches of large folios.

    A huge page that is shared is split by a write, which copies 4 KiB; a page of a large folio that
    a fork has shared is copied by every first write, whoever else is left (6.0 to 6.14). Faults
    take the lock of their area, which fork takes area by area.

    Args:
        costs: Prices.
        folio_pages: Pages of the folios that memory is filled with, a power of two up to 512.
        huge: Whether whole slots are huge pages, mapped as such.

    Raises:
        ValueError: If folios have no such number of pages.
    """

    name: ClassVar[str] = "classic6"
    title: ClassVar[str] = "Fork 6.x"
    Options: ClassVar[type[SchemeOptions]] = Classic6Options
    variants: ClassVar[tuple[Mapping[str, Any], ...]] = ({}, {"folio": "64KiB"}, {"huge": True})

    def __init__(self, costs: Costs, *, folio_pages: int = 1, huge: bool = False) -> None:
        if not 1 <= folio_pages <= ENTRIES_PER_TABLE or folio_pages & (folio_pages - 1):
            raise ValueError(f"a folio cannot have {folio_pages} pages: 1, 2, 4 ... 512")
        rules = Rules(costs)
        pages = HugePages(splits=True) if huge else SmallPages(folio_pages)
        forking = CopyByArea(rules, pages, folio_pages)
        super().__init__(rules, forking, pages=pages, locks=AreaLocks())
        self.words = HUGE if huge else SMALL
