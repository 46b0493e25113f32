"""Classic fork of Linux 6.x: exclusive pages, split huge pages, folios (mechanisms.md 2, 5)."""

from collections.abc import Hashable, Mapping
from dataclasses import replace
from typing import Annotated, Any, ClassVar

import numpy as np
from pydantic import AfterValidator, Field

from models.costs.laws import Costs
from models.faults import huge_pages, small_pages
from models.faults.actions import PageAction
from models.faults.batch import Faults
from models.memory.address_space import AddressSpace, areas_in
from models.memory.areas import PAGES_PER_SLOT, Vma
from models.memory.entries import ENTRIES_PER_TABLE, NO_FRAME, SCATTERED, Kind
from models.memory.entry_ranges import count_range
from models.memory.frames import FRAME_BYTES
from models.operations import filling
from models.operations.copying import ForkWork, copied_slots, copy_surveyed, survey
from models.operations.steps import Acquire, Mode, Operation, Release, Work
from models.schemes.base import SchemeOptions
from models.schemes.huge import Huge
from models.schemes.words import Words
from sim.arrays import BoolArray, IntArray
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


class Classic6(Huge):
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
    Options: ClassVar[type[SchemeOptions]] = Classic6Options
    splits: ClassVar[bool] = True
    variants: ClassVar[tuple[Mapping[str, Any], ...]] = ({}, {"folio": "64KiB"}, {"huge": True})

    def __init__(self, costs: Costs, *, folio_pages: int = 1, huge: bool = False) -> None:
        super().__init__(costs)
        if not 1 <= folio_pages <= ENTRIES_PER_TABLE or folio_pages & (folio_pages - 1):
            raise ValueError(f"a folio cannot have {folio_pages} pages: 1, 2, 4 ... 512")
        self.folio_pages = folio_pages
        self.huge = huge
        self.words = HUGE if huge else SMALL

    def fill_ns(self, mm: AddressSpace, start_page: int, n_pages: int) -> int:
        """See `Scheme.fill_ns`."""
        return super().fill_ns(mm, start_page, n_pages) if self.huge else self._small_fill(n_pages)

    def fault_locks(self, mm: AddressSpace, page: int) -> tuple[tuple[Mode, Hashable], ...]:
        """See `Scheme.fault_locks`: that of the area alone (6.4 and later)."""
        return (("read", mm.vmas[int(mm.vma_numbers(np.array([page]))[0])]),)

    def _lock_with(self, mm: AddressSpace, start_page: int, end_page: int) -> tuple[Vma, ...]:
        return areas_in(mm, start_page, end_page)

    def _fork(self, parent: AddressSpace) -> Operation[AddressSpace]:
        slots = copied_slots(parent)
        spent_ns = 0
        for vma in parent.vmas:
            yield Acquire("write", vma)
            if vma.copied_at_fork and vma.end_page < parent.vmas[-1].end_page:
                # The price of what has been passed when this area is done, less what was spent.
                passed = self._price(parent, survey(parent, slots[slots < vma.end_slot]))
                yield Work(max(passed - spent_ns, 0), "fork")
                spent_ns = max(passed, spent_ns)
        locked = parent.vmas
        # Until its lock was taken, an area could get new tables.
        slots = copied_slots(parent)
        work = survey(parent, slots)
        yield Work(max(self._price(parent, work) - spent_ns, 0), "fork")
        child = parent.fork_layout()
        copy_surveyed(parent, child, work)
        for vma in locked:
            yield Release("write", vma)
        return child

    def _price(self, parent: AddressSpace, work: ForkWork) -> int:
        entries = work.present * self.costs.entry_exclusive_ns
        if not work.huge:
            base = self.costs.fork_ns(
                present=work.present, writable=work.writable, scattered=work.scattered
            )
        else:
            base = super()._price(parent, work)
        return round(base + entries - self._saved_ns(parent, work))

    def _saved_ns(self, parent: AddressSpace, work: ForkWork) -> float:
        """What it saves to copy entries of one folio in a batch."""
        if self.folio_pages == 1:
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
        entry_ns = self.costs.entries_ns(present, writable, scattered)
        entry_ns += present * self.costs.entry_exclusive_ns
        return (1 - self.costs.folio_factor(self.folio_pages)) * entry_ns

    def _small_fill(self, n_pages: int) -> int:
        return self.costs.fill_ns(pages=n_pages)

    def _apply_huge(self, mm: AddressSpace, faults: Faults) -> None:
        splits = faults.page_action == PageAction.HUGE_SPLIT
        huge_pages.apply(mm, faults[~splits], large_folios=True)
        if splits.any():
            huge_pages.split(mm, faults.page[splits] // PAGES_PER_SLOT)
            copies = np.full(int(splits.sum()), PageAction.COW_COPY, np.uint8)
            small_pages.apply(mm, replace(faults[splits], page_action=copies), self.sharing)

    def apply(self, mm: AddressSpace, faults: Faults) -> None:
        """See `Scheme.apply`; a huge page is split before its 4 KiB pages are copied."""
        huge = faults.page_action >= PageAction.HUGE_COPY
        if huge.any():
            self._apply_huge(mm, faults[huge])
        small_pages.apply(mm, faults[~huge], self.sharing)

    def _classify(self, mm: AddressSpace, pages: IntArray, writes: BoolArray) -> Faults:
        if self.huge:
            return super()._classify(mm, pages, writes)
        return self._classify_small(mm, pages, writes)

    def _fill_slots(self, mm: AddressSpace, slots: IntArray, share: float | None) -> None:
        kind = Kind.HUGE if self.huge else Kind.UNIFORM
        large = self.huge or self.folio_pages > 1
        filling.fill_slots(mm, slots, share, kind, large_folios=large)
