"""The table of a run as CSV."""

from __future__ import annotations

from results.records.labels import text_of
from results.tables.csv_text import csv_text
from results.tables.run_table import PROGRAM, RunTable


def to_csv(table: RunTable) -> str:
    """The whole table: swept fields, then the mean of every metric, then the point's id."""
    names = [metric.name for metric in table.metrics]
    rows: list[list[object]] = [[*table.leading, *names, "repetitions", "id"]]
    for row in table.rows:
        values = {**row.fields, PROGRAM: row.program}
        fields = [text_of(values[path]) for path in table.leading]
        means = [row.metrics[name].mean if name in row.metrics else "" for name in names]
        repetitions = max((summary.count for summary in row.metrics.values()), default=0)
        rows.append([*fields, *means, repetitions, row.id])
    return csv_text(rows)
