"""The cores that run tasks."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any, Protocol

import simpy

from sim.machine.clock import Activity, Clock
from sim.machine.memory_system import MemorySystem
from sim.machine.tasks import Burst, Task, Turn


class BurstSource(Protocol):
    """Where cores get their bursts from."""

    def resume(self, core: Core, task: Task) -> Burst | None:
        """The next burst of the task that has the core, if it waits and its turn is not over."""

    def take(self, core: Core) -> Burst | None:
        """The burst that the core should run next, or None."""

    def has_waiter(self) -> bool:
        """Whether a burst waits."""

    def turn_end_ns(self, core: Core) -> int:
        """When the task that has the core must let others have it; some wait."""

    def put_back(self, burst: Burst) -> None:
        """Take back the rest of a burst whose turn is over."""

    def ended(self, task: Task) -> None:
        """Hear that a task has finished a burst and goes on with none."""

    def record(self, task: Task, what: str, start_ns: int) -> None:
        """Hear what a task did from ``start_ns`` to now."""


class Core:
    """One core: a SimPy process that runs one burst after the other.

    Args:
        number: which core of its machine it is, from 0.
        clock: the simulation's clock.
        memory: the memory system that the memory parts contend in.
        work: where its bursts come from.
        switch_cost_ns: cost of switching from one task, or from idling, to another task.

    Attributes:
        busy_ns: time spent running tasks.
        switch_ns: time spent switching between them.
        sleeping: the event that wakes it, while it has nothing to do.
        starting: whether it has been woken, but has not begun yet.
        idle_since_ns: since when it sleeps, if it does; -1 if it never did anything.
        task: who has it; also when it has just finished a burst, until it is known who is next.
        last_task: what it ran last, or runs.
        turn: the last task's, on this core.
        pushing: what it must be taken from its task for, if it must.
    """

    def __init__(
        self,
        number: int,
        clock: Clock,
        memory: MemorySystem,
        work: BurstSource,
        switch_cost_ns: int,
    ) -> None:
        self.number = number
        self.busy_ns = 0
        self.switch_ns = 0
        self.sleeping: simpy.Event | None = None
        self.starting = False
        self.idle_since_ns = -1
        self.task: Task | None = None
        self.last_task: Task | None = None
        self.turn = Turn()
        self.pushing: Burst | None = None
        self._clock = clock
        self._memory = memory
        self._work = work
        self._switch_cost_ns = switch_cost_ns
        self._slept_ns = 0
        self._settled_ns = 0
        self._nudge: simpy.Event | None = None
        self._clock.process(self._live())

    def wake(self, burst: Burst) -> None:
        """End the sleep with something to do."""
        if self.sleeping is not None:
            self._slept_ns = self.idle_ns
            self.sleeping.succeed(burst)
            self.sleeping = None
            self.starting = True
            self.task = burst.task

    @property
    def idle_ns(self) -> int:
        """Time it had nothing to do, up to now."""
        if self.sleeping is None:
            return self._slept_ns
        return self._slept_ns + self._clock.now - max(self.idle_since_ns, 0)

    def settled(self) -> Task | None:
        """The task that has the core, its fair time as of now; None if none has."""
        if self._nudge is not None and self.task is not None:
            self.task.fair_ns += self._clock.now - self._settled_ns
            self._settled_ns = self._clock.now
        return self.task

    def nudge(self) -> None:
        """Something about the running burst has changed (its speed, who waits): look again."""
        if self._nudge is not None and not self._nudge.triggered:
            self._nudge.succeed()

    def give_way(self, pushing: Burst) -> None:
        """End the turn of the task that has the core, now or when it has been switched to."""
        self.pushing = pushing
        self.nudge()

    def _live(self) -> Activity:
        task: Task | None = None
        while True:
            resumed = self._work.resume(self, task) if task is not None else None
            burst = resumed or self._work.take(self)
            self.pushing = None
            new_turn = burst is None or burst.task is not self.task
            if burst is None:
                burst = yield from self._sleep()
            self.task = task = burst.task
            if task is not self.last_task:
                yield from self._switch_to(task)
            if new_turn:
                self.turn.began_ns = self._clock.now
            if resumed is None:
                self.turn.confirmed_ns = self._clock.now
            yield from self._execute(burst)
            if burst.unfinished():
                self._work.put_back(burst)
                task = None
                continue
            task.burst = None
            burst.done.succeed()
            if self._work.has_waiter():
                # Let the task queue its next burst first, if it goes on without blocking.
                yield self._clock.timeout(0)
            if task.burst is None:
                self._work.ended(task)
                self.task = task = None

    def _sleep(self) -> Generator[simpy.Event, Any, Burst]:
        self.task = None
        self.idle_since_ns = self._clock.now if self.last_task else -1
        self.sleeping = self._clock.event()
        burst: Burst = yield self.sleeping
        self.starting = False
        return burst

    def _switch_to(self, task: Task) -> Activity:
        yield self._clock.timeout(self._switch_cost_ns)
        self.switch_ns += self._switch_cost_ns
        self.last_task = task
        task.last_core = self.number

    def _execute(self, burst: Burst) -> Activity:
        """Run the burst to its end, or until its turn is over and somebody else waits."""
        start_ns = self._clock.now
        self._work.record(burst.task, "wait", burst.queued_ns)
        stream = None
        while burst.unfinished():
            left_ns = self._left_ns()
            if left_ns is not None and left_ns <= 0:
                break
            if burst.compute_ns == 0 and burst.stream is not None and stream is None:
                stream = self._memory.join(burst.stream, self)
            slowdown = self._memory.slowdown(stream) if stream is not None else 1.0
            need_ns = burst.need_ns(slowdown)
            ran_ns = yield from self._pass(need_ns if left_ns is None else min(need_ns, left_ns))
            burst.progress(ran_ns, slowdown)
            burst.passes.append((self._clock.now, ran_ns))
            self.busy_ns += ran_ns
        if stream is not None:
            self._memory.leave(stream)
        self._work.record(burst.task, f"core {self.number}", start_ns)

    def _left_ns(self) -> int | None:
        """How long the turn goes on if nothing changes; None if nobody waits for its end."""
        if not self._work.has_waiter():
            self.pushing = None
            return None
        if self.pushing is not None:
            return 0
        return self._work.turn_end_ns(self) - self._clock.now

    def _pass(self, delay_ns: int) -> Generator[simpy.Event, Any, int]:
        """Let ``delay_ns`` pass, or less if nudged; returns how much passed."""
        start_ns = self._settled_ns = self._clock.now
        self._nudge = self._clock.event()
        yield self._clock.timeout(delay_ns) | self._nudge
        self.settled()
        self._nudge = None
        return self._clock.now - start_ns
