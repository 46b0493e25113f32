"""Weighted integer histograms: exact below a bound, within a known share of the value above."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any

import numpy as np

from sim.arrays import IntArray
from sim.measures.buckets import bucket_of, bucket_of_one, lowest_of, reaching

_FEW = 8
"""So many values are added faster one by one than in arrays."""

_NEGATIVE_WEIGHT = "a weight is negative"
_OUTSIDE = "a value is outside 0..2**53 (of nanoseconds, 104 days)"


def total_of(values: IntArray, weights: IntArray) -> int:
    """The sum of values (0 <= value < 2**53), each so often."""
    # In two halves, because 2**53 times a large weight would leave 64 bits.
    high = int(((values >> 20) * weights).sum())
    return (high << 20) + int(((values & 0xFFFFF) * weights).sum())


class Histogram:
    """A weighted histogram of non-negative integers in log-linear buckets.

    Count, total, minimum and maximum are exact; a quantile is the upper end of the bucket that
    holds the value of that rank, so it is exact below 2048 and at most 0.1 % high above.
    """

    def __init__(self) -> None:
        self._counts = np.zeros(0, dtype=np.int64)
        self.count = 0
        self.total = 0
        self.minimum = 0
        self.maximum = 0

    def add(self, values: IntArray, weights: IntArray | None = None) -> None:
        """Record ``values`` (int64 [n], 0 <= value < 2**53), each ``weights[i]`` times (once).

        Raises:
            ValueError: a value is negative or too large, or a weight is negative.
        """
        if values.size <= _FEW:
            few = [1] * values.size if weights is None else weights.tolist()
            if min(few, default=0) < 0:
                raise ValueError(_NEGATIVE_WEIGHT)
            self._add_few(
                [
                    (value, weight)
                    for value, weight in zip(values.tolist(), few, strict=True)
                    if weight
                ]
            )
            return
        if weights is not None:
            if weights.min() < 0:
                raise ValueError(_NEGATIVE_WEIGHT)
            seen = weights > 0
            if not seen.all():
                values, weights = values[seen], weights[seen]
                if values.size == 0:
                    return
        if weights is None:
            weights = np.ones(values.size, dtype=np.int64)
        self.add_seen(values, weights)

    def add_seen(self, values: IntArray, weights: IntArray) -> IntArray:
        """`add` at least one value, each at least once; returns the bucket of each.

        Raises:
            ValueError: a value is negative or too large.
        """
        low, high = int(values.min()), int(values.max())
        self._extend(low, high)
        self.count += int(weights.sum())
        self.total += total_of(values, weights)
        buckets = bucket_of(values)
        self._add_buckets(buckets, weights)
        return buckets

    def _add_few(self, seen: Sequence[tuple[int, int]]) -> None:
        """`add` values with their positive weights, one by one."""
        if not seen:
            return
        self._extend(min(seen)[0], max(seen)[0])
        for value, weight in seen:
            self.count += weight
            self.total += value * weight
            bucket = bucket_of_one(value)
            self._counts = reaching(self._counts, bucket)
            self._counts[bucket] += weight

    def _extend(self, low: int, high: int) -> None:
        if low < 0 or high >= 2**53:
            raise ValueError(_OUTSIDE)
        self.minimum = low if self.count == 0 else min(self.minimum, low)
        self.maximum = max(self.maximum, high)

    def _add_buckets(self, buckets: IntArray, weights: IntArray) -> None:
        self._counts = reaching(self._counts, int(buckets.max()))
        np.add.at(self._counts, buckets, weights)

    def merge(self, other: Histogram) -> None:
        """Add everything ``other`` has recorded."""
        if other.count == 0:
            return
        self.minimum = other.minimum if self.count == 0 else min(self.minimum, other.minimum)
        self.maximum = max(self.maximum, other.maximum)
        self.count += other.count
        self.total += other.total
        buckets = np.flatnonzero(other._counts)
        self._add_buckets(buckets, other._counts[buckets])

    def buckets(self) -> tuple[IntArray, IntArray]:
        """The non-empty buckets in order: (lowest value of each, how many values it holds)."""
        filled = np.flatnonzero(self._counts)
        return lowest_of(filled), self._counts[filled]

    def rank(self, q: Fraction) -> int:
        """The integer rank of a quantile: ceil(q * count), counted from 1; 0 of nothing."""
        return -(-q.numerator * self.count // q.denominator)

    def quantile(self, q: Fraction) -> int:
        """The value at the `rank` of q, 0 < q <= 1.

        Raises:
            ValueError: nothing was recorded, or q lies outside (0, 1].
        """
        if self.count == 0:
            raise ValueError("a quantile of nothing")
        if not 0 < q <= 1:
            raise ValueError("a quantile lies in (0, 1]")
        filled = np.flatnonzero(self._counts)
        position = int(np.searchsorted(np.cumsum(self._counts[filled]), self.rank(q)))
        above = lowest_of(filled[position : position + 1] + 1)[0] - 1
        return min(int(above), self.maximum)

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON: bucket lowest values and counts beside the exact moments."""
        values, counts = self.buckets()
        return {
            "count": self.count,
            "total": self.total,
            "minimum": self.minimum,
            "maximum": self.maximum,
            "values": values.tolist(),
            "counts": counts.tolist(),
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Histogram:
        """The inverse of `to_dict`.

        Raises:
            ArithmeticError: it is not what one was written as.
            LookupError: see above.
            TypeError: see above.
            ValueError: see above.
        """
        histogram = cls()
        values = np.asarray(data["values"], dtype=np.int64)
        if values.size:
            histogram._add_buckets(bucket_of(values), np.asarray(data["counts"], dtype=np.int64))
        histogram.count, histogram.total = int(data["count"]), int(data["total"])
        histogram.minimum, histogram.maximum = int(data["minimum"]), int(data["maximum"])
        if histogram.to_dict() != data or not histogram._is_sound():
            raise ValueError("no histogram was written so")
        return histogram

    def _is_sound(self) -> bool:
        """Whether moments and buckets can be those of the same values."""
        filled = np.flatnonzero(self._counts)
        if not filled.size:
            return self.count == self.total == self.minimum == self.maximum == 0
        ends = bucket_of(np.array([self.minimum, self.maximum]))
        return (
            bool((self._counts[filled] > 0).all() and (ends == filled[[0, -1]]).all())
            and self.count == int(self._counts.sum())
            and self.minimum * self.count <= self.total <= self.maximum * self.count
        )
