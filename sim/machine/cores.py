"""The cores that run tasks."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any, Protocol

import simpy

from sim.machine.clock import Activity, Clock
from sim.machine.memory_system import MemorySystem
from sim.machine.run_queue import RunQueue
from sim.machine.tasks import Burst, Task


class BurstSource(Protocol):
    """Where cores get their bursts from."""

    def take(self, core: Core, keep: Task | None) -> Burst | None:
        """The burst that ``core`` should run next, or None; one of ``keep`` goes first."""

    def has_waiter(self, core: Core) -> bool:
        """Whether a burst waits that ``core`` could run."""

    def queue(self, burst: Burst) -> None:
        """Take back the rest of a burst whose time slice is over."""

    def record(self, task: Task, what: str, start_ns: int) -> None:
        """Hear what a task did from ``start_ns`` to now."""


class Core:
    """One core: a SimPy process that runs one burst after the other.

    Args:
        number: which core of its machine it is, from 0.
        clock: the simulation's clock.
        memory: the memory system that the memory parts contend in.
        work: where its bursts come from.
        slice_ns: how long a task runs while others wait for the core.
        switch_ns: cost of switching from one task, or from idling, to another task.

    Attributes:
        busy_ns: time spent running tasks.
        switch_ns: time spent switching between them.
        own_queue: bursts that may run on no other core.
        sleeping: the event that wakes it, while it has nothing to do.
        idle_since_ns: since when it sleeps, if it does; -1 if it never did anything.
        last_task: what it ran last, or runs.
    """

    def __init__(
        self,
        number: int,
        clock: Clock,
        memory: MemorySystem,
        work: BurstSource,
        *,
        slice_ns: int,
        switch_ns: int,
    ) -> None:
        self.number = number
        self.busy_ns = 0
        self.switch_ns = 0
        self.own_queue = RunQueue()
        self.sleeping: simpy.Event | None = None
        self.idle_since_ns = -1
        self.last_task: Task | None = None
        self._clock = clock
        self._memory = memory
        self._work = work
        self._slice_ns = slice_ns
        self._switch_cost_ns = switch_ns
        self._slept_ns = 0
        self._running: Task | None = None
        self._slice_end_ns = 0
        self._since_ns = 0
        self._nudge: simpy.Event | None = None
        self._clock.process(self._live())

    def wake(self, burst: Burst) -> None:
        """End the sleep with something to do."""
        if self.sleeping is not None:
            self._slept_ns = self.idle_ns
            self.sleeping.succeed(burst)
            self.sleeping = None

    @property
    def idle_ns(self) -> int:
        """Time it had nothing to do, up to now."""
        if self.sleeping is None:
            return self._slept_ns
        return self._slept_ns + self._clock.now - max(self.idle_since_ns, 0)

    def fair_ns(self) -> int | None:
        """The fair time of the task that has the core, as of now; None if none has."""
        if self._running is None:
            return None
        in_pass_ns = self._clock.now - self._since_ns if self._nudge is not None else 0
        return self._running.fair_ns + in_pass_ns

    def nudge(self) -> None:
        """Something about the running burst has changed (its speed, who waits): look again."""
        if self._nudge is not None and not self._nudge.triggered:
            self._nudge.succeed()

    def _live(self) -> Activity:
        while True:
            keep = self.last_task if self._clock.now < self._slice_end_ns else None
            burst = self._work.take(self, keep)
            if burst is None:
                self._running, keep = None, None
                self.idle_since_ns = self._clock.now if self.last_task else -1
                self.sleeping = self._clock.event()
                burst = yield self.sleeping
            self._running = burst.task
            if burst.task is not self.last_task:
                yield from self._switch_to(burst.task)
            if burst.task is not keep:
                self._slice_end_ns = self._clock.now + self._slice_ns
            yield from self._execute(burst)
            if burst.unfinished():
                self._work.queue(burst)
                continue
            burst.done.succeed()
            if self._work.has_waiter(self):
                # Let the task queue its next burst first, if it goes on without blocking.
                yield self._clock.timeout(0)

    def _switch_to(self, task: Task) -> Activity:
        yield self._clock.timeout(self._switch_cost_ns)
        self.switch_ns += self._switch_cost_ns
        self.last_task = task
        task.last_core = self.number

    def _execute(self, burst: Burst) -> Activity:
        """Run the burst to its end, or until its time slice is over and somebody else waits."""
        start_ns = self._clock.now
        self._work.record(burst.task, "wait", burst.queued_ns)
        stream = None
        while burst.unfinished():
            left_ns = self._slice_end_ns - self._clock.now
            waited_for = self._work.has_waiter(self)
            if waited_for and left_ns <= 0:
                break
            if burst.compute_ns == 0 and burst.stream is not None and stream is None:
                stream = self._memory.join(burst.stream, self)
            slowdown = self._memory.slowdown(stream) if stream is not None else 1.0
            need_ns = burst.need_ns(slowdown)
            ran_ns = yield from self._pass(min(need_ns, left_ns) if waited_for else need_ns)
            burst.progress(ran_ns, slowdown)
            burst.passes.append((self._clock.now, ran_ns))
            self.busy_ns += ran_ns
        if stream is not None:
            self._memory.leave(stream)
        self._work.record(burst.task, f"core {self.number}", start_ns)

    def _pass(self, delay_ns: int) -> Generator[simpy.Event, Any, int]:
        """Let ``delay_ns`` pass, or less if nudged; returns how much passed."""
        self._since_ns = self._clock.now
        self._nudge = self._clock.event()
        yield self._clock.timeout(delay_ns) | self._nudge
        self._nudge = None
        ran_ns, self._since_ns = self._clock.now - self._since_ns, self._clock.now
        return ran_ns
