"""Splitting huge pages into 512 entries, in one address space alone (mechanisms.md 2.4)."""

from models.address_space import NO_TABLE, AddressSpace
from models.costs import Costs
from models.counts import Counts
from models.entries import Kind
from models.faulting import count_faults
from models.pool import IntArray


def split(mm: AddressSpace, slots: IntArray) -> None:
    """Spell out the huge pages of some slots, all of which have one."""
    mm.memory.detach(mm.slot_table[slots])
    count_faults(mm, Counts(huge_splits=len(slots)))


def split_for_change(mm: AddressSpace, slots: IntArray, costs: Costs) -> int:
    """Split what huge pages there are in slots of which a part will change; the cost in ns."""
    mapped = slots[mm.slot_table[slots] != NO_TABLE]
    kind = mm.memory.contents.kind[mm.memory.tables.content[mm.slot_table[mapped]]]
    huge = mapped[kind >= Kind.HUGE]
    if len(huge):
        split(mm, huge)
    return round(len(huge) * costs.fault_huge_split_ns)
