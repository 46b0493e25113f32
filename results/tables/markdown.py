"""Tables and lines as Markdown, for reports and issues; as wide as they are."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from results.tables.grid import Grid
from sim.printable import printable

_SPECIAL = frozenset("\\`*[]<>|")


def markdown_table(grid: Grid) -> Iterator[str]:
    """The lines of a table with a row of headings, numbers at the right.

    A table of one row that has no name is turned: a line for each number.
    """
    if grid.names == 0:
        grid = grid.turned
    headings = [_line(row) for row in grid.rows[: grid.headings]]
    yield from headings or [_line([""] * grid.columns)]
    sides = ("---" if grid.begins_left(place) else "---:" for place in range(grid.columns))
    yield f"|{'|'.join(sides)}|"
    yield from map(_line, grid.rows[grid.headings :])


def markdown_heading(name: str) -> Iterator[str]:
    """What stands above a table of several; nothing if it has no name."""
    if name:
        yield from (f"**{_text(name)}**", "")


def markdown_list(lines: Iterable[str]) -> Iterator[str]:
    """Sentences below a table."""
    yield from (f"* {_text(line)}" for line in lines)


def _line(cells: Iterable[str]) -> str:
    return f"| {' | '.join(map(_text, cells))} |"


def _text(text: str) -> str:
    """Text of others that is not taken for Markdown."""
    return "".join(f"\\{c}" if c in _SPECIAL else c for c in printable(text))
