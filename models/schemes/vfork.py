"""vfork, and posix_spawn that is made of it: the child borrows its parent's memory."""

from typing import ClassVar

from models.faults.batch import Faults
from models.memory.address_space import AddressSpace
from models.memory.areas import PAGES_PER_SLOT
from models.operations.steps import Operation, Work
from models.schemes.base import Scheme
from models.schemes.words import Words
from sim.arrays import BoolArray, IntArray


class Vfork(Scheme):
    """The floor: no memory is copied or shared, the child runs in its parent's until exec or exit.

    What the child writes its parent reads, and the parent stands still meanwhile. So this is for
    children that exec at once (posix_spawn), and no snapshot.
    """

    name: ClassVar[str] = "vfork"
    isolates: ClassVar[bool] = False
    words = Words(
        shared="Everything: the child runs in its parent's memory.",
        payer="Nobody, for memory; the parent stands still until the child exits or executes "
        "another program.",
        locks="None.",
        breaks="What the child writes its parent reads. Only for children that exit or exec at "
        "once (posix_spawn), never for a snapshot.",
    )

    def fork(self, parent: AddressSpace) -> Operation[AddressSpace]:
        """See `Scheme.fork`; nothing is copied, so nothing is locked."""
        return self._fork(parent)

    def fork_ns(self, parent: AddressSpace) -> int:
        """See `Scheme.fork_ns`; the same whatever the parent's size."""
        del parent
        return round(self.costs.vfork_ns)

    def _tear_down(self, mm: AddressSpace) -> Operation[None]:
        if mm.borrowed_from is None:
            yield from super()._tear_down(mm)
            return
        # A borrowed memory is given back as it is.
        mm.borrowed_from = None
        mm.remove(0, PAGES_PER_SLOT * len(mm.slot_table))

    def apply(self, mm: AddressSpace, faults: Faults) -> None:
        """See `Scheme.apply`."""
        super().apply(mm.borrowed_from or mm, faults)

    def _classify(self, mm: AddressSpace, pages: IntArray, writes: BoolArray) -> Faults:
        return super()._classify(mm.borrowed_from or mm, pages, writes)

    def _fork(self, parent: AddressSpace) -> Operation[AddressSpace]:
        yield Work(self.fork_ns(parent), "fork")
        child = parent.fork_layout()
        child.borrowed_from = parent
        return child
