"""Time by cause of rows of requests."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias, cast

import numpy as np

from sim.arrays import IntArray, Sparse
from sim.machine.causes import Cause

Amounts: TypeAlias = IntArray | Sparse | int
"""The time of a cause (ns): of each row, int64 [n], or as much of all rows."""
ByCause: TypeAlias = Mapping[Cause, Amounts]
"""Time by cause of some rows."""

NOT_THE_SUM = "the causes do not add up to the latency"


def of_rows(by_cause: ByCause, rows: IntArray | slice) -> ByCause:
    """The times by cause of some rows."""
    return {cause: _each(amounts, rows) for cause, amounts in by_cause.items()}


def _each(amounts: Amounts, rows: IntArray | slice) -> IntArray | int:
    if isinstance(amounts, Sparse):
        amounts = amounts.dense()
    return amounts[rows] if isinstance(amounts, np.ndarray) else amounts


def listed(amounts: Amounts, rows: int) -> list[int]:
    """The times of one cause, one for each row."""
    each = _each(amounts, slice(None))
    return cast(list[int], each.tolist() if isinstance(each, np.ndarray) else [each] * rows)


def times(by_cause: ByCause, factors: IntArray | int) -> ByCause:
    """The times by cause, those of each row so many times, or all."""
    return {cause: _times(amounts, factors) for cause, amounts in by_cause.items()}


def _times(amounts: Amounts, factors: IntArray | int) -> Amounts:
    if not isinstance(amounts, Sparse):
        return amounts * factors
    if isinstance(factors, np.ndarray):
        factors = factors[amounts.rows]
    return Sparse(amounts.rows, amounts.values * factors, amounts.length)
