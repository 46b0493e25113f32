"""The scheduler between tasks and cores."""

from __future__ import annotations

from sim.machine.clock import Clock
from sim.machine.cores import Core
from sim.machine.memory_system import MemorySystem
from sim.machine.run_queue import RunQueue
from sim.machine.scheduling.rule import Arrival, SchedulingRule
from sim.machine.spans import Span, SpanSink
from sim.machine.tasks import Burst, Task


class Scheduler:
    """Gives bursts to cores, by a rule when tasks outnumber cores.

    Args:
        clock: the simulation's clock.
        cores: how many there are.
        memory: the memory system their memory parts contend in.
        rule: who of those that want a core is to have one, and until when.
        switch_ns: cost of switching a core from one task, or from idling, to another task.
        spans: receives a span per stretch of running or waiting, if given.

    Attributes:
        waiting: what waits for a core.
        contenders: how many tasks wait for a core or have one.
        suffices: whether there is a core for everybody at every time, as `expect` was told.
    """

    def __init__(
        self,
        clock: Clock,
        cores: int,
        memory: MemorySystem,
        *,
        rule: SchedulingRule,
        switch_ns: int,
        spans: SpanSink | None = None,
    ) -> None:
        if cores < 1 or switch_ns < 0:
            raise ValueError("a scheduler needs a core, and a switch cost of at least 0")
        self.clock = clock
        self.switch_ns = switch_ns
        self.spans = spans
        self.waiting = RunQueue()
        self.contenders = 0
        self.suffices = False
        self.cores = [Core(number, clock, memory, self, switch_ns) for number in range(cores)]
        self._idle = list(self.cores)
        self._rule = rule

    def expect(self, at_once: int | None) -> None:
        """Hear how many tasks will ever want a core at the same time; None if nobody knows."""
        self.suffices = at_once is not None and at_once <= len(self.cores)

    @property
    def now_ns(self) -> int:
        """See `Crowd.now_ns`."""
        return self.clock.now

    @property
    def core_count(self) -> int:
        """See `Crowd.core_count`."""
        return len(self.cores)

    @property
    def outnumbered(self) -> bool:
        """See `Crowd.outnumbered`."""
        return not self._idle

    def running(self) -> list[Task]:
        """See `Crowd.running`."""
        found = [core.settled() for core in self.cores if core.task is not None]
        # One whose next burst has gone to another core at this moment is told of once.
        return [task for task in dict.fromkeys(found) if task is not None]

    def starting(self) -> list[Task]:
        """See `Crowd.starting`."""
        return [core.task for core in self.cores if core.starting and core.task is not None]

    def pushing(self) -> list[Burst]:
        """See `Crowd.pushing`."""
        return [core.pushing for core in self.cores if core.pushing is not None]

    def queue(self, burst: Burst) -> None:
        """Find a core for what a task wants done from now on, or let it wait for one."""
        task = burst.task
        arrival: Arrival = "woken" if task.last_core is not None else "new"
        if task.contends:
            arrival = "ongoing"
        self._place(burst, arrival)
        if not task.contends:
            task.contends = True
            self.contenders += 1
        core = self._idle_core(task)
        if core is not None:
            task.keeps_core = True
            self._idle.remove(core)
            core.wake(burst)
            return
        self._let_wait(burst)
        if arrival != "ongoing":
            self._make_room(burst, arrival)

    def put_back(self, burst: Burst) -> None:
        """Let the rest of a burst wait, whose turn is over."""
        self._place(burst, "put back")
        self._let_wait(burst)

    def ended(self, task: Task) -> None:
        """Hear that a task has finished a burst and goes on with none."""
        self._rule.leave(task, self)
        task.contends = False
        self.contenders -= 1

    def _place(self, burst: Burst, arrival: Arrival) -> None:
        burst.queued_ns = self.clock.now
        self._rule.place(burst.task, arrival, self)

    def _let_wait(self, burst: Burst) -> None:
        self.waiting.push(burst)
        for core in self.cores:
            core.nudge()

    def _make_room(self, burst: Burst, arrival: Arrival) -> None:
        """Take a core from somebody, if the rule says so."""
        holders = {
            task: core
            for core in self.cores
            if core.pushing is None and (task := core.settled()) is not None
        }
        driven_out = self._rule.driven_out(burst.task, arrival, list(holders), self)
        if driven_out is not None:
            holders[driven_out].give_way(burst)

    def _idle_core(self, task: Task) -> Core | None:
        """The idle core that the task ran on last, else the one that has been idle for longest.

        So a child does not start on the core of a parent that has just begun to wait for it.
        """
        if task.last_core is not None and (core := self.cores[task.last_core]).sleeping:
            return core
        return self._idle[0] if self._idle else None

    def asleep(self, core: Core) -> None:
        """Hear that a core has nothing to do from now on."""
        # Those that have been idle for longest come first, and of several the lowest number.
        place = len(self._idle)
        while place and self._idle[place - 1].idle_since_ns == core.idle_since_ns:
            if self._idle[place - 1].number < core.number:
                break
            place -= 1
        self._idle.insert(place, core)

    def turn_end_ns(self, core: Core) -> int:
        """When the task that has the core must let others have it; some wait."""
        task = core.settled()
        assert task is not None  # noqa: S101 - a turn is somebody's
        return self._rule.turn_end_ns(task, core.turn, self)

    def resume(self, core: Core, task: Task) -> Burst | None:
        """The next burst of the task that has the core, if it waits and its turn is not over."""
        burst = self.waiting.of(task)
        if burst is None or core.pushing or self.turn_end_ns(core) <= self.clock.now:
            return None
        self.waiting.take_out(burst)
        return burst

    def take(self, core: Core) -> Burst | None:
        """The burst that the core should run next, or None."""
        if not self.waiting:
            return None
        burst = self._rule.first(self, pushing=core.pushing)
        self.waiting.take_out(burst)
        if burst.task is not core.task:
            burst.task.keeps_core = True
        return burst

    def undisturbed(self, task: Task) -> bool:
        """Whether work of ``task`` would begin at once and run on its own, switching nothing."""
        if self.waiting:
            return False
        core = self._idle_core(task)
        return core is not None and core.last_task is task

    def record(self, task: Task, what: str, start_ns: int) -> None:
        """Send a span from ``start_ns`` to now to the sink, if there is one and time has passed."""
        if self.spans is not None and start_ns < self.clock.now:
            self.spans.record(Span(task.name, what, start_ns, self.clock.now))

    def has_waiter(self) -> bool:
        """Whether a burst waits."""
        return bool(self.waiting)
