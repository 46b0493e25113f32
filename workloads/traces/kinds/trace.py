"""What all traces have in common, whatever their format."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from workloads.traces.reading.accounting import Accounting
from workloads.traces.reading.fields import PLACES

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


def in_own_unit(
    time_ns: NDArray[np.int64], tick_ns: int
) -> tuple[str, NDArray[np.int64] | Sequence[str]]:
    """A table's column of times with as many decimals as the clock has, so that it can be told.

    Args:
        time_ns: int64 [n].
        tick_ns: the clock's tick.

    Returns:
        Its name, which ends in the unit, and the times.
    """
    if tick_ns > 10**9 or 10**9 % tick_ns or str(tick_ns).strip("0") != "1":
        tick_ns = 1
    units = [(unit, 10**places) for unit, places in PLACES.items()]
    unit, unit_ns = next((unit, size) for unit, size in units if size >= tick_ns)
    if unit_ns == tick_ns:
        return f"time_{unit}", time_ns // unit_ns
    decimals = len(str(unit_ns // tick_ns)) - 1
    parts = zip(
        *(part.tolist() for part in np.divmod(time_ns // tick_ns, 10**decimals)), strict=True
    )
    return f"time_{unit}", [f"{whole}.{fraction:0{decimals}}" for whole, fraction in parts]
