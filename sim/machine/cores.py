"""Tasks, the cores that run them, and the scheduler between them."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

import numpy as np
import simpy

from sim.arrays import IntArray
from sim.machine.clock import Activity, Clock
from sim.machine.memory_system import MemorySystem
from sim.machine.run_queue import Burst, RunQueue
from sim.machine.spans import Span, SpanSink


class Task:
    """A thread of execution.

    Args:
        scheduler: the machine's scheduler.
        name: names the task in spans.
        core: the one core it may run on, or None for any.

    Attributes:
        cpu_ns: core time it has used so far.
    """

    def __init__(self, scheduler: Scheduler, name: str, core: int | None = None) -> None:
        self.name = name
        self.core = core
        self.cpu_ns = 0
        self.fair_ns = 0  # cpu_ns, raised on waking so that a sleeper cannot hoard time
        self.last_core: Core | None = None
        self._scheduler = scheduler

    def run(self, compute_ns: int = 0, memory_ns: int = 0, stream: str | None = None) -> Activity:
        """Use a core for ``compute_ns`` and then ``memory_ns`` of undisturbed work.

        The memory part takes longer while other streams contend with class ``stream``.

        Raises:
            ValueError: a part is negative.
        """
        if compute_ns < 0 or memory_ns < 0:
            raise ValueError("work cannot be negative")
        if compute_ns or memory_ns:
            yield self._scheduler.submit(self, int(compute_ns), float(memory_ns), stream)

    def run_parts(self, parts_ns: IntArray) -> Generator[simpy.Event, Any, IntArray]:
        """Use a core for one part of compute work after the other, with nothing in between.

        Takes the time of a `run` of each part, at the price of one.

        Args:
            parts_ns: int64 [n], n at least 1, at least 0 each.

        Returns:
            int64 [n], when each part was done.

        Raises:
            ValueError: a part is negative.
        """
        done_ns = parts_ns.cumsum()
        if parts_ns.min() < 0:
            raise ValueError("parts of work cannot be negative")
        if not done_ns[-1]:
            return np.full(len(parts_ns), self._scheduler.clock.now)
        passes = yield self._scheduler.submit(self, int(done_ns[-1]), 0.0, None)
        ended_ns, ran_ns = np.array(passes, np.int64).T
        worked_ns = ran_ns.cumsum()
        # The pass in which the part was done, and how long before its end.
        number = worked_ns.searchsorted(done_ns)
        moments: IntArray = ended_ns[number] - (worked_ns[number] - done_ns)
        return moments


class Core:
    """One core: a SimPy process that runs one burst after the other.

    Attributes:
        busy_ns: time spent running tasks.
        switch_ns: time spent switching between them.
        sleeping: the event that wakes it, while it has nothing to do.
        idle_since_ns: since when it sleeps, if it does; -1 if it never did anything.
        last_task: what it ran last, or runs.
    """

    def __init__(self, scheduler: Scheduler, number: int) -> None:
        self.number = number
        self.busy_ns = 0
        self.switch_ns = 0
        self.own_queue = RunQueue()
        self.sleeping: simpy.Event | None = None
        self.idle_since_ns = -1
        self.last_task: Task | None = None
        self._scheduler = scheduler
        self._clock = scheduler.clock
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
            burst = self._scheduler.take(self, keep)
            if burst is None:
                self._running, keep = None, None
                self.idle_since_ns = self._clock.now if self.last_task else -1
                self.sleeping = self._clock.event()
                burst = yield self.sleeping
            self._running = burst.task
            if burst.task is not self.last_task:
                yield from self._switch_to(burst.task)
            if burst.task is not keep:
                self._slice_end_ns = self._clock.now + self._scheduler.slice_ns
            yield from self._execute(burst)
            if burst.unfinished():
                self._scheduler.queue(burst)
                continue
            burst.done.succeed(burst.passes)
            if self._scheduler.has_waiter(self):
                # Let the task queue its next burst first, if it goes on without blocking.
                yield self._clock.timeout(0)

    def _switch_to(self, task: Task) -> Activity:
        yield self._clock.timeout(self._scheduler.switch_ns)
        self.switch_ns += self._scheduler.switch_ns
        self.last_task = task
        task.last_core = self

    def _execute(self, burst: Burst) -> Activity:
        """Run the burst to its end, or until its time slice is over and somebody else waits."""
        memory = self._scheduler.memory
        start_ns = self._clock.now
        self._scheduler.record(burst.task, "wait", burst.queued_ns)
        stream = None
        while burst.unfinished():
            left_ns = self._slice_end_ns - self._clock.now
            waited_for = self._scheduler.has_waiter(self)
            if waited_for and left_ns <= 0:
                break
            if burst.compute_ns == 0 and burst.stream is not None and stream is None:
                stream = memory.join(burst.stream, self)
            slowdown = memory.slowdown(stream) if stream is not None else 1.0
            need_ns = burst.need_ns(slowdown)
            ran_ns = yield from self._pass(min(need_ns, left_ns) if waited_for else need_ns)
            burst.progress(ran_ns, slowdown)
            burst.passes.append((self._clock.now, ran_ns))
            self.busy_ns += ran_ns
        if stream is not None:
            memory.leave(stream)
        self._scheduler.record(burst.task, f"core {self.number}", start_ns)

    def _pass(self, delay_ns: int) -> Generator[simpy.Event, Any, int]:
        """Let ``delay_ns`` pass, or less if nudged; returns how much passed."""
        self._since_ns = self._clock.now
        self._nudge = self._clock.event()
        yield self._clock.timeout(delay_ns) | self._nudge
        self._nudge = None
        ran_ns, self._since_ns = self._clock.now - self._since_ns, self._clock.now
        return ran_ns


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
        self.memory = memory
        self.slice_ns = slice_ns
        self.switch_ns = switch_ns
        self.spans = spans
        self._shared = RunQueue()
        self._sequence = 0
        self._level_ns = 0
        self.cores = [Core(self, number) for number in range(cores)]

    def submit(
        self, task: Task, compute_ns: int, memory_ns: float, stream: str | None
    ) -> simpy.Event:
        """Queue work of ``task``; the event happens when it is done, its value `Burst.passes`."""
        burst = Burst(task, compute_ns, memory_ns, stream, self.clock.event())
        self.queue(burst)
        return burst.done

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
        return min(idle, key=lambda core: (core is not task.last_core, core.idle_since_ns))

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
