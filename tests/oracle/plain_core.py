"""One core as one would write it down: every wake-up, end of work and tick is an event.

Virtual time is accounted for at every event and the rule asked at every tick, where
`sim.machine.scheduling` works out beforehand when something will change.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from typing import Protocol

Job = tuple[int, int]
"""How long a task sleeps, and how long it then computes."""


class AmbiguousOrderError(Exception):
    """Two things happen in one nanosecond, in an order that nobody has laid down."""


@dataclass(eq=False)
class PlainTask:
    """A task: its jobs, and what rules know of it.

    Attributes:
        jobs: what is left to do; the first one is being done.
        wakes_ns: when it wakes.
        left_ns: what is left of its work.
        v: virtual time.
        lag: how far it was behind when it fell asleep.
        deadline: in virtual time.
        protected: the deadline that it had when it was given its core.
        ran_ns: how long it has had its core.
        order: of coming into the queue.
        new: whether it never woke.
        ends_ns: when its jobs were over.
    """

    jobs: list[Job]
    wakes_ns: int = 0
    left_ns: int = 0
    v: int = 0
    lag: Fraction = Fraction(0)
    deadline: int = 0
    protected: int | None = None
    ran_ns: int = 0
    order: int = 0
    new: bool = True
    ends_ns: list[int] = field(default_factory=list)


class PlainRule(Protocol):
    """What a core asks; `core` is set by it."""

    core: PlainCore

    def account(self) -> None:
        """Hear that time has passed."""

    def place(self, task: PlainTask) -> None:
        """Give a task that wakes its virtual time; it is not in the queue yet."""

    def preempts(self, task: PlainTask) -> bool:
        """Whether the task that has just been queued takes the core from its task."""

    def sleep(self, task: PlainTask) -> None:
        """Hear that the task that has the core falls asleep."""

    def tick(self, task: PlainTask) -> bool:
        """At a tick, whether the task that has the core must give it back."""

    def put_back(self, task: PlainTask) -> None:
        """Hear that the task that has the core gives it back."""

    def pick(self) -> PlainTask:
        """Who is next of those that wait."""


class PlainCore:
    """A core and its tasks.

    Args:
        scripts: of each task, its jobs.
        rule: who gets the core.
        tick_ns: time between two timer interrupts.
        switch_ns: what a switch takes.

    Attributes:
        waiting: who waits for the core.
        curr: who has it.
        pushing: for whom it is being taken from that one.
    """

    def __init__(
        self, scripts: list[list[Job]], rule: PlainRule, tick_ns: int, switch_ns: int
    ) -> None:
        self.waiting: list[PlainTask] = []
        self.curr: PlainTask | None = None
        self.pushing: PlainTask | None = None
        self._tasks = [PlainTask(list(jobs), jobs[0][0]) for jobs in scripts]
        self._tick_ns, self._switch_ns = tick_ns, switch_ns
        self._now = self._runs_from = self._order = 0
        self._last: PlainTask | None = None
        self._rule = rule
        rule.core = self

    def run(self) -> list[list[int]]:
        """When each job of each task is over."""
        while any(task.jobs for task in self._tasks):
            self._step()
        return [task.ends_ns for task in self._tasks]

    def _step(self) -> None:
        awake = [*self.waiting, self.curr]
        sleeping = [task for task in self._tasks if task.jobs and task not in awake]
        moments = [(task.wakes_ns, "wake") for task in sleeping]
        if self.curr:
            moments.append((max(self._now, self._runs_from) + self.curr.left_ns, "end"))
            moments.append((self._now // self._tick_ns * self._tick_ns + self._tick_ns, "tick"))
            if self._now < self._runs_from:
                moments.append((self._runs_from, "switched"))
        (at, what), *others = sorted(moments)
        if others and others[0][0] == at:
            raise AmbiguousOrderError
        self._pass(at)
        if what == "wake":
            self._wake(next(task for task in sleeping if task.wakes_ns == at))
            return
        curr = self.curr
        assert curr
        if what == "end":
            self._end(curr)
        elif what == "switched":
            if self.pushing:
                self._reschedule(curr)
        elif at > self._runs_from and self._rule.tick(curr) and self.waiting:
            self._reschedule(curr)

    def _pass(self, to: int) -> None:
        ran = to - max(self._now, self._runs_from)
        if self.curr and ran > 0:
            self.curr.v += ran
            self.curr.left_ns -= ran
            self.curr.ran_ns += ran
        self._now = to
        self._rule.account()

    def _wake(self, task: PlainTask) -> None:
        task.left_ns = task.jobs[0][1]
        self._rule.place(task)
        self._queue(task)
        if self.curr is None:
            self._give(self._rule.pick())
        elif self.pushing is None and self._rule.preempts(task):
            self.pushing = task
            if self._now >= self._runs_from:
                self._reschedule(self.curr)
        task.new = False

    def _end(self, task: PlainTask) -> None:
        task.jobs.pop(0)
        task.ends_ns.append(self._now)
        if task.jobs:
            task.wakes_ns = self._now + task.jobs[0][0]
        self._rule.sleep(task)
        self.curr = None
        if self.waiting:
            self._give(self._rule.pick())

    def _reschedule(self, curr: PlainTask) -> None:
        self._rule.put_back(curr)
        self._queue(curr)
        self.curr = None
        self._give(self._rule.pick(), before=curr)

    def _queue(self, task: PlainTask) -> None:
        self._order += 1
        task.order = self._order
        self.waiting.append(task)

    def _give(self, task: PlainTask, before: PlainTask | None = None) -> None:
        self.waiting.remove(task)
        self.pushing = None
        self.curr = task
        if task is not before:
            task.ran_ns = 0
            task.protected = task.deadline
        if task is not self._last:
            self._runs_from = self._now + self._switch_ns
        self._last = task
