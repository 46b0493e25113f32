"""A pool of rows kept as parallel NumPy arrays, with recycled row numbers."""

from typing import ClassVar

import numpy as np
import numpy.typing as npt

from sim.arrays import IntArray

_SMALLEST = 16


class RowPool:
    """Rows of a struct of arrays; a row number stays valid until it is released.

    A subclass names its columns in `COLUMNS` and annotates one array attribute for each. The first
    axis of every column is the row number. Columns may be replaced by larger ones on `allocate`, so
    no caller keeps a reference to one across an allocation.
    """

    COLUMNS: ClassVar[dict[str, tuple[npt.DTypeLike, tuple[int, ...]]]] = {}
    """For each column its element type and the shape of one row's value (`()` is a scalar)."""

    def __init__(self) -> None:
        self._capacity = 0
        self._unused_from = 0
        self._free = np.empty(0, np.int64)
        self._free_count = 0
        for name, (dtype, shape) in self.COLUMNS.items():
            setattr(self, name, np.zeros((0, *shape), dtype))

    @property
    def capacity(self) -> int:
        """How many rows there is room for without growing."""
        return self._capacity

    @property
    def live(self) -> int:
        """How many rows are allocated."""
        return self._unused_from - self._free_count

    def allocate(self, count: int) -> IntArray:
        """Take `count` rows, recycled ones first; their values are whatever was left in them."""
        recycled = min(count, self._free_count)
        fresh = count - recycled
        # The stack is read from its top, so that the row released last is taken first.
        top = self._free[self._free_count - recycled : self._free_count]
        self._free_count -= recycled
        if not fresh:
            return top.copy()
        first = self._unused_from
        self._unused_from += fresh
        if self._unused_from > self._capacity:
            self._grow(self._unused_from)
        return np.concatenate((top, np.arange(first, first + fresh)))

    def allocate_one(self) -> int:
        """Take one row."""
        if self._free_count:
            self._free_count -= 1
            return self._free.item(self._free_count)
        row = self._unused_from
        self._unused_from += 1
        if self._unused_from > self._capacity:
            self._grow(self._unused_from)
        return row

    def release_one(self, row: int) -> None:
        """Give one row back."""
        if self._free_count == len(self._free):
            self.release(np.array([row]))
            return
        self._free[self._free_count] = row
        self._free_count += 1

    def release(self, rows: IntArray) -> None:
        """Give `rows` (distinct, allocated) back."""
        needed = self._free_count + len(rows)
        if needed > len(self._free):
            larger = np.empty(max(needed, 2 * len(self._free)), np.int64)
            larger[: self._free_count] = self._free[: self._free_count]
            self._free = larger
        self._free[self._free_count : needed] = rows
        self._free_count = needed

    def live_rows(self) -> IntArray:
        """The numbers of all allocated rows, ascending (for inspection; linear in the pool)."""
        taken = np.ones(self._unused_from, np.bool_)
        taken[self._free[: self._free_count]] = False
        return np.flatnonzero(taken)

    def _grow(self, needed: int) -> None:
        capacity = max(needed, _SMALLEST, 2 * self._capacity)
        for name, (dtype, shape) in self.COLUMNS.items():
            larger = np.empty((capacity, *shape), dtype)
            larger[: self._capacity] = getattr(self, name)
            setattr(self, name, larger)
        self._capacity = capacity
