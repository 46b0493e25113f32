"""Metrics are asked for by the names that tables show."""

import pytest

from results.metrics.names import heading, resolve, short

KNOWN = [
    "requests",
    "latency_p99_ns",
    "latency_p99.9_ns",
    "fork_mean_ns",
    "fork_p99_ns",
    "fork_ns/1GB",
    "throughput_per_s",
    "faults/cow_copy",
    "extra_memory_bytes_peak",
    "duration_ns",
]


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
        ("requests", "requests"),
    ],
)
def test_a_short_name_means_its_metric(asked: str, meant: str) -> None:
    assert resolve(asked, KNOWN) == meant


def test_what_is_not_there_is_none() -> None:
    assert resolve("p98", KNOWN) is None
    assert resolve("", KNOWN) is None
    assert resolve("p99", []) is None


def test_short_names_are_one_to_one_here_and_head_columns() -> None:
    assert len({short(name) for name in KNOWN}) == len(KNOWN)
    assert heading("fork_ns/1GB") == "fork 1GB"
    assert heading("extra_memory_bytes_peak") == "extra memory"
