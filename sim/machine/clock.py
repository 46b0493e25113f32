"""The simulation clock: SimPy's environment, counting whole nanoseconds."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator
from functools import partial
from heapq import heappop, heappush
from itertools import count
from operator import attrgetter, index
from typing import Any, SupportsIndex, TypeAlias

import simpy
from simpy.events import NORMAL, URGENT

Activity: TypeAlias = Generator[simpy.Event, Any, Any]
"""What a SimPy process runs: yields events, is resumed when they happen."""

NEVER_NS = 2**62
"""A moment that does not come."""

_PLACES = 2**16

Step: TypeAlias = Callable[[], object]
"""What somebody who is no process does at a moment."""


def steps(doing: Generator[None, None, None]) -> Step:
    """A step that goes on with ``doing`` up to its next yield; does nothing after its end."""
    return partial(next, doing, None)


class Clock(simpy.Environment):
    """A SimPy environment whose time is an ``int`` of nanoseconds, at every moment.

    NumPy integers given as delays are taken as plain integers (SimPy would let them turn the clock
    into a float); floats are refused.

    What happens very often need not be an event. A step stands in the same queue at the same place
    as an event would, and is only a call.
    """

    def __init__(self) -> None:
        super().__init__(initial_time=0)
        # SimPy's heap: time, priority, number and event of each entry; a step's has a step instead
        # of an event. Those of this moment come in order, so they need no heap.
        self._entries: list[Any] = self._queue
        self._soon: deque[tuple[Any, ...]] = deque()
        # Far enough apart to put others in between: see `places`.
        self._eid = count(0, _PLACES)

    # The current time in nanoseconds; asked for so often that it must not be a call of Python's.
    now: int = property(attrgetter("_now"))  # type: ignore[assignment] # `check` proves it an int

    # SimPy binds `timeout` as a class attribute that is callable; a method serves the same calls.
    def timeout(self, delay: SupportsIndex = 0, value: Any = None) -> simpy.Timeout:  # type: ignore[override]
        """An event ``delay`` nanoseconds from now.

        Raises:
            TypeError: the delay is not an integer.
            ValueError: the delay is negative.
        """
        return simpy.Timeout(self, index(delay), value)

    def soon(self, step: Step) -> None:
        """Take a step at this moment, after all that is to happen at it so far."""
        self._soon.append((self._now, NORMAL, next(self._eid), None, step))

    def next(self, step: Step) -> None:
        """Take a step before all else that is to happen, as a new process begins."""
        heappush(self._entries, (self._now, URGENT, next(self._eid), None, step))

    def first(self, step: Step) -> None:
        """Take a step at this moment before all else at it, but what is urgent."""
        self._soon.appendleft((self._now, NORMAL, -1, None, step))

    def later(self, delay_ns: int, step: Step) -> None:
        """Take a step in ``delay_ns``, an int of at least 0."""
        heappush(self._entries, (self._now + delay_ns, NORMAL, next(self._eid), None, step))

    def places(self) -> int:
        """The first of 65,536 places that follow each other, for steps at any moment.

        A step at one of them comes after all of its moment that was asked for before now, and
        before all that will be asked for afterwards.
        """
        return next(self._eid)

    def at(self, time_ns: int, place: int, step: Step) -> None:
        """Take a step at a moment, now or later, at a place that nobody else takes."""
        heappush(self._entries, (time_ns, NORMAL, place, None, step))

    def happens(self, event: simpy.Event) -> None:
        """Let an event happen before all else that is to happen."""
        event._ok, event._value = True, None
        self.schedule(event, URGENT)

    def step(self) -> None:
        """Let the next event happen, and all steps before it."""
        entries, soon = self._entries, self._soon
        while True:
            if soon and not (entries and entries[0] < soon[0]):
                soon.popleft()[4]()
            elif entries and entries[0][3] is None:
                self._now, _, _, _, step = heappop(entries)
                step()
            else:
                super().step()
                return

    def peek(self) -> float:
        """See `simpy.Environment.peek`."""
        return self._now if self._soon else super().peek()

    def run_until(self, time_ns: SupportsIndex) -> None:
        """Run all events before ``time_ns`` and set the clock to it."""
        self.run(until=index(time_ns))
        self.check()

    def run_to_end(self) -> None:
        """Run until no event is left."""
        self.run()
        self.check()

    def check(self) -> None:
        """Raise TypeError if a delay has turned the time into something else than an int."""
        if type(self.now) is not int:
            raise TypeError(f"the clock is a {type(self.now).__name__}, not an int")

    @property
    def quiet_until_ns(self) -> int | None:
        """When the next scheduled event happens; None if none is.

        Nothing in the simulation changes before that moment, so a process may resolve its own
        doings up to there in one step. Equal to ``now`` if something else happens right now.
        """
        following = self.peek()
        return None if following == float("inf") else int(following)
