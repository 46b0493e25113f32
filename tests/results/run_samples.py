"""Small records made by hand, whose every number is known."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from results.record import Record
from sim.recording import Histogram, Recording

MIB = 2**20
SCHEMES = ("classic", "huge", "on_demand")


def histogram(values: list[int]) -> Histogram:
    """The histogram of some values."""
    made = Histogram()
    made.add(np.asarray(values, dtype=np.int64))
    return made


def record(config: Mapping[str, Any], *repetitions: Recording) -> Record:
    """The record of a point with this configuration."""
    return Record(config, {}, "1", repetitions, {"forksim": "0.1.0"})


def redis_recording(pause_ns: int, snapshots: int = 4, requests: int = 1000) -> Recording:
    """Requests of 1, 2, … microseconds, the last ``snapshots`` of which a fork delays."""
    latencies = [1000 * n for n in range(1, requests + 1)]
    for position in range(snapshots):
        latencies[-1 - position] += pause_ns
    starts = np.arange(1, snapshots + 1, dtype=np.int64) * 10**9
    windows = np.arange(10, dtype=np.int64)
    return Recording(
        histograms={"latency_ns": histogram(latencies)},
        counters={"requests": requests, "faults/cow_copy": 321, "faults/table_copy": 0},
        series={
            "timeline": {
                "t_ns": windows * 10**9,
                "requests": windows * 0 + requests // 10,
                "p50_ns": windows * 0 + 500_000,
                "p99_ns": windows * 0 + 990_000,
                "max_ns": windows * 1000 + 1_000_000 + pause_ns,
            },
            "snapshots": {
                "start_ns": starts,
                "fork_ns": np.full(snapshots, pause_ns, dtype=np.int64),
                "end_ns": starts + 10**8,
                "extra_bytes": np.full(snapshots, 5 * MIB, dtype=np.int64),
            },
        },
        levels={"extra_memory_bytes_peak": 5 * MIB, "duration_ns": 10**10},
    )


PAUSES_NS = {"classic": 7_400_000, "huge": 190_000, "on_demand": 120_000}


def redis(kind: str, share: float = 0.25, repetitions: int = 1) -> Record:
    """A Redis that takes four snapshots under ``kind``, SETs reaching a share of its heap."""
    config = {"workload": {"kind": "redis", "keys": {"share": share}}, "fork": {"kind": kind}}
    return record(config, *(redis_recording(PAUSES_NS[kind]) for _ in range(repetitions)))


NS_PER_HALF_GIB = {"classic": 2_500_000, "huge": 50_000, "on_demand": 10_000}


def forks(kind: str, instances: int = 1, repetitions: int = 1, sizes: int = 120) -> Record:
    """A micro-benchmark whose fork takes a fixed time per half GiB and instance."""
    size_bytes = np.repeat(np.arange(1, sizes + 1, dtype=np.int64) * 512 * MIB, instances)
    series = {
        "size_bytes": size_bytes,
        "instance": np.tile(np.arange(instances, dtype=np.int64), sizes),
        "fork_ns": size_bytes // (512 * MIB) * NS_PER_HALF_GIB[kind] * instances,
    }
    config = {"workload": {"kind": "microbench", "instances": instances}, "fork": {"kind": kind}}
    return record(
        config,
        *(
            Recording(
                histograms={"fork_ns": histogram(series["fork_ns"].tolist())},
                series={"forks": series},
            )
            for _ in range(repetitions)
        ),
    )


def faults(kind: str, fault_ns: int) -> Record:
    """Ten worst-case faults that all take ``fault_ns``."""
    config = {"workload": {"kind": "microbench"}, "fork": {"kind": kind}}
    return record(config, Recording(histograms={"fault_ns": histogram([fault_ns] * 10)}))


def unit_tests(kind: str, fork_ns: int, test_ns: int) -> Record:
    """A test-suite of two tests: one takes the given times, the other twice as long."""
    times = {"fork_ns": fork_ns, "test_ns": test_ns, "total_ns": fork_ns + test_ns}
    table = {name: np.array([ns, 2 * ns], np.int64) for name, ns in times.items()}
    config = {"workload": {"kind": "sqlite"}, "fork": {"kind": kind}}
    return record(config, Recording(series={"tests": table}))
