"""Latencies by what caused them: summed by bucket of the histogram, the slowest one by one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction
from itertools import chain, pairwise
from typing import TypeAlias

import numpy as np

from sim.arrays import IntArray, Sparse
from sim.machine.causes import Cause
from sim.measures.buckets import bucket_of, reaching
from sim.measures.by_cause import NOT_THE_SUM, Amounts, ByCause, listed, of_rows
from sim.measures.by_second import LatencyBySecond
from sim.measures.histogram import Histogram
from sim.measures.slowest import Slowest, SlowRequest

_PERCENTS = ("0", "50", "90", "99", "99.9", "99.99", "100")
BANDS = tuple(f"p{low}-p{high}" for low, high in pairwise(_PERCENTS))
"""The bands of percentiles: each begins above the rank of its first percentile, ceil(q * count)
as in `Histogram.quantile`, and ends with that of its last."""
_BORDERS = tuple(Fraction(percent) / 100 for percent in _PERCENTS[1:-1])

REQUESTS_COLUMN, LATENCY_COLUMN, AT_COLUMN = "requests", "latency_ns", "at_ns"
"""Of the tables; all others are causes."""

_FITS = 2**62
"""Sums above may leave 64 bits, and are plain integers of Python from then on."""


class CauseSums:
    """Latencies, and the time of each cause in each bucket of their histogram.

    Of the slowest the causes are kept one by one. What is kept does not grow with the requests.
    Rows that come few at a time wait until they are worth an addition of arrays.
    """

    def __init__(self) -> None:
        self._latencies = Histogram()
        self._by_second = LatencyBySecond()
        self._slowest = Slowest()
        self._sums: dict[Cause, IntArray] = {}
        self._waiting: list[_Rows] = []
        self._rows_waiting = 0
        self._single: list[tuple[int, int, Mapping[Cause, int]]] = []

    @property
    def latencies(self) -> Histogram:
        """The histogram of the latencies."""
        self._settle()
        return self._latencies

    @property
    def by_second(self) -> LatencyBySecond:
        """The latencies second by second."""
        self._settle()
        return self._by_second

    @property
    def slowest(self) -> Sequence[SlowRequest]:
        """The slowest, the slowest first, of those that took as long the earliest."""
        self._settle()
        return self._slowest.ones

    @property
    def causes(self) -> list[Cause]:
        """All causes that were named, also those that took no time, by their names.

        Raises:
            ValueError: two causes have one name, or one has that of a column.
        """
        self._settle()
        causes = sorted(self._sums, key=lambda cause: cause.name)
        taken = {REQUESTS_COLUMN, LATENCY_COLUMN, AT_COLUMN}
        for cause in causes:
            if cause.name in taken:
                raise ValueError(f"'{cause.name}' is a column, or another cause")
            taken.add(cause.name)
        return causes

    def add(
        self, at_ns: IntArray, latency_ns: IntArray, weights: IntArray, by_cause: ByCause
    ) -> None:
        """Record ``latency_ns[i]``, ``weights[i]`` times, at ``at_ns[i]`` (all int64 [n]).

        Args:
            at_ns: when.
            latency_ns: 0 <= latency < 2**53.
            weights: how often, at least 0.
            by_cause: what the ``weights[i]`` latencies of row i were spent on, summed over them;
                the causes of a row add up to ``weights[i] * latency_ns[i]``. One that took no time
                may be left out.

        Raises:
            ValueError: a latency is negative or too large, a weight or a time is negative, or the
                causes of all rows do not add up to the latencies.
        """
        rows = latency_ns.size
        if rows > _FEW:
            self._add(at_ns, latency_ns, weights, by_cause)
            return
        each = {cause: listed(amounts, rows) for cause, amounts in by_cause.items()}
        self._waiting.append((at_ns.tolist(), latency_ns.tolist(), weights.tolist(), each))
        self._rows_waiting += rows
        if self._rows_waiting >= _WORTH_IT:
            self._settle()

    def add_one(self, at_ns: int, latency_ns: int, by_cause: Mapping[Cause, int]) -> None:
        """Record a single latency; see `add`. It may be found wrong only with later ones."""
        self._single.append((at_ns, latency_ns, by_cause))
        if len(self._single) >= _MANY_SINGLE:
            self._settle()

    def _settle(self) -> None:
        """`add` what waits."""
        if self._single:
            single, self._single = self._single, []
            at_ns, latency_ns, each = zip(*single, strict=True)
            causes = dict.fromkeys(chain.from_iterable(each))
            self._add(
                np.array(at_ns, np.int64),
                np.array(latency_ns, np.int64),
                np.ones(len(single), np.int64),
                {
                    cause: np.array([spent.get(cause, 0) for spent in each], np.int64)
                    for cause in causes
                },
            )
        if not self._waiting:
            return
        waiting, self._waiting, self._rows_waiting = self._waiting, [], 0
        at_ns, latency_ns, weights, each = zip(*waiting, strict=True)
        causes = dict.fromkeys(chain.from_iterable(each))
        by_cause = {
            cause: _joined(
                times.get(cause) or [0] * len(values)
                for times, values in zip(each, latency_ns, strict=True)
            )
            for cause in causes
        }
        self._add(_joined(at_ns), _joined(latency_ns), _joined(weights), by_cause)

    def _add(
        self, at_ns: IntArray, latency_ns: IntArray, weights: IntArray, by_cause: ByCause
    ) -> None:
        least = int(weights.min(initial=1))
        if least < 0:
            raise ValueError("a weight is negative")
        if least == 0:
            seen = np.flatnonzero(weights)
            by_cause = of_rows(by_cause, seen)
            at_ns, latency_ns, weights = at_ns[seen], latency_ns[seen], weights[seen]
        if not latency_ns.size:
            return
        due_ns = -self._latencies.total
        buckets = self._latencies.add_seen(latency_ns, weights)
        due_ns += self._latencies.total
        self._by_second.add(at_ns, buckets, weights)
        highest = int(buckets.max())
        for cause, amounts in by_cause.items():
            rows, spent = _took_time(amounts)
            if rows is None:
                self._sums_up_to(cause, -1)
                continue
            sums = self._sums_up_to(cause, highest)
            own = buckets[rows]
            if np.min(spent) < 0:
                raise ValueError("a time is negative")
            due_ns -= int(spent.sum()) if isinstance(spent, np.ndarray) else spent * own.size
            np.add.at(sums, own, spent)
        # What is above 64 bits is missing in sums of arrays.
        if due_ns % 2**64:
            raise ValueError(NOT_THE_SUM)
        self._slowest.add(at_ns, latency_ns, weights, by_cause)

    def merge(self, other: CauseSums) -> None:
        """Add everything ``other`` has recorded."""
        if not other._latencies.count:  # all of it waits, and can wait here
            self._single += other._single
            self._waiting += other._waiting
            self._rows_waiting += other._rows_waiting
            if self._rows_waiting >= _WORTH_IT or len(self._single) >= _MANY_SINGLE:
                self._settle()
            return
        self._settle()
        self._latencies.merge(other.latencies)
        self._by_second.merge(other.by_second)
        for cause, theirs in other._sums.items():
            sums = self._sums_up_to(cause, theirs.size - 1)
            sums[: theirs.size] += theirs
        self._slowest.keep(other.slowest)

    def bands(self) -> dict[str, IntArray]:
        """The sums over each of `BANDS`: ``requests``, ``latency_ns`` and causes that took time.

        A bucket across a border is shared: of each cause, that part of its time goes below that
        the requests below are of the bucket's, rounded down; so every band's causes add up to its
        latency, and the bands to the whole.

        Returns:
            A row per band, the causes by their names. Plain integers where they leave 64 bits.

        Raises:
            ValueError: two causes have one name, or some latencies were recorded without causes.
        """
        values, counts = self.latencies.buckets()
        filled = bucket_of(values)
        cumulated = np.cumsum(counts)
        ranks = [0, *map(self.latencies.rank, _BORDERS), self.latencies.count]
        columns: dict[str, list[int]] = {
            REQUESTS_COLUMN: _differences(ranks),
            LATENCY_COLUMN: [],
        }
        latency_ns = [0] * len(BANDS)
        for cause in self._that_took_time():
            sums = reaching(self._sums[cause], int(filled[-1]))[filled]
            upto = [_sum_to(rank, cumulated, counts, sums) for rank in ranks]
            columns[cause.name] = _differences(upto)
            latency_ns = [a + b for a, b in zip(latency_ns, columns[cause.name], strict=True)]
        if sum(latency_ns) != self.latencies.total:
            raise ValueError("some latencies were recorded without their causes")
        columns[LATENCY_COLUMN] = latency_ns
        return {name: _column(column) for name, column in columns.items()}

    def slowest_ones(self) -> dict[str, IntArray]:
        """The `slowest`, a row each: ``at_ns``, ``latency_ns`` and the columns of `bands`."""
        columns = {
            AT_COLUMN: [one.at_ns for one in self.slowest],
            LATENCY_COLUMN: [one.latency_ns for one in self.slowest],
        }
        for cause in self._that_took_time():
            columns[cause.name] = [one.by_cause.get(cause, 0) for one in self.slowest]
        return {name: _column(column) for name, column in columns.items()}

    def _that_took_time(self) -> list[Cause]:
        return [cause for cause in self.causes if self._sums[cause].any()]

    def _sums_up_to(self, cause: Cause, bucket: int) -> IntArray:
        """The sums of a cause, with this bucket, as wide as the latencies so far need it."""
        sums = reaching(self._sums.get(cause, _NOTHING), bucket)
        if self._latencies.total >= _FITS and sums.dtype != object:
            sums = sums.astype(object)
        self._sums[cause] = sums
        return sums


_Rows: TypeAlias = tuple[list[int], list[int], list[int], dict[Cause, list[int]]]
"""When, how long, how often, and by cause."""
_FEW, _WORTH_IT = 64, 512
"""Up to so many rows wait; when so many wait they are added in one."""
_MANY_SINGLE = 4096
"""So many that were recorded singly wait at most."""
_NOTHING = np.zeros(0, np.int64)


def _joined(lists: Iterable[list[int]]) -> IntArray:
    return np.array(list(chain.from_iterable(lists)), np.int64)


def _took_time(amounts: Amounts) -> tuple[IntArray | slice | None, IntArray | int]:
    """Which rows of a cause are worth looking at, all or those few that took time, and theirs."""
    if isinstance(amounts, int):
        return (slice(None) if amounts else None), amounts
    if isinstance(amounts, Sparse):
        return (amounts.rows if amounts.values.any() else None), amounts.values
    took_time = int(np.count_nonzero(amounts))
    if 2 * took_time >= amounts.size:
        return slice(None), amounts
    if not took_time:
        return None, amounts
    rows = np.flatnonzero(amounts)
    return rows, amounts[rows]


def _sum_to(rank: int, cumulated: IntArray, counts: IntArray, sums: IntArray) -> int:
    """The sum over all buckets of the first requests up to a rank, see `CauseSums.bands`."""
    if rank == 0:
        return 0
    across = int(np.searchsorted(cumulated, rank))
    below = rank - int(cumulated[across] - counts[across])
    return int(sums[:across].sum()) + int(sums[across]) * below // int(counts[across])


def _differences(upto: Sequence[int]) -> list[int]:
    return [high - low for low, high in pairwise(upto)]


def _column(numbers: Sequence[int]) -> IntArray:
    fits = max(numbers, default=0) < 2**63
    return np.array(numbers, dtype=np.int64 if fits else object)
