"""How fast a fuzzer executed its inputs, over time."""

from __future__ import annotations

from array import array
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from workloads.traces.kinds.facts import percentiles
from workloads.traces.kinds.trace import Facts, Table
from workloads.traces.reading.accounting import Accounting
from workloads.traces.reading.columns import MISSING, IntColumn, Times, frozen


@dataclass(frozen=True, eq=False, kw_only=True)
class ExecutionTrace:
    """A fuzzer's progress, one row each time that it wrote it down; all arrays are read-only.

    Attributes:
        time_ns: int64, since the fuzzer started, or since the first row if the log does not say
            when that was; never decreases. Rows are seconds to hours apart.
        execs_per_s: float64, the rate of late, as the fuzzer smooths it; NaN where the log does not
            say, or has a division by zero.
        executions: int64, in total so far; `MISSING` where the log does not say. A fuzzer that was
            started anew counts anew, so that it may fall.
        accounting: Where every line went.
        notes: What was not used, or was assumed, in sentences for people.
    """

    time_ns: NDArray[np.int64]
    execs_per_s: NDArray[np.float64]
    executions: NDArray[np.int64]
    accounting: Accounting
    notes: tuple[str, ...] = ()

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
        is 0 where the start is not known); one row, or rows of one instant, count alike. NaN if
        the log says neither.
        """
        if self._has_totals:
            executions, elapsed_ns = self.stretches()
            if elapsed_ns.any():
                return float(executions.sum()) * 1e9 / float(elapsed_ns.sum())
        known = ~np.isnan(self.execs_per_s)
        if not known.any():
            return float("nan")
        weights = np.diff(self.time_ns, prepend=0)[known].astype(np.float64)
        if not weights.any():
            weights = np.ones(len(weights))
        return float(np.average(self.execs_per_s[known], weights=weights))

    @property
    def _has_totals(self) -> bool:
        return bool((self.executions != MISSING).all())

    def stretches(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """What was executed between rows, and in what time, where the log says it.

        It does not where a total falls, nor where totals and the rate are missing, nor before a
        first row whose time is 0: such a stretch is left out, with its time.

        Returns:
            int64 [k] each: executions, and ns.
        """
        elapsed_ns = np.diff(self.time_ns, prepend=0)
        if self._has_totals:
            executions = np.diff(self.executions, prepend=0)
        else:
            rates = np.where(np.isnan(self.execs_per_s), -1.0, self.execs_per_s)
            executions = np.rint(rates * elapsed_ns / 1e9).astype(np.int64)
            executions[rates < 0] = MISSING
        told = executions >= 0
        told[0] &= elapsed_ns[0] > 0
        return executions[told], elapsed_ns[told]

    def facts(self) -> Facts:
        """The rate of the whole run and how it varied."""
        facts: dict[str, int | float] = {}
        if not np.isnan(mean := self.mean_execs_per_s):
            facts["mean_execs_per_s"] = mean
        rates = self.execs_per_s[~np.isnan(self.execs_per_s)]
        if len(rates):
            facts["min_execs_per_s"] = float(rates.min())
            facts |= percentiles(rates, "execs", "per_s")
        if self._has_totals and (anew := int((np.diff(self.executions) < 0).sum())):
            facts["totals_begun_anew"] = anew
        if len(rates) < len(self):
            facts["rates_missing"] = len(self) - len(rates)
        return facts

    def table(self) -> Table:
        """All columns."""
        return {
            "time_ns": self.time_ns,
            "execs_per_s": self.execs_per_s,
            "executions": self.executions,
        }


class ExecutionColumns:
    """The growing columns of an `ExecutionTrace`.

    Args:
        times: of its rows.
    """

    def __init__(self, times: Times) -> None:
        self._times = times
        self._execs_per_s = array("d")
        self._executions = array("q")

    def add(
        self, time_ns: int, column: int = 1, *, execs_per_s: float, executions: int | None
    ) -> None:
        """Append a row; a rate that its line does not say is NaN, a total None.

        Raises:
            LineError: At `column`; as `Times.add` does.
        """
        self._times.add(time_ns, column)
        self._execs_per_s.append(execs_per_s)
        self._executions.append(MISSING if executions is None else executions)

    def __len__(self) -> int:
        return len(self._executions)

    def extend(
        self,
        times: IntColumn,
        tick_ns: int,
        *,
        execs_per_s: NDArray[np.float64],
        executions: IntColumn,
    ) -> bool:
        """Append rows as `add` does, times in ticks, `MISSING` for a total that is not said.

        Returns:
            Whether they are appended: none is if the time of one is refused.
        """
        if not self._times.extend(times, tick_ns):
            return False
        self._execs_per_s.frombytes(execs_per_s.tobytes())
        self._executions.frombytes(executions.tobytes())
        return True

    def trace(self, accounting: Accounting, notes: tuple[str, ...] = ()) -> ExecutionTrace:
        """The columns as read-only arrays; they must not grow any more."""
        return ExecutionTrace(
            time_ns=frozen(self._times.column, np.int64),
            execs_per_s=frozen(self._execs_per_s, np.float64),
            executions=frozen(self._executions, np.int64),
            accounting=accounting,
            notes=notes,
        )
