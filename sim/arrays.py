"""Arrays of numbers, as this project types them."""

from __future__ import annotations

from typing import NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt

FloatArray: TypeAlias = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]
Rows: TypeAlias = IntArray | slice
"""Some rows of a pool: their numbers, or a slice of rows that follow each other."""


class Sparse(NamedTuple):
    """Numbers, most of which are 0.

    Attributes:
        rows: int64 [m], where the others are, ascending ...
        values: int64 [m], ... and which; some of them may be 0 too.
        length: how many numbers there are.
    """

    rows: IntArray
    values: IntArray
    length: int

    def dense(self) -> IntArray:
        """All of them."""
        numbers = np.zeros(self.length, np.int64)
        numbers[self.rows] = self.values
        return numbers


def run_of(rows: Rows) -> Rows:
    """The same selection, as a slice if the rows follow each other.

    Memory filled in one go has consecutive rows, and a slice is several times faster than a gather.
    What it selects is a view: for reading at once, or for assigning to.
    """
    if isinstance(rows, slice):
        return rows
    count = len(rows)
    if count and rows[-1] - rows[0] == count - 1 and (rows[1:] > rows[:-1]).all():
        return slice(int(rows[0]), int(rows[-1]) + 1)
    return rows


def ascending(numbers: IntArray) -> IntArray:
    """The numbers sorted: the same array if they are, which is found out much faster."""
    if (numbers[1:] >= numbers[:-1]).all():
        return numbers
    return np.sort(numbers)


def distinct(numbers: IntArray) -> IntArray:
    """The numbers sorted, each once; many times faster than `numpy.unique`, which hashes them."""
    ordered = ascending(numbers)
    leads = np.ones(len(ordered), np.bool_)
    np.not_equal(ordered[1:], ordered[:-1], out=leads[1:])
    return ordered[leads]
