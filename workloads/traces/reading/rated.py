"""Times of records that have none: as many a second as somebody says."""

from __future__ import annotations

_LONGEST_NS = 2**63 - 1


class RatedTimes:
    """One time after the other, the first at 0.

    Args:
        rate: records a second; None if they have times.
    """

    def __init__(self, rate: float | None) -> None:
        self._rate = rate or 1.0
        self._taken = 0

    @property
    def tick_ns(self) -> int:
        """From one record to the next, rounded, and no longer than times can be."""
        return max(round(min(10**9 / self._rate, _LONGEST_NS)), 1)

    def next_ns(self) -> int:
        """The time of the next record, which is thereby taken; 2^63 is beyond all times."""
        time_ns = round(min(self._taken * 10**9 / self._rate, 2**63))
        self._taken += 1
        return time_ns
