"""Blocks of rows of a fuzzer's progress whose columns are named, taken in columns."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from workloads.traces.kinds.execution_trace import ExecutionColumns
from workloads.traces.reading.cell_blocks import CellBlock
from workloads.traces.reading.columns import MISSING
from workloads.traces.reading.date_column import DateColumn
from workloads.traces.reading.header import Header
from workloads.traces.reading.number_columns import decimal_floats
from workloads.traces.reading.row_blocks import times_of, until_known


class ExecutionRowBlocks:
    """Appends the plain rows of blocks to columns; see `accounting`.

    Args:
        header: of the file, which the reader of lines learns.
        columns: where rows go, the role of the times in the file, and the longest time; asked
            for when the header is known.
    """

    def __init__(
        self, header: Header, columns: Callable[[], tuple[ExecutionColumns, str, int]]
    ) -> None:
        self._header = header
        self._columns = columns
        self._dates = DateColumn()

    def take_block(self, block: bytes) -> Iterator[int | bytes]:
        """Append the plain rows that stand together and yield their number, or yield a line."""
        return until_known(block, self._header, self._take_rows)

    def _take_rows(self, block: bytes) -> Iterator[int | bytes]:
        columns, role, longest_ns = self._columns()
        cells = CellBlock(block, self._header.separator, self._header.width)
        time_ns, _, are_times = times_of(cells, self._header, role, self._dates)
        cells.plain &= are_times & (time_ns <= longest_ns)
        rate = np.full(len(cells.rows), np.nan)
        no_rate = np.ones(len(cells.rows), np.bool_)
        if (place := self._header.place("rate")) is not None:
            starts, ends = cells.cell(place)
            no_rate = starts == ends
            rate, are_rates = decimal_floats(cells.lines, starts, ends)
            rate[no_rate] = np.nan
            cells.plain &= are_rates | no_rate
        total = np.full(len(cells.rows), MISSING, np.int64)
        if (place := self._header.place("total")) is not None:
            total, are_totals = cells.whole(place, 2**63)
            cells.plain &= are_totals
        cells.plain &= ~(no_rate & (total == MISSING))
        time_ns, total, rate = time_ns[cells.plain], total[cells.plain], rate[cells.plain]

        def append(run: slice) -> bool:
            return columns.extend(time_ns[run], 1, execs_per_s=rate[run], executions=total[run])

        return cells.lines.taken(cells.plain_lines(), append)
