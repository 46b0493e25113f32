"""The scheduler between tasks and cores."""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from functools import partial
from typing import Any

import simpy

from sim.arrays import IntArray
from sim.machine.causes import IDLE, SWITCH, WORK, Cause
from sim.machine.clock import Clock
from sim.machine.cores import Core
from sim.machine.idle_cores import IdleCores
from sim.machine.ledger import Ledger
from sim.machine.memory_system import MemorySystem
from sim.machine.run_queue import RunQueue
from sim.machine.scheduling.rule import Arrival, SchedulingRule
from sim.machine.spans import SpanWindow
from sim.machine.tasks import Burst, Task
from sim.machine.timetable import Timetable


class Scheduler:
    """Gives bursts to cores, by a rule when tasks outnumber cores.

    Args:
        clock: the simulation's clock.
        cores: how many there are.
        memory: the memory system their memory parts contend in.
        rule: who of those that want a core is to have one, and until when.
        switch_ns: cost of switching a core from one task, or from idling, to another task.
        spans: keeps who runs where and waits for what, if given.

    Attributes:
        waiting: what waits for a core.
        contenders: how many tasks wait for a core or have one.
        suffices: whether there is a core for everybody at every time, as `expect` was told.
        ledger: what its cores ran.
    """

    def __init__(
        self,
        clock: Clock,
        cores: int,
        memory: MemorySystem,
        *,
        rule: SchedulingRule,
        switch_ns: int,
        spans: SpanWindow | None = None,
    ) -> None:
        if cores < 1 or switch_ns < 0:
            raise ValueError("a scheduler needs a core, and a switch cost of at least 0")
        self.clock = clock
        self.switch_ns = switch_ns
        self.spans = spans
        self.waiting = RunQueue()
        self.contenders = 0
        self.suffices = False
        self.ledger = Ledger()
        self.cores = [Core(number, clock, memory, self, switch_ns) for number in range(cores)]
        self._idle = IdleCores(self.cores)
        self._rule = rule
        self._apart_ns = 0

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
        # One whose next burst has gone to another core at this moment is told of once.
        return list(dict.fromkeys(self._holders()))

    def _holders(self, *, pushed: bool = True) -> list[Task]:
        """Who has a core, their fair time as of now; of several, again each time."""
        now_ns = self.clock.now
        found = []
        for core in self.cores:
            if (task := core.task) is not None:
                if core.passing:
                    task.fair_ns += now_ns - core.settled_ns
                    core.settled_ns = now_ns
                if pushed or core.pushing is None:
                    found.append(task)
        return found

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
        core = self._idle.find(task)
        if core is None and self.suffices:
            self.suffices = False
            self._idle.curtail()
        self._place(burst, arrival)
        if not task.contends:
            task.contends = True
            self.contenders += 1
        if core is not None:
            task.keeps_core = True
            self._idle.take(core)
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
        if not self.suffices:
            self._rule.leave(task, self)
        task.contends = False
        self.contenders -= 1

    def _place(self, burst: Burst, arrival: Arrival) -> None:
        burst.queued_ns = self.clock.now
        if not self.suffices:  # else nobody will ever be compared with anybody
            self._rule.place(burst.task, arrival, self)

    def _let_wait(self, burst: Burst) -> None:
        self.waiting.push(burst)
        self.nudge(self.cores)

    def nudge(self, cores: Sequence[Core]) -> None:
        """See `BurstSource.nudge`."""
        if watching := [core for core in cores if core.watching]:
            self.clock.soon(partial(self._look_again, watching))

    def _look_again(self, cores: Sequence[Core]) -> None:
        watching = [core for core in cores if core.watching]
        for core in watching:
            core.watching = False
        if watching:
            self.clock.soon(partial(self._go_on, watching))

    def _go_on(self, cores: Sequence[Core]) -> None:
        """Let passes go on in which nothing has changed, and end the others."""
        now_ns, place = self.clock.now, None
        quiet_until_ns = self._rule.no_turn_ends_before_ns(now_ns)
        for number, core in enumerate(cores):
            unchanged = core.stream is None and core.pushing is None
            if unchanged and now_ns < core.pass_end_ns < quiet_until_ns:
                # It ends when it would, but after its equals.
                if place is None:
                    place = self.clock.places()
                core.watching = True
                core.end_place = place + number
                continue
            core.end_pass()
            # What that has brought about may be urgent.
            if rest := cores[number + 1 :]:
                self.clock.first(partial(self._go_on, rest))
            return

    def _make_room(self, burst: Burst, arrival: Arrival) -> None:
        """Take a core from somebody, if the rule says so; it has just placed the task."""
        holders = self._holders(pushed=False)
        driven_out = self._rule.driven_out(burst.task, arrival, holders, self)
        if driven_out is not None:
            # Of one whose next burst has gone to another core at this moment, that.
            own = [core for core in self.cores if core.task is driven_out and not core.pushing]
            own[-1].give_way(burst)

    def asleep(self, core: Core) -> None:
        """Hear that a core has nothing to do."""
        self._idle.add(core)
        # A core that followed a timetable has not looked whether somebody waits.
        if self.waiting:
            self._idle.take(core)
            core.wake(self.take(core))

    def turn_end_ns(self, core: Core) -> int:
        """When the task that has the core must let others have it; some wait."""
        task = core.task
        assert task is not None  # noqa: S101 - a turn is somebody's
        core.settle(self.clock.now)
        return self._rule.turn_end_ns(task, core.turn, self)

    def resume(self, core: Core, task: Task) -> Burst | None:
        """The next burst of the task that has the core, if it waits and its turn is not over."""
        burst = self.waiting.of(task)
        if burst is None or core.pushing or self.turn_end_ns(core) <= self.clock.now:
            return None
        self.waiting.take_out(burst)
        return burst

    def take(self, core: Core) -> Burst:
        """The burst that the core should run next; some wait."""
        burst = self._rule.first(self, pushing=core.pushing)
        self.waiting.take_out(burst)
        if burst.task is not core.task:
            burst.task.keeps_core = True
        return burst

    def undisturbed(self, task: Task) -> bool:
        """Whether work of ``task`` would begin at once and run on its own, switching nothing."""
        if self.waiting:
            return False
        core = self.core_for(task)
        return core is not None and core.last_task is task

    def core_for(self, task: Task) -> Core | None:
        """The idle core that a task would get now."""
        return self._idle.find(task)

    def follow(
        self, task: Task, starts_ns: IntArray, ends_ns: IntArray
    ) -> Generator[simpy.Event, Any, int]:
        """Let a task work at known times, on the core that it ran on last, as a timetable says.

        As if it did each stretch by itself, at the price of one; only where cores suffice and the
        task is `undisturbed`. Arguments as of `Timetable`.

        Returns:
            How many stretches it did before somebody else took the core; then others are due.
        """
        core = self._idle.find(task)
        assert core is not None  # noqa: S101 - as nobody disturbs it
        timetable = Timetable(self.clock, task, core, starts_ns, ends_ns)
        self._idle.follow(timetable)
        try:
            done: int = yield timetable.over
        finally:
            timetable.curtail()
            if self.spans is not None:
                begun = timetable.begun
                self.spans.ran(task, core.number, starts_ns[:begun], ends_ns[:begun])
        return done

    def curtail(self) -> None:
        """Let every timetable end with what has begun by now."""
        self._idle.curtail()

    def end_watch(self) -> None:
        """The simulation is over: let who watches know what goes on, and that nothing follows."""
        if self.spans is not None:
            for core in self.cores:
                core.tell_under_way()
            self.spans.close(self.clock.now)

    def attribute(self, task: Task, parts_ns: Mapping[Cause, int]) -> None:
        """So much of what a task ran as `WORK` was for these causes."""
        task.ledger.attribute(parts_ns)
        self.ledger.attribute(parts_ns)

    def worked_apart(self, busy_ns: int) -> None:
        """Hear of work that tasks did on cores of their own, of which the cores know nothing.

        It was done up to now, in time in which those cores slept.
        """
        self._apart_ns += busy_ns
        self.ledger.ran(self.clock.now, busy_ns, busy_ns, WORK)

    def core_time_ns(self) -> dict[Cause, int]:
        """The time of all cores up to now, by cause."""
        spent_ns = dict(self.ledger.ran_ns)
        doing = [(SWITCH, core.switch_ns) for core in self.cores]
        doing += [(IDLE, core.idle_ns) for core in self.cores]
        doing.append((IDLE, -self._apart_ns))
        for cause, ns in (*doing, *(core.under_way() for core in self.cores)):
            spent_ns[cause] = spent_ns.get(cause, 0) + ns
        return {cause: ns for cause, ns in spent_ns.items() if ns}

    def has_waiter(self) -> bool:
        """Whether a burst waits."""
        return bool(self.waiting.heap)
