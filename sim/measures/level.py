"""A level: a quantity that holds between changes, such as resident bytes."""

from __future__ import annotations

from sim.machine.clock import Clock


class Level:
    """A time-weighted integer quantity.

    Attributes:
        value: what it is now.
        highest: the largest value it ever had.
    """

    def __init__(self, clock: Clock, value: int = 0) -> None:
        self._clock = clock
        self.value = value
        self.highest = value
        self._since_ns = clock.now
        self._start_ns = clock.now
        self._area = 0

    def set(self, value: int) -> None:
        """Let it be ``value`` from now on."""
        self._area += self.value * (self._clock.now - self._since_ns)
        self._since_ns = self._clock.now
        self.value = value
        self.highest = max(self.highest, value)

    def mean(self) -> float:
        """Its mean over time since it was made; its value if no time has passed."""
        elapsed_ns = self._clock.now - self._start_ns
        if elapsed_ns == 0:
            return float(self.value)
        return (self._area + self.value * (self._clock.now - self._since_ns)) / elapsed_ns
