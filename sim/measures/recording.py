"""What a simulated program leaves behind: histograms, counters, series, levels."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from sim.arrays import IntArray
from sim.measures.histogram import Histogram


@dataclass
class Recording:
    """The results of one repetition of a program, or of several at once.

    Attributes:
        histograms: by name, for example ``latency_ns``.
        counters: by name, for example ``requests`` or ``faults/cow_copy``.
        series: named tables, each of equally long int64 columns by name.
        levels: scalar results by name, for example ``extra_memory_bytes_peak``.
        parts: of programs that ran together, the results of each by its name.
    """

    histograms: dict[str, Histogram] = field(default_factory=dict)
    counters: dict[str, int] = field(default_factory=dict)
    series: dict[str, dict[str, IntArray]] = field(default_factory=dict)
    levels: dict[str, int] = field(default_factory=dict)
    parts: dict[str, Recording] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON; without ``parts`` if there are none."""
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
    def from_dict(cls, data: Mapping[str, Any]) -> Recording:
        """The inverse of `to_dict`."""
        return cls(
            histograms={name: Histogram.from_dict(h) for name, h in data["histograms"].items()},
            counters={name: int(value) for name, value in data["counters"].items()},
            series={
                name: {
                    column: np.asarray(values, dtype=np.int64) for column, values in table.items()
                }
                for name, table in data["series"].items()
            },
            levels={name: int(value) for name, value in data["levels"].items()},
            parts={name: cls.from_dict(part) for name, part in data.get("parts", {}).items()},
        )
