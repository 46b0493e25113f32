"""Numbers from repetitions of a measurement, each with its interval.

Medians, never means, since neighbours and timers take their part of some repetitions.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple, TypeAlias

import numpy as np
from scipy.optimize import brentq

from sim.arrays import FloatArray

RESAMPLES = 300
"""Of the repetitions of every size, for the interval of an estimate."""
DEAREST = 0.9
"""Of forks of an aged heap so many are cheaper than those of which all frames lie scattered."""

Repetitions: TypeAlias = Mapping[int, FloatArray]
"""By how many units (pages, huge pages) something was done to, how long it took, ns."""


class Estimate(NamedTuple):
    """A number and its 95 % interval."""

    value: float
    low: float
    high: float

    def times(self, factor: float) -> Estimate:
        """It, so many times."""
        return Estimate(*(factor * one for one in self))

    def plus(self, more: float) -> Estimate:
        """It and something that is known, at least 0."""
        return Estimate(*(max(one + more, 0.0) for one in self))


def _resampled(times: Repetitions, generator: np.random.Generator) -> Repetitions:
    return {units: generator.choice(each, len(each)) for units, each in sorted(times.items())}


def with_interval(estimate: Callable[..., float | None], *measured: Repetitions) -> Estimate | None:
    """An estimate, with the interval of those of resampled repetitions; the same every time."""
    value = estimate(*measured)
    if value is None:
        return None
    generator = np.random.default_rng(0)
    again = [
        found
        for _ in range(RESAMPLES)
        if (found := estimate(*(_resampled(times, generator) for times in measured))) is not None
    ]
    low, high = np.quantile(again, [0.025, 0.975])
    return Estimate(value, float(low), float(high))


def of_nothing(times: Repetitions) -> float | None:
    """What nothing takes."""
    return float(np.median(times[0])) if 0 in times else None


def per_unit(times: Repetitions) -> float | None:
    """What a unit takes: of medians less what nothing takes, with least squares of their errors.

    The errors are relative ones.
    """
    base = of_nothing(times) or 0.0
    each = [(float(np.median(ns)) - base) / units for units, ns in times.items() if units]
    if not each:
        return None
    if min(each) <= 0:
        return 0.0
    inverse = 1 / np.array(each)
    return float(inverse.sum() / (inverse**2).sum())


def _line(times: Repetitions) -> tuple[float, float] | None:
    """Base and slope of the line that is nearest to the medians, errors relative; none below 0."""
    units = np.array([one for one in times if one], np.float64)
    if len(units) < 2:
        return None
    medians = np.array([np.median(ns) for number, ns in times.items() if number])
    weighted = np.stack([1 / medians, units / medians], axis=1)
    base, slope = np.linalg.lstsq(weighted, np.ones(len(units)), rcond=None)[0]
    if base < 0:
        return 0.0, float(np.median(medians / units))
    return float(base), max(float(slope), 0.0)


def slope(times: Repetitions) -> float | None:
    """What a unit takes by the line through the sizes; None of fewer than two."""
    found = _line(times)
    return None if found is None else found[1]


def intercept(times: Repetitions) -> float | None:
    """What nothing takes by that line."""
    found = _line(times)
    return None if found is None else found[0]


def per_page(times: Repetitions) -> float | None:
    """What a page takes at a fork, or at a child's end.

    Python's own fork takes as long as that of 6,000 pages, so where no fork of nothing was measured
    the line through the sizes tells.
    """
    return per_unit(times) if 0 in times else (slope(times) or per_unit(times))


def difference(first: Repetitions, following: Repetitions) -> float | None:
    """What a page takes more at the first of two kinds of fork; 0 at least."""
    one, other = per_page(first), per_page(following)
    return None if one is None or other is None else max(one - other, 0.0)


def freed(unmap: Repetitions, child: Repetitions) -> float | None:
    """What freeing a page takes: its unmapping, less what the end of a child does."""
    one, other = per_unit(unmap), per_page(child)
    return None if one is None or other is None else max(one - other, 0.0)


def slow_down(together: Repetitions, alone: Repetitions) -> float | None:
    """How much longer it takes at once, the median over sizes."""
    both = [units for units in together if units and units in alone]
    each = [float(np.median(together[units]) / np.median(alone[units])) for units in both]
    return max(float(np.median(each)) - 1, 0.0) if each else None


def median_of(values: FloatArray | None) -> Estimate | None:
    """The median of some repetitions."""
    if values is None or not len(values):
        return None
    return with_interval(of_nothing, {0: values})


def dearest(aged: Repetitions, first: Repetitions) -> float | None:
    """What a page takes more at a fork of which all lie scattered."""
    base, fresh = of_nothing(first) or 0.0, per_page(first)
    each = [float(np.quantile(ns, DEAREST) - base) / units for units, ns in aged.items()]
    return max(float(np.median(each)) - fresh, 0.0) if each and fresh is not None else None


def aged_stock(aged: Repetitions, first: Repetitions) -> float | None:
    """The stock of scattered frames with which the law gives the medians of aged heaps."""
    most, base, fresh = dearest(aged, first), of_nothing(first) or 0.0, per_page(first)
    if not most or fresh is None:
        return None
    found = []
    for units, ns in aged.items():
        share = ((float(np.median(ns)) - base) / units - fresh) / most
        if not 0.01 < share < 0.99:
            continue
        found.append(units / brentq(lambda x, s=share: -np.expm1(-x) / x - s, 1e-6, 1e3))
    return float(np.median(found)) if found else None
