"""The handful of metrics that a table has unasked: how fast, how late, how long forks, how much."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from results.records.record import Record
from sim.measures.metrics import Distribution, Group, Metric, Unit

TAIL = "p99.9"
"""The percentile of what declares none."""


def headlines(metrics: Sequence[Metric], records: Iterable[Record]) -> list[Metric]:
    """Those of the ``metrics`` that say most about some records.

    They are rates, of each distribution its tail and its maximum, forks by the size of the process,
    and memory; all metrics where the records have none of these.
    """
    ends = {name for record in records for of in _distributions(record) for name in _ends(of)}
    chosen = [
        metric
        for metric in metrics
        if metric.name in ends
        or metric.group in (Group.SIZES, Group.MEMORY)
        or (metric.group is Group.LOAD and metric.unit is Unit.PER_SECOND)
    ]
    return chosen or list(metrics)


def _distributions(record: Record) -> set[Distribution]:
    return {
        of
        for _, own in record.by_program()
        for recording in own.repetitions
        for of in (
            *map(recording.declared.distribution, recording.histograms),
            *(pauses.of for pauses in recording.declared.pauses.values()),
        )
        if not of.part
    }


def _ends(of: Distribution) -> tuple[str, str]:
    return of.named(of.tail or TAIL), of.maximum().name
