"""Times of records that have none: as many a second as somebody says."""

from __future__ import annotations

import numpy as np

from workloads.traces.reading.columns import IntColumn

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

    def next_many_ns(self, count: int) -> IntColumn:
        """The times of the next records, which are thereby taken."""
        taken = np.arange(self._taken, self._taken + count, dtype=np.int64)
        self._taken += count
        return np.rint(taken * 10**9 / self._rate).astype(np.int64)

    def next_ns(self) -> int:
        """The time of the next record, which is thereby taken; 2^63 is beyond all times."""
        time_ns = round(min(self._taken * 10**9 / self._rate, 2**63))
        self._taken += 1
        return time_ns
