"""How many requests apart a connection's SETs are: geometric numbers, drawn fast."""

from __future__ import annotations

import math

import numpy as np

from sim.arrays import FloatArray, IntArray

FARTHEST = 2**45
"""No run comes to so many requests, and as many such numbers as are drawn at once can be added."""
_SEARCHED = 1 / 3
"""From this share on NumPy's Generator does not invert (random_geometric_search)."""


def geometric(generator: np.random.Generator, share: float, count: int) -> IntArray:
    """``generator.geometric(share, count)``, the same numbers in a third of the time.

    NumPy inverts exponential numbers too, but takes the logarithm for each. Numbers above
    `FARTHEST` are that.
    """
    if share >= _SEARCHED:
        return generator.geometric(share, count)
    return _inverted(generator.standard_exponential(count), share)


def geometric_rows(generators: list[np.random.Generator], share: float, count: int) -> IntArray:
    """`geometric` of several generators; int64 [generators, count]."""
    if share >= _SEARCHED:
        return np.array([generator.geometric(share, count) for generator in generators])
    numbers = np.empty((len(generators), count))
    for generator, row in zip(generators, numbers, strict=True):
        generator.standard_exponential(out=row)
    return _inverted(numbers, share)


def _inverted(exponential: FloatArray, share: float) -> IntArray:
    rate = -math.log1p(-share)
    np.minimum(exponential, FARTHEST * rate, out=exponential)
    exponential /= rate
    return np.ceil(exponential, out=exponential).astype(np.int64)
