"""What all fork schemes have in common."""

from abc import abstractmethod
from collections.abc import Hashable, Mapping
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict

from models.faults import small_pages
from models.faults.actions import TableAction
from models.faults.batch import Faults
from models.memory.address_space import AddressSpace
from models.memory.areas import PAGES_PER_SLOT, Vma
from models.operations import filling, removing, sweeping
from models.operations.mappings import MappingOperations
from models.operations.steps import Acquire, Flush, Mode, Operation, Release, Work
from models.schemes.words import Words
from sim.arrays import BoolArray, IntArray


class SchemeOptions(BaseModel):
    """What an experiment can say of a scheme besides its name: nothing, as a rule."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    def arguments(self) -> dict[str, Any]:
        """The arguments that a scheme is made with."""
        return self.model_dump()


class Scheme(MappingOperations):
    """A way to fork: how address spaces are copied, what faults follow, and what it all costs.

    Operations are generators of steps (`models.operations.steps`); `touch` resolves a batch of
    accesses.

    Args:
        costs: Prices.
        sharing: The rules for tables that slots share.
    """

    name: ClassVar[str]
    """The scheme's registry name."""
    Options: ClassVar[type[SchemeOptions]] = SchemeOptions
    """What can be said of it in an experiment."""
    isolates: ClassVar[bool] = True
    """Whether the child has a memory of its own; else it borrows its parent's (vfork)."""
    variants: ClassVar[tuple[Mapping[str, Any], ...]] = ({},)
    """Which of it are worth a row of their own: options, as an experiment gives them."""
    words: Words
    """What it does, in short sentences."""

    def fork(self, parent: AddressSpace) -> Operation[AddressSpace]:
        """Copy an address space; returns the child's.

        The parent's lock is held for writing throughout. The price is that of the state found when
        the lock is taken; the state changes at once, at the end of the work.
        """
        yield Acquire("write", parent)
        child = yield from self._fork(parent)
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
        yield from self._tear_down(mm)
        mm.memory.address_spaces.pop(mm.number, None)

    def _tear_down(self, mm: AddressSpace) -> Operation[None]:
        zapped = removing.remove_everything(mm, self.sharing)
        yield Work(zapped.exit_ns(self.costs), "zap")

    def exec(self, mm: AddressSpace) -> Operation[None]:
        """Replace the memory by that of another program, empty so far: what exit does."""
        yield from self._tear_down(mm)
        mm.accounted_pages = 0

    def populate(
        self, mm: AddressSpace, vma: Vma, *, scattered_share: float | None = None
    ) -> Operation[None]:
        """Write every page of an untouched area, or of a part of one, one after the other.

        Its faults take and give back the lock page by page, so none is held over the fill. The
        state changes at the end. Arguments as in `fill`.
        """
        yield Work(self.fill_ns(mm, vma.start_page, vma.n_pages), "fill")
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
        self._fill_slots(mm, whole, scattered_share)
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
            return sweeping.write_slots(mm, slots, self.costs, self.sharing)
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
        written = np.broadcast_to(np.asarray(writes, np.bool_), accessed.shape)
        mm.check_accesses(accessed, written)
        return self._classify(mm, accessed, written)

    def apply(self, mm: AddressSpace, faults: Faults) -> None:
        """Make the changes of `faults`, a prefix of what `classify` gave for the present state."""
        small_pages.apply(mm, faults, self.sharing)

    def flushes(self, faults: Faults) -> int:
        """How often faults make every core flush that runs the process (a TLB shootdown).

        Once for an entry that is replaced by that of another page, and for a copied table if the
        rules say so; a right that is added needs none, nor does what was absent.
        """
        copied = int((faults.table_action == TableAction.COPY).sum())
        return int(faults.replaces.sum()) + copied * self.sharing.flushes

    @abstractmethod
    def fork_ns(self, parent: AddressSpace) -> int:
        """What a fork in the present state would cost; changes nothing."""

    @abstractmethod
    def _fork(self, parent: AddressSpace) -> Operation[AddressSpace]:
        """Work for as long as the fork takes, then make and return the child."""

    def fill_ns(self, mm: AddressSpace, start_page: int, n_pages: int) -> int:
        """What filling an untouched range costs."""
        del mm, start_page  # only huge pages care where the range lies
        return self.costs.fill_ns(pages=n_pages)

    def fault_locks(self, mm: AddressSpace, page: int) -> tuple[tuple[Mode, Hashable], ...]:
        """The locks that a fault takes, in order: for reading that of the address space."""
        del page
        return (("read", mm),)

    def _classify(self, mm: AddressSpace, pages: IntArray, writes: BoolArray) -> Faults:
        return small_pages.classify(mm, pages, writes, self.costs, self.sharing)

    def _fill_slots(self, mm: AddressSpace, slots: IntArray, share: float | None) -> None:
        filling.fill_slots(mm, slots, share)
