"""The table of a run: a row per point and program, swept fields first; terminals, CSV and JSON."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rich import box
from rich.cells import cell_len
from rich.console import Console
from rich.table import Table
from rich.text import Text

from results import human
from results.csv_text import csv_text
from results.metric_names import heading
from results.metrics import PERCENTILES, Summary, summaries
from results.quality import doubts
from results.record import Record

PROGRAM = "program"
"""Heading of the column that names the programs of a mix."""

_LEADING = ("requests", "throughput_per_s")
_TRAILING = ("fork_mean_ns", "fork_max_ns", "snapshots")
_ROUND_SIZES = ("fork_ns/1GB", "fork_ns/10GB", "fork_ns/50GB")
_SHOWN_SIZES = 4


@dataclass(frozen=True)
class Row:
    """One point of the run, or one program of it.

    Attributes:
        id: the record's id.
        program: its name in a mix; None of a program that is alone.
        fields: the swept fields' values by dotted path, as the configuration has them.
        labels: the same values as text for people.
        metrics: every metric with its spread over the repetitions.
        doubts: what should not be trusted about it, in sentences.
    """

    id: str
    program: str | None
    fields: Mapping[str, Any]
    labels: Mapping[str, str]
    metrics: Mapping[str, Summary]
    doubts: Sequence[str]


@dataclass(frozen=True)
class RunTable:
    """The points of one run in their order.

    Attributes:
        swept: dotted paths of the fields that tell the points apart.
        metrics: names of all metrics that some point has, in the order of the columns.
        rows: one per point and program.
    """

    swept: Sequence[str]
    metrics: Sequence[str]
    rows: Sequence[Row]

    @property
    def leading(self) -> list[str]:
        """What the first columns are called: the swept fields, and ``program`` if there are any."""
        mixed = any(row.program is not None for row in self.rows)
        return [*self.swept, *([PROGRAM] if mixed else [])]


def run_table(
    records: Sequence[Record], labels: Sequence[Mapping[str, str]] | None = None
) -> RunTable:
    """The table of some records.

    Args:
        records: one per point.
        labels: per record, its swept fields by dotted path as the user wrote them; without it
            every field is shown in which the configurations differ.
    """
    labels = labels_of(records) if labels is None else labels
    swept = list(dict.fromkeys(path for label in labels for path in label))
    rows = [
        Row(
            id=record.id,
            program=program,
            fields={path: record.at(path) for path in swept},
            labels=label,
            metrics=summaries(own),
            doubts=doubts(own),
        )
        for record, label in zip(records, labels, strict=True)
        for program, own in record.by_program()
    ]
    names = {name for row in rows for name in row.metrics}
    return RunTable(swept, sorted(names, key=_place), rows)


def labels_of(records: Sequence[Record]) -> list[dict[str, str]]:
    """Per record, every field in which the configurations differ, as text by dotted path."""
    differing = _differing(records)
    return [{path: _text(record.at(path)) for path in differing} for record in records]


def to_csv(table: RunTable) -> str:
    """The whole table: swept fields, then the mean of every metric, then the point's id."""
    rows: list[list[object]] = [[*table.leading, *table.metrics, "repetitions", "id"]]
    for row in table.rows:
        values = {**row.fields, PROGRAM: row.program}
        fields = [_text(values[path]) for path in table.leading]
        means = [row.metrics[name].mean if name in row.metrics else "" for name in table.metrics]
        repetitions = max((summary.count for summary in row.metrics.values()), default=0)
        rows.append([*fields, *means, repetitions, row.id])
    return csv_text(rows)


def to_json(table: RunTable) -> list[dict[str, Any]]:
    """Plain data, an object per row: id, fields, metrics, doubts.

    A metric has mean, std, min, max, the 95 % interval of the mean (null of a single repetition)
    and the number of repetitions. Those of a mix have its program's name as well.
    """
    return [
        {
            "id": row.id,
            **({} if row.program is None else {PROGRAM: row.program}),
            "fields": dict(row.fields),
            "metrics": {
                name: {
                    "mean": row.metrics[name].mean,
                    "std": row.metrics[name].std,
                    "min": row.metrics[name].minimum,
                    "max": row.metrics[name].maximum,
                    "interval": _ends(row.metrics[name]),
                    "repetitions": row.metrics[name].count,
                }
                for name in table.metrics
                if name in row.metrics
            },
            "doubts": list(row.doubts),
        }
        for row in table.rows
    ]


