"""Metrics are asked for by the labels that tables show."""

import pytest

from results.metrics.names import resolve
from sim.measures.common_metrics import (
    DURATION,
    EXTRA_MEMORY,
    FORK_TIME,
    LATENCY,
    REQUESTS,
    THROUGHPUT,
)
from sim.measures.metrics import Metric
from workloads.running.faults import fault_of

KNOWN = [
    REQUESTS,
    LATENCY.percentile("p99", 99),
    LATENCY.percentile("p99.9", 99.9),
    FORK_TIME.mean(),
    FORK_TIME.percentile("p99", 99),
    FORK_TIME.of_size("1GB", 1),
    THROUGHPUT,
    fault_of("cow_copy"),
    EXTRA_MEMORY,
    DURATION,
]


def name_of(found: Metric | None) -> str | None:
    return None if found is None else found.name


@pytest.mark.parametrize(
    ("asked", "meant"),
    [
        ("p99", "latency_p99_ns"),
        ("p99.9", "latency_p99.9_ns"),
        ("p99_ms", "latency_p99_ns"),
        ("latency_p99_ns", "latency_p99_ns"),
        ("fork_p99", "fork_p99_ns"),
        ("fork_mean", "fork_mean_ns"),
        ("fork_1GB", "fork_ns/1GB"),
        ("throughput", "throughput_per_s"),
        ("cow_copy", "faults/cow_copy"),
        ("extra_memory", "extra_memory_bytes_peak"),
        ("extra_memory_bytes", "extra_memory_bytes_peak"),
        ("requests", "requests"),
        ("duration_s", "duration_ns"),
    ],
)
def test_a_label_means_its_metric(asked: str, meant: str) -> None:
    assert name_of(resolve(asked, KNOWN)) == meant


def test_what_is_not_there_is_none() -> None:
    assert resolve("p98", KNOWN) is None
    assert resolve("", KNOWN) is None
    assert resolve("p99", []) is None


def test_a_label_comes_before_another_one_with_a_unit() -> None:
    known = [Metric("a", label="work"), Metric("b", label="work_s")]
    assert name_of(resolve("work_s", known)) == "b"


def test_labels_are_one_to_one_here_and_head_columns() -> None:
    assert len({metric.label for metric in KNOWN}) == len(KNOWN)
    assert FORK_TIME.of_size("1GB", 1).heading == "fork 1GB"
    assert EXTRA_MEMORY.heading == "extra memory"
