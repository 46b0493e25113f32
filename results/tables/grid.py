"""Cells as a plain table that fits: one rule for every table on a terminal.

A table is printed as it is where that fits. Where it does not, headings and cells take several
lines, broken between words: a number stays with its unit, an interval may stand below it. Where
that does not do, a table of numbers is turned, rows for columns. And where neither does, columns
stand in blocks below each other, the names of the rows in each, turned or not, whichever takes
fewer lines.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from operator import itemgetter
from typing import TypeAlias

from rich.cells import cell_len
from rich.console import Console

from results.tables.words import can_write, longest_word, wrapped
from sim.printable import printable

_GAP = "  "
_STROKE = "─"

_Lines: TypeAlias = list[tuple[str, bool]]
"""What is printed: a line, and whether it is of the headings."""


@dataclass(frozen=True)
class Grid:
    """A table of cells.

    A row that has a first cell only is a heading between rows, and as wide as it likes.

    Attributes:
        rows: its cells, those of the headings first, all rows equally long.
        headings: how many of the rows are headings.
        names: how many of the first columns say what a row is of; they begin at their left.
        words: places of further columns that hold words; the others hold numbers.
    """

    rows: Sequence[Sequence[str]]
    headings: int = 1
    names: int = 1
    words: Collection[int] = ()

    @property
    def columns(self) -> int:
        """How many there are."""
        return len(self.rows[0])

    def begins_left(self, place: int) -> bool:
        """Whether a column holds words."""
        return place < self.names or place in self.words

    @property
    def turned(self) -> Grid:
        """The same with a row for each column."""
        columns = list(zip(*self.rows, strict=True))
        return Grid(columns, headings=self.names, names=self.headings)

    def of_columns(self, places: Sequence[int]) -> Grid:
        """The same with these columns beside those of names, alone."""
        chosen = [*range(self.names), *places]
        rows = [[row[place] for place in chosen] for row in self.rows]
        words = [chosen.index(place) for place in self.words if place in chosen]
        return replace(self, rows=rows, words=words)


def print_grid(grid: Grid, console: Console) -> None:
    """Print a table, as wide as the console is at most."""
    stroke = _STROKE if can_write(_STROKE, console) else "-"
    lines = laid_out(grid, console.width, stroke)
    for is_heading, together in groupby(lines, key=itemgetter(1)):
        text = "\n".join(line for line, _ in together)
        style = "bold" if is_heading else None
        console.print(text, style=style, highlight=False, markup=False, soft_wrap=True)


def laid_out(grid: Grid, width: int, stroke: str = _STROKE) -> _Lines:
    """The lines of a table that is at most so wide, if words and numbers let it.

    Args:
        grid: the table.
        width: in characters.
        stroke: what the line below the headings is made of.
    """
    grid = replace(grid, rows=[[printable(cell) for cell in row] for row in grid.rows])
    if _total(_natural(grid)) <= width:
        return _block(grid, width, stroke)
    forms = [grid] if grid.words else [grid, grid.turned]
    for form in forms:
        if _total(_least(form, width)) <= width:
            return _block(form, width, stroke)
    return min((_blocks(form, width, stroke) for form in forms), key=len)


def _blocks(grid: Grid, width: int, stroke: str) -> _Lines:
    """The columns in as many blocks as they need, an empty line between them."""
    least = _least(grid, width)
    taken = least[: grid.names]
    groups: list[list[int]] = [[]]
    for place in range(grid.names, grid.columns):
        beside = [*taken, *(least[other] for other in groups[-1]), least[place]]
        if groups[-1] and _total(beside) > width:
            groups.append([])
        groups[-1].append(place)
    lines: _Lines = []
    for group in groups:
        lines += [("", False)] if lines else []
        lines += _block(grid.of_columns(group), width, stroke)
    return lines


def _block(grid: Grid, width: int, stroke: str) -> _Lines:
    """All columns beside each other."""
    widths = _widths(grid, width)
    lines: _Lines = []
    for number, row in enumerate(grid.rows):
        if number == grid.headings and number:
            lines.append((stroke * _total(widths), False))
        is_heading = number < grid.headings
        if not is_heading and _is_between(row):
            lines += [(line, False) for line in wrapped(row[0], max(width, widths[0]))]
        else:
            lines += [(line, is_heading) for line in _row(grid, row, widths, low=is_heading)]
    return lines


def _row(grid: Grid, row: Sequence[str], widths: Sequence[int], *, low: bool) -> Iterator[str]:
    """The lines of a row; with ``low`` cells of fewer lines stand at its foot."""
    cells = [wrapped(cell, width) for cell, width in zip(row, widths, strict=True)]
    height = max(map(len, cells))
    for line in range(height):
        parts = []
        for place, (cell, width) in enumerate(zip(cells, widths, strict=True)):
            at = line - (height - len(cell)) if low else line
            text = cell[at] if 0 <= at < len(cell) else ""
            blank = " " * (width - cell_len(text))
            parts.append(text + blank if grid.begins_left(place) else blank + text)
        yield _GAP.join(parts).rstrip(" ")


def _widths(grid: Grid, width: int) -> list[int]:
    """Of the columns: as they are, or narrower where all do not fit otherwise."""
    natural = _natural(grid)
    if _total(natural) <= width:
        return natural
    least = _least(grid, width, broken=False)
    broken = _total(least) > width
    if broken:
        least = _least(grid, width)
    widths = [
        own if broken and not grid.begins_left(place) else whole
        for place, (own, whole) in enumerate(zip(least, natural, strict=True))
    ]
    while _total(widths) > width:
        slack = [place for place, own in enumerate(widths) if own > least[place]]
        if not slack:
            break
        widest = max(slack, key=widths.__getitem__)
        widths[widest] -= 1
    # Broken between words, lines may be shorter still.
    return [
        max(cell_len(line) for cell in column for line in wrapped(cell, own))
        for column, own in zip(_columns(grid), widths, strict=True)
    ]


def _natural(grid: Grid) -> list[int]:
    """How wide each column is with all its cells in one line."""
    return [max(map(cell_len, column)) for column in _columns(grid)]


def _least(grid: Grid, width: int, *, broken: bool = True) -> list[int]:
    """How narrow each column can be, with the intervals of numbers below them or beside."""
    return [
        max(
            longest_word(cell, width)
            if broken or grid.begins_left(place) or number < grid.headings
            else cell_len(cell)
            for number, cell in enumerate(column)
        )
        for place, column in enumerate(_columns(grid))
    ]


def _columns(grid: Grid) -> Iterator[list[str]]:
    """The cells of each column; of a heading between rows there are none."""
    rows = [
        [""] * len(row) if number >= grid.headings and _is_between(row) else row
        for number, row in enumerate(grid.rows)
    ]
    yield from (list(column) for column in zip(*rows, strict=True))


def _is_between(row: Sequence[str]) -> bool:
    return len(row) > 1 and bool(row[0]) and not any(row[1:])


def _total(widths: Sequence[int]) -> int:
    return sum(widths) + len(_GAP) * (len(widths) - 1)
