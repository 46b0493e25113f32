"""The table of a run on a terminal."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
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

_FEW_ROWS = 4
"""So many rows are named one by one."""


def print_table(table: RunTable, console: Console) -> None:
    """Print the table, the largest causes of its longest latencies, and what to doubt about it.

    Its rows become columns where they do not fit the console's width; output that is not a
    terminal is as wide as the table.
    """
    signs = _signs(console)
    shown = terminal_table(table, signs=signs)
    if console.is_terminal and _width(shown) > console.width:
        shown = terminal_table(table, transposed=True, signs=signs)
    console.print(shown, crop=False, highlight=False)
    for line in (*_largest_causes(table), *_doubts(table)):
        console.print(printable(line), highlight=False, markup=False, soft_wrap=True)


def _largest_causes(table: RunTable) -> Iterator[str]:
    """A line for each cause that is the largest somewhere, with the points where it is."""
    found: dict[tuple[str, str], list[tuple[float, Row]]] = {}
    for row in table.rows:
        for largest in row.largest:
            place = (largest.above, largest.label)
            found.setdefault(place, []).append((largest.share, row))
    for (above, label), places in found.items():
        shares = [formatting.share(share) for share in sorted(share for share, _ in places)]
        share = " to ".join(dict.fromkeys([shares[0], shares[-1]]))
        whose = _whose([row for _, row in places], table)
        yield f"{whose}{above} and above: {share} of the latency is due to {label}"


def _doubts(table: RunTable) -> Iterator[str]:
    """A line for each doubt, with the points that have it."""
    found: dict[str, list[Row]] = {}
    for row in table.rows:
        for doubt in row.doubts:
            found.setdefault(doubt, []).append(row)
    for doubt, rows in found.items():
        yield f"note: {_whose(rows, table)}{doubt}"


def _whose(rows: Sequence[Row], table: RunTable) -> str:
    """What tells these rows from others, before what is said of them; of many, how many."""
    if not table.leading:
        return ""
    named = [_named(row, table) for row in rows[:_FEW_ROWS]]
    if len(rows) <= _FEW_ROWS:
        return f"{', '.join(named)}: "
    if len(rows) == len(table.rows):
        return f"all {len(rows)} rows: "
    return f"{len(rows)} of {len(table.rows)} rows, such as {named[0]}: "


def _named(row: Row, table: RunTable) -> str:
    values = _leading(row, table.leading)
    return " ".join(value for value in values if value != "-") or " ".join(values)


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
