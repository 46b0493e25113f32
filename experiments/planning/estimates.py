"""How long points take, from those that were timed."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from math import exp, log
from statistics import fmean

from experiments.planning.points import Point


class Estimates:
    """Seconds that points take, each swept value making them longer or shorter by a factor.

    A value's factor is the geometric mean of the times of points that have it, relative to that
    of all. Values that no timed point has change nothing.
    """

    def __init__(self, timed: Sequence[tuple[Point, float]]) -> None:
        """Learn from some points and the seconds that they took."""
        by_value: dict[tuple[str, str], list[float]] = defaultdict(list)
        logarithms = [log(max(seconds, 1e-3)) for _, seconds in timed]
        for (point, _), logarithm in zip(timed, logarithms, strict=True):
            for value in point.swept.items():
                by_value[value].append(logarithm)
        self._mean = fmean(logarithms) if logarithms else None
        self._effects = {
            value: fmean(times) - (self._mean or 0.0) for value, times in by_value.items()
        }

    def of(self, point: Point) -> float | None:
        """About how many seconds the point takes, or None if none was timed."""
        if self._mean is None:
            return None
        return exp(self._mean + sum(self._effects.get(value, 0.0) for value in point.swept.items()))
