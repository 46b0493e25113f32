"""Latencies second by second, in coarse buckets: what tells the worst second and minute."""

from __future__ import annotations

import numpy as np

from sim.arrays import IntArray
from sim.measures.buckets import lowest_of

SECOND_NS = 10**9
WIDTH_COLUMN, SECOND_COLUMN, LOWEST_COLUMN, COUNT_COLUMN = (
    "width_s",
    "second",
    "from_ns",
    "requests",
)
"""Of the table: how long its windows are (the same in every row), when one begins, the lowest
latency of a bucket, how many requests were answered then that took so long."""

MOST_ROWS = 2**16
"""Of more rows windows become longer, so that a record of many hours has a bound."""
_WIDTHS = (1, 10, 60, 600, 3600, 36_000, 360_000)
"""In seconds; the last is longer than what is simulated has of them in `MOST_ROWS`."""

_COARSER_BITS = 6
"""So many bits less than the buckets of a histogram: above 2 us a bucket is 3 to 6 % wide."""
_BUCKET_BITS = 10
"""Of a key, the second in front of the bucket; there are 704."""
_BLOCK_S = 64
"""Seconds that are summed in an array of all their buckets, until a later one begins."""
_BLOCK = _BLOCK_S << _BUCKET_BITS
_BUCKETS = (1 << _BUCKET_BITS) - 1


def coarse_of(buckets: IntArray) -> IntArray:
    """The coarse bucket of each bucket of a histogram."""
    coarse: IntArray = buckets >> _COARSER_BITS
    return coarse


def lowest_of_coarse(coarse: IntArray) -> IntArray:
    """The lowest value of each coarse bucket."""
    return lowest_of(coarse << _COARSER_BITS)


class LatencyBySecond:
    """How many requests were answered in each second of a run, by how long they took.

    Requests may come in any order; those that come in order of time cost least.
    """

    def __init__(self) -> None:
        self._width_s = _WIDTHS[0]
        self._first_s = 0
        self._open = np.zeros(0, np.int64)
        self._closed: list[tuple[IntArray, IntArray]] = []
        self._rows_closed = 0

    def add(self, at_ns: IntArray, buckets: IntArray, weights: IntArray) -> None:
        """Record requests (int64 [n], n > 0).

        Args:
            at_ns: when each was answered.
            buckets: that of its latency in a `Histogram`.
            weights: for how many it stands.
        """
        first, last = (int(time_ns) // SECOND_NS for time_ns in (at_ns.min(), at_ns.max()))
        if not self._first_s <= first <= last < self._first_s + self._open_s:
            self._close_block()
            if last >= first + _BLOCK_S:
                self._close(_keys(at_ns // SECOND_NS, coarse_of(buckets)), weights)
                return
            self._first_s, self._open = first, np.zeros(_BLOCK, np.int64)
        keys = coarse_of(buckets)
        if first == last:  # as nearly always, and four times as fast
            keys += first - self._first_s << _BUCKET_BITS
        else:
            keys = _keys(at_ns // SECOND_NS - self._first_s, keys)
        np.add.at(self._open, keys, weights)

    @property
    def _open_s(self) -> int:
        return self._open.size >> _BUCKET_BITS

    def merge(self, other: LatencyBySecond) -> None:
        """Add everything ``other`` has recorded."""
        self._width_s = max(self._width_s, other._width_s)
        other._close_block()
        for keys, counts in other._closed:
            self._close(keys, counts)

    def columns(self) -> dict[str, IntArray]:
        """The table, a row for each bucket of a window that has requests, in order."""
        self._close_block()
        self._settle()
        keys, counts = self._closed[0]
        return {
            WIDTH_COLUMN: np.full(keys.size, self._width_s),
            SECOND_COLUMN: keys >> _BUCKET_BITS,
            LOWEST_COLUMN: lowest_of_coarse(keys & _BUCKETS),
            COUNT_COLUMN: counts,
        }

    def _close_block(self) -> None:
        if self._open.size:
            filled = np.flatnonzero(self._open)
            self._close(filled + (self._first_s << _BUCKET_BITS), self._open[filled])
            self._open = np.zeros(0, np.int64)

    def _close(self, keys: IntArray, counts: IntArray) -> None:
        self._closed.append((keys, counts))
        self._rows_closed += keys.size
        if self._rows_closed > 4 * MOST_ROWS:
            self._settle()

    def _settle(self) -> None:
        """Have one row for each key, and few enough, in windows as short as that allows."""
        nothing = np.zeros(0, np.int64)
        keys, counts = map(np.concatenate, zip((nothing, nothing), *self._closed, strict=True))
        for width_s in _WIDTHS[_WIDTHS.index(self._width_s) :]:
            begins = (keys >> _BUCKET_BITS) // width_s * width_s
            keys = _keys(begins, keys & _BUCKETS)
            keys, row = np.unique(keys, return_inverse=True)
            sums = np.zeros(keys.size, np.int64)
            np.add.at(sums, row, counts)
            counts, self._width_s = sums, width_s
            if keys.size <= MOST_ROWS:
                break
        self._closed, self._rows_closed = [(keys, counts)], keys.size


def _keys(seconds: IntArray, coarse: IntArray) -> IntArray:
    keys: IntArray = (seconds << _BUCKET_BITS) + coarse
    return keys
