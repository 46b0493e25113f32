"""What of a run's requests took longer than a limit allows, and when most of them did."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial

import numpy as np

from results.metrics.summary import PERCENTILES, Number
from results.records.record import Record
from sim.arrays import FloatArray, IntArray
from sim.measures.buckets import bucket_of, lowest_of
from sim.measures.by_second import (
    COUNT_COLUMN,
    LOWEST_COLUMN,
    SECOND_COLUMN,
    WIDTH_COLUMN,
    coarse_of,
)
from sim.measures.histogram import Histogram
from sim.measures.metrics import Distribution, Metric
from sim.measures.recording import Recording, Table

MINUTE_S = 60


@dataclass(frozen=True)
class WorstWindow:
    """The stretch of a repetition with the greatest share of requests above a limit.

    Attributes:
        from_s: when it begins.
        length_s: how long it is.
        requests: how many were answered in it.
        above: how many of these took longer than the limit allows; right within 6 % of a latency.
    """

    from_s: int
    length_s: int
    requests: int
    above: int

    @property
    def share(self) -> float:
        """Of the requests, those above."""
        return self.above / self.requests


@dataclass(frozen=True)
class Excess:
    """What of the requests of all repetitions took longer than a limit allows.

    Attributes:
        requests: how many there were.
        above: how many took longer.
        lateness: the sum of what they took beyond the limit, in the metric's unit.
        second: the worst second of all; or of several seconds, if the run was very long; None if
            nothing was above, or that was not recorded.
        minute: the worst minute, which begins with any second; None of a shorter run too.
    """

    requests: int
    above: int
    lateness: int
    second: WorstWindow | None
    minute: WorstWindow | None

    @property
    def share(self) -> float:
        """Of the requests, those above."""
        return self.above / self.requests


def excess(record: Record, metric: Metric, bound: Number) -> Excess | None:
    """What is above a bound on a statistic of a histogram; None of another metric."""
    found = [
        (of, recording.histograms[of.name], recording)
        for recording in record.repetitions
        if (of := _distribution(recording, metric)) is not None
    ]
    if not found:
        return None
    each = [_above(histogram, bound) for _, histogram, _ in found]
    windows = [
        _windows(table, histogram, bound)
        for of, histogram, recording in found
        if (table := recording.table(of.by_second, *_COLUMNS)) is not None
    ]
    return Excess(
        requests=sum(histogram.count for _, histogram, _ in found),
        above=sum(int(counts.sum()) for counts, _ in each),
        lateness=sum(late for _, late in each),
        second=_worst(second for second, _ in windows),
        minute=_worst(minute for _, minute in windows),
    )


_COLUMNS = (WIDTH_COLUMN, SECOND_COLUMN, LOWEST_COLUMN, COUNT_COLUMN)


def _distribution(recording: Recording, metric: Metric) -> Distribution | None:
    """The histogram that a metric is a statistic of, if it has values."""
    for name, histogram in recording.histograms.items():
        of = recording.declared.distribution(name)
        statistics = {of.named(one) for one in (*PERCENTILES, "max", "mean")}
        if metric.name in statistics and histogram.count:
            return of
    return None


def _above(histogram: Histogram, bound: Number) -> tuple[IntArray, int]:
    """How many values of each bucket are above, and what all of them are beyond in sum.

    A value counts as the upper end of its bucket, as in percentiles, so that these are above just
    if as many requests are as make the percentile; what it is beyond, as the middle.
    """
    low, counts = histogram.buckets()
    high = np.minimum(lowest_of(bucket_of(low) + 1) - 1, histogram.maximum)
    above: IntArray = np.where(high > bound, counts, 0)
    beyond = np.maximum((low + high) / 2 - bound, 0)
    return above, round(float((above * beyond).sum()))


def _worst(windows: Iterable[WorstWindow | None]) -> WorstWindow | None:
    found = [window for window in windows if window is not None and window.above]
    return max(found, key=lambda window: (window.share, window.above), default=None)


def _windows(
    table: Table, histogram: Histogram, bound: Number
) -> tuple[WorstWindow | None, WorstWindow | None]:
    """The worst second of a repetition and its worst minute."""
    if not table[WIDTH_COLUMN].size:
        return None, None
    width_s = int(table[WIDTH_COLUMN][0])
    first_s = int(table[SECOND_COLUMN][0])
    place = (table[SECOND_COLUMN] - first_s) // width_s
    share = _shares(histogram, bound)[coarse_of(bucket_of(table[LOWEST_COLUMN]))]
    requests = _counted(place, table[COUNT_COLUMN])
    above = _counted(place, table[COUNT_COLUMN] * share)
    worst = partial(_worst_of, requests, above, first_s=first_s, width_s=width_s)
    together = MINUTE_S // width_s
    has_minute = 0 < together <= requests.size
    return worst(1), worst(together) if has_minute else None


def _shares(histogram: Histogram, bound: Number) -> FloatArray:
    """Of each coarse bucket, the share of its values that is above."""
    buckets = coarse_of(bucket_of(histogram.buckets()[0]))
    counts = _counted(buckets, histogram.buckets()[1])
    above = _counted(buckets, _above(histogram, bound)[0])
    shares: FloatArray = above / np.maximum(counts, 1)
    return shares


def _counted(places: IntArray, weights: IntArray | FloatArray) -> FloatArray:
    """How much there is at each place, from 0."""
    return np.bincount(places, weights).astype(np.float64)


def _worst_of(
    requests: FloatArray, above: FloatArray, together: int, *, first_s: int, width_s: int
) -> WorstWindow:
    """The worst of all stretches of so many windows; of equals that with more above, the first."""
    requests, above = (_sums(counts, together) for counts in (requests, above))
    shares = above / np.maximum(requests, 1)
    place = int(np.lexsort((-above, -shares))[0])
    return WorstWindow(
        first_s + place * width_s,
        together * width_s,
        round(float(requests[place])),
        round(float(above[place])),
    )


def _sums(counts: FloatArray, together: int) -> FloatArray:
    """The sum of each so many in a row."""
    upto = np.concatenate([[0.0], counts.cumsum()])
    sums: FloatArray = upto[together:] - upto[:-together]
    return sums
