"""The scheduler between tasks and cores."""

from __future__ import annotations

from sim.machine.clock import Clock
from sim.machine.cores import Core
from sim.machine.memory_system import MemorySystem
from sim.machine.run_queue import RunQueue
from sim.machine.spans import Span, SpanSink
from sim.machine.tasks import Burst, Task


class Scheduler:
    """Gives bursts to cores: fair by core time used, in time slices when tasks outnumber cores.

    Args:
        clock: the simulation's clock.
        cores: how many there are.
        memory: the memory system their memory parts contend in.
        slice_ns: how long a task runs while others wait for its core.
        switch_ns: cost of switching a core from one task, or from idling, to another task.
        spans: receives a span per stretch of running or waiting, if given.
    """

    def __init__(
        self,
        clock: Clock,
        cores: int,
        memory: MemorySystem,
        *,
        slice_ns: int,
        switch_ns: int,
        spans: SpanSink | None = None,
    ) -> None:
        if cores < 1 or slice_ns < 1 or switch_ns < 0:
            raise ValueError(
                "a scheduler needs a core, a time slice, and a switch cost of at least 0"
            )
        self.clock = clock
        self.slice_ns = slice_ns
        self.switch_ns = switch_ns
        self.spans = spans
        self._shared = RunQueue()
        self._sequence = 0
        self._level_ns = 0
        self.cores = [
            Core(number, clock, memory, self, slice_ns=slice_ns, switch_ns=switch_ns)
            for number in range(cores)
        ]

    def queue(self, burst: Burst) -> None:
        """Put a burst (or the rest of one) into the run queue and find it a core."""
        task = burst.task
        burst.queued_ns = self.clock.now
        eligible = self.cores if task.core is None else [self.cores[task.core]]
        self._level(task, eligible)
        idle = [core for core in eligible if core.sleeping is not None]
        if idle:
            self._choose(task, idle).wake(burst)
            return
        self._sequence += 1
        (self._shared if task.core is None else eligible[0].own_queue).push(burst, self._sequence)
        for core in eligible:
            core.nudge()

    def _level(self, task: Task, eligible: list[Core]) -> None:
        """Let a task's fair time differ from that of those who run by a time slice at most.

        So whoever comes late or has slept cannot claim the past, and whoever has had a core to
        itself need not pay for it: shares are fair from now on.
        """
        running = [fair for core in eligible if (fair := core.fair_ns()) is not None]
        if running:
            self._level_ns = max(self._level_ns, min(running))
        task.fair_ns = min(max(task.fair_ns, self._level_ns), self._level_ns + self.slice_ns)

    @staticmethod
    def _choose(task: Task, idle: list[Core]) -> Core:
        """The idle core that the task ran on last, else the one that has been idle for longest.

        So a child does not start on the core of a parent that has just begun to wait for it.
        """
        return min(idle, key=lambda core: (core.number != task.last_core, core.idle_since_ns))

    def take(self, core: Core, keep: Task | None) -> Burst | None:
        """The burst that ``core`` should run next, or None.

        ``keep`` is the task whose time slice there is not over: its next burst goes first.
        """
        queue = min(self._shared, core.own_queue, key=RunQueue.first)
        if not queue:
            return None
        burst = None
        if keep is not None:
            burst = (self._shared if keep.core is None else core.own_queue).pop_of(keep)
        return burst or queue.pop()

    def undisturbed(self, task: Task) -> bool:
        """Whether work of ``task`` would begin at once and run on its own, switching nothing."""
        if self._shared:
            return False
        eligible = self.cores if task.core is None else [self.cores[task.core]]
        idle = [core for core in eligible if core.sleeping is not None]
        return bool(idle) and self._choose(task, idle).last_task is task

    def record(self, task: Task, what: str, start_ns: int) -> None:
        """Send a span from ``start_ns`` to now to the sink, if there is one and time has passed."""
        if self.spans is not None and start_ns < self.clock.now:
            self.spans.record(Span(task.name, what, start_ns, self.clock.now))

    def has_waiter(self, core: Core) -> bool:
        """Whether a burst waits that ``core`` could run."""
        return bool(self._shared or core.own_queue)
