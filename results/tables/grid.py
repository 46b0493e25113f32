"""Cells as a plain table on a terminal, or in a file as wide as it has to be."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Literal

from rich import box
from rich.cells import cell_len
from rich.console import Console
from rich.table import Table
from rich.text import Text

from sim.printable import printable

NARROWEST = 24
"""Columns of characters that a wrapped cell keeps, however narrow the terminal is."""


def print_grid(
    headings: Sequence[str],
    rows: Sequence[Sequence[str]],
    console: Console,
    *,
    left: Collection[str],
    wraps: bool = False,
) -> None:
    """Print a table.

    Args:
        headings: of the columns.
        rows: their cells.
        console: where to; output that is not a terminal is as wide as the table.
        left: headings of the columns that begin at their left; the others hold numbers.
        wraps: whether cells of the last column may take several lines of a terminal.
    """
    sides: list[Literal["left", "right"]] = ["left" if h in left else "right" for h in headings]
    headings, *rows = ([printable(cell) for cell in row] for row in [headings, *rows])
    widths = [max(map(cell_len, column)) for column in zip(headings, *rows, strict=True)]
    if wraps and console.is_terminal:
        room = console.width - sum(widths[:-1]) - _between(widths)
        widths[-1] = min(widths[-1], max(room, NARROWEST))
    # A fixed width, or rich would shorten the cells to fit the console.
    table = Table(box=box.SIMPLE_HEAD, width=sum(widths) + _between(widths))
    for heading, width, side in zip(headings, widths, sides, strict=True):
        table.add_column(Text(heading), justify=side, width=width)
    for row in rows:
        table.add_row(*map(Text, row))
    console.print(table, crop=False, highlight=False)


def _between(widths: Sequence[int]) -> int:
    """What the box and the gaps between columns take."""
    return 3 * len(widths) + 1
