"""What all traces have in common, whatever their format."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from numpy.typing import NDArray

from workloads.traces.reading.accounting import Accounting

Table = Mapping[str, NDArray[Any] | Sequence[str]]
"""Columns of equal length by name; `columns.MISSING` in one of integers is an empty cell."""

Facts = Mapping[str, int | float]
"""Numbers by name. Names end in their unit: `_ns`, `_bytes`, `_per_s`, `_share`, or count."""


class Trace(Protocol):
    """The records of a log, in columns."""

    @property
    def accounting(self) -> Accounting:
        """Where every line went."""

    @property
    def notes(self) -> Sequence[str]:
        """What of the log was not used, or was assumed, in sentences for people."""

    @property
    def duration_ns(self) -> int:
        """Time that the records cover."""

    def __len__(self) -> int:
        """The number of records."""

    def facts(self) -> Facts:
        """Rates, popularity and sizes, for people."""

    def table(self) -> Table:
        """All records, for other programs."""
