"""A machine: a clock, cores with their run queue, and a memory system."""

from __future__ import annotations

from sim.machine.clock import Clock
from sim.machine.memory_system import MemorySystem, Weights
from sim.machine.scheduler import Scheduler
from sim.machine.spans import SpanSink
from sim.machine.tasks import Task


class Machine:
    """Composes the parts.

    Args:
        cores: number of cores.
        weights: how classes of memory streams slow each other down.
        slice_ns: time slice of the scheduler.
        switch_ns: cost of a context switch.
        spans: receives the timeline, if given.
    """

    def __init__(
        self,
        cores: int,
        weights: Weights,
        *,
        slice_ns: int,
        switch_ns: int,
        spans: SpanSink | None = None,
    ) -> None:
        self.clock = Clock()
        self.memory = MemorySystem(weights)
        self.scheduler = Scheduler(
            self.clock, cores, self.memory, slice_ns=slice_ns, switch_ns=switch_ns, spans=spans
        )

    def task(self, name: str, core: int | None = None) -> Task:
        """A new task, free to run on any core or pinned to one.

        Raises:
            ValueError: there is no such core.
        """
        if core is not None and not 0 <= core < len(self.scheduler.cores):
            raise ValueError(f"there is no core {core}")
        return Task(self.scheduler, name, core)
