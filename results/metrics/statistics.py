"""How sure a mean over repetitions is: Student's intervals, paired differences, Fieller's ratios.

Repetitions are independent (each has random streams of its own), so a mean, a percentile or any
other metric that each of them yields is a sample of independent values. Repetition i meets the same
arrivals and keys under every fork (common random numbers), so forks are compared pair by pair.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from results.metrics.student import t_quantile

CONFIDENCE = 0.95
"""The level of every interval that is printed or drawn."""


@dataclass(frozen=True)
class Interval:
    """An estimate and the confidence interval around it, in the estimate's unit.

    Attributes:
        estimate: from all values.
        low: lower end.
        high: upper end.
        count: how many values, or pairs of values, it rests on.
    """

    estimate: float
    low: float
    high: float
    count: int

    @property
    def half_width(self) -> float:
        """Half of its length."""
        return (self.high - self.low) / 2

    @property
    def relative(self) -> float:
        """The half-width relative to the estimate; infinite around 0 unless the width is 0."""
        if self.half_width == 0:
            return 0.0
        return self.half_width / abs(self.estimate) if self.estimate else math.inf

    def excludes(self, value: float) -> bool:
        """Whether ``value`` lies outside."""
        return not self.low <= value <= self.high


def of_mean(
    mean: float, deviation: float, count: int, confidence: float = CONFIDENCE
) -> Interval | None:
    """Student's interval for a mean: ``mean +- t[n-1] s / sqrt(n)`` (Student 1908).

    Args:
        mean: of n independent values.
        deviation: their sample standard deviation s.
        count: n.
        confidence: that the interval covers the true mean.

    Returns:
        None of fewer than two values, which say nothing about their spread.
    """
    if count < 2:
        return None
    half = t_quantile(count - 1, confidence) * deviation / math.sqrt(count)
    return Interval(mean, mean - half, mean + half, count)


def mean_interval(values: Sequence[float], confidence: float = CONFIDENCE) -> Interval | None:
    """`of_mean` of the values themselves.

    A percentile's is the same: each repetition's percentile is one value, and the interval is that
    of their mean (Law, Simulation Modeling and Analysis, 9.4: replications).
    """
    mean = math.fsum(values) / len(values) if values else 0.0
    deviation = math.sqrt(_covariance(values, values)) if len(values) > 1 else 0.0
    return of_mean(mean, deviation, len(values), confidence)


def paired_difference(
    values: Sequence[float], baseline: Sequence[float], confidence: float = CONFIDENCE
) -> Interval | None:
    """The interval of ``mean(values[i] - baseline[i])``, Student's of the differences.

    Common random numbers make both of a pair rise and fall together, so the differences vary less
    than the values (Law, Simulation Modeling and Analysis, 10.2.1: paired-t interval).

    Args:
        values: one per repetition.
        baseline: those of the same repetitions under what is compared with.
        confidence: that the interval covers the true difference.

    Raises:
        ValueError: the two are not equally long.
    """
    differences = [value - other for value, other in zip(values, baseline, strict=True)]
    return mean_interval(differences, confidence)


def paired_ratio(
    values: Sequence[float], baseline: Sequence[float], confidence: float = CONFIDENCE
) -> Interval | None:
    """The interval of ``mean(values) / mean(baseline)`` by Fieller's theorem (1954), paired.

    It holds the ratios r for which the mean of ``values[i] - r baseline[i]`` is not significantly
    different from 0, the solutions of ``n (y - r x)^2 <= t^2 (s_yy - 2 r s_xy + r^2 s_xx)`` with
    the means y and x. It need not be symmetric around the estimate.

    Returns:
        None of fewer than two pairs, or where the baseline's own mean may be 0: then no finite
        interval exists.

    Raises:
        ValueError: the two are not equally long.
    """
    count = len(values)
    if count != len(baseline):
        raise ValueError("pairs have two values each")
    if count < 2:
        return None
    mean, mean_of_baseline = math.fsum(values) / count, math.fsum(baseline) / count
    t_squared = t_quantile(count - 1, confidence) ** 2
    square = count * mean_of_baseline**2 - t_squared * _covariance(baseline, baseline)
    if square <= 0:
        return None
    middle = count * mean * mean_of_baseline - t_squared * _covariance(values, baseline)
    constant = count * mean**2 - t_squared * _covariance(values, values)
    # Rounding may leave a perfect fit slightly below 0.
    root = math.sqrt(max(0.0, middle**2 - square * constant))
    estimate = mean / mean_of_baseline
    # The estimate is a solution; rounding must not put it outside.
    low, high = min(estimate, (middle - root) / square), max(estimate, (middle + root) / square)
    return Interval(estimate, low, high, count)


def bounds(values: Sequence[float]) -> tuple[float, float]:
    """The ends of `mean_interval`, for drawing; of a single value, itself twice."""
    values = list(values)
    interval = mean_interval(values)
    return (values[0], values[0]) if interval is None else (interval.low, interval.high)


def _covariance(left: Sequence[float], right: Sequence[float]) -> float:
    """The sample covariance, from deviations, so that large means cost no digits."""
    mean_left, mean_right = math.fsum(left) / len(left), math.fsum(right) / len(right)
    products = ((a - mean_left) * (b - mean_right) for a, b in zip(left, right, strict=True))
    return math.fsum(products) / (len(left) - 1)
