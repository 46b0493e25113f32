"""The table of a run on a terminal."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from rich import box
from rich.cells import cell_len
from rich.console import Console
from rich.table import Table
from rich.text import Text

from results.metrics import formatting
from results.tables.run_table import PROGRAM, Row, RunTable, shown_metrics
from sim.measures.metrics import Metric
from sim.printable import printable


def print_table(table: RunTable, console: Console) -> None:
    """Print the table and what to doubt about it.

    Its rows become columns where they do not fit the console's width; output that is not a
    terminal is as wide as the table.
    """
    signs = _signs(console)
    shown = terminal_table(table, signs=signs)
    if console.is_terminal and _width(shown) > console.width:
        shown = terminal_table(table, transposed=True, signs=signs)
    console.print(shown, crop=False, highlight=False)
    points_of: dict[str, list[str]] = {}
    for row in table.rows:
        for doubt in row.doubts:
            points_of.setdefault(doubt, []).append(" ".join(_leading(row, table.leading)))
    for doubt, points in points_of.items():
        whose = f"{', '.join(points)}: " if table.leading else ""
        note = printable(f"note: {whose}{doubt}")
        console.print(note, highlight=False, markup=False, soft_wrap=True)


class Signs(NamedTuple):
    """What stands before the half of an interval, and before what is a lower bound only."""

    interval: str = "±"
    at_least: str = "≥"


SIGNS, ASCII = Signs(), Signs("+-", ">=")


def terminal_table(table: RunTable, *, transposed: bool = False, signs: Signs = SIGNS) -> Table:
    """The table for a terminal: the metrics people ask for first, three digits and a unit each.

    Args:
        table: what to show.
        transposed: a column per row instead.
        signs: as the terminal can write them.
    """
    metrics = list(shown_metrics(table))
    grid = [[*table.leading, *(metric.heading for metric in metrics)]]
    for row in table.rows:
        numbers = (_cell(row, metric, signs) for metric in metrics)
        grid.append([*_leading(row, table.leading), *numbers])
    grid = [[printable(cell) for cell in cells] for cells in grid]
    if transposed:
        grid = [list(column) for column in zip(*grid, strict=True)]
    widths = [max(map(cell_len, column)) for column in zip(*grid, strict=True)]
    # A fixed width, or rich would shorten the cells to fit the console.
    shown = Table(box=box.SIMPLE_HEAD, width=sum(widths) + 3 * len(widths) + 1)
    left = 1 if transposed else len(table.leading)
    for position, title in enumerate(grid[0]):
        shown.add_column(Text(title), justify="left" if position < left else "right", no_wrap=True)
    for cells in grid[1:]:
        shown.add_row(*map(Text, cells))
    return shown


def _width(table: Table) -> int:
    return table.width or 0


def _leading(row: Row, names: Sequence[str]) -> list[str]:
    labels = {**row.labels, PROGRAM: row.program or "-"}
    return [labels.get(name, "-") for name in names]


def _signs(console: Console) -> Signs:
    """The signs, or how ASCII writes them."""
    try:
        "".join(SIGNS).encode(console.encoding)
    except UnicodeEncodeError:
        return ASCII
    return SIGNS


def _cell(row: Row, metric: Metric, signs: Signs) -> str:
    """The mean, with its interval behind a sign if the repetitions give one."""
    summary = row.metrics.get(metric.name)
    if summary is None:
        return "-"
    text = formatting.of_metric(metric, summary.mean)
    if summary.at_least:
        text = f"{signs.at_least} {text}"
    interval = summary.interval
    return (
        f"{text} {signs.interval}{formatting.share(interval.relative)}"
        if interval and summary.std
        else text
    )
