"""EEVDF (earliest eligible virtual deadline first), the scheduler of Linux from 6.6."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from sim.machine.scheduling.rule import Arrival, Crowd, SchedulingRule, fair_time, tick_from
from sim.machine.tasks import Burst, Task, Turn


class Eevdf(SchedulingRule):
    """Of the tasks that have had no more than the mean, that with the earliest deadline is next.

    What a task lacks of the mean when it falls asleep (its lag) it finds again when it wakes. A
    task that runs keeps its core until a tick finds its deadline over (RUN_TO_PARITY), unless it
    has had more than the mean: then one that wakes drives it out, if it is the next.

    Args:
        slice_ns: The base slice: a deadline is so much after the task's fair time, of a new task
            half of it.
        tick_ns: Time between two timer interrupts.
        pays_asleep: Whether a task that has had too much is counted in the mean while it sleeps,
            until it has had no more than the others, and has then no lag (DELAY_DEQUEUE and
            DELAY_ZERO, Linux 6.12). If not, its debt is as old as its sleep.
    """

    def __init__(self, *, slice_ns: int, tick_ns: int, pays_asleep: bool) -> None:
        if min(slice_ns, tick_ns) < 1:
            raise ValueError("times of the scheduler must be positive")
        self._slice_ns = slice_ns
        self._tick_ns = tick_ns
        self._pays_asleep = pays_asleep
        self._most_lag_ns = max(2 * slice_ns, tick_ns)
        self._paying: list[Task] = []

    def place(self, task: Task, arrival: Arrival, crowd: Crowd) -> None:
        """See `SchedulingRule.place`."""
        if arrival == "ongoing":
            return
        if arrival == "put back":
            self._renew(task)
            return
        total_ns, count = self._mean(crowd)
        if task in self._paying:  # and goes on to: it keeps its place and its deadline
            self._paying.remove(task)
            return
        mean_ns = total_ns // count if count else task.fair_ns
        lag_ns = 0
        # Who has a core to itself competes with nobody.
        if count and crowd.outnumbered and arrival == "woken":
            # The task will pull the mean towards itself; then it shall lack what it lacked.
            lag_ns = task.lag_ns * (count + 1) // count
        task.fair_ns = mean_ns - lag_ns
        task.deadline_ns = task.fair_ns + (
            self._slice_ns // 2 if arrival == "new" else self._slice_ns
        )

    def leave(self, task: Task, crowd: Crowd) -> None:
        """See `SchedulingRule.leave`."""
        task.lag_ns = 0
        if not crowd.waiting:
            # It had a core to itself. That core is idle now, and forgets who is in debt.
            self._paying.clear()
            return
        total_ns, count = self._mean(crowd)
        lag_ns = (total_ns - count * task.fair_ns) // count
        if lag_ns < 0 and self._pays_asleep:
            self._look(task, crowd)
            self._paying.append(task)
            return
        task.lag_ns = min(max(lag_ns, -self._most_lag_ns), self._most_lag_ns)

    def driven_out(
        self, task: Task, arrival: Arrival, running: Sequence[Task], crowd: Crowd
    ) -> Task | None:
        """See `SchedulingRule.driven_out`."""
        if arrival not in ("woken", "new") or not running:
            return None
        foremost = max(running, key=fair_time)
        if self._look(foremost, crowd):
            return foremost
        total_ns, count = self._mean(crowd)
        stays = foremost.keeps_core or foremost.deadline_ns < task.deadline_ns
        if task.fair_ns * count > total_ns or (stays and foremost.fair_ns * count <= total_ns):
            return None
        pushing = crowd.pushing()
        rivals = [burst for burst in crowd.waiting if burst not in pushing]
        return foremost if self._best(rivals, total_ns, count).task is task else None

    def first(self, crowd: Crowd, *, pushing: Burst | None) -> Burst:
        """See `SchedulingRule.first`."""
        return self._best(crowd.waiting, *self._mean(crowd))

    @staticmethod
    def _best(bursts: Iterable[Burst], total_ns: int, count: int) -> Burst:
        """The one with the earliest deadline of those that are eligible."""

        def rank(burst: Burst) -> tuple[int, int, int]:
            # On several cores perhaps nobody who waits is eligible: then who is nearest to it.
            excess_ns = max(burst.task.fair_ns * count - total_ns, 0)
            return excess_ns, burst.task.deadline_ns, burst.number

        return min(bursts, key=rank)

    def turn_end_ns(self, task: Task, turn: Turn, crowd: Crowd) -> int:
        """See `SchedulingRule.turn_end_ns`."""
        self._see_ticks(task, crowd.now_ns)
        due_ns = crowd.now_ns + max(task.deadline_ns - task.fair_ns, 0)
        return tick_from(due_ns, self._tick_ns)

    def no_turn_ends_before_ns(self, now_ns: int) -> int:
        """See `SchedulingRule.no_turn_ends_before_ns`: turns end at ticks."""
        return tick_from(now_ns, self._tick_ns)

    def _mean(self, crowd: Crowd) -> tuple[int, int]:
        """The sum of the fair times that count, and how many they are."""
        fair_ns = [task.fair_ns for task in crowd.running() if not task.waits]
        fair_ns.extend(burst.task.fair_ns for burst in crowd.waiting)
        fair_ns.extend(task.fair_ns for task in self._paying)
        total_ns, count = sum(fair_ns), len(fair_ns)
        # Between two looks the mean only grows, so who is not above it now has paid meanwhile.
        for task in sorted(self._paying, key=lambda task: task.fair_ns):
            if task.fair_ns * count > total_ns:
                break
            self._paying.remove(task)
            total_ns, count = total_ns - task.fair_ns, count - 1
        return total_ns, count

    def _look(self, task: Task, crowd: Crowd) -> bool:
        """Account for a task that runs; whether its deadline was over."""
        self._see_ticks(task, crowd.now_ns)
        return self._renew(task)

    def _renew(self, task: Task) -> bool:
        if task.fair_ns < task.deadline_ns:
            return False
        task.deadline_ns = task.fair_ns + self._slice_ns
        task.keeps_core = False
        return True

    def _see_ticks(self, task: Task, now_ns: int) -> None:
        """Renew the deadline as ticks before now have done, while nobody waited."""
        over_ns = now_ns - (task.fair_ns - task.deadline_ns)
        first_ns = tick_from(over_ns, self._tick_ns)
        if first_ns < now_ns:
            since_ns = (now_ns - 1 - first_ns) % tick_from(self._slice_ns, self._tick_ns) + 1
            task.deadline_ns = task.fair_ns - since_ns + self._slice_ns
            task.keeps_core = False
