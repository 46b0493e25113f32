"""The table of a run: a row per point and program, swept fields first; terminals, CSV and JSON."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from results.metrics.doubts import doubts
from results.metrics.summary import PERCENTILES, Summary, summaries
from results.records.labels import labels_of
from results.records.record import Record

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
