"""Reader of `plot_data`, which AFL and AFL++ write while they fuzz: a row every few seconds.

The header names the columns. AFL and early AFL++ write `# unix_time, cycles_done, cur_path, ...`;
AFL++ 4 writes `# relative_time, cycles_done, cur_item, ...` (seconds since the start, those before
a resume included), with `total_execs` further on, which LibAFL calls `execs_done`. Honggfuzz's
statsfile has `exec_per_sec` and `total_exec`. Of `unix_time` only differences count, whatever its
epoch (WinAFL's is 1601). A rate that is `inf` or `nan` is missing. Recent AFL++ writes more cells
than its header names, one for each sanitizer binary; they are left alone. Rows are only written
when something changed, and by AFL++ not in the first minute.

Sources: maybe_update_plot_file in AFL 2.57b's afl-fuzz.c and in AFL++'s src/afl-fuzz-stats.c.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from workloads.traces.formats.plot_blocks import PlotBlocks, PlotPlaces
from workloads.traces.kinds.execution_trace import ExecutionColumns, ExecutionTrace
from workloads.traces.reading.about import About
from workloads.traces.reading.accounting import BLANK, HEADER, LineError, account
from workloads.traces.reading.block_lines import lines_until
from workloads.traces.reading.cells import (
    cell_column,
    cell_error,
    rate_at,
    split_cells,
    whole_at,
)
from workloads.traces.reading.columns import MISSING, Times
from workloads.traces.reading.text import DEFAULT_LIMITS, ReadLimits, TracePath

PLOT_DATA = About(
    "`unix_time` or `relative_time`; `execs_per_sec`; `total_execs`, `execs_done` or "
    "`total_exec` (AFL, AFL++, LibAFL, WinAFL, honggfuzz)",
    "everything else",
    "of `unix_time` only differences count; a total that falls begins anew, and what was "
    "executed between the two rows is unknown, as is what was before a first row at time "
    "0; `inf` and `nan` are missing rates",
)

_FIRST_LINE = re.compile(rb"\s*#[^\n]*\b(?:unix|relative)_time\b[^\n]*\bexecs?_per_sec\b")
_LARGEST_SECONDS = 2**63 // 10**9
_TIMES = (b"relative_time", b"unix_time")
_RATES = (b"execs_per_sec", b"exec_per_sec")
_TOTALS = (b"total_execs", b"execs_done", b"total_exec")


def looks_like_plot_data(first_bytes: bytes) -> bool:
    """Whether a text that begins so may be a plot_data."""
    return _FIRST_LINE.match(first_bytes) is not None


def read_plot_data(path: TracePath, limits: ReadLimits = DEFAULT_LIMITS) -> ExecutionTrace:
    """Read a plot_data, plain or compressed, in one pass.

    Raises:
        TraceError: As `account` does; a line is damaged that lacks what the header promises,
            whose time goes backwards, or that stands above any header.
    """
    rows = _ProgressColumns()
    accounting = account(path, limits, "row", rows.take, rows.take_block)
    return rows.columns.trace(accounting)


class _ProgressColumns:
    """The growing columns."""

    def __init__(self) -> None:
        self.columns = ExecutionColumns(Times(start_ns=0))
        self._header: list[bytes] = []
        self._time = self._rate = self._total = MISSING
        self._start_s: int | None = None
        self._blocks = PlotBlocks(self.columns)

    def take_block(self, block: bytes) -> Iterator[int | bytes]:
        # The first row is looked at by itself: of Unix time it is the start.
        return lines_until(
            block,
            lambda: len(self.columns) > 0,
            lambda rest: self._blocks.take_block(rest, self._places),
        )

    @property
    def _places(self) -> PlotPlaces:
        return PlotPlaces(
            len(self._header), self._time, self._rate, self._total, self._start_s or 0
        )

    def take(self, line: bytes) -> str | None:
        text = line.strip()
        if not text:
            return BLANK
        if text.startswith(b"#"):
            self._take_header(line, split_cells(text[1:]))
            return HEADER
        self._take_row(line, split_cells(line))
        return None

    def _take_header(self, line: bytes, names: list[bytes]) -> None:
        if self._header:
            if names != self._header:
                raise LineError(1, "another header", "the one above, as in the rows above")
            return
        time, rate, total = (_place(names, known) for known in (_TIMES, _RATES, _TOTALS))
        if MISSING in (time, rate):
            expected = "'# unix_time' or '# relative_time' and further names, 'execs_per_sec' too"
            raise LineError(1, "bad header", expected)
        if names[time] == b"relative_time":
            self._start_s = 0
        self._header = names
        self._time, self._rate, self._total = time, rate, total

    def _take_row(self, line: bytes, cells: list[bytes]) -> None:
        if not self._header:
            expected = "'# unix_time, ...' or '# relative_time, ...' before the first row"
            raise LineError(1, "no header", expected)
        if len(cells) < len(self._header):
            expected = f"{len(self._header)} cells, as the header names, got {len(cells)}"
            raise LineError(cell_column(line, len(cells)), "cells missing", expected)
        seconds = whole_at(line, cells, self._time, 2**63, "time")
        rate = rate_at(line, cells, self._rate)
        executions = None
        if self._total != MISSING:
            name = self._header[self._total].decode()
            executions = whole_at(line, cells, self._total, 2**63, name)
        start_s = seconds if self._start_s is None else self._start_s
        if seconds - start_s >= _LARGEST_SECONDS:
            expected = f"less than {_LARGEST_SECONDS} seconds after the start"
            raise cell_error(line, self._time, "time", expected)
        column = cell_column(line, self._time)
        time_ns = (seconds - start_s) * 10**9
        self.columns.add(time_ns, column, execs_per_s=rate, executions=executions)
        self._start_s = start_s


def _place(names: list[bytes], known: tuple[bytes, ...]) -> int:
    """Where the first of the known names stands that is there; `MISSING` if none is."""
    return next((names.index(name) for name in known if name in names), MISSING)
