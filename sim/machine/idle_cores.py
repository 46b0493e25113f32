"""The cores that have nothing to do."""

from __future__ import annotations

from collections.abc import Sequence

from sim.machine.cores import Core
from sim.machine.tasks import Task
from sim.machine.timetable import Timetable


class IdleCores:
    """Idle cores, and those that are idle between the stretches of their timetables.

    Args:
        cores: All cores of the machine by their numbers; idle.
    """

    def __init__(self, cores: Sequence[Core]) -> None:
        self._cores = cores
        # The one that has been idle for longest comes first, of several the lowest number.
        self._asleep = list(cores)
        self._timetables: dict[int, Timetable] = {}

    def __bool__(self) -> bool:
        return bool(self._asleep) or any(
            timetable.idle_since_ns() is not None for timetable in self._timetables.values()
        )

    def add(self, core: Core) -> None:
        """A core sleeps, since `Core.idle_since_ns`; it follows no timetable any more."""
        self._timetables.pop(core.number, None)
        asleep = self._asleep
        place = len(asleep)
        if place and asleep[-1].idle_since_ns >= core.idle_since_ns:
            while place and _rank(asleep[place - 1]) > _rank(core):
                place -= 1
        asleep.insert(place, core)

    def take(self, core: Core) -> None:
        """An idle core will not be idle any more."""
        if (timetable := self._timetables.get(core.number)) is not None:
            timetable.curtail()
        self._asleep.remove(core)

    def follow(self, timetable: Timetable) -> None:
        """An idle core follows a timetable until it is over."""
        self._asleep.remove(timetable.core)
        self._timetables[timetable.core.number] = timetable

    def curtail(self) -> None:
        """Let every timetable end with what has begun."""
        for timetable in list(self._timetables.values()):
            timetable.curtail()

    def find(self, task: Task) -> Core | None:
        """The idle core that a task ran on last, else the one that has been idle for longest.

        So a child does not start on the core of a parent that has just begun to wait for it.
        """
        if task.last_core is not None and (last := self._cores[task.last_core]).sleeping:
            timetable = self._timetables.get(last.number)
            if timetable is None or timetable.idle_since_ns() is not None:
                return last
        longest = self._asleep[0] if self._asleep else None
        if not self._timetables:
            return longest
        rank = None if longest is None else _rank(longest)
        for number, timetable in self._timetables.items():
            core = self._cores[number]
            # It was idle before its timetable began, and then later.
            if rank is not None and _rank(core) > rank:
                continue
            idle_since_ns = timetable.idle_since_ns()
            if idle_since_ns is not None and (rank is None or (idle_since_ns, number) < rank):
                longest, rank = core, (idle_since_ns, number)
        return longest


def _rank(core: Core) -> tuple[int, int]:
    return core.idle_since_ns, core.number
