"""A histogram as HdrHistogram prints one: the percentile distribution that memtier writes too.

Lines are as HdrHistogram's ``outputPercentileDistribution`` makes them with five ticks for each
half of the distance to 100 %: a value, the percentile that was iterated to, how many values are not
above it, and one over the share above. Its buckets with three significant digits are those of our
histograms, so nothing is lost but digits of what is printed.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from fractions import Fraction

import numpy as np

from sim.measures.buckets import PRECISION_BITS
from sim.measures.histogram import Histogram
from sim.measures.metrics import Unit

ENDING = ".hgrm"
_TICKS = 5
_SUB_BUCKETS = 2 << PRECISION_BITS
_SCALES = {Unit.NANOSECONDS: 10**6}
"""How many of the recorded unit are one of the printed: times are printed in milliseconds."""


def percentile_text(histogram: Histogram, unit: Unit) -> str:
    """The distribution of at least one value, as text.

    Times are in milliseconds, as memtier's are, with six decimals: to the nanosecond; what has
    another unit stays in it.

    Raises:
        ValueError: nothing was recorded.
    """
    scale = _SCALES.get(unit, 1)
    lines = [f"{'Value':>12} {'Percentile':>14} {'TotalCount':>10} {'1/(1-Percentile)':>14}", ""]
    for percentile, value, count in _steps(histogram):
        above = "" if percentile == 1 else f" {float(1 / (1 - percentile)):14.2f}"
        lines.append(f"{value / scale:12.6f} {float(percentile):2.12f} {count:10d}{above}")
    mean, deviation = histogram.total / histogram.count, _deviation(histogram)
    octaves = max(histogram.maximum.bit_length() - (PRECISION_BITS + 1), 0) + 1
    lines += [
        f"#[Mean    = {mean / scale:12.6f}, StdDeviation   = {deviation / scale:12.6f}]",
        f"#[Max     = {histogram.maximum / scale:12.6f}, Total count    = {histogram.count:12d}]",
        f"#[Buckets = {octaves:12d}, SubBuckets     = {_SUB_BUCKETS:12d}]",
    ]
    return "\n".join(lines) + "\n"


def _steps(histogram: Histogram) -> Iterator[tuple[Fraction, int, int]]:
    """Percentiles in steps that halve with the distance to 1: value there, values up to it."""
    _, counts = histogram.buckets()
    below = np.cumsum(counts)
    percentile = Fraction(0)
    while True:
        rank = max(histogram.rank(percentile), 1)
        place = int(np.searchsorted(below, rank))
        count = int(below[place])
        yield percentile, histogram.quantile(Fraction(count, histogram.count)), count
        if count == histogram.count:
            break
        halvings = int(1 / (1 - percentile)).bit_length()
        percentile += Fraction(1, _TICKS << halvings)
    yield Fraction(1), histogram.maximum, histogram.count


def _deviation(histogram: Histogram) -> float:
    """The standard deviation, every value taken to be in the middle of its bucket."""
    lowest, counts = histogram.buckets()
    if histogram.count == 1:
        return 0.0
    shifts = np.maximum(np.frexp(lowest.astype(np.float64))[1] - (PRECISION_BITS + 1), 0)
    middles = lowest + ((1 << shifts) - 1) / 2
    mean = histogram.total / histogram.count
    return math.sqrt(float(((middles - mean) ** 2 * counts).sum()) / histogram.count)
