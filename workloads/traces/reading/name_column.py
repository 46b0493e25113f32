"""Names in columns: numbers for what slices say, and what the numbers stand for."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from workloads.traces.reading.columns import IntColumn
from workloads.traces.reading.slices import Numbering, Text


class NameColumn:
    """Numbers names by first appearance; the empty one is 0.

    Args:
        places: of the table in which they are looked for, a power of two.
    """

    def __init__(self, places: int = 2**12) -> None:
        self._names: list[bytes] = [b""]
        self._numbers = {b"": 0}
        self._numbering = Numbering(self._of_names, places)

    @property
    def names(self) -> Sequence[bytes]:
        """By their numbers; only grows."""
        return self._names

    def of_all(self, text: Text, starts: IntColumn, ends: IntColumn) -> IntColumn:
        """The numbers of the slices of a `padded` text."""
        return self._numbering.of_all(text, starts, ends - starts, np.zeros_like(starts))

    def _of_names(self, names: list[bytes], _: list[int]) -> list[int]:
        for name in names:
            if name not in self._numbers:
                self._numbers[name] = len(self._names)
                self._names.append(name)
        return [self._numbers[name] for name in names]
