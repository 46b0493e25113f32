"""What was counted in a program's memory: page faults by kind since it was loaded, and all."""

from __future__ import annotations

from models.faults.actions import by_kind
from models.memory.counts import Counts
from models.memory.physical import PhysicalMemory
from sim.measures.metrics import Better, Group, Metric


class LoadedMemory:
    """A memory from now on: what is counted later is what its program does."""

    def __init__(self, memory: PhysicalMemory) -> None:
        self._memory = memory
        self._before = memory.counts.copy()

    def since(self) -> Counts:
        """What has happened since."""
        return self._memory.counts - self._before


def faults_since_loading(*memories: LoadedMemory) -> dict[Metric, int]:
    """The faults in these memories together, by kind, as a recording counts them."""
    total = Counts()
    for memory in memories:
        total.add(memory.since())
    return _faults(total)


def everything_counted(counts: Counts) -> dict[Metric, int]:
    """All that was counted, faults and what is no fault."""
    events = {Metric(name, group=Group.DETAILS): count for name, count in counts.events().items()}
    return events | _faults(counts)


def fault_of(kind: str) -> Metric:
    """How often faults did this to a page or a table."""
    return Metric(f"faults/{kind}", better=Better.LESS, label=kind, group=Group.FAULTS)


def _faults(counts: Counts) -> dict[Metric, int]:
    return {fault_of(kind): count for kind, count in by_kind(counts).items()}
