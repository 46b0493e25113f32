"""Blocks of lines of an access log in one of the usual formats, taken in columns.

A plain line has no escapes, a status, one blank between what it consists of, and a service time, if
one is wanted, that is one number. All others are left to the reader of lines.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import numpy as np

from workloads.traces.formats.request_rows import (
    RequestAppender,
    RequestRows,
    next_of,
    read_alike,
    service_times,
)
from workloads.traces.kinds.access_trace import AccessColumns
from workloads.traces.reading.block_lines import BlockLines, Flags, that_stand_out
from workloads.traces.reading.columns import MISSING, IntColumn
from workloads.traces.reading.number_columns import whole_numbers
from workloads.traces.reading.slices import Text

_DELIMITERS = b'" ?#['
_QUOTE, _BLANK, _QUERY, _FRAGMENT, _BRACKET = _DELIMITERS
_STANDS_OUT = that_stand_out(_DELIMITERS, forbidden=b"\\")
_CLOSING, _DASH, _NEWLINE, _RETURN = b"]-\n\r"
_TIME_BYTES = len("23/Nov/2026:07:25:04 +0000")
_TIME = re.compile(rb"[0-9]{2}/[A-Z][a-z]{2}/[0-9]{4}(?::[0-9]{2}){3} [+-][0-9]{4}")


class UsualBlocks:
    """Appends the plain lines of blocks to columns; see `accounting`.

    Args:
        columns: of the trace.
        read_time: Unix time in ns of what stands in brackets; raises ValueError if it is none.
        service: which field behind the size is the service time (-1 is the last), and the ns in its
            unit as a power of ten; None if none is read.
    """

    def __init__(
        self,
        columns: AccessColumns,
        read_time: Callable[[bytes], int],
        service: tuple[int, int] | None,
    ) -> None:
        self._rows = RequestAppender(columns)
        self._read_time = read_time
        self._service = service

    def take_block(self, block: bytes) -> Iterator[int | bytes]:
        """Append the plain lines in a row and yield their number, or yield another line."""
        lines = BlockLines(block, _DELIMITERS, _STANDS_OUT)
        found = _RequestLines(lines)
        requests = self._requests(lines, found)
        if not found.sound.all():
            requests = requests.those(found.sound)
        plain = np.zeros(len(lines.ends), np.bool_)
        plain[found.rows[found.sound]] = True
        return lines.taken(plain, lambda run: self._rows.append(lines.text, requests.those(run)))

    def _requests(self, lines: BlockLines, found: _RequestLines) -> RequestRows:
        text, opening, closing = lines.text, found.opening, found.closing
        unix_ns, _ = read_alike(lines, opening - 2 - _TIME_BYTES, _TIME_BYTES, self._read)
        status, sound = whole_numbers(lines.words, closing + 2, closing + 5)
        size, sized = whole_numbers(lines.words, closing + 6, found.size_ends)
        sized |= (text[closing + 6] == _DASH) & (found.size_ends == closing + 7)
        found.sound &= (unix_ns >= 0) & sound & sized & (text[closing + 5] == _BLANK)
        service_ns = np.full(len(opening), MISSING, np.int64)
        if self._service is not None:
            number, places = self._service
            starts, ends = _service_fields(text, found, number)
            service_ns, clear = service_times(lines, starts, ends, places)
            found.sound &= clear
        # To the quotes and with them, if nothing ends a path before.
        paths = self._rows.paths_of(text, found.blanks, found.path_ends, opening + 1, closing + 1)
        return RequestRows(unix_ns, np.full_like(unix_ns, 10**9), status, size, service_ns, *paths)

    def _read(self, time: bytes) -> tuple[int, int]:
        try:
            return (self._read_time(time) if _TIME.fullmatch(time) else -1), 0
        except ValueError:
            return -1, 0


class _RequestLines:
    """The lines that look like requests; arrays have an item for each.

    Attributes:
        rows: which lines of the block they are.
        opening: where the quotes before the request line are ...
        closing: ... and those behind it.
        size_ends: where what stands in the size's place ends.
        stops: where the line stops.
        sound: whether all that was looked at is as it should be.
        quotes: int64 [m], where all quotes of the block are, and one behind the text.
        last_quotes: of each line, the number of the last of these.
        blanks: the same of blanks.
        path_ends: the same of what ends a path.
    """

    def __init__(self, lines: BlockLines) -> None:
        text, places, codes = lines.text, lines.places, lines.codes
        behind = len(text)
        is_quote, is_blank = codes == _QUOTE, codes == _BLANK
        self.quotes: IntColumn = np.append(places[is_quote], behind)
        self.blanks: IntColumn = np.append(places[is_blank], behind)
        ends_path = is_blank | (codes == _QUERY) | (codes == _FRAGMENT)
        self.path_ends: IntColumn = np.append(places[ends_path], behind)
        brackets = np.append(places[codes == _BRACKET], behind)
        count = len(lines.ends)
        until = np.searchsorted(self.quotes, lines.ends)
        first = np.append(0, until)[:count]
        number = until - first
        sound = lines.plain & (number >= 2) & (number % 2 == 0)
        self._check_further_quotes(text, first, number, sound)
        self.rows: IntColumn = np.flatnonzero(sound)
        rows, first = self.rows, first[self.rows]
        self.opening: IntColumn = self.quotes[first]
        self.closing: IntColumn = self.quotes[first + 1]
        self.last_quotes: IntColumn = until[rows] - 1
        self.stops: IntColumn = lines.stops[rows]
        starts = lines.starts[rows]
        bracket = self.opening - 3 - _TIME_BYTES
        self.sound: Flags = (next_of(brackets, starts) == bracket) & (bracket >= starts + 2)
        # The padding stands before the text for places that are before it.
        self.sound &= (text[bracket - 1] == _BLANK) & (text[starts] != _BLANK)
        self.sound &= (text[self.opening - 2] == _CLOSING) & (text[self.opening - 1] == _BLANK)
        self.sound &= text[self.closing + 1] == _BLANK
        self.size_ends: IntColumn = np.minimum(next_of(self.blanks, self.closing + 6), self.stops)

    def _check_further_quotes(
        self, text: Text, first: IntColumn, number: IntColumn, sound: Flags
    ) -> None:
        """Of those behind the request, blanks are before the opening and behind the closing."""
        total = int(number.sum())
        line = np.repeat(np.arange(len(first)), number)
        quotes = self.quotes[:total]
        place = np.arange(total) - first[line]
        following = text[quotes + 1]
        ends_well = (following == _BLANK) | (following == _NEWLINE) | (following == _RETURN)
        good = np.where(place % 2 == 0, text[quotes - 1] == _BLANK, ends_well)
        sound[line[~good & (place >= 2)]] = False


def _service_fields(text: Text, found: _RequestLines, number: int) -> tuple[IntColumn, IntColumn]:
    """Where the fields begin and end that are service times, their quotes left out."""
    if number < 0:
        quoted = text[found.stops - 1] == _QUOTE
        quotes = found.quotes[found.last_quotes - 1]
        blanks = found.blanks[np.searchsorted(found.blanks, found.stops) - 1]
        starts, ends = np.where(quoted, quotes, blanks + 1), found.stops
        found.sound &= starts > found.size_ends
    else:
        starts = ends = found.size_ends
        for _ in range(number + 1):
            found.sound &= ends < found.stops
            starts = np.minimum(ends + 1, found.stops)
            found.sound &= text[starts] != _BLANK
            quoted = text[starts] == _QUOTE
            closing, blank = next_of(found.quotes, starts + 1), next_of(found.blanks, starts)
            ends = np.minimum(np.where(quoted, closing + 1, blank), found.stops)
    quoted = text[starts] == _QUOTE
    return starts + quoted, np.maximum(ends - quoted, starts + quoted)
