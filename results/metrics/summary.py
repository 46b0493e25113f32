"""The numbers of a point: percentiles, throughput, pauses, counts, over its repetitions."""

from __future__ import annotations

import statistics
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import TypeAlias

import numpy as np

from results.metrics.causes import by_cause
from results.metrics.lower_bounds import lower_bounds
from results.metrics.phases import by_phase
from results.metrics.statistics import Interval, of_mean
from results.records.record import Record
from sim.arrays import IntArray
from sim.measures.common_metrics import DURATION, REQUESTS, THROUGHPUT, per_second
from sim.measures.histogram import Histogram
from sim.measures.metrics import Distribution, Metric, Pauses
from sim.measures.recording import Recording, Table

Number: TypeAlias = int | float

PERCENTILES: dict[str, Fraction] = {
    f"p{percent}": Fraction(percent) / 100 for percent in ("50", "90", "95", "99", "99.9", "99.99")
}
"""The percentiles that are reported, by name; exact, because 0.999 * n in floats is not."""

GIB = 2**30


@dataclass(frozen=True)
class Summary:
    """One metric over the repetitions of a point.

    Attributes:
        metric: what it is.
        mean: over the repetitions; an int where it is whole.
        std: sample standard deviation; 0.0 of a single repetition.
        minimum: the smallest repetition's.
        maximum: the largest repetition's.
        count: how many repetitions have the metric.
        at_least: whether some would have more of it, had they gone on (see `lower_bounds`).
    """

    metric: Metric
    mean: Number
    std: float
    minimum: Number
    maximum: Number
    count: int
    at_least: bool = False

    @property
    def interval(self) -> Interval | None:
        """Student's 95 % interval of the mean; None of a single repetition."""
        return of_mean(float(self.mean), self.std, self.count)


def size_name(size_bytes: int) -> str:
    """A size as the paper prints it: ``0.5GB``, ``1GB``; its GB are GiB."""
    return f"{size_bytes / GIB:g}GB"


def metrics(record: Record) -> dict[str, Number]:
    """The record's metrics by name, each the mean over its repetitions.

    Besides counters and levels these are the percentiles, the maximum and the mean of every
    histogram (``latency_p99.9_ns``), and the same of forks that a series keeps one by one
    (``fork_mean_ns``); where a micro-benchmark forks several sizes, the mean of each
    (``fork_ns/1GB``). Where causes are recorded, they are the mean time of each over the requests
    of a band of percentiles and of the whole run (``latency_p99-p99.9_by_fork_ns``).
    """
    return {name: summary.mean for name, summary in summaries(record).items()}


def summaries(record: Record) -> dict[str, Summary]:
    """Every metric of the record with its spread over the repetitions, by name."""
    samples: dict[Metric, list[Number]] = {}
    for values in of_repetitions(record):
        for metric, value in values.items():
            samples.setdefault(metric, []).append(value)
    least = {name for recording in record.repetitions for name in lower_bounds(recording)}
    return {
        metric.name: summarise(metric, values, at_least=metric.name in least)
        for metric, values in samples.items()
    }


def summarise(metric: Metric, values: Sequence[Number], *, at_least: bool = False) -> Summary:
    """The summary of one metric's values, at least one, exact for integers."""
    return Summary(
        metric,
        mean=_exact_mean(values),
        std=statistics.stdev(values) if len(values) > 1 else 0.0,
        minimum=min(values),
        maximum=max(values),
        count=len(values),
        at_least=at_least,
    )


def _exact_mean(values: Sequence[Number]) -> Number:
    if len(values) == 1:  # as the fractions below have it, without them
        only = values[0]
        return int(only) if isinstance(only, float) and only.is_integer() else only
    mean = sum(map(Fraction, values), Fraction(0)) / len(values)
    return mean.numerator if mean.denominator == 1 else float(mean)


def of_repetitions(record: Record) -> list[dict[Metric, Number]]:
    """The metrics of each repetition, see `metrics`.

    The time of a cause is 0 of a repetition that does not have it, and left out if it is of all.
    """
    causes = by_cause(record.repetitions)
    return [
        {**_but_causes(recording), **times}
        for recording, times in zip(record.repetitions, causes, strict=True)
    ]


def of_repetition(recording: Recording) -> dict[str, Number]:
    """The metrics of one repetition by name, see `metrics`."""
    return {metric.name: value for metric, value in measured(recording).items()}


def measured(recording: Recording) -> dict[Metric, Number]:
    """The metrics of one repetition, see `metrics`."""
    (times,) = by_cause([recording])
    return {**_but_causes(recording), **times}


def _but_causes(recording: Recording) -> dict[Metric, Number]:
    declared = recording.declared
    numbers = {**recording.counters, **recording.levels}
    values: dict[Metric, Number] = {declared.metric(n): value for n, value in numbers.items()}
    if THROUGHPUT.name not in numbers:
        values.update(_throughput(recording))
    kept = _kept_one_by_one(recording)
    by_size = {pauses.of for pauses, table in kept if _of_many_sizes(pauses, table)}
    for name, histogram in recording.histograms.items():
        distribution = declared.distribution(name)
        if distribution not in by_size:
            values.update(_of_histogram(distribution, histogram))
    for pauses, table in kept:
        values.update(_of_pauses(pauses, table))
    values.update(by_phase(recording))
    return values


def forks_many_sizes(recording: Recording) -> bool:
    """Whether its forks are those of a curve; percentiles over all sizes would mean nothing."""
    return any(_of_many_sizes(pauses, table) for pauses, table in _kept_one_by_one(recording))


def forks_by_size(recording: Recording) -> Iterator[tuple[IntArray, IntArray]]:
    """Of forks that are kept with the size of the process: sizes (bytes) and times, int64 [n]."""
    for pauses, table in _kept_one_by_one(recording):
        if pauses.by is not None:
            yield table[pauses.by], table[pauses.of.name]


def _kept_one_by_one(recording: Recording) -> list[tuple[Pauses, Table]]:
    return [
        (pauses, table)
        for pauses in recording.declared.pauses.values()
        if (table := recording.table(pauses.series, pauses.of.name, *filter(None, [pauses.by])))
    ]


def _of_many_sizes(pauses: Pauses, table: Table) -> bool:
    return pauses.by is not None and np.unique(table[pauses.by]).size > 1


def _throughput(recording: Recording) -> dict[Metric, Number]:
    duration_ns = recording.levels.get(DURATION.name, 0)
    if REQUESTS.name not in recording.counters or duration_ns == 0:
        return {}
    return {THROUGHPUT: per_second(recording.counters[REQUESTS.name], duration_ns)}


def _of_histogram(of: Distribution, histogram: Histogram) -> dict[Metric, Number]:
    if histogram.count == 0:
        return {}
    values: dict[Metric, Number] = {
        of.percentile(name, float(100 * q)): histogram.quantile(q)
        for name, q in PERCENTILES.items()
    }
    values[of.maximum()] = histogram.maximum
    values[of.mean()] = histogram.total / histogram.count
    return values


def _of_pauses(pauses: Pauses, table: Table) -> dict[Metric, Number]:
    values = table[pauses.of.name]
    if values.size == 0:
        return {}
    if pauses.by is None or not _of_many_sizes(pauses, table):
        return {pauses.of.mean(): _mean(values), pauses.of.maximum(): int(values.max())}
    sizes = table[pauses.by]
    return {
        pauses.of.of_size(size_name(size), size / GIB): _mean(values[sizes == size])
        for size in np.unique(sizes).tolist()
    }


def _mean(values: IntArray) -> float:
    return int(values.sum()) / values.size
