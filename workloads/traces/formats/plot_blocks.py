"""Blocks of rows of `plot_data`, taken in columns as far as they are plain."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from workloads.traces.kinds.execution_trace import ExecutionColumns
from workloads.traces.reading.cell_blocks import CellBlock
from workloads.traces.reading.cells import COMMA
from workloads.traces.reading.columns import MISSING
from workloads.traces.reading.number_columns import decimal_floats

_HASH = ord("#")
_SECOND_NS = 10**9
_BELOW = 2**63
_LARGEST_SECONDS = _BELOW // _SECOND_NS


class PlotPlaces(NamedTuple):
    """Where things stand in a row.

    Attributes:
        cells: that there are, at least.
        time: of the time in seconds ...
        rate: ... of the rate ...
        total: ... and of the total, `MISSING` if there is none.
        start_s: what times count from.
    """

    cells: int
    time: int
    rate: int
    total: int
    start_s: int


class PlotBlocks:
    """Appends the plain rows of blocks to columns; see `accounting`."""

    def __init__(self, columns: ExecutionColumns) -> None:
        self._columns = columns

    def take_block(self, block: bytes, places: PlotPlaces) -> Iterator[int | bytes]:
        """Append the plain rows that stand together and yield their number, or yield a line."""
        cells = CellBlock(block, COMMA, places.cells, exactly=False)
        first, _ = cells.cell(0)
        seconds, sound = cells.whole(places.time, _BELOW)
        since_start = seconds - places.start_s
        cells.plain &= (cells.lines.text[first] != _HASH) & sound & (seconds != MISSING)
        cells.plain &= since_start < _LARGEST_SECONDS
        rate, are_rates = decimal_floats(cells.lines, *cells.cell(places.rate))
        cells.plain &= are_rates
        total = np.full(len(seconds), MISSING, np.int64)
        if places.total != MISSING:
            total, are_totals = cells.whole(places.total, _BELOW)
            cells.plain &= are_totals & (total != MISSING)
        since_start, total, rate = since_start[cells.plain], total[cells.plain], rate[cells.plain]

        def append(run: slice) -> bool:
            return self._columns.extend(
                since_start[run], _SECOND_NS, execs_per_s=rate[run], executions=total[run]
            )

        return cells.lines.taken(cells.plain_lines(), append)
