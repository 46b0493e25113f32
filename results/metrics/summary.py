"""The numbers of a point: percentiles, throughput, pauses, counts, over its repetitions."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import TypeAlias

import numpy as np

from results.metrics.statistics import Interval, of_mean
from results.records.record import Record
from sim.arrays import IntArray
from sim.measures.histogram import Histogram
from sim.measures.recording import Recording

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
        mean: over the repetitions; an int where it is whole.
        std: sample standard deviation; 0.0 of a single repetition.
        minimum: the smallest repetition's.
        maximum: the largest repetition's.
        count: how many repetitions have the metric.
    """

    mean: Number
    std: float
    minimum: Number
    maximum: Number
    count: int

    @property
    def interval(self) -> Interval | None:
        """Student's 95 % interval of the mean; None of a single repetition."""
        return of_mean(float(self.mean), self.std, self.count)


def size_name(size_bytes: int) -> str:
    """A size as the paper prints it: ``0.5GB``, ``1GB``; its GB are GiB."""
    return f"{size_bytes / GIB:g}GB"


def metrics(record: Record) -> dict[str, Number]:
    """The record's metrics by name, each the mean over its repetitions.

    Names say their unit: ``latency_p99.9_ns``, ``throughput_per_s``, ``fork_mean_ns``,
    ``extra_memory_bytes_peak``; counters keep their names (``requests``, ``faults/cow_copy``),
    and where a micro-benchmark forks several sizes their mean times are ``fork_ns/1GB``….
    """
    return {name: summary.mean for name, summary in summaries(record).items()}


def summaries(record: Record) -> dict[str, Summary]:
    """Every metric of the record with its spread over the repetitions."""
    repetitions = [of_repetition(recording) for recording in record.repetitions]
    names = list(dict.fromkeys(name for values in repetitions for name in values))
    return {
        name: summarise([values[name] for values in repetitions if name in values])
        for name in names
    }


def summarise(values: Sequence[Number]) -> Summary:
    """The summary of one metric's values, at least one, exact for integers."""
    mean = sum(map(Fraction, values), Fraction(0)) / len(values)
    return Summary(
        mean=mean.numerator if mean.denominator == 1 else float(mean),
        std=statistics.stdev(values) if len(values) > 1 else 0.0,
        minimum=min(values),
        maximum=max(values),
        count=len(values),
    )


def of_repetition(recording: Recording) -> dict[str, Number]:
    """The metrics of one repetition by name, see `metrics`."""
    values: dict[str, Number] = dict(recording.counters)
    values.update(recording.levels)
    if "throughput_per_s" not in values:
        values.update(_throughput(recording))
    for name, histogram in recording.histograms.items():
        if name != "fork_ns" or not forks_many_sizes(recording):
            values.update(_of_histogram(name, histogram))
    values.update(_of_forks(recording))
    return values


def forks_many_sizes(recording: Recording) -> bool:
    """Whether its forks are those of a curve; percentiles over all sizes would mean nothing."""
    forks = recording.series.get("forks")
    return forks is not None and np.unique(forks["size_bytes"]).size > 1


def _throughput(recording: Recording) -> dict[str, Number]:
    duration_ns = recording.levels.get("duration_ns", 0)
    if "requests" not in recording.counters or duration_ns == 0:
        return {}
    return {"throughput_per_s": recording.counters["requests"] * 10**9 / duration_ns}


def _of_histogram(name: str, histogram: Histogram) -> dict[str, Number]:
    if histogram.count == 0:
        return {}
    stem, _, unit = name.rpartition("_")
    values: dict[str, Number] = {
        f"{stem}_{percentile}_{unit}": histogram.quantile(q)
        for percentile, q in PERCENTILES.items()
    }
    values[f"{stem}_max_{unit}"] = histogram.maximum
    values[f"{stem}_mean_{unit}"] = histogram.total / histogram.count
    return values


def _of_forks(recording: Recording) -> dict[str, Number]:
    if "snapshots" in recording.series:
        fork_ns = recording.series["snapshots"]["fork_ns"]
        return {"snapshots": int(fork_ns.size), **_pauses(fork_ns)}
    if "forks" not in recording.series:
        return {}
    fork_ns = recording.series["forks"]["fork_ns"]
    size_bytes = recording.series["forks"]["size_bytes"]
    sizes = np.unique(size_bytes)
    if sizes.size == 1:
        return _pauses(fork_ns)
    return {f"fork_ns/{size_name(int(size))}": _mean(fork_ns[size_bytes == size]) for size in sizes}


def _pauses(fork_ns: IntArray) -> dict[str, Number]:
    if fork_ns.size == 0:
        return {}
    return {"fork_mean_ns": _mean(fork_ns), "fork_max_ns": int(fork_ns.max())}


def _mean(values: IntArray) -> float:
    return int(values.sum()) / values.size
