"""Waiting: whoever comes waits for the end of a time slice."""

from __future__ import annotations

from sim.machine.scheduling.rule import Arrival, Crowd, SchedulingRule
from sim.machine.tasks import Task, Turn


class Wait(SchedulingRule):
    """Fair by core time used, in time slices; nobody is driven out within his slice.

    A task's fair time differs from that of those who run by a slice at most, so whoever comes late
    or has slept cannot claim the past, and whoever has had a core to itself need not pay for it.

    Args:
        slice_ns: How long a task runs while others wait.

    Raises:
        ValueError: The slice is below a nanosecond.
    """

    def __init__(self, slice_ns: int) -> None:
        if slice_ns < 1:
            raise ValueError("a time slice takes at least a nanosecond")
        self._slice_ns = slice_ns
        self._level_ns = 0

    def place(self, task: Task, arrival: Arrival, crowd: Crowd) -> None:
        """See `SchedulingRule.place`."""
        # Who has only now been given a core says nothing about the level.
        starting = crowd.starting()
        running = [other.fair_ns for other in crowd.running() if other not in starting]
        if running:
            self._level_ns = max(self._level_ns, min(running))
        task.fair_ns = min(max(task.fair_ns, self._level_ns), self._level_ns + self._slice_ns)

    def leave(self, task: Task, crowd: Crowd) -> None:
        """See `SchedulingRule.leave`: it stands where it stood until it wakes."""

    def turn_end_ns(self, task: Task, turn: Turn, crowd: Crowd) -> int:
        """See `SchedulingRule.turn_end_ns`."""
        return turn.confirmed_ns + self._slice_ns
