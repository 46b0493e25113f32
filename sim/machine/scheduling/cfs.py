"""CFS, the completely fair scheduler of Linux up to 6.5."""

from __future__ import annotations

from collections.abc import Sequence

from sim.machine.scheduling.rule import Arrival, Crowd, SchedulingRule, fair_time, tick_from
from sim.machine.tasks import Burst, Task, Turn


class Cfs(SchedulingRule):
    """The task that has had least is next; who slept is put ahead by half a latency at most.

    A task that wakes drives out one that runs if it is behind by more than the wake-up
    granularity; new tasks begin a slice behind and drive out nobody. A turn ends at a tick, once
    it was longer than the slice, or is longer than the granularity and the task is ahead of the
    next by more than the slice. Buddies that were not pushed in are left out.

    Args:
        latency_ns: In which every task of a core runs once, while they are few.
        granularity_ns: The shortest slice.
        wakeup_granularity_ns: How far behind who wakes must be to run at once.
        tick_ns: Time between two timer interrupts.
    """

    def __init__(
        self, *, latency_ns: int, granularity_ns: int, wakeup_granularity_ns: int, tick_ns: int
    ) -> None:
        if min(latency_ns, granularity_ns, tick_ns) < 1 or wakeup_granularity_ns < 0:
            raise ValueError("times of the scheduler must be positive")
        self._latency_ns = latency_ns
        self._granularity_ns = granularity_ns
        self._wakeup_granularity_ns = wakeup_granularity_ns
        self._tick_ns = tick_ns
        # The kernel's min_vruntime: least among those who want a core, but never going back.
        self._least_ns = 0

    def place(self, task: Task, arrival: Arrival, crowd: Crowd) -> None:
        """See `SchedulingRule.place`."""
        if arrival in ("ongoing", "put back"):
            return
        fair_ns = [crowd.waiting.first().task.fair_ns] if crowd.waiting else []
        if not fair_ns or fair_ns[0] > self._least_ns:  # else nothing raises the least
            fair_ns += [other.fair_ns for other in crowd.running()]
            self._least_ns = max(self._least_ns, min(fair_ns, default=0))
        if arrival == "new":
            task.fair_ns = self._least_ns + self._slice_ns(crowd.contenders + 1, crowd)
        else:
            task.fair_ns = max(task.fair_ns, self._least_ns - self._latency_ns // 2)

    def leave(self, task: Task, crowd: Crowd) -> None:
        """See `SchedulingRule.leave`."""
        # Otherwise the others, who are ahead of it or will be, tell when the next one comes.
        if crowd.contenders == 1:
            self._least_ns = max(self._least_ns, task.fair_ns)

    def driven_out(
        self, task: Task, arrival: Arrival, running: Sequence[Task], crowd: Crowd
    ) -> Task | None:
        """See `SchedulingRule.driven_out`."""
        if arrival != "woken" or not running:
            return None
        foremost = max(running, key=fair_time)
        ahead_ns = foremost.fair_ns - task.fair_ns
        return foremost if ahead_ns > self._wakeup_granularity_ns else None

    def first(self, crowd: Crowd, *, pushing: Burst | None) -> Burst:
        """See `SchedulingRule.first`; who pushes in goes before who is hardly further behind."""
        least = crowd.waiting.first()
        if pushing is None or not pushing.task.waits:
            return least
        behind_ns = pushing.task.fair_ns - least.task.fair_ns
        return pushing if behind_ns <= self._wakeup_granularity_ns else least

    def turn_end_ns(self, task: Task, turn: Turn, crowd: Crowd) -> int:
        """See `SchedulingRule.turn_end_ns`."""
        slice_ns = self._slice_ns(crowd.contenders, crowd)
        ahead_ns = task.fair_ns - crowd.waiting.first().task.fair_ns
        too_far_ns = crowd.now_ns + slice_ns + 1 - ahead_ns
        too_far_ns = max(too_far_ns, turn.began_ns + self._granularity_ns)
        over_ns = min(turn.began_ns + slice_ns + 1, too_far_ns)
        # A tick at which it was the next all the same is behind it.
        return tick_from(max(over_ns, crowd.now_ns, turn.confirmed_ns + 1), self._tick_ns)

    def no_turn_ends_before_ns(self, now_ns: int) -> int:
        """See `SchedulingRule.no_turn_ends_before_ns`: turns end at ticks."""
        return tick_from(now_ns, self._tick_ns)

    def _slice_ns(self, contenders: int, crowd: Crowd) -> int:
        """A task's share of the latency, its core's share of the contenders counted."""
        shared_ns = self._latency_ns * crowd.core_count // max(contenders, crowd.core_count)
        return max(shared_ns, self._granularity_ns)
