"""Blocks of separated lines as columns of cells.

A line is plain if it has as many cells as it should, no quotes, no control characters, and of
blanks around a cell that is looked at one at most, before it.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from workloads.traces.reading.block_lines import BlockLines, Flags, that_stand_out
from workloads.traces.reading.cells import BLANKS
from workloads.traces.reading.columns import MISSING, IntColumn
from workloads.traces.reading.number_columns import (
    Decimals,
    decimal_numbers,
    whole_numbers,
)
from workloads.traces.reading.slices import Numbering

_BLANK = ord(" ")


@lru_cache(maxsize=8)
def _table(separator: bytes) -> bytes:
    return that_stand_out(separator, forbidden=b'"')


def can_be_split(separator: bytes) -> bool:
    """Whether cells between these are found in blocks."""
    return separator != BLANKS


class CellBlock:
    """The lines of a block that have as many cells as they should; arrays have an item for each.

    Args:
        block: whole lines, but that the last may lack its end.
        separator: one byte.
        cells: how many a line should have, at least; others behind are left alone.
        exactly: whether it may not have more.

    Attributes:
        lines: all of the block.
        rows: int64 [n], which of them these are.
        plain: bool [n], which are plain in all that was looked at.
    """

    def __init__(self, block: bytes, separator: bytes, cells: int, *, exactly: bool = True) -> None:
        lines = BlockLines(block, separator, _table(separator))
        self.lines = lines
        count = len(lines.ends)
        until = np.searchsorted(lines.places, lines.ends)
        first = np.append(0, until)[:count]
        found = until - first + 1
        as_wanted = lines.plain & ((found == cells) if exactly else (found >= cells))
        if cells == 1:  # which may be a line of blanks
            as_wanted &= lines.text[lines.starts] != _BLANK
        self.rows: IntColumn = np.flatnonzero(as_wanted)
        self.plain: Flags = np.ones(len(self.rows), np.bool_)
        self._first = first[self.rows]
        self._found = found[self.rows]

    def cell(self, place: int) -> tuple[IntColumn, IntColumn]:
        """Where the cells of this place (from 0) begin and end."""
        lines, rows = self.lines, self.rows
        starts = lines.places[self._first + place - 1] + 1 if place else lines.starts[rows]
        is_last = self._found == place + 1
        if is_last.all():
            ends = lines.stops[rows]
        elif is_last.any():
            behind = np.minimum(self._first + place, len(lines.places) - 1)
            ends = np.where(is_last, lines.stops[rows], lines.places[behind])
        else:
            ends = lines.places[self._first + place]
        starts = starts + ((lines.text[starts] == _BLANK) & (starts < ends))
        blanks = (lines.text[starts] == _BLANK) | (lines.text[ends - 1] == _BLANK)
        self.plain &= ~(blanks & (starts < ends))
        return starts, ends

    def whole(self, place: int, below: int) -> tuple[IntColumn, Flags]:
        """The whole numbers in cells, `MISSING` in empty ones; and which are one or the other."""
        starts, ends = self.cell(place)
        numbers, sound = whole_numbers(self.lines.words, starts, ends)
        empty = starts == ends
        numbers[empty] = MISSING
        return numbers, empty | (sound & (numbers < below))

    def decimals(self, place: int, places: int) -> Decimals:
        """The decimals in cells, times ``10**places``."""
        return decimal_numbers(self.lines, *self.cell(place), places)

    def numbers(self, place: int, numbering: Numbering) -> IntColumn:
        """The numbers of what cells say."""
        starts, ends = self.cell(place)
        return numbering.of_all(self.lines.text, starts, ends - starts, np.zeros_like(starts))

    def plain_lines(self) -> Flags:
        """Which lines of the block are plain, after all was looked at."""
        plain = np.zeros(len(self.lines.ends), np.bool_)
        plain[self.rows[self.plain]] = True
        return plain
