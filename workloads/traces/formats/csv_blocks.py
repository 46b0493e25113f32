"""Blocks of rows of commands on keys, taken in columns as far as they are plain.

A plain row becomes what the reader of lines would make of it; rows that repeat, go further or are
not clear are left to that reader.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

import numpy as np

from workloads.traces.commands.operations import BY_NAME, Operation
from workloads.traces.commands.resp import bulk_bytes
from workloads.traces.kinds.key_trace import KeyColumns
from workloads.traces.reading.block_lines import Flags
from workloads.traces.reading.cell_blocks import CellBlock
from workloads.traces.reading.columns import MISSING, IntColumn
from workloads.traces.reading.date_column import DateColumn
from workloads.traces.reading.header import Header
from workloads.traces.reading.name_column import NameColumn
from workloads.traces.reading.rated import RatedTimes
from workloads.traces.reading.row_blocks import times_of, until_known
from workloads.traces.reading.slices import Numbering

LARGEST_BYTES = 2**29
"""A larger value is refused: columns have 32 bits. Redis' own limit is 512 MiB."""

LONGEST_KEY_BYTES = 2**20
"""A longer key is refused."""

_WRITES, _STORES, _UNKNOWN = 1, 2, 4
_NAME_BYTES = len("SET")


class _Rows(NamedTuple):
    """Plain rows in columns."""

    times_ns: IntColumn
    ticks_ns: IntColumn
    key_starts: IntColumn
    key_ends: IntColumn
    is_write: Flags
    value_bytes: IntColumn
    request_bytes: IntColumn
    sender: IntColumn

    def those(self, which: Flags | slice) -> _Rows:
        """Some of them."""
        return _Rows._make(column[which] for column in self)


class CommandBlocks:
    """Appends the plain rows of blocks to columns; see `accounting`.

    Args:
        columns: of the trace.
        header: of the file, which the reader of lines learns.
        operations: by what stands for them.
        rated: times of records that have none.
        most_commands: so many at most, where rows may repeat.

    Attributes:
        tick_ns: of the clock with the most decimals that was seen.
    """

    def __init__(
        self,
        columns: KeyColumns,
        header: Header,
        operations: Mapping[bytes, Operation],
        rated: RatedTimes,
        most_commands: int,
    ) -> None:
        self.tick_ns = 10**9
        self._columns = columns
        self._header = header
        self._known = operations
        self._rated = rated
        self._most_commands = most_commands
        self._dates = DateColumn()
        self._senders = NameColumn()
        self._of_operations = Numbering(self._numbers_of_operations, 2**8)
        self._of_keys = Numbering(lambda names, _: self._columns.keys.of_all(names), 2**20)

    def take_block(self, block: bytes) -> Iterator[int | bytes]:
        """Append the plain rows that stand together and yield their number, or yield a line."""
        return until_known(block, self._header, self._take_rows)

    def _take_rows(self, block: bytes) -> Iterator[int | bytes]:
        cells = CellBlock(block, self._header.separator, self._header.width)
        rows = self._rows(cells)
        if not cells.plain.all():
            rows = rows.those(cells.plain)
        return cells.lines.taken(
            cells.plain_lines(), lambda run: self._append(cells, rows.those(run))
        )

    def _rows(self, cells: CellBlock) -> _Rows:
        nothing = np.zeros(len(cells.rows), np.int64)
        times_ns = ticks_ns = starts = ends = sender = nothing
        if self._header.has("time"):
            times_ns, ticks_ns, are_times = times_of(cells, self._header, "time", self._dates)
            cells.plain &= are_times
        if (place := self._header.place("key")) is not None:
            starts, ends = cells.cell(place)
            cells.plain &= ends - starts <= LONGEST_KEY_BYTES
        operation = nothing
        if (place := self._header.place("op")) is not None:
            operation = cells.numbers(place, self._of_operations)
            cells.plain &= operation != _UNKNOWN
        if (place := self._header.place("connection")) is not None:
            sender = self._senders.of_all(cells.lines.text, *cells.cell(place))
        if (place := self._header.place("op_count")) is not None:
            repeats, sound = cells.whole(place, 2)
            cells.plain &= sound & (repeats != 0)
        stores = operation & _STORES > 0
        value_bytes = self._sizes(cells, "value_bytes", stores)
        value_bytes = np.where(stores, value_bytes, 0)
        return _Rows(
            times_ns,
            ticks_ns,
            starts,
            ends,
            operation & _WRITES > 0,
            value_bytes,
            self._request_bytes(cells, ends - starts, value_bytes),
            sender,
        )

    def _sizes(self, cells: CellBlock, role: str, wanted: Flags) -> IntColumn:
        """The sizes in a column, `MISSING` where there are none; plain only if the wanted are."""
        if (place := self._header.place(role)) is None:
            return np.full(len(cells.rows), MISSING, np.int64)
        sizes, sound = cells.whole(place, LARGEST_BYTES + 1)
        cells.plain &= sound | ~wanted
        return sizes

    def _request_bytes(
        self, cells: CellBlock, key_bytes: IntColumn, value_bytes: IntColumn
    ) -> IntColumn:
        said = self._sizes(cells, "request_bytes", np.ones(len(cells.rows), np.bool_))
        said_keys = self._sizes(cells, "key_bytes", said == MISSING)
        key_bytes = np.where(said_keys == MISSING, key_bytes, said_keys)
        estimated = 4 + bulk_bytes(np.full(1, _NAME_BYTES)) + bulk_bytes(np.maximum(key_bytes, 0))
        estimated += np.where(value_bytes > 0, bulk_bytes(np.maximum(value_bytes, 0)), 0)
        return np.where(said == MISSING, estimated, said)

    def _append(self, cells: CellBlock, rows: _Rows) -> bool:
        """Append a run of rows; False, and nothing is appended, if one is refused."""
        count = len(rows.times_ns)
        columns = self._columns
        if self._header.has("op_count") and len(columns) + count > self._most_commands:
            return False
        if self._header.has("time"):
            if not columns.times.extend(rows.times_ns, 1):
                return False
            self.tick_ns = min(self.tick_ns, int(rows.ticks_ns.min()))
        elif not columns.times.extend(self._rated.next_many_ns(count), 1):
            return False
        lengths = rows.key_ends - rows.key_starts
        with_key = np.flatnonzero(lengths)
        columns.extend(
            with_key,
            self._of_keys.of_all(
                cells.lines.text,
                rows.key_starts[with_key],
                lengths[with_key],
                np.zeros_like(with_key),
            ),
            is_write=rows.is_write,
            value_bytes=rows.value_bytes,
            request_bytes=rows.request_bytes,
            sender=rows.sender,
            senders=self._senders.names,
        )
        return True

    def _numbers_of_operations(self, names: list[bytes], _: list[int]) -> list[int]:
        return [self._number_of_operation(name.lower()) for name in names]

    def _number_of_operation(self, name: bytes) -> int:
        operation = self._known.get(name) if name else BY_NAME["read"]
        if operation is None:
            return _UNKNOWN
        return _WRITES * operation.writes + _STORES * operation.stores
