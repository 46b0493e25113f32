"""The table of a run: a row per point and program, swept fields first; terminals, CSV and JSON."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from results.metrics.causes import LargestCause, largest_causes
from results.metrics.doubts import doubts
from results.metrics.headlines import headlines
from results.metrics.memory_needs import MemoryNeed, memory_need
from results.metrics.summary import Summary, summaries
from results.records.labels import labels_of
from results.records.record import Record
from sim.measures.metrics import Group, Metric

PROGRAM = "program"
"""Heading of the column that names the programs of a mix."""
_ROUND_GIB = (1, 10, 50)
_SHOWN_SIZES = 4


@dataclass(frozen=True)
class Row:
    """One point of the run, or one program of it.

    Attributes:
        id: the record's id.
        program: its name in a mix; None of a program that is alone.
        fields: the swept fields' values by dotted path, as the configuration has them.
        labels: the same values as text for people.
        metrics: every metric by its name, with its spread over the repetitions.
        doubts: what should not be trusted about it, in sentences.
        largest: which causes its longest latencies have.
        need: how much memory it needs, if that is known.
    """

    id: str
    program: str | None
    fields: Mapping[str, Any]
    labels: Mapping[str, str]
    metrics: Mapping[str, Summary]
    doubts: Sequence[str]
    largest: Sequence[LargestCause]
    need: MemoryNeed | None


@dataclass(frozen=True)
class RunTable:
    """The points of one run in their order.

    Attributes:
        swept: dotted paths of the fields that tell the points apart.
        metrics: those that some point has, in the order of the columns.
        headlines: those of them that say most.
        rows: one per point and program.
    """

    swept: Sequence[str]
    metrics: Sequence[Metric]
    headlines: Sequence[Metric]
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
            largest=largest_causes(own),
            need=memory_need(own),
        )
        for record, label in zip(records, labels, strict=True)
        for program, own in record.by_program()
    ]
    known: dict[str, Metric] = {}
    for row in rows:
        for name, summary in row.metrics.items():
            known.setdefault(name, summary.metric)
    metrics = sorted(known.values(), key=lambda metric: metric.place)
    return RunTable(swept, metrics, headlines(list(_shown(metrics, rows)), records), rows)


def shown_metrics(table: RunTable) -> list[Metric]:
    """The metrics for a terminal: no details, few sizes, faults that occurred."""
    return list(_shown(table.metrics, table.rows))


def _shown(metrics: Sequence[Metric], rows: Sequence[Row]) -> Iterator[Metric]:
    sizes = [metric for metric in metrics if metric.group is Group.SIZES]
    few = [metric for metric in sizes if metric.rank in _ROUND_GIB] or sizes[:_SHOWN_SIZES]
    for metric in metrics:
        hidden = (
            metric.group in (Group.DETAILS, Group.PHASES, Group.CAUSES)
            or (metric.group is Group.SIZES and metric not in few)
            or (metric.group is Group.FAULTS and not _occurred(metric, rows))
        )
        if not hidden:
            yield metric


def _occurred(metric: Metric, rows: Sequence[Row]) -> bool:
    found = (row.metrics[metric.name] for row in rows if metric.name in row.metrics)
    return any(summary.maximum for summary in found)
