"""The cores that run tasks."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Protocol

from sim.machine.causes import CORE_WAIT, IDLE, SWITCH, WORK, Cause
from sim.machine.clock import Clock
from sim.machine.ledger import Ledger
from sim.machine.memory_system import MemorySystem, Stream
from sim.machine.spans import RUN, SWITCH_TO, WAIT, SpanWindow
from sim.machine.tasks import Burst, Task, Turn


class BurstSource(Protocol):
    """Where cores get their bursts from.

    Attributes:
        spans: keeps what cores do, if somebody watches.
        ledger: what cores ran.
    """

    spans: SpanWindow | None
    ledger: Ledger

    def resume(self, core: Core, task: Task) -> Burst | None:
        """The next burst of the task that has the core, if it waits and its turn is not over."""

    def take(self, core: Core) -> Burst:
        """The burst that the core should run next; some wait."""

    def has_waiter(self) -> bool:
        """Whether a burst waits."""

    def turn_end_ns(self, core: Core) -> int:
        """When the task that has the core must let others have it; some wait."""

    def nudge(self, cores: Sequence[Core]) -> None:
        """Let cores look whether something about what they run has changed; once, if they do."""

    def put_back(self, burst: Burst) -> None:
        """Take back the rest of a burst whose turn is over."""

    def ended(self, task: Task) -> None:
        """Hear that a task has finished a burst and goes on with none."""

    def asleep(self, core: Core) -> None:
        """Hear that a core has nothing to do from now on."""


class Core:
    """One core: runs one burst after the other, each in passes in which nothing changes.

    Its doings are callbacks of events, not a process: they are what is done most often.

    Args:
        number: which core of its machine it is, from 0.
        clock: the simulation's clock.
        memory: the memory system that the memory parts contend in.
        work: where its bursts come from.
        switch_cost_ns: cost of switching from one task, or from idling, to another task.

    Attributes:
        busy_ns: time spent running tasks.
        switch_ns: time spent switching between them.
        sleeping: whether it has nothing to do.
        starting: whether it has been woken, but has not begun yet.
        idle_since_ns: since when it sleeps, if it does; -1 if it never did anything.
        task: who has it; also when it has just finished a burst, until it is known who is next.
        last_task: what it ran last, or runs.
        turn: the last task's, on this core.
        pushing: what it must be taken from its task for, if it must.
        passing: whether a pass goes on.
        watching: whether it does and its end has not been seen.
        settled_ns: since when, of a pass, its task's fair time is not accounted for.
        pass_end_ns: when the pass will end, or has ended, as things are.
        end_place: at which place of that moment, see `Clock.places`.
        stream: of its memory part, while it has one.
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
        self.sleeping = True
        self.starting = False
        self.idle_since_ns = -1
        self.task: Task | None = None
        self.last_task: Task | None = None
        self.turn = Turn()
        self.pushing: Burst | None = None
        self.passing = self.watching = False
        self.settled_ns = 0
        self.pass_end_ns = 0
        self.end_place = -1
        self.stream: Stream | None = None
        self._clock = clock
        self._memory = memory
        self._work = work
        self._switch_cost_ns = switch_cost_ns
        self._slept_ns = self._switching_since_ns = 0
        self._burst: Burst | None = None
        self._new_turn = self._resumed = False
        self._began_ns = 0
        # Of the pass that is going on: when it began, and how slow memory is.
        self._pass_ns = 0
        self._slowdown = 1.0
        # Where the timer is set, which may still be at an earlier place.
        self._timer_place = -1

    def wake(self, burst: Burst) -> None:
        """End the sleep with something to do."""
        self._slept_ns += self._clock.now - max(self.idle_since_ns, 0)
        self.sleeping = False
        self.starting = True
        self.task = burst.task
        self._burst = burst
        self._clock.soon(self._begin)

    def followed(self, busy_ns: int, idle_since_ns: int | None) -> None:
        """Hear what it did by a timetable: worked so long, and is idle since when, if it worked."""
        self.busy_ns += busy_ns
        self._work.ledger.ran(self._clock.now, busy_ns, busy_ns, WORK)
        if idle_since_ns is not None:
            self._slept_ns += idle_since_ns - max(self.idle_since_ns, 0) - busy_ns
            self.idle_since_ns = idle_since_ns
        self._work.asleep(self)

    @property
    def idle_ns(self) -> int:
        """Time it had nothing to do, up to now."""
        if not self.sleeping:
            return self._slept_ns
        return self._slept_ns + self._clock.now - max(self.idle_since_ns, 0)

    def under_way(self) -> tuple[Cause, int]:
        """What it has been doing up to now that is in no account yet, and for how long."""
        now_ns = self._clock.now
        if self.passing and self._burst is not None:
            return self._burst.cause, now_ns - self._pass_ns
        if self.sleeping or self.starting or self.task is None or self.task is self.last_task:
            return IDLE, 0
        return SWITCH, now_ns - self._switching_since_ns

    def tell_under_way(self) -> None:
        """Tell who watches what it has been doing up to now that it has not told yet."""
        if self.passing and self._burst is not None:
            self._tell_run(self._burst)
        elif self.under_way()[0] is SWITCH and self.task is not None:
            self._tell_switch(self.task)

    def _tell_run(self, burst: Burst) -> None:
        spans = self._work.spans
        if spans is not None and burst.told:
            now_ns = self._clock.now
            spans.record(burst.task, RUN, burst.cause, self._began_ns, now_ns, core=self.number)

    def _tell_switch(self, task: Task) -> None:
        if self._work.spans is not None:
            since_ns, now_ns = self._switching_since_ns, self._clock.now
            self._work.spans.record(task, SWITCH_TO, SWITCH, since_ns, now_ns, core=self.number)

    def settle(self, now_ns: int) -> None:
        """Bring the fair time of the task that has the core, if one has, up to now."""
        if self.settled_ns != now_ns and self.passing and self.task is not None:
            self.task.fair_ns += now_ns - self.settled_ns
            self.settled_ns = now_ns

    def nudge(self) -> None:
        """Something about the running burst has changed (its speed, who waits): look again."""
        if self.watching:
            self._work.nudge([self])

    def give_way(self, pushing: Burst) -> None:
        """End the turn of the task that has the core, now or when it has been switched to."""
        self.pushing = pushing
        self.nudge()

    def _begin(self) -> None:
        self.starting = False
        self._turn_to(new_turn=True, resumed=False)

    def _turn_to(self, *, new_turn: bool, resumed: bool) -> None:
        """Begin with the burst; first switch to its task, if that is another than the last."""
        assert self._burst is not None  # noqa: S101 - it was woken with one or took one
        self._new_turn, self._resumed = new_turn, resumed
        self.task = self._burst.task
        now_ns = self._clock.now
        if waited_ns := now_ns - self._burst.queued_ns:
            self.task.ledger.waited(now_ns, waited_ns, CORE_WAIT)
            if self._work.spans is not None:
                self._work.spans.record(self.task, WAIT, CORE_WAIT, now_ns - waited_ns, now_ns)
        if self.task is self.last_task:
            self._execute()
        else:
            self._switching_since_ns = now_ns
            self._clock.later(self._switch_cost_ns, self._switched)

    def _switched(self) -> None:
        task = self.task
        assert task is not None  # noqa: S101 - it was switched to
        self.switch_ns += self._switch_cost_ns
        self.last_task = task
        task.last_core = self.number
        if self._switch_cost_ns:
            task.ledger.waited(self._clock.now, self._switch_cost_ns, SWITCH)
            self._tell_switch(task)
        self._execute()

    def _execute(self) -> None:
        """Run the burst to its end, or until its turn is over and somebody else waits."""
        burst = self._burst
        assert burst is not None  # noqa: S101 - it was switched to its task
        self._began_ns = now = self._clock.now
        if self._new_turn:
            self.turn.began_ns = now
        if not self._resumed:
            self.turn.confirmed_ns = now
        self._pass(burst)

    def _pass(self, burst: Burst) -> None:
        """Run until something changes: the part of the burst, the turn, the speed."""
        left_ns = None
        if not self._work.has_waiter():
            self.pushing = None  # and the turn goes on
        else:
            now_over = self.pushing is not None
            left_ns = 0 if now_over else self._work.turn_end_ns(self) - self._clock.now
            if left_ns <= 0:
                self._leave_off(burst)
                self._work.put_back(burst)
                self._go_on(None)
                return
        pass_ns = burst.compute_ns
        if not pass_ns:
            self._slowdown = self._slowdown_of(burst)
            pass_ns = burst.memory_part_ns(self._slowdown)
        if left_ns is not None and left_ns < pass_ns:
            pass_ns = left_ns
        self.passing = self.watching = True
        self._pass_ns = self.settled_ns = self._clock.now
        self.pass_end_ns = self._pass_ns + pass_ns
        self.end_place = self._clock.places()
        self._set_timer()

    def _set_timer(self) -> None:
        self._timer_place = place = self.end_place
        self._clock.at(self.pass_end_ns, place, partial(self._time_is_up, place))

    def _slowdown_of(self, burst: Burst) -> float:
        """How slow the memory part of the burst is at the moment."""
        if burst.stream is None:
            return 1.0
        if self.stream is None:
            self.stream = self._memory.join(burst.stream, self)
        return self._memory.slowdown(self.stream)

    def _time_is_up(self, place: int) -> None:
        if place != self._timer_place or not self.watching:
            return  # that pass has ended earlier
        if place == self.end_place:
            self.watching = False
            self._clock.soon(self.end_pass)
        else:
            self._set_timer()

    def end_pass(self) -> None:
        """End the pass and find out how to go on."""
        burst = self._burst
        assert burst is not None  # noqa: S101 - of whom the pass was
        now = self._clock.now
        self.settle(now)
        self.passing = False
        ran_ns = now - self._pass_ns
        own_ns = burst.progress(ran_ns, self._slowdown)
        burst.task.ledger.ran(now, ran_ns, own_ns, burst.cause)
        self._work.ledger.ran(now, ran_ns, own_ns, burst.cause)
        burst.passes.append((now, ran_ns))
        self.busy_ns += ran_ns
        if burst.unfinished():
            self._pass(burst)
        else:
            self._finish(burst)

    def _leave_off(self, burst: Burst) -> None:
        if self.stream is not None:
            self._memory.leave(self.stream)
            self.stream = None
        self._tell_run(burst)

    def _finish(self, burst: Burst) -> None:
        self._leave_off(burst)
        burst.task.burst = None
        burst.done()
        if self._work.has_waiter():
            # Let the task queue its next burst first, if it goes on without blocking.
            self._clock.soon(self._follow)
        else:
            self._follow()

    def _follow(self) -> None:
        """Go on after a finished burst."""
        task = self.task
        assert task is not None  # noqa: S101 - it has just finished
        if task.burst is None:
            self._work.ended(task)
            self.task = task = None
        self._go_on(task)

    def _go_on(self, task: Task | None) -> None:
        """Find something to do: for a task that has the core still, or for whoever waits."""
        if self._work.has_waiter():
            resumed = self._work.resume(self, task) if task is not None else None
            burst = self._burst = resumed or self._work.take(self)
            self.pushing = None
            self._turn_to(new_turn=burst.task is not self.task, resumed=resumed is not None)
            return
        self._burst = self.task = self.pushing = None
        self.idle_since_ns = self._clock.now
        self.sleeping = True
        self._work.asleep(self)
