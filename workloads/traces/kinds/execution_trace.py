"""How fast a fuzzer executed its inputs, over time."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from workloads.traces.kinds.facts import percentiles
from workloads.traces.kinds.trace import Facts, Table
from workloads.traces.reading.accounting import Accounting
from workloads.traces.reading.columns import MISSING


@dataclass(frozen=True, eq=False, kw_only=True)
class ExecutionTrace:
    """A fuzzer's progress, one row each time that it wrote it down; all arrays are read-only.

    Attributes:
        time_ns: int64, since the fuzzer started, or since the first row if the log does not say
            when that was; never decreases. Rows are seconds to hours apart.
        execs_per_s: float64, the rate of late, as the fuzzer smooths it.
        executions: int64, in total so far; `MISSING` where the log does not say.
        accounting: Where every line went.
    """

    time_ns: NDArray[np.int64]
    execs_per_s: NDArray[np.float64]
    executions: NDArray[np.int64]
    accounting: Accounting

    def __len__(self) -> int:
        return len(self.time_ns)

    @property
    def duration_ns(self) -> int:
        """Time of the last row."""
        return int(self.time_ns[-1])

    @property
    def mean_execs_per_s(self) -> float:
        """The rate of the whole run: total over time, or the mean of rows where totals are missing.

        Each row's rate counts for the time since the row above (the first for its own time, which
        is 0 where the start is not known); one row, or rows of one instant, count alike.
        """
        if self.executions[-1] != MISSING and self.time_ns[-1] > 0:
            return float(self.executions[-1]) * 1e9 / float(self.time_ns[-1])
        weights = np.diff(self.time_ns, prepend=0).astype(np.float64)
        if not weights.any():
            weights = np.ones(len(self))
        return float(np.average(self.execs_per_s, weights=weights))

    def facts(self) -> Facts:
        """The rate of the whole run and how it varied."""
        return {
            "mean_execs_per_s": self.mean_execs_per_s,
            "min_execs_per_s": float(self.execs_per_s.min()),
            **percentiles(self.execs_per_s, "execs", "per_s"),
        }

    def table(self) -> Table:
        """All columns."""
        return {
            "time_ns": self.time_ns,
            "execs_per_s": self.execs_per_s,
            "executions": self.executions,
        }
