"""What latencies were spent on: mean times by cause and band, and the largest at the top."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache

from results.records.record import Record
from sim.measures.cause_sums import BANDS, LATENCY_COLUMN, REQUESTS_COLUMN
from sim.measures.metrics import Caused, Distribution, Metric
from sim.measures.recording import Recording, Table

WHOLE_RUN = "all"
"""Beside the bands: every request."""

_TOP = ("p99.9", slice(BANDS.index("p99.9-p99.99"), None))
"""Above this percentile the largest cause is named; the bands there."""


@dataclass(frozen=True)
class LargestCause:
    """What took the most time of a point's longest latencies.

    Attributes:
        above: the heading of the percentile above which they are: ``p99.9``.
        label: what people call the cause.
        share: of all their time.
    """

    above: str
    label: str
    share: float


def by_cause(recordings: Sequence[Recording]) -> list[dict[Metric, float]]:
    """Of each repetition the mean time by cause, over each band and over the whole run.

    A metric is there of every repetition that has requests in the band, if in any of them it took
    time.
    """
    found = [dict(_tables(recording)) for recording in recordings]
    causes = {
        caused
        for recording, tables in zip(recordings, found, strict=True)
        for caused in recording.declared.causes.values()
        if caused.cause in tables.get(caused.of, ())
    }
    means = [_means(tables, causes) for tables in found]
    took_time = {metric for values in means for metric, value in values.items() if value}
    return [{m: value for m, value in values.items() if m in took_time} for values in means]


def largest_causes(record: Record) -> list[LargestCause]:
    """Of each distribution whose causes are known, which took the most time above p99.9.

    It is that of all repetitions together; none where so few requests were made that none is there.
    """
    above, bands = _TOP
    sums: dict[Distribution, dict[str, int]] = {}
    labels: dict[str, str] = {}
    for recording in record.repetitions:
        for of, table in _tables(recording):
            if of.part:
                continue
            known = sums.setdefault(of, {})
            for caused in recording.declared.causes.values():
                if caused.of == of and caused.cause in table:
                    labels[caused.name] = caused.label
                    time_ns = int(table[caused.cause][bands].sum())
                    known[caused.name] = known.get(caused.name, 0) + time_ns
    largest = []
    for of, times in sums.items():
        total_ns = sum(times.values())
        if total_ns:
            name = max(sorted(times), key=times.__getitem__)
            heading = of.percentile(above, 0).heading
            largest.append(LargestCause(heading, labels[name], times[name] / total_ns))
    return largest


def _tables(recording: Recording) -> Iterator[tuple[Distribution, Table]]:
    """The bands of each distribution whose causes are known."""
    for of in dict.fromkeys(caused.of for caused in recording.declared.causes.values()):
        table = recording.table(of.causes, REQUESTS_COLUMN, LATENCY_COLUMN)
        if table is not None and table[REQUESTS_COLUMN].size == len(BANDS):
            yield of, table


def _means(tables: Mapping[Distribution, Table], causes: set[Caused]) -> dict[Metric, float]:
    means: dict[Metric, float] = {}
    for caused in causes:
        table = tables.get(caused.of)
        if table is None:
            continue
        requests = table[REQUESTS_COLUMN].tolist()
        sums = table[caused.cause].tolist() if caused.cause in table else [0] * len(BANDS)
        numbers = zip([sum(sums), *sums], [sum(requests), *requests], strict=True)
        # Of a part only the whole has a metric, the first.
        for metric, (time_ns, count) in zip(_metrics_of(caused), numbers, strict=False):
            if count:
                means[metric] = time_ns / count
    return means


@cache
def _metrics_of(caused: Caused) -> list[Metric]:
    bands = (WHOLE_RUN,) if caused.of.part else (WHOLE_RUN, *BANDS)
    return [caused.of.spent(band, rank, caused.cause) for rank, band in enumerate(bands)]
