"""What all fork schemes have in common."""

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from models.costs.laws import Costs
from models.faults.actions import TableAction
from models.faults.batch import Faults
from models.faults.rules import Rules, Sharing
from models.memory import slots as writer
from models.memory.address_space import AddressSpace
from models.memory.areas import PAGES_PER_SLOT, Vma
from models.memory.files import File
from models.operations import filling, removing, sweeping
from models.operations.causes import FILL, TEARDOWN
from models.operations.mappings import Mappings, populate
from models.operations.steps import Acquire, Flush, Operation, Release, Work
from models.schemes.forking import Forking
from models.schemes.locking import OneLock, Taken
from models.schemes.pages import SmallPages
from models.schemes.words import Words
from sim.configuration import Configuration


class SchemeOptions(Configuration):
    """What an experiment can say of a scheme besides its name: nothing, as a rule."""

    def arguments(self) -> dict[str, Any]:
        """The arguments that a scheme is made with."""
        return self.model_dump()


class Scheme:
    """A way to fork: how address spaces are copied, what faults follow, and what it all costs.

    It is put together from the rules of a kernel, what a fork makes of tables, the pages that
    memory is made of, and locks. What it keeps of an address space besides is `AddressSpace.state`.
    Operations are generators of steps (`models.operations.steps`); `touch` resolves a batch of
    accesses.

    Args:
        rules: The kernel's.
        forking: What a fork makes of the parent's tables.
        pages: What memory is made of; 4 KiB pages if left out.
        locks: What else is locked, or instead; nothing if left out.
    """

    name: ClassVar[str]
    """The scheme's registry name."""
    Options: ClassVar[type[SchemeOptions]] = SchemeOptions
    """What can be said of it in an experiment."""
    isolates: ClassVar[bool] = True
    """Whether the child has a memory of its own; else it borrows its parent's (vfork)."""
    variants: ClassVar[tuple[Mapping[str, Any], ...]] = ({},)
    """Which of it are worth a row of their own: options, as an experiment gives them."""
    changes_memory: ClassVar[bool] = True
    """Whether page tables really change, so that memory over time is worth noting."""
    title: ClassVar[str] = ""
    """What its paper calls it; empty for its name."""
    words: Words
    """What it does, in short sentences."""

    def __init__(
        self,
        rules: Rules,
        forking: Forking,
        *,
        pages: SmallPages | None = None,
        locks: OneLock | None = None,
    ) -> None:
        self.rules = rules
        self.forking = forking
        self.pages = pages or SmallPages()
        self.locks = locks or OneLock()
        self._mappings = Mappings(self)

    @property
    def costs(self) -> Costs:
        """Prices."""
        return self.rules.costs

    @property
    def sharing(self) -> Sharing:
        """The rules for tables that slots share."""
        return self.rules.sharing

    def fork(self, parent: AddressSpace) -> Operation[AddressSpace]:
        """Copy an address space; returns the child's.

        The parent's lock is held for writing throughout. The price is that of the state found when
        the lock is taken; the state changes at once, at the end of the work.
        """
        yield Acquire("write", parent)
        child = yield from self.forking.make_child(parent)
        yield Flush(parent)
        yield Release("write", parent)
        return child

    def start(self, child: AddressSpace) -> Operation[None]:
        """What a child does in the kernel before its first instruction: nothing, as a rule."""
        del child
        yield from ()

    def exit(self, mm: AddressSpace) -> Operation[None]:
        """Tear an address space down; needs no lock.

        The state changes at the start, so that the price is that of what was really removed.
        """
        yield from self.tear_down(mm)
        mm.family.pop(mm.number, None)

    def tear_down(self, mm: AddressSpace) -> Operation[None]:
        """Remove all that an address space maps, as exit and exec do."""
        removal = removing.remove_everything(mm, self.rules)
        yield Work(removal.exit_ns(self.costs), "zap", TEARDOWN)

    def exec(self, mm: AddressSpace) -> Operation[None]:
        """Replace the memory by that of another program, empty so far: what exit does."""
        yield from self.tear_down(mm)
        writer.account(mm, -mm.accounted_pages)

    def populate(
        self, mm: AddressSpace, vma: Vma, *, scattered_share: float | None = None
    ) -> Operation[None]:
        """Write every page of an untouched area, or of a part of one, one after the other.

        Its faults take and give back the lock page by page, so none is held over the fill. The
        state changes at the end. Arguments as in `fill`.
        """
        yield Work(self.fill_ns(mm, vma.start_page, vma.n_pages), "fill", FILL)
        self.fill(mm, vma.start_page, vma.n_pages, scattered_share=scattered_share)

    def fill(
        self,
        mm: AddressSpace,
        start_page: int,
        n_pages: int,
        *,
        scattered_share: float | None = None,
    ) -> None:
        """Write every page of a range (state only).

        Args:
            mm: The address space.
            start_page: First page.
            n_pages: Number of pages.
            scattered_share: What share of the frames of slots filled at once is scattered; None
                lets the machine's stock decide (`models.memory.frame_stock`).

        Raises:
            SegmentationFault: If a page may not be written.
        """
        whole = filling.untouched_slots(mm, start_page, n_pages)
        first_pages = whole * PAGES_PER_SLOT
        mm.check_writes(first_pages, mm.vma_numbers(first_pages))
        rest = filling.pages_beside(whole, start_page, n_pages)
        faults = self.classify(mm, rest, writes=True)
        self.pages.fill(mm, whole, scattered_share)
        self.apply(mm, faults)
        mm.last_fault_page = start_page + n_pages - 1

    def touch(self, mm: AddressSpace, pages: npt.ArrayLike, writes: npt.ArrayLike = True) -> Faults:
        """Access pages in order: the faults that this raises, their changes made.

        Args:
            mm: The address space.
            pages: Page numbers.
            writes: Whether each access writes; one value holds for all.

        Raises:
            SegmentationFault: If an access is not allowed; nothing is changed then.
            BusError: If the process is killed for one; those before it hold.
        """
        faults = self.classify(mm, pages, writes)
        self.apply(mm, faults)
        return faults

    def sweep(self, mm: AddressSpace, start_page: int, n_pages: int, *, writes: bool) -> int:
        """Access every page of a range, one after the other; what its faults cost, in ns.

        As `touch`, but whole slots at a time where that is the same. Arguments as `touch`.

        Raises:
            SegmentationFault: If an access is not allowed; nothing is changed then.
        """
        slots = sweeping.slots_copied_whole(mm, start_page, n_pages) if writes else None
        if slots is not None:
            mm.check_accesses(slots * PAGES_PER_SLOT, np.ones(len(slots), np.bool_))
            return sweeping.write_slots(mm, slots, self.rules)
        pages = np.arange(start_page, start_page + n_pages)
        if not writes and sweeping.is_present(mm, start_page, n_pages):
            mm.check_accesses(pages, np.zeros(n_pages, np.bool_))
            return 0
        return self.touch(mm, pages, writes).total_ns

    def classify(
        self, mm: AddressSpace, pages: npt.ArrayLike, writes: npt.ArrayLike = True
    ) -> Faults:
        """The faults that accesses would raise, in order; changes nothing. Arguments as `touch`."""
        accessed = np.asarray(pages, np.int64)
        if not len(accessed):
            return Faults.none()
        written = np.asarray(writes, np.bool_)
        if written.shape != accessed.shape:
            written = np.full(accessed.shape, written)
        mm.check_accesses(accessed, written)
        return self.pages.classify(mm, accessed, written, self.rules)

    def apply(self, mm: AddressSpace, faults: Faults) -> None:
        """Make the changes of `faults`, a prefix of what `classify` gave for the present state."""
        self.pages.apply(mm, faults, self.rules)

    def flushes(self, faults: Faults) -> int:
        """How often faults make every core flush that runs the process (a TLB shootdown).

        Once for an entry that is replaced by that of another page, and for a copied table if the
        rules say so; a right that is added needs none, nor does what was absent.
        """
        flushes = np.count_nonzero(faults.replaces)
        if self.sharing.flushes:
            flushes += np.count_nonzero(faults.table_action == TableAction.COPY)
        return int(flushes)

    def fork_ns(self, parent: AddressSpace) -> int:
        """What a fork in the present state would cost; changes nothing."""
        return self.forking.fork_ns(parent)

    def fill_ns(self, mm: AddressSpace, start_page: int, n_pages: int) -> int:
        """What filling an untouched range costs."""
        return self.pages.fill_ns(mm, start_page, n_pages, self.rules)

    def fault_locks(self, mm: AddressSpace, page: int) -> Taken:
        """The locks that a fault takes, in order."""
        return self.locks.of_fault(mm, page)

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
        """Add an area (mmap); see `Mappings.map`."""
        return self._mappings.map(
            mm,
            n_pages,
            alignment_pages=alignment_pages,
            at=at,
            writable=writable,
            shared=shared,
            file=file,
            heap=heap,
            populate=populate,
        )

    def brk(self, mm: AddressSpace, n_pages: int) -> Operation[None]:
        """Make the heap `n_pages` long; see `Mappings.brk`."""
        return self._mappings.brk(mm, n_pages)

    def unmap(self, mm: AddressSpace, start_page: int, n_pages: int) -> Operation[None]:
        """Remove the mappings of a range of pages; see `Mappings.unmap`."""
        return self._mappings.unmap(mm, start_page, n_pages)

    def protect(
        self, mm: AddressSpace, start_page: int, n_pages: int, writable: bool
    ) -> Operation[None]:
        """Allow or refuse writes to a range of pages (mprotect); see `Mappings.protect`."""
        return self._mappings.protect(mm, start_page, n_pages, writable)

    def discard(self, mm: AddressSpace, start_page: int, n_pages: int) -> Operation[None]:
        """Forget what a range of pages holds (MADV_DONTNEED); see `Mappings.discard`."""
        return self._mappings.discard(mm, start_page, n_pages)

    def move(
        self, mm: AddressSpace, start_page: int, n_pages: int, to_page: int
    ) -> Operation[None]:
        """Move a range of pages to a free place (mremap); see `Mappings.move`."""
        return self._mappings.move(mm, start_page, n_pages, to_page)

    def settle_for_child(self, mm: AddressSpace, areas: tuple[Vma, ...]) -> int:
        """Finish what a child is still owed of areas before they change; the cost in ns."""
        del mm, areas
        return 0

    def begin_new_pages(
        self, mm: AddressSpace, start_page: int, end_page: int, *, asked: bool
    ) -> Operation[None]:
        """Access new pages at once, if that was asked for (MAP_POPULATE)."""
        if asked:
            yield from populate(self, mm, start_page, end_page)

    def has_lost(self, mm: AddressSpace) -> bool:
        """Whether a process would be killed if it went through all of its memory (hugetlb)."""
        return self.pages.has_lost(mm)
