"""Blocks of lines of an access log in one of the usual formats, taken in columns.

A plain line has no escapes, a status, one blank between what it consists of, and a service time, if
one is wanted, that is one number. All others are left to the reader of lines.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np

from workloads.traces.kinds.access_trace import LONGEST_NS, AccessColumns
from workloads.traces.reading.block_lines import BlockLines, Flags, that_stand_out
from workloads.traces.reading.columns import MISSING, IntColumn
from workloads.traces.reading.number_columns import decimal_numbers, whole_numbers
from workloads.traces.reading.slices import Numbering, Text, differ_from_before

_DELIMITERS = b'" ?#['
_QUOTE, _BLANK, _QUERY, _FRAGMENT, _BRACKET = _DELIMITERS
_STANDS_OUT = that_stand_out(_DELIMITERS, forbidden=b"\\")
_CLOSING, _DASH, _NEWLINE, _RETURN = b"]-\n\r"
_TIME_BYTES = len("23/Nov/2026:07:25:04 +0000")
_TIME = re.compile(rb"[0-9]{2}/[A-Z][a-z]{2}/[0-9]{4}(?::[0-9]{2}){3} [+-][0-9]{4}")
_METHOD = re.compile(rb"[A-Z]+")


class _Requests(NamedTuple):
    """Plain lines in columns; a path that is none ends where it begins."""

    unix_ns: IntColumn
    status: IntColumn
    response_bytes: IntColumn
    service_ns: IntColumn
    path_starts: IntColumn
    path_ends: IntColumn

    def those(self, which: Flags | slice) -> _Requests:
        """Some of them."""
        return _Requests._make(column[which] for column in self)


class RequestBlocks:
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
        self._columns = columns
        self._read_time = read_time
        self._service = service
        self._of_methods = Numbering(_numbers_of_methods, 2**8)
        self._of_paths = Numbering(lambda names, _: columns.resources.of_all(names), 2**16)

    def take_block(self, block: bytes) -> Iterator[int | bytes]:
        """Append the plain lines in a row and yield their number, or yield another line."""
        lines = BlockLines(block, _DELIMITERS, _STANDS_OUT)
        found = _Found(lines)
        requests = self._requests(lines, found)
        if not found.sound.all():
            requests = requests.those(found.sound)
        plain = np.zeros(len(lines.ends), np.bool_)
        plain[found.rows[found.sound]] = True
        return lines.taken(plain, lambda run: self._append(lines.text, requests.those(run)))

    def _requests(self, lines: BlockLines, found: _Found) -> _Requests:
        text, opening, closing = lines.text, found.opening, found.closing
        unix_ns = self._times(lines, opening - 2 - _TIME_BYTES)
        status, sound = whole_numbers(lines.words, closing + 2, closing + 5)
        size, sized = whole_numbers(lines.words, closing + 6, found.size_ends)
        sized |= (text[closing + 6] == _DASH) & (found.size_ends == closing + 7)
        found.sound &= (unix_ns >= 0) & sound & sized & (text[closing + 5] == _BLANK)
        service_ns = np.full(len(opening), MISSING, np.int64)
        if self._service is not None:
            service_ns = _service_times(lines, found, *self._service)
        begins, ends = self._paths(lines, found)
        return _Requests(unix_ns, status, size, service_ns, begins, ends)

    def _times(self, lines: BlockLines, starts: IntColumn) -> IntColumn:
        """Unix time in ns; -1 of what is none. Lines of one second mostly stand together."""
        anew = differ_from_before(lines.words, starts, _TIME_BYTES)
        begins = starts[anew].tolist()
        data = lines.text.data
        read = [self._read(bytes(data[start : start + _TIME_BYTES])) for start in begins]
        times_ns: IntColumn = np.array(read, np.int64)[np.cumsum(anew) - 1]
        return times_ns

    def _paths(self, lines: BlockLines, found: _Found) -> tuple[IntColumn, IntColumn]:
        """Where the paths that are asked for begin and end."""
        method = found.opening + 1
        blank = _next(found.blanks, method)
        asks = blank < found.closing
        length = np.where(asks, blank - method, 0)
        asks &= self._of_methods.of_all(lines.text, method, length, np.zeros_like(method)) > 0
        begins = blank + 1
        # To the quotes and with them, if nothing ends it before.
        ends = np.minimum(_next(found.path_ends, begins), found.closing + 1)
        return np.where(asks, begins, 0), np.where(asks, ends, 0)

    def _append(self, text: Text, requests: _Requests) -> bool:
        starts, lengths = requests.path_starts, requests.path_ends - requests.path_starts
        resource = np.full(len(starts), MISSING, np.int64)
        named = np.flatnonzero(lengths > 0)
        resource[named] = self._of_paths.of_all(
            text, starts[named], lengths[named], np.zeros_like(named)
        )
        self._columns.extend(
            requests.unix_ns,
            status=requests.status,
            response_bytes=requests.response_bytes,
            service_ns=requests.service_ns,
            resource=resource,
        )
        return True

    def _read(self, time: bytes) -> int:
        try:
            return self._read_time(time) if _TIME.fullmatch(time) else -1
        except ValueError:
            return -1


def _numbers_of_methods(methods: list[bytes], _: list[int]) -> list[int]:
    return [int(_METHOD.fullmatch(method) is not None) for method in methods]


def _next(places: IntColumn, starts: IntColumn) -> IntColumn:
    """The first of these places (behind the text is one) that is not before each start."""
    found: IntColumn = places[np.searchsorted(places, starts)]
    return found


class _Found:
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
        self.sound: Flags = (_next(brackets, starts) == bracket) & (bracket >= starts + 2)
        # The padding stands before the text for places that are before it.
        self.sound &= (text[bracket - 1] == _BLANK) & (text[starts] != _BLANK)
        self.sound &= (text[self.opening - 2] == _CLOSING) & (text[self.opening - 1] == _BLANK)
        self.sound &= text[self.closing + 1] == _BLANK
        self.size_ends: IntColumn = np.minimum(_next(self.blanks, self.closing + 6), self.stops)

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


def _service_times(lines: BlockLines, found: _Found, number: int, places: int) -> IntColumn:
    """The service times in one of the fields behind the size."""
    text = lines.text
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
            closing, blank = _next(found.quotes, starts + 1), _next(found.blanks, starts)
            ends = np.minimum(np.where(quoted, closing + 1, blank), found.stops)
    quoted = text[starts] == _QUOTE
    starts, ends = starts + quoted, np.maximum(ends - quoted, starts + quoted)
    times_ns, _, are_numbers = decimal_numbers(lines, starts, ends, places)
    none = (starts == ends) | ((ends - starts == 1) & (text[starts] == _DASH))
    found.sound &= none | (are_numbers & (times_ns <= LONGEST_NS))
    return np.where(none, MISSING, times_ns)
