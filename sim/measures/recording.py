"""What a simulated program leaves behind: histograms, counters, series, levels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import numpy as np

from sim.arrays import IntArray
from sim.measures.by_second import LatencyBySecond
from sim.measures.cause_sums import CauseSums
from sim.measures.declarations import Declarations
from sim.measures.histogram import Histogram
from sim.measures.metrics import Caused, Distribution, Metric, Pauses

Table: TypeAlias = dict[str, IntArray]
"""Equally long int64 columns by name; sums that leave 64 bits are plain integers."""

LARGEST_NUMBER = 2**63
"""No number of a recording is larger."""


@dataclass
class Recording:
    """The results of one repetition of a program, or of several at once.

    Attributes:
        histograms: by name, for example ``latency_ns``.
        counters: by name, for example ``requests`` or ``faults/cow_copy``.
        series: named tables, each of equally long int64 columns by name.
        levels: scalar results by name, for example ``extra_memory_bytes_peak``; of rates real.
        parts: of programs that ran together, the results of each by its name.
        declared: what these numbers are; a record keeps it once for all its recordings.
    """

    histograms: dict[str, Histogram] = field(default_factory=dict)
    counters: dict[str, int] = field(default_factory=dict)
    series: dict[str, Table] = field(default_factory=dict)
    levels: dict[str, int | float] = field(default_factory=dict)
    parts: dict[str, Recording] = field(default_factory=dict)
    declared: Declarations = field(default_factory=Declarations)

    def add(
        self,
        *,
        histograms: Mapping[Distribution, Histogram] | None = None,
        counters: Mapping[Metric, int] | None = None,
        levels: Mapping[Metric, int | float] | None = None,
        series: Mapping[str | Pauses, Table] | None = None,
        causes: Mapping[Distribution, CauseSums] | None = None,
        by_second: Mapping[Distribution, LatencyBySecond] | None = None,
    ) -> Recording:
        """Record values together with what they are; returns itself.

        Args:
            histograms: by what they are of.
            counters: by the metric that they are.
            levels: by the metric that they are.
            series: by their names, or by the pauses that they hold.
            causes: of histograms by what these are of; two series, see `CauseSums.bands` and
                `CauseSums.slowest_ones`.
            by_second: of histograms by what these are of; a series, see `LatencyBySecond.columns`.

        Raises:
            ValueError: a name is declared in another way already.
        """
        for of, histogram in (histograms or {}).items():
            self.histograms[of.name] = histogram
        for metric, value in (counters or {}).items():
            self.counters[metric.name] = value
        for metric, level in (levels or {}).items():
            self.levels[metric.name] = level
        pauses = [one for one in series or {} if isinstance(one, Pauses)]
        for key, table in (series or {}).items():
            self.series[key.series if isinstance(key, Pauses) else key] = table
        caused = []
        for of, sums in (causes or {}).items():
            self.series[of.causes] = sums.bands()
            self.series[of.slowest] = sums.slowest_ones()
            caused += [Caused(of, cause.name, cause.label) for cause in sums.causes]
        for of, seconds in (by_second or {}).items():
            self.series[of.by_second] = seconds.columns()
        self.declared |= Declarations.of(
            [*(histograms or {}), *(counters or {}), *(levels or {}), *pauses, *caused]
        )
        return self

    def table(self, name: str, *columns: str) -> Table | None:
        """The series of this name, or None if there is none that has these columns."""
        table = self.series.get(name)
        return table if table is not None and table.keys() >= set(columns) else None

    def all_declared(self) -> Declarations:
        """What is declared of it and of its parts.

        Raises:
            ValueError: two of them declare one name in different ways.
        """
        declared = self.declared
        for part in self.parts.values():
            declared |= part.all_declared()
        return declared

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON, of the numbers alone; without ``parts`` if there are none."""
        data: dict[str, Any] = {
            "histograms": {name: h.to_dict() for name, h in self.histograms.items()},
            "counters": dict(self.counters),
            "series": {
                name: {column: values.tolist() for column, values in table.items()}
                for name, table in self.series.items()
            },
            "levels": dict(self.levels),
        }
        if self.parts:
            data["parts"] = {name: part.to_dict() for name, part in self.parts.items()}
        return data

    @classmethod
    def from_dict(cls, data: Mapping[str, Any], declared: Declarations | None = None) -> Recording:
        """The inverse of `to_dict`; all of it is ``declared`` in one.

        Raises:
            ArithmeticError: it is not what one was written as.
            AttributeError: see above.
            LookupError: see above.
            TypeError: see above.
            ValueError: see above.
        """
        declared = declared or Declarations()
        return cls(
            histograms={name: Histogram.from_dict(h) for name, h in data["histograms"].items()},
            counters={name: _number(value, int) for name, value in data["counters"].items()},
            series={name: _table(columns) for name, columns in data["series"].items()},
            levels={name: _number(value, int, float) for name, value in data["levels"].items()},
            parts={
                name: cls.from_dict(part, declared) for name, part in data.get("parts", {}).items()
            },
            declared=declared,
        )


def _number(value: Any, *kinds: type) -> Any:
    if type(value) not in kinds or not -LARGEST_NUMBER <= value <= LARGEST_NUMBER:
        raise ValueError(f"{value!r}: expected a number")
    return value


def _table(columns: Mapping[str, Sequence[int]]) -> Table:
    table = {name: _column(values) for name, values in columns.items()}
    if len({column.size for column in table.values()}) > 1:
        raise ValueError("columns of different lengths")
    return table


def _column(values: Sequence[int]) -> IntArray:
    column = np.asarray(values) if values else np.zeros(0, np.int64)
    if not isinstance(values, list) or column.ndim != 1:
        raise ValueError("expected a column of whole numbers")
    if column.dtype != np.int64:
        column = np.asarray(values, dtype=object)
        if (
            any(type(value) is not int for value in values)
            or max(map(abs, values)) < LARGEST_NUMBER
        ):
            raise ValueError("expected a column of whole numbers")
    return column
