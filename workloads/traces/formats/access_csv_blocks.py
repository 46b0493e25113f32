"""Blocks of rows of requests to a web server, taken in columns as far as they are plain."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from workloads.traces.formats.request_rows import (
    RequestAppender,
    RequestRows,
    next_of,
    service_times,
)
from workloads.traces.kinds.access_trace import BYTES_BELOW, STATUS_BELOW, AccessColumns
from workloads.traces.reading.cell_blocks import CellBlock
from workloads.traces.reading.columns import MISSING, IntColumn
from workloads.traces.reading.date_column import DateColumn
from workloads.traces.reading.header import Header
from workloads.traces.reading.row_blocks import times_of, until_known

_BLANK, _DASH, _QUERY, _FRAGMENT = b" -?#"


class AccessRowBlocks:
    """Appends the plain rows of blocks that have times to columns; see `accounting`.

    Args:
        columns: of the trace.
        header: of the file, which the reader of lines learns.

    Attributes:
        all_ns: whether the clock of all that were taken ticks in nanoseconds.
    """

    def __init__(self, columns: AccessColumns, header: Header) -> None:
        self.all_ns = True
        self._rows = RequestAppender(columns)
        self._header = header
        self._dates = DateColumn()

    def take_block(self, block: bytes) -> Iterator[int | bytes]:
        """Append the plain rows that stand together and yield their number, or yield a line."""
        return until_known(block, self._header, self._take_rows)

    def _take_rows(self, block: bytes) -> Iterator[int | bytes]:
        cells = CellBlock(block, self._header.separator, self._header.width)
        if not self._header.has("time"):
            cells.plain[:] = False
            return cells.lines.taken(cells.plain_lines(), lambda _: False)
        times = times_of(cells, self._header, "time", self._dates)
        cells.plain &= times.are_times
        status = self._whole(cells, "status", STATUS_BELOW)
        size = np.maximum(self._whole(cells, "response_bytes", BYTES_BELOW), 0)
        service_ns = np.full(len(cells.rows), MISSING, np.int64)
        if (place := self._header.place("service")) is not None:
            starts, ends = cells.cell(place)
            places = self._header.places("service")
            service_ns, clear = service_times(cells.lines, starts, ends, places)
            cells.plain &= clear
        requests = RequestRows(
            times.times_ns, times.ticks_ns, status, size, service_ns, *self._paths(cells)
        )
        requests = requests.those(cells.plain)

        def append(run: slice) -> bool:
            rows = requests.those(run)
            self.all_ns &= bool((rows.tick_ns == 1).all())
            return self._rows.append(cells.lines.text, rows)

        return cells.lines.taken(cells.plain_lines(), append)

    def _whole(self, cells: CellBlock, role: str, below: int) -> IntColumn:
        """The numbers of a column, `MISSING` where it says none."""
        if (place := self._header.place(role)) is None:
            return np.full(len(cells.rows), MISSING, np.int64)
        starts, ends = cells.cell(place)
        numbers, sound = cells.whole(place, below)
        none = (ends - starts == 1) & (cells.lines.text[starts] == _DASH)
        cells.plain &= sound | none
        return np.where(none, MISSING, numbers)

    def _paths(self, cells: CellBlock) -> tuple[IntColumn, IntColumn]:
        """Where paths begin and end, or else those that request lines ask for."""
        text = cells.lines.text
        behind = len(text)
        blanks = np.append(np.flatnonzero(text == _BLANK), behind)
        further = np.flatnonzero((text == _BLANK) | (text == _QUERY) | (text == _FRAGMENT))
        path_ends = np.append(further, behind)
        begins = ends = np.zeros(len(cells.rows), np.int64)
        if (place := self._header.place("request")) is not None:
            starts, stops = cells.cell(place)
            begins, ends = self._rows.paths_of(text, blanks, path_ends, starts, stops)
        if (place := self._header.place("path")) is not None:
            starts, stops = cells.cell(place)
            says = (stops > starts) & ~((stops - starts == 1) & (text[starts] == _DASH))
            found = np.minimum(next_of(path_ends, starts), stops)
            begins, ends = np.where(says, starts, begins), np.where(says, found, ends)
        return begins, ends
