"""Time by cause of rows of requests."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias, cast

import numpy as np

from sim.arrays import IntArray
from sim.machine.causes import Cause

ByCause: TypeAlias = Mapping[Cause, IntArray | int]
"""Time by cause (ns): of each row, int64 [n], or as much of all rows."""

NOT_THE_SUM = "the causes do not add up to the latency"


def of_rows(by_cause: ByCause, rows: IntArray | slice) -> ByCause:
    """The times by cause of some rows."""
    return {
        cause: amounts[rows] if isinstance(amounts, np.ndarray) else amounts
        for cause, amounts in by_cause.items()
    }


def listed(amounts: IntArray | int, rows: int) -> list[int]:
    """The times of one cause, one for each row."""
    each = amounts.tolist() if isinstance(amounts, np.ndarray) else [int(amounts)] * rows
    return cast(list[int], each)
