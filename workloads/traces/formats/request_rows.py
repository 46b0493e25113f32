"""Requests of access logs in columns: what readers of blocks of any log format share."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from workloads.traces.kinds.access_trace import LONGEST_NS, AccessColumns
from workloads.traces.reading.block_lines import BlockLines, Flags
from workloads.traces.reading.columns import MISSING, IntColumn
from workloads.traces.reading.number_columns import decimal_numbers
from workloads.traces.reading.slices import Numbering, Text, differ_from_before

_DASH = ord("-")
_METHOD = re.compile(rb"[A-Z]+")


class RequestRows(NamedTuple):
    """Plain lines in columns; a path that is none ends where it begins."""

    unix_ns: IntColumn
    tick_ns: IntColumn
    status: IntColumn
    response_bytes: IntColumn
    service_ns: IntColumn
    path_starts: IntColumn
    path_ends: IntColumn

    def those(self, which: Flags | slice) -> RequestRows:
        """Some of them."""
        return RequestRows._make(column[which] for column in self)


class RequestAppender:
    """Appends rows to the columns of a trace."""

    def __init__(self, columns: AccessColumns) -> None:
        self._columns = columns
        self._of_methods = Numbering(_numbers_of_methods, 2**8)
        self._of_paths = Numbering(lambda names, _: columns.resources.of_all(names), 2**16)

    def append(self, text: Text, requests: RequestRows) -> bool:
        """Append requests, whose paths are slices of this text."""
        starts, lengths = requests.path_starts, requests.path_ends - requests.path_starts
        resource = np.full(len(starts), MISSING, np.int64)
        named = np.flatnonzero(lengths > 0)
        resource[named] = self._of_paths.of_all(
            text, starts[named], lengths[named], np.zeros_like(named)
        )
        self._columns.extend(
            requests.unix_ns,
            requests.tick_ns,
            status=requests.status,
            response_bytes=requests.response_bytes,
            service_ns=requests.service_ns,
            resource=resource,
        )
        return True

    def paths_of(
        self,
        text: Text,
        blanks: IntColumn,
        path_ends: IntColumn,
        starts: IntColumn,
        ends: IntColumn,
    ) -> tuple[IntColumn, IntColumn]:
        """Where the paths begin and end that request lines ask for, as `resource_of` finds them.

        Args:
            text: `padded`.
            blanks: where they are, and one place behind the text.
            path_ends: the same of what ends a path.
            starts: where each request line begins ...
            ends: ... and ends.
        """
        blank = next_of(blanks, starts)
        asks = blank < ends
        length = np.where(asks, blank - starts, 0)
        asks &= self._of_methods.of_all(text, starts, length, np.zeros_like(starts)) > 0
        begins = blank + 1
        found = np.minimum(next_of(path_ends, begins), ends)
        return np.where(asks, begins, 0), np.where(asks, found, 0)


def _numbers_of_methods(methods: list[bytes], _: list[int]) -> list[int]:
    return [int(_METHOD.fullmatch(method) is not None) for method in methods]


def next_of(places: IntColumn, starts: IntColumn) -> IntColumn:
    """The first of these places that is not before each start; the last, behind all, if none is."""
    found: IntColumn = places[np.minimum(np.searchsorted(places, starts), len(places) - 1)]
    return found


def read_alike(
    lines: BlockLines, starts: IntColumn, length: int, read: Callable[[bytes], tuple[int, int]]
) -> tuple[IntColumn, IntColumn]:
    """What slices of this length, at least 8 bytes, mean; those alike that follow are read once."""
    anew = differ_from_before(lines.words, starts, length)
    data = lines.text.data
    found = [read(bytes(data[start : start + length])) for start in starts[anew].tolist()]
    of_line = np.cumsum(anew) - 1
    first, second = np.array(found, np.int64).reshape(-1, 2).T
    return first[of_line], second[of_line]


def service_times(
    lines: BlockLines, starts: IntColumn, ends: IntColumn, places: int
) -> tuple[IntColumn, Flags]:
    """The service times in slices, and which are one number, or say that there is none.

    Args:
        lines: of the block.
        starts: where each slice begins ...
        ends: ... and ends.
        places: ns in their unit, as a power of ten.
    """
    times_ns, _, are_numbers = decimal_numbers(lines, starts, ends, places)
    none = (starts == ends) | ((ends - starts == 1) & (lines.text[starts] == _DASH))
    return np.where(none, MISSING, times_ns), none | (are_numbers & (times_ns <= LONGEST_NS))
