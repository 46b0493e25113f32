"""Blocks of lines of an access log in a format that is said, taken in columns.

A plain line has no escapes, each literal text of the format exactly as the format has it, and
between them what begins with no blank and ends where the next literal first may. The parts of a
time must stand together, and be as long as those of the first line.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from workloads.traces.formats.log_directives import Directive, Piece
from workloads.traces.formats.log_format import LogPattern
from workloads.traces.formats.request_rows import (
    RequestAppender,
    RequestRows,
    next_of,
    read_alike,
    service_times,
)
from workloads.traces.kinds.access_trace import BYTES_BELOW, STATUS_BELOW, AccessColumns
from workloads.traces.reading.block_lines import BlockLines, Flags, that_stand_out
from workloads.traces.reading.columns import MISSING, IntColumn
from workloads.traces.reading.dates import UNIX_TICKS, DateError, unix_ns
from workloads.traces.reading.fields import PLACES
from workloads.traces.reading.number_columns import decimal_numbers, whole_numbers

_BLANK, _QUOTE, _QUERY, _FRAGMENT, _COMMA, _DASH, _COLON = b' "?#,-:'
_STATUS_DIGITS = 3


class _Gap(NamedTuple):
    """Between two literals of the format, or before the first or behind the last.

    Attributes:
        reads: what is read there, as in `LogPattern.reads`; `time` of a time; empty if nothing.
        before: the literal before it.
        behind: the literal behind it, empty if the line ends.
        fixed: whether it has a pattern of its own, which does not match nothing.
        listed: whether blanks may be in it.
        decimals: of a time that is a number, the ns in its unit as a power of ten.
        time: of another, its pattern.
    """

    reads: str
    before: bytes
    behind: bytes
    fixed: bool = False
    listed: bool = False
    decimals: int = 0
    time: re.Pattern[bytes] | None = None


def _gaps(pattern: LogPattern) -> list[_Gap]:
    """The gaps of a format; none if its lines cannot be taken in columns."""
    pieces, parts = pattern.pieces, pattern.parts
    literals = "".join(piece for piece in pieces if isinstance(piece, str))
    if "\\" in literals or min(literals, default=" ") < " ":  # which are in no plain line
        return []
    timed = [place for place, piece in enumerate(pieces) if _is_time(piece)]
    first, last = timed[0], timed[-1]
    gaps: list[_Gap] = []
    before, place = b"", 0
    while place < len(pieces):
        piece = pieces[place]
        if isinstance(piece, str):
            before = piece.encode()
            place += 1
            continue
        if place and not isinstance(pieces[place - 1], str):
            return []
        after = last + 1 if place == first else place + 1
        behind = pieces[after] if after < len(pieces) else ""
        if not isinstance(behind, str):
            return []
        ends = before, behind.encode()
        if place == first:
            if any(isinstance(one, Directive) and not one.part for one in pieces[first:after]):
                return []
            if not (parts[first].reads and parts[last].reads):
                return []
            gaps.append(_time_gap(pattern, first, last, *ends))
        else:
            fixed = bool(piece.pattern)
            gaps.append(_Gap(parts[place].reads, *ends, fixed, piece.listed))
        before, place = b"", after
    return gaps


def _is_time(piece: Piece) -> bool:
    return isinstance(piece, Directive) and bool(piece.part)


def _time_gap(pattern: LogPattern, first: int, last: int, before: bytes, behind: bytes) -> _Gap:
    parts = pattern.parts[first : last + 1]
    if first == last and parts[0].reads in UNIX_TICKS:
        return _Gap("time", before, behind, decimals=UNIX_TICKS[parts[0].reads])
    joined = b"".join(b"(" + p.pattern + b")" if p.reads else p.pattern for p in parts)
    return _Gap("time", before, behind, time=re.compile(joined, re.DOTALL))


class OwnBlocks:
    """Appends the plain lines of blocks to columns; see `accounting`.

    Args:
        columns: of the trace.
        pattern: of its lines.
    """

    def __init__(self, columns: AccessColumns, pattern: LogPattern) -> None:
        self._rows = RequestAppender(columns)
        self._pattern = pattern
        self._gaps = _gaps(pattern)
        self._time = next((gap.time for gap in self._gaps if gap.time is not None), None)
        wanted = b' "?#' + b"".join(gap.behind[:1] for gap in self._gaps)
        if any(gap.listed for gap in self._gaps):
            wanted += b","
        self._delimiters = bytes(sorted(set(wanted)))
        self._stands_out = that_stand_out(self._delimiters, forbidden=b"\\")
        self._time_bytes = 0

    def learn(self, time_bytes: int) -> None:
        """How long the time of a line is that was matched."""
        self._time_bytes = self._time_bytes or time_bytes

    @property
    def can_take(self) -> bool:
        """Whether lines of the format can be taken in columns at all."""
        return bool(self._gaps)

    def take_block(self, block: bytes) -> Iterator[int | bytes]:
        """Append the plain lines in a row and yield their number, or yield another line."""
        lines = BlockLines(block, self._delimiters, self._stands_out)
        rows = np.flatnonzero(lines.plain)
        found = _LinesBeingRead(lines, rows, self._delimiters)
        requests = self._requests(found)
        if not found.sound.all():
            requests = requests.those(found.sound)
        plain = np.zeros(len(lines.ends), np.bool_)
        plain[rows[found.sound]] = True
        return lines.taken(plain, lambda run: self._rows.append(lines.text, requests.those(run)))

    def _requests(self, found: _LinesBeingRead) -> RequestRows:
        count = len(found.stops)
        none = np.full(count, MISSING, np.int64)
        status = size = service_ns = none
        zeros = np.zeros(count, np.int64)
        begins = ends = zeros
        at: dict[str, tuple[IntColumn, IntColumn]] = {}
        unix_ns = ticks = zeros
        for gap in self._gaps:
            found.pass_literal(gap.before)
            starts, stops = found.gap(gap, self._time_bytes)
            if gap.reads == "time":
                unix_ns, ticks = self._times(found, gap, starts, stops)
            elif gap.reads == "status":
                status = found.whole(starts, stops, gap, below=STATUS_BELOW)
            elif gap.reads == "size":
                size = found.whole(starts, stops, gap, below=BYTES_BELOW)
            elif gap.reads == "service":
                places = PLACES[self._pattern.service_unit]
                service_ns, clear = service_times(found.lines, starts, stops, places)
                found.sound &= clear
            elif gap.reads:
                at[gap.reads] = starts, stops
        found.pass_literal(self._gaps[-1].behind)
        found.sound &= found.place == found.stops
        if "request" in at:
            begins, ends = self._rows.paths_of(
                found.lines.text, found.of(_BLANK), found.path_ends, *at["request"]
            )
        if "path" in at:
            path, path_ends = self._path(found, *at["path"])
            begins, ends = (
                np.where(ends > begins, first, second)
                for first, second in ((begins, path), (ends, path_ends))
            )
        size = np.maximum(size, 0)
        return RequestRows(unix_ns, ticks, status, size, service_ns, begins, ends)

    def _times(
        self, found: _LinesBeingRead, gap: _Gap, starts: IntColumn, stops: IntColumn
    ) -> tuple[IntColumn, IntColumn]:
        if gap.time is None:
            times_ns, digits, are_numbers = decimal_numbers(
                found.lines, starts, stops, gap.decimals
            )
            whole = b"." not in self._pattern.parts_of_time[0].pattern
            found.sound &= are_numbers & ~((digits > 0) & whole)
            return times_ns, 10 ** np.maximum(gap.decimals - digits, 0)
        times_ns, ticks = read_alike(found.lines, starts, self._time_bytes, self._read)
        found.sound &= times_ns >= 0
        return times_ns, ticks

    def _read(self, written: bytes) -> tuple[int, int]:
        match = self._time.fullmatch(written) if self._time is not None else None
        if match is None:
            return -1, 1
        try:
            return unix_ns(dict(zip(self._pattern.time_parts, match.groups(), strict=True)))
        except DateError:
            return -1, 1

    def _path(
        self, found: _LinesBeingRead, starts: IntColumn, stops: IntColumn
    ) -> tuple[IntColumn, IntColumn]:
        text = found.lines.text
        ends = np.minimum(next_of(found.path_ends, starts), stops)
        if self._pattern.query_behind_path:
            found.sound &= (stops == starts) | (text[stops - 1] != _DASH)
        nothing = (stops - starts == 1) & (text[starts] == _DASH)
        return starts, np.where(nothing, starts, ends)


class _LinesBeingRead:
    """Lines that are read from left to right; arrays have an item for each.

    Attributes:
        lines: of the block.
        place: how far each is read.
        stops: where it stops.
        sound: whether it is as the format has it, so far.
        path_ends: int64 [m], what ends a path, in the whole block and behind it.
    """

    def __init__(self, lines: BlockLines, rows: IntColumn, delimiters: bytes) -> None:
        self.lines = lines
        self.place: IntColumn = lines.starts[rows]
        self.stops: IntColumn = lines.stops[rows]
        self.sound: Flags = np.ones(len(rows), np.bool_)
        self._behind = len(lines.block)
        self._places = {
            code: np.append(lines.places[lines.codes == code], self._behind) for code in delimiters
        }
        codes = lines.codes
        ends_path = (codes == _BLANK) | (codes == _QUERY) | (codes == _FRAGMENT)
        self.path_ends: IntColumn = np.append(lines.places[ends_path], self._behind)

    def of(self, code: int) -> IntColumn:
        """Where a delimiter is, and one place behind the block."""
        return self._places[code]

    def pass_literal(self, literal: bytes) -> None:
        """Go on behind a literal that stands here, with no further blank."""
        text = self.lines.text
        for byte in literal:
            self.sound &= text[self.place] == byte
            self.place = np.minimum(self.place + 1, self._behind)
        if literal.endswith(b" "):
            self.sound &= text[self.place] != _BLANK

    def gap(self, gap: _Gap, time_bytes: int) -> tuple[IntColumn, IntColumn]:
        """Go on to where a gap ends; where it begins and ends."""
        starts = self.place
        if gap.reads == "time" and gap.time is not None:
            ends = np.minimum(starts + time_bytes, self._behind)
        elif not gap.behind:
            ends = np.maximum(self.stops, starts)
        else:
            ends = next_of(self.of(gap.behind[0]), starts)
        if gap.listed and gap.behind[:1] == b" ":
            further = np.minimum(ends + 1, self._behind)
            self.sound &= next_of(self.of(_COMMA), starts) >= ends
            self.sound &= self.lines.text[further] != _COLON
        self.place = ends
        return starts, ends

    def whole(self, starts: IntColumn, ends: IntColumn, gap: _Gap, *, below: int) -> IntColumn:
        """The whole numbers in slices, `MISSING` of `-`."""
        numbers, are_numbers = whole_numbers(self.lines.words, starts, ends)
        none = (ends - starts == 1) & (self.lines.text[starts] == _DASH)
        if gap.fixed:
            if below == STATUS_BELOW:
                are_numbers &= ends - starts == _STATUS_DIGITS
        else:
            none |= starts == ends
        self.sound &= none | (are_numbers & (numbers < below))
        return np.where(none, MISSING, numbers)
