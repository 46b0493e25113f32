"""vfork, and posix_spawn that is made of it: the child borrows its parent's memory."""

from typing import ClassVar

from models.costs.laws import Costs
from models.faults.batch import Faults
from models.faults.rules import Rules
from models.memory.address_space import AddressSpace
from models.memory.areas import PAGES_PER_SLOT
from models.operations.causes import FORK
from models.operations.steps import Operation, Work
from models.schemes.base import Scheme
from models.schemes.pages import SmallPages
from models.schemes.words import Words
from sim.arrays import BoolArray, IntArray


def lender_of(mm: AddressSpace) -> AddressSpace | None:
    """The parent whose memory a process runs in, which is all that is kept of it."""
    assert mm.state is None or isinstance(mm.state, AddressSpace)  # noqa: S101 - for mypy
    return mm.state


class Borrow:
    """Copy nothing: the child has the parent's areas, and its memory.

    Args:
        costs: Prices.
    """

    def __init__(self, costs: Costs) -> None:
        self.costs = costs

    def fork_ns(self, parent: AddressSpace) -> int:
        """See `Forking.fork_ns`; the same whatever the parent's size."""
        del parent
        return round(self.costs.vfork_ns)

    def make_child(self, parent: AddressSpace) -> Operation[AddressSpace]:
        """See `Forking.make_child`."""
        yield Work(self.fork_ns(parent), "fork", FORK)
        child = parent.fork_layout()
        child.state = parent
        return child


class BorrowedPages(SmallPages):
    """4 KiB pages; a child's are its parent's."""

    def classify(
        self, mm: AddressSpace, pages: IntArray, writes: BoolArray, rules: Rules
    ) -> Faults:
        """See `SmallPages.classify`."""
        return super().classify(lender_of(mm) or mm, pages, writes, rules)

    def apply(self, mm: AddressSpace, faults: Faults, rules: Rules) -> None:
        """See `SmallPages.apply`."""
        super().apply(lender_of(mm) or mm, faults, rules)


class Vfork(Scheme):
    """The floor: no memory is copied or shared, the child runs in its parent's until exec or exit.

    What the child writes its parent reads, and the parent stands still meanwhile. So this is for
    children that exec at once (posix_spawn), and no snapshot.

    Args:
        costs: Prices.
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

    def __init__(self, costs: Costs) -> None:
        super().__init__(Rules(costs), Borrow(costs), pages=BorrowedPages())

    def fork(self, parent: AddressSpace) -> Operation[AddressSpace]:
        """See `Scheme.fork`; nothing is copied, so nothing is locked."""
        return self.forking.make_child(parent)

    def tear_down(self, mm: AddressSpace) -> Operation[None]:
        """See `Scheme.tear_down`; a borrowed memory is given back as it is."""
        if lender_of(mm) is None:
            yield from super().tear_down(mm)
            return
        mm.state = None
        mm.remove(0, PAGES_PER_SLOT * len(mm.slot_table))
