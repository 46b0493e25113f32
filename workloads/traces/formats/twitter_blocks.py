"""Blocks of lines of a cache trace, taken in columns: all but those that are damaged."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from workloads.traces.commands.memcached import OPERATIONS, READS, STORES
from workloads.traces.commands.resp import bulk_bytes
from workloads.traces.kinds.key_trace import KeyColumns
from workloads.traces.reading.block_lines import BlockLines, Flags, that_stand_out
from workloads.traces.reading.columns import IntColumn
from workloads.traces.reading.name_column import NameColumn
from workloads.traces.reading.number_columns import whole_numbers
from workloads.traces.reading.slices import Numbering

TICK_NS = 10**9
"""The clock of these traces shows seconds."""

LARGEST_BYTES = 2**29
"""No key or value is larger: memcached's own limit is 1 MiB by default, 1 GiB at most; columns have
32 bits."""

_SEPARATOR = b","
_STANDS_OUT = that_stand_out(_SEPARATOR)
_CELLS = 7
_NAMES = list(OPERATIONS)
_NAME_BYTES = np.array([len(OPERATIONS[name]) for name in _NAMES], np.int64)
_IS_WRITE = np.array([name not in READS for name in _NAMES])
_STORED = np.array([name in STORES for name in _NAMES])


class _CacheRequests(NamedTuple):
    """Plain lines in columns."""

    times_s: IntColumn
    key_starts: IntColumn
    key_ends: IntColumn
    key_bytes: IntColumn
    value_bytes: IntColumn
    sender: IntColumn
    operation: IntColumn

    def those(self, which: Flags | slice) -> _CacheRequests:
        """Some of them."""
        return _CacheRequests._make(column[which] for column in self)


class CacheBlocks:
    """Appends the plain lines of blocks to columns; see `accounting`."""

    def __init__(self, columns: KeyColumns) -> None:
        self._columns = columns
        self._senders = NameColumn()
        self._of_operations = Numbering(_numbers_of_operations, 2**8)
        self._of_keys = Numbering(lambda names, _: self._columns.keys.of_all(names), 2**20)

    def take_block(self, block: bytes) -> Iterator[int | bytes]:
        """Append the plain lines in a row and yield their number, or yield another line."""
        lines = BlockLines(block, _SEPARATOR, _STANDS_OUT)
        until = np.searchsorted(lines.places, lines.ends)
        first = np.append(0, until)[: len(until)]
        rows = np.flatnonzero(lines.plain & (until - first >= _CELLS - 1))
        requests, plain = self._requests(lines, rows, first[rows], until[rows])
        if not plain.all():
            requests = requests.those(plain)
        are_plain = np.zeros(len(lines.ends), np.bool_)
        are_plain[rows[plain]] = True
        return lines.taken(are_plain, lambda run: self._append(lines, requests.those(run)))

    def _requests(
        self, lines: BlockLines, rows: IntColumn, first: IntColumn, until: IntColumn
    ) -> tuple[_CacheRequests, Flags]:
        """The cells: a key may hold commas, so those behind it are found from the end."""
        comma = lines.places[first]
        behind = lines.places[until + np.arange(1 - _CELLS, 0)[1:, np.newaxis]]
        starts, ends = behind + 1, np.vstack((behind[1:], lines.stops[rows]))
        key_starts, key_ends = comma + 1, behind[0]
        plain = key_ends > key_starts

        def whole(begins: IntColumn, stops: IntColumn, most_digits: int) -> IntColumn:
            numbers, sound = whole_numbers(lines.words, begins, stops)
            nonlocal plain
            plain &= sound & (stops - begins <= most_digits)
            return numbers

        times_s = whole(lines.starts[rows], comma, 10)
        key_bytes, value_bytes = (whole(starts[cell], ends[cell], 9) for cell in (0, 1))
        for cell in (2, 4):  # the client, and the time to live
            whole(starts[cell], ends[cell], 19)
        operation = self._of_operations.of_all(
            lines.text, starts[3], ends[3] - starts[3], np.zeros_like(comma)
        )
        plain &= (operation >= 0) & (np.maximum(key_bytes, value_bytes) <= LARGEST_BYTES)
        sender = np.zeros_like(comma)
        sender[plain] = self._senders.of_all(lines.text, starts[2][plain], ends[2][plain])
        return _CacheRequests(
            times_s, key_starts, key_ends, key_bytes, value_bytes, sender, operation
        ), plain

    def _append(self, lines: BlockLines, requests: _CacheRequests) -> bool:
        """Append a run of lines; False, and nothing is appended, if a time is refused."""
        columns, operation = self._columns, requests.operation
        if not columns.times.extend(requests.times_s, TICK_NS):
            return False
        stored = _STORED[operation]
        request_bytes = 4 + bulk_bytes(_NAME_BYTES)[operation] + bulk_bytes(requests.key_bytes)
        request_bytes += np.where(stored, bulk_bytes(requests.value_bytes), 0)
        starts, lengths = requests.key_starts, requests.key_ends - requests.key_starts
        columns.extend(
            np.arange(len(starts)),
            self._of_keys.of_all(lines.text, starts, lengths, np.zeros_like(starts)),
            is_write=_IS_WRITE[operation],
            value_bytes=np.where(stored, requests.value_bytes, 0),
            request_bytes=request_bytes,
            sender=requests.sender,
            senders=self._senders.names,
        )
        return True


def _numbers_of_operations(names: list[bytes], _: list[int]) -> list[int]:
    return [_NAMES.index(name) if name in OPERATIONS else -1 for name in names]
