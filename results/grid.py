"""Cells as a plain table on a terminal, or in a file as wide as it has to be."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from rich import box
from rich.cells import cell_len
from rich.console import Console
from rich.table import Table
from rich.text import Text


def print_grid(
    headings: Sequence[str],
    rows: Sequence[Sequence[str]],
    console: Console,
    *,
    left: Collection[str],
    wrapped: Collection[str] = (),
) -> None:
    """Print a table.

    Args:
        headings: of the columns.
        rows: their cells.
        console: where to; output that is not a terminal is as wide as the table.
        left: headings of the columns that begin at their left; the others hold numbers.
        wrapped: headings of the columns that a terminal may show in several lines.
    """
    widths = [max(map(cell_len, column)) for column in zip(headings, *rows, strict=True)]
    width = sum(widths) + 3 * len(widths) + 1
    # A fixed width, or rich would shorten the cells to fit the console.
    fits = not console.is_terminal or not wrapped or width <= console.width
    table = Table(box=box.SIMPLE_HEAD, width=width if fits else None)
    for heading in headings:
        table.add_column(
            Text(heading),
            justify="left" if heading in left else "right",
            no_wrap=fits or heading not in wrapped,
        )
    for row in rows:
        table.add_row(*map(Text, row))
    console.print(table, crop=False, highlight=False)
