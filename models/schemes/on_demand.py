"""On-demand-fork as its paper describes it (EuroSys '21): page tables are shared, then copied."""

from typing import ClassVar

from models.address_space import AddressSpace
from models.pool import run_of
from models.schemes.base import Scheme, copied_slots
from models.steps import Operation, Work


class OnDemand(Scheme):
    """Fork shares the page tables; the first fault below a shared one copies it.

    Shared is every table below a written private area, partly covered slots and slots of several
    areas included, once per fork. The rest follows from a slot without write permission: see
    `models.faulting` (copy or reuse of the table) and `models.zapping` (leaving it). When a table
    is copied the entries are write-protected in both, so that a later reuse exposes nothing
    (mechanisms.md 0, the paper's text).
    """

    name: ClassVar[str] = "on_demand"

    def fork_ns(self, parent: AddressSpace) -> int:
        """See `Scheme.fork_ns`."""
        tables = parent.slot_table[copied_slots(parent)]
        scattered = int(parent.memory.tables.scattered[tables].sum())
        return self.costs.fork_on_demand_ns(tables=len(tables), scattered_tables=scattered)

    def _fork(self, parent: AddressSpace) -> Operation[AddressSpace]:
        yield Work(self.fork_ns(parent), "fork")
        slots = copied_slots(parent)
        tables = parent.slot_table[slots]
        child = parent.fork_layout()
        at = run_of(slots)
        child.slot_table[at] = tables
        child.slot_writable[at] = False
        parent.slot_writable[at] = False
        parent.memory.tables.references[run_of(tables)] += 1
        parent.memory.counts.tables_shared += len(slots)
        return child
