"""CFS and EEVDF as mechanisms.md section 12 has them, for `plain_core`."""

from __future__ import annotations

from fractions import Fraction
from math import floor

from plain_core import PlainCore, PlainTask


class PlainCfs:
    """CFS; times in nanoseconds."""

    def __init__(self, latency: int, granularity: int, wakeup: int) -> None:
        self.core: PlainCore
        self._latency, self._granularity, self._wakeup = latency, granularity, wakeup
        self._min_v = 0

    def _slice(self, queued: int) -> int:
        period = self._latency
        if queued > self._latency // self._granularity:
            period = queued * self._granularity
        return period // queued

    def account(self) -> None:
        queued = [task.v for task in [*self.core.waiting, self.core.curr] if task]
        if queued:
            self._min_v = max(self._min_v, min(queued))

    def place(self, task: PlainTask) -> None:
        if task.new:
            queued = len(self.core.waiting) + (self.core.curr is not None)
            task.v = self._min_v + self._slice(queued + 1)
        else:
            task.v = max(task.v, self._min_v - self._latency // 2)

    def preempts(self, task: PlainTask) -> bool:
        curr = self.core.curr
        assert curr
        return not task.new and curr.v - task.v > self._wakeup

    def sleep(self, task: PlainTask) -> None:
        pass

    def put_back(self, task: PlainTask) -> None:
        pass

    def tick(self, task: PlainTask) -> bool:
        if not self.core.waiting:
            return False
        ideal = self._slice(len(self.core.waiting) + 1)
        if task.ran_ns > ideal:
            return True
        if task.ran_ns < self._granularity:
            return False
        return task.v - min(other.v for other in self.core.waiting) > ideal

    def pick(self) -> PlainTask:
        left = min(self.core.waiting, key=lambda task: (task.v, task.order))
        buddy = self.core.pushing
        return buddy if buddy and buddy.v - left.v <= self._wakeup else left


class PlainEevdf:
    """EEVDF; times in nanoseconds."""

    def __init__(self, base_slice: int, tick_ns: int, *, delay_dequeue: bool) -> None:
        self.core: PlainCore
        self._slice, self._delay = base_slice, delay_dequeue
        self._limit = max(2 * base_slice, tick_ns)
        self._delayed: list[PlainTask] = []
        self._mean_of_nobody = Fraction(0)
        self._was_due = False

    def _queued(self) -> list[PlainTask]:
        return [task for task in [self.core.curr, *self.core.waiting, *self._delayed] if task]

    def _mean(self) -> Fraction:
        queued = self._queued()
        if not queued:
            return self._mean_of_nobody
        return Fraction(sum(task.v for task in queued), len(queued))

    def account(self) -> None:
        """Take out who has paid its debt asleep."""
        while self._delayed:
            least = min(self._delayed, key=lambda task: task.v)
            if least.v > self._mean():
                break
            self._delayed.remove(least)
            least.lag = Fraction(0)

    def _update_deadline(self, task: PlainTask) -> bool:
        if task.v < task.deadline:
            return False
        task.deadline = task.v + self._slice
        return True

    def place(self, task: PlainTask) -> None:
        if self.core.curr:
            self._was_due = self._update_deadline(self.core.curr)
        if task in self._delayed:
            self._delayed.remove(task)
            return
        queued = len(self._queued())
        lag = 0 if task.new or not queued else int(task.lag) * (queued + 1) // queued
        task.v = floor(self._mean()) - lag
        task.deadline = task.v + (self._slice // 2 if task.new else self._slice)

    def preempts(self, task: PlainTask) -> bool:
        curr = self.core.curr
        assert curr
        if self._was_due:
            return True
        self.account()
        mean = self._mean()
        first = curr.protected == curr.deadline or curr.deadline < task.deadline
        if task.v > mean or (curr.v <= mean and first):
            return False
        return self.pick() is task

    def sleep(self, task: PlainTask) -> None:
        self._update_deadline(task)
        task.lag = Fraction(0)
        if not self.core.waiting:
            self._delayed.clear()
            self._mean_of_nobody = Fraction(task.v)
            return
        lag = Fraction(floor(self._mean() - task.v))
        if lag < 0 and self._delay:
            self._delayed.append(task)
        else:
            task.lag = max(min(lag, Fraction(self._limit)), Fraction(-self._limit))

    def put_back(self, task: PlainTask) -> None:
        self._update_deadline(task)

    def tick(self, task: PlainTask) -> bool:
        return self._update_deadline(task)

    def pick(self) -> PlainTask:
        self.account()
        mean = self._mean()
        eligible = [task for task in self.core.waiting if task.v <= mean]
        return min(eligible, key=lambda task: (task.deadline, task.order))
