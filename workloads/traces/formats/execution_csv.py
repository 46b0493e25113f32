"""Reader of a fuzzer's progress in a CSV, as `forksim trace convert` writes it.

A time (`time_ns`, `_us`, `_ms`, `_s`) since the fuzzer started, needed; `execs_per_s` (also
`execs_per_sec`, `exec_per_sec`), and `executions` (also `total_execs`, `execs_done`, `total_exec`),
of which one is needed. An empty cell is missing. Others are left alone, and named in the notes.
"""

from __future__ import annotations

import math
import re
from array import array

import numpy as np

from workloads.traces.kinds.execution_trace import ExecutionTrace
from workloads.traces.reading.accounting import BLANK, HEADER, LineError, account
from workloads.traces.reading.cells import cell_column, cell_error, decimal_at, not_read
from workloads.traces.reading.columns import MISSING, Times, frozen
from workloads.traces.reading.fields import NOTHING_SAID, PLACES, Fields
from workloads.traces.reading.header import Header, names_in
from workloads.traces.reading.text import DEFAULT_LIMITS, ReadLimits, TracePath

_TIMES = {f"time_{unit}": places for unit, places in PLACES.items()}
_RATES = ("execs_per_s", "execs_per_sec", "exec_per_sec")
_TOTALS = ("executions", "total_execs", "execs_done", "total_exec")
_ROLES = {
    **dict.fromkeys(_TIMES, "time"),
    **dict.fromkeys(_RATES, "rate"),
    **dict.fromkeys(_TOTALS, "total"),
}
_RATE = re.compile(rb"[0-9]{1,19}(?:\.[0-9]{1,30})?(?:e[+-]?[0-9]{1,3})?", re.IGNORECASE)


def looks_like_execution_csv(first_bytes: bytes) -> bool:
    """Whether a text that begins so may be such a CSV."""
    names = names_in(first_bytes.lstrip().partition(b"\n")[0])
    return {"time", "rate"} <= {_ROLES.get(name) for name in names}


def read_execution_csv(
    path: TracePath, limits: ReadLimits = DEFAULT_LIMITS, fields: Fields = NOTHING_SAID
) -> ExecutionTrace:
    """Read such a CSV, plain or compressed, in one pass.

    Args:
        path: The file.
        limits: What of it is accepted.
        fields: Names of all columns in their order, in place of the header's.

    Raises:
        TraceError: As `account` does; a line is damaged that has something else than its columns
            promise, or whose time goes backwards.
    """
    rows = _ExecutionRows(fields)
    accounting = account(path, limits, "row", rows.take)
    return ExecutionTrace(
        time_ns=frozen(rows.times.column, np.int64),
        execs_per_s=frozen(rows.execs_per_s, np.float64),
        executions=frozen(rows.executions, np.int64),
        accounting=accounting,
        notes=not_read(rows.header.unread),
    )


class _ExecutionRows:
    """The growing columns."""

    def __init__(self, fields: Fields) -> None:
        self.times = Times(start_ns=0)
        self.execs_per_s = array("d")
        self.executions = array("q")
        self.header = Header(_ROLES, ("time",), fields.names)

    def take(self, line: bytes) -> str | None:
        if not line:
            return BLANK
        if self.header.is_header(line):
            return HEADER
        cells = self.header.cells(line)
        time = self.header.place("time") or 0
        time_ns = decimal_at(line, cells, time, _TIMES[self.header.name("time")], "time")
        rate = self._rate(line, cells)
        executions = self.header.whole(line, cells, "total", 2**63)
        if math.isnan(rate) and executions is None:
            raise LineError(1, "neither a rate nor a total", "one of them")
        self.times.add(time_ns, cell_column(line, time))
        self.execs_per_s.append(rate)
        self.executions.append(MISSING if executions is None else executions)
        return None

    def _rate(self, line: bytes, cells: list[bytes]) -> float:
        place = self.header.place("rate")
        if place is None or not cells[place]:
            return math.nan
        if _RATE.fullmatch(cells[place]) is None or math.isinf(rate := float(cells[place])):
            raise cell_error(line, place, "rate", "a number that is not negative")
        return rate
