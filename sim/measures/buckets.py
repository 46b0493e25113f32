"""Log-linear buckets of non-negative integers, in which histograms and sums by cause are kept."""

from __future__ import annotations

import numpy as np

from sim.arrays import IntArray

PRECISION_BITS = 10
"""A bucket spans at most 1/2**PRECISION_BITS of its lowest value; below twice that it is exact."""
_MANTISSA_BITS, _BIAS = 52, 1023
"""Of a float64."""
_DROPPED = _MANTISSA_BITS - PRECISION_BITS
_OFFSET = (_BIAS + PRECISION_BITS - 1) << PRECISION_BITS


def bucket_of(values: IntArray) -> IntArray:
    """Bucket of each value (0 <= value < 2**53): exponent and leading bits, numbered from 0."""
    # The bits of a float64 are just that, and no value is rounded on its way there; one below
    # 1 << PRECISION_BITS has more bits there than digits, and is its own bucket.
    bits = values.astype(np.float64).view(np.int64)
    buckets: IntArray = (bits >> _DROPPED) - _OFFSET
    return np.where(values >> PRECISION_BITS, buckets, values)


def bucket_of_one(value: int) -> int:
    """`bucket_of` a single value."""
    shift = max(value.bit_length() - (PRECISION_BITS + 1), 0)
    return (shift << PRECISION_BITS) + (value >> shift)


def lowest_of(buckets: IntArray) -> IntArray:
    """The lowest value of each bucket; the inverse of `bucket_of`."""
    shift: IntArray = np.maximum((buckets >> PRECISION_BITS) - 1, 0)
    return (buckets - (shift << PRECISION_BITS)) << shift


def reaching(sums: IntArray, bucket: int) -> IntArray:
    """The sums, or longer ones, so that they have this bucket; those that are new are 0."""
    missing = bucket + 1 - sums.size
    return np.concatenate([sums, np.zeros(missing, sums.dtype)]) if missing > 0 else sums