def _ends(summary: Summary) -> list[float] | None:
    interval = summary.interval
    return None if interval is None else [interval.low, interval.high]


def print_table(table: RunTable, console: Console) -> None:
    """Print the table and what to doubt about it.

    Its rows become columns where they do not fit the console's width; output that is not a
    terminal is as wide as the table.
    """
    shown = terminal_table(table)
    if console.is_terminal and _width(shown) > console.width:
        shown = terminal_table(table, transposed=True)
    console.print(shown, crop=False, highlight=False)
    points_of: dict[str, list[str]] = {}
    for row in table.rows:
        for doubt in row.doubts:
            points_of.setdefault(doubt, []).append(" ".join(_leading(row, table.leading)))
    for doubt, points in points_of.items():
        whose = f"{', '.join(points)}: " if table.leading else ""
        console.print(f"note: {whose}{doubt}", highlight=False, markup=False, soft_wrap=True)


def terminal_table(table: RunTable, *, transposed: bool = False) -> Table:
    """The table for a terminal: the metrics people ask for first, three digits and a unit each.

    Args:
        table: what to show.
        transposed: a column per row instead.
    """
    grid = [[*table.leading, *(heading(name) for name in shown_metrics(table))]]
    for row in table.rows:
        numbers = (_cell(row, name) for name in shown_metrics(table))
        grid.append([*_leading(row, table.leading), *numbers])
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


def _cell(row: Row, name: str) -> str:
    """The mean, with its interval if the repetitions give one."""
    if name not in row.metrics:
        return "-"
    summary = row.metrics[name]
    text = human.of_metric(name, summary.mean)
    interval = summary.interval
    return f"{text} ±{human.share(interval.relative)}" if interval and summary.std else text


def shown_metrics(table: RunTable) -> Iterator[str]:
    """The metrics for a terminal: no means of latencies, few sizes, faults that occurred."""
    sizes = [name for name in table.metrics if name.startswith("fork_ns/")]
    few = [name for name in sizes if name in _ROUND_SIZES] or sizes[:_SHOWN_SIZES]
    for name in table.metrics:
        if name.startswith("faults/") and not any(
            row.metrics[name].maximum for row in table.rows if name in row.metrics
        ):
            continue
        if name in few or (name not in sizes and _place(name)[0] < len(_GROUPS) - 1):
            yield name


_GROUPS = (
    re.compile("|".join(f"^{name}$" for name in _LEADING)),
    re.compile(r"^(?!fork_).*_(p[\d.]+|max)_ns$"),  # of forks, mean and longest say enough
    re.compile(r"^fork_ns/"),
    re.compile("|".join(f"^{name}$" for name in _TRAILING)),
    re.compile(r"^faults/"),
    re.compile(r"^(extra_)?memory_bytes_peak$"),
    re.compile(""),
)
"""Columns in their order; what falls into the last group stands in CSV and JSON only."""


def _place(name: str) -> tuple[int, str, float, str]:
    """Sorts metrics into columns: by group, then by program order or number in the name."""
    fixed = (*_LEADING, *_TRAILING)
    if name in fixed:
        group = 0 if name in _LEADING else 3
        return group, "", fixed.index(name), name
    group = next(place for place, pattern in enumerate(_GROUPS) if pattern.match(name))
    percentiles = [*PERCENTILES, "max"]
    for place, percentile in enumerate(percentiles):
        stem, found, _ = name.partition(f"_{percentile}_")
        if found:
            return group, stem, place, name
    number = re.search(r"/([\d.]+)GB$", name)
    return group, "", float(number.group(1)) if number else 0.0, name


def _differing(records: Sequence[Record]) -> list[str]:
    leaves = [dict(leaves_of(record.config)) for record in records]
    paths = dict.fromkeys(path for found in leaves for path in found)
    return [path for path in paths if len({_text(found.get(path)) for found in leaves}) > 1]


def leaves_of(config: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Every value of a configuration that is no mapping, by its dotted path, sorted."""
    for key in sorted(config):
        value = config[key]
        if isinstance(value, Mapping):
            yield from leaves_of(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value


def _text(value: Any) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, sort_keys=True)
