"""The simulation clock: SimPy's environment, counting whole nanoseconds."""

from __future__ import annotations

from collections.abc import Generator
from operator import index
from typing import Any, SupportsIndex, TypeAlias

import simpy

Activity: TypeAlias = Generator[simpy.Event, Any, Any]
"""What a SimPy process runs: yields events, is resumed when they happen."""


class Clock(simpy.Environment):
    """A SimPy environment whose time is an ``int`` of nanoseconds, at every moment.

    NumPy integers given as delays are taken as plain integers (SimPy would let them turn the clock
    into a float); floats are refused.
    """

    def __init__(self) -> None:
        super().__init__(initial_time=0)

    @property
    def now(self) -> int:
        """The current time in nanoseconds."""
        return self._now  # type: ignore[return-value] # `check` proves it an int

    # SimPy binds `timeout` as a class attribute that is callable; a method serves the same calls.
    def timeout(self, delay: SupportsIndex = 0, value: Any = None) -> simpy.Timeout:  # type: ignore[override]
        """An event ``delay`` nanoseconds from now.

        Raises:
            TypeError: the delay is not an integer.
            ValueError: the delay is negative.
        """
        return simpy.Timeout(self, index(delay), value)

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
