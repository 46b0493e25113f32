"""When a task will run, as far as it knows."""

from __future__ import annotations

from functools import partial

from sim.arrays import IntArray
from sim.machine.causes import WORK
from sim.machine.clock import Clock
from sim.machine.cores import Core
from sim.machine.tasks import Task


class Timetable:
    """Stretches of work that a task does at known times, its core idle in between.

    So it is as long as nobody takes the core meanwhile. On a machine whose cores suffice for
    everybody nobody can but between two stretches.

    Args:
        clock: The machine's.
        task: Whose work it is.
        core: The core that the task ran on last; idle.
        starts_ns: int64 [n], n at least 1, when each stretch begins, ascending, none before now.
        ends_ns: int64 [n], when each ends, not before it began nor after the next one begins.

    Attributes:
        over: Happens when all is done, or what had begun when it was curtailed; with the number of
            stretches.
    """

    def __init__(
        self, clock: Clock, task: Task, core: Core, starts_ns: IntArray, ends_ns: IntArray
    ) -> None:
        self.core = core
        self.over = clock.event()
        self._clock = clock
        self._task = task
        self._starts_ns = starts_ns
        self._ends_ns = ends_ns
        self._set_timer()

    def __len__(self) -> int:
        return len(self._starts_ns)

    @property
    def begun(self) -> int:
        """How many stretches have begun by now."""
        return int(self._starts_ns.searchsorted(self._clock.now, "right"))

    def idle_since_ns(self) -> int | None:
        """Since when the core is idle; None if it is not."""
        begun = self.begun
        if not begun:
            return self.core.idle_since_ns
        end_ns = int(self._ends_ns[begun - 1])
        return end_ns if end_ns <= self._clock.now else None

    def curtail(self) -> None:
        """Begin no further stretch; what has begun is done to its end."""
        begun = self.begun
        if begun == len(self):
            return
        self._starts_ns, self._ends_ns = self._starts_ns[:begun], self._ends_ns[:begun]
        if not begun or self._ends_ns[-1] <= self._clock.now:
            self._end()
        else:
            self._set_timer()

    def _set_timer(self) -> None:
        left_ns = int(self._ends_ns[-1]) - self._clock.now
        self._clock.later(left_ns, partial(self._time_is_up, len(self)))

    def _time_is_up(self, count: int) -> None:
        if count == len(self):  # else it was curtailed since
            # A core sees the end of a burst when all timers of this moment have run down.
            self._clock.soon(self._end)

    def _end(self) -> None:
        busy_ns = int((self._ends_ns - self._starts_ns).sum())
        self._task.cpu_ns += busy_ns
        end_ns = int(self._ends_ns[-1]) if len(self) else None
        self._task.ledger.ran(self._clock.now, busy_ns, busy_ns, WORK)
        self.core.followed(busy_ns, end_ns)
        self.over.succeed(len(self))
