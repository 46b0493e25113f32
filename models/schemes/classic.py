"""Classic fork (Linux 5.6): copies every page table (mechanisms.md 2)."""

from typing import ClassVar

from models.memory.address_space import AddressSpace
from models.operations.copying import ForkWork, copied_slots, copy_surveyed, survey
from models.operations.steps import Operation, Work
from models.schemes.base import Scheme
from models.schemes.words import ONE_LOCK, Words


class Classic(Scheme):
    """Fork copies the page tables and shares every page; it is copied when first written."""

    name: ClassVar[str] = "classic"
    words = Words(
        shared="Every 4 KiB page; no page table.",
        payer="The parent at fork, for each present page; later whoever first writes a page, for "
        "a copy of 4 KiB; the last that maps it has it as it is.",
        locks=ONE_LOCK,
        breaks="Nothing. A fork takes as long as the memory is large.",
    )

    def fork_ns(self, parent: AddressSpace) -> int:
        """See `Scheme.fork_ns`."""
        return self._price(parent, survey(parent, copied_slots(parent)))

    def _fork(self, parent: AddressSpace) -> Operation[AddressSpace]:
        work = survey(parent, copied_slots(parent))
        yield Work(self._price(parent, work), "fork")
        child = parent.fork_layout()
        copy_surveyed(parent, child, work)
        return child

    def _price(self, parent: AddressSpace, work: ForkWork) -> int:
        del parent  # only huge pages care what its free lists hold
        return self.costs.fork_ns(
            present=work.present, writable=work.writable, scattered=work.scattered
        )
