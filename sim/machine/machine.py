"""A machine: a clock, cores with their run queue, and a memory system."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sim.machine.clock import Clock
from sim.machine.memory_system import MemorySystem, Weights
from sim.machine.scheduler import Scheduler
from sim.machine.scheduling.rule import SchedulingRule
from sim.machine.spans import SpanWindow
from sim.machine.tasks import Task


class Machine:
    """Composes the parts.

    Args:
        cores: number of cores.
        weights: how classes of memory streams slow each other down.
        rule: by which tasks share cores; of this machine alone.
        switch_ns: cost of a context switch.
        spans: keeps who runs where and waits for what, if given.
    """

    def __init__(
        self,
        cores: int,
        weights: Weights,
        *,
        rule: SchedulingRule,
        switch_ns: int,
        spans: SpanWindow | None = None,
    ) -> None:
        self._of = ""
        self.clock = Clock()
        self.memory = MemorySystem(weights)
        self.scheduler = Scheduler(
            self.clock, cores, self.memory, rule=rule, switch_ns=switch_ns, spans=spans
        )

    def task(self, name: str) -> Task:
        """A new task, which may run on any core."""
        return Task(self.scheduler, f"{self._of}{name}")

    @contextmanager
    def naming_after(self, program: str) -> Iterator[None]:
        """New tasks are called ``program/name`` meanwhile, to be told from another program's."""
        before, self._of = self._of, f"{self._of}{program}/"
        try:
            yield
        finally:
            self._of = before
