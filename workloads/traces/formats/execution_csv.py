"""Reader of a fuzzer's progress in a file of cells whose columns are named.

The time since the fuzzer started (`time_s`, `relative_time` in seconds, and so on), or Unix time
(`unix_time`, `timestamp`, which may be dates), of which only differences count; one is needed.
`execs_per_s` (also `execs_per_sec`, `exec_per_sec`), and `executions` (also `total_execs`,
`execs_done`, `total_exec`), of which one is needed. An empty cell is missing, and so is a rate that
is `inf` or `nan`. Others are left alone, and named in the notes.
"""

from __future__ import annotations

import math
import re
from functools import cached_property

from workloads.traces.formats.execution_csv_blocks import ExecutionRowBlocks
from workloads.traces.kinds.execution_trace import ExecutionColumns, ExecutionTrace
from workloads.traces.reading.about import About
from workloads.traces.reading.accounting import BLANK, HEADER, LineError, account
from workloads.traces.reading.cells import is_no_number
from workloads.traces.reading.columns import Times
from workloads.traces.reading.fields import NOTHING_SAID, Fields
from workloads.traces.reading.header import Header, names_in
from workloads.traces.reading.naming import Column, Columns, roles_of
from workloads.traces.reading.text import DEFAULT_LIMITS, ReadLimits, TracePath

EXECUTION_CSV = About(
    "time since the start (`time_s`), or `unix_time`; `execs_per_sec`, `total_execs` and the like",
    "columns of other names, which are named",
    "of `unix_time` only differences count; a total that falls begins anew, and what was "
    "executed between the two rows is unknown; `inf` and `nan` are missing rates",
)

LONGEST_NS = 10 * 365 * 86400 * 10**9
"""A longer time since the start is taken for Unix time."""

COLUMNS: Columns = {
    "time": Column(("time", "relative_time", "run_time", "elapsed"), time=True, unit="s"),
    "date": Column(
        ("unix_time", "timestamp", "date"), time=True, unit="s", asked=False, dated=True
    ),
    "rate": Column(
        ("execs_per_s", "execs_per_sec", "exec_per_sec", "execs/sec", "execs_sec"), number=True
    ),
    "total": Column(
        ("executions", "total_execs", "execs_done", "total_exec", "execs"), number=True
    ),
}
_RATE = re.compile(rb"[0-9]{1,19}(?:\.[0-9]{1,30})?(?:e[+-]?[0-9]{1,3})?", re.IGNORECASE)


def fits_execution_csv(names: list[str]) -> bool:
    """Whether columns of these names make such a trace."""
    roles = roles_of(COLUMNS, names).keys()
    return bool(roles & {"time", "date"}) and bool(roles & {"rate", "total"})


def looks_like_execution_csv(first_bytes: bytes) -> bool:
    """Whether a text that begins so may be such a trace."""
    line = first_bytes.lstrip().partition(b"\n")[0]
    roles = roles_of(COLUMNS, names_in(line)).keys()
    # Those that begin with a `#` are the fuzzers' own.
    return not line.startswith(b"#") and fits_execution_csv(names_in(line)) and "rate" in roles


def read_execution_csv(
    path: TracePath, limits: ReadLimits = DEFAULT_LIMITS, fields: Fields = NOTHING_SAID
) -> ExecutionTrace:
    """Read such a file, plain or compressed, in one pass.

    Args:
        path: The file.
        limits: What of it is accepted.
        fields: Names of its columns, and the unit of a time whose name has none.

    Raises:
        TraceError: As `account` does; a line is damaged that has something else than its columns
            promise, or whose time goes backwards.
    """
    rows = _ExecutionRows(fields)
    accounting = account(path, limits, "row", rows.take, rows.blocks.take_block)
    return rows.columns.trace(accounting, rows.header.notes)


class _ExecutionRows:
    """The growing columns."""

    def __init__(self, fields: Fields) -> None:
        self.header = Header(COLUMNS, (("time", "date"), ("rate", "total")), fields)
        self.blocks = ExecutionRowBlocks(self.header, self._of_times)

    def _of_times(self) -> tuple[ExecutionColumns, str, int]:
        return self.columns, self._time, LONGEST_NS if self._time == "time" else 2**63 - 1

    @cached_property
    def _time(self) -> str:
        return "time" if self.header.has("time") else "date"

    @cached_property
    def columns(self) -> ExecutionColumns:
        """Times since the start, or else since the first row."""
        return ExecutionColumns(Times(start_ns=0 if self._time == "time" else None))

    def take(self, line: bytes) -> str | None:
        header = self.header
        if not line:
            return BLANK
        if header.is_header(line):
            return HEADER
        cells = header.cells(line)
        time_ns, _ = header.time(line, cells, self._time, "time")
        if self._time == "time" and time_ns > LONGEST_NS:
            expected = "less than ten years since the start, or a column named unix_time"
            raise header.error(line, "time", "time", expected)
        rate = self._rate(line, cells)
        executions = header.whole(line, cells, "total", 2**63)
        if math.isnan(rate) and executions is None and not header.cell(cells, "rate"):
            raise LineError(1, "neither a rate nor a total", "one of them")
        column = header.column(line, self._time)
        self.columns.add(time_ns, column, execs_per_s=rate, executions=executions)
        return None

    def _rate(self, line: bytes, cells: list[bytes]) -> float:
        cell = self.header.cell(cells, "rate")
        if not cell or is_no_number(cell):
            return math.nan
        if _RATE.fullmatch(cell) is None or math.isinf(rate := float(cell)):
            raise self.header.error(line, "rate", "rate", "a number that is not negative")
        return rate
