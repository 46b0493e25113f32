"""Small records made by hand, whose every number is known."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from results.records.record import Record
from sim.measures.common_metrics import (
    DURATION,
    EXTRA_MEMORY,
    FORK_TIME,
    LATENCY,
    REQUESTS,
    SNAPSHOT_FORKS,
)
from sim.measures.histogram import Histogram
from sim.measures.recording import Recording
from workloads.programs.microbench.program import FAULT, FORKS_BY_SIZE
from workloads.programs.redis.server import SNAPSHOTS
from workloads.running.faults import fault_of

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
    return Recording().add(
        histograms={LATENCY: histogram(latencies)},
        counters={
            REQUESTS: requests,
            SNAPSHOTS: snapshots,
            fault_of("cow_copy"): 321,
            fault_of("table_copy"): 0,
        },
        series={
            "timeline": {
                "t_ns": windows * 10**9,
                "requests": windows * 0 + requests // 10,
                "p50_ns": windows * 0 + 500_000,
                "p99_ns": windows * 0 + 990_000,
                "max_ns": windows * 1000 + 1_000_000 + pause_ns,
            },
            SNAPSHOT_FORKS: {
                "start_ns": starts,
                "fork_ns": np.full(snapshots, pause_ns, dtype=np.int64),
                "end_ns": starts + 10**8,
                "extra_bytes": np.full(snapshots, 5 * MIB, dtype=np.int64),
            },
        },
        levels={EXTRA_MEMORY: 5 * MIB, DURATION: 10**10},
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
            Recording().add(
                histograms={FORK_TIME: histogram(series["fork_ns"].tolist())},
                series={FORKS_BY_SIZE: series},
            )
            for _ in range(repetitions)
        ),
    )


def faults(kind: str, fault_ns: int) -> Record:
    """Ten worst-case faults that all take ``fault_ns``."""
    config = {"workload": {"kind": "microbench"}, "fork": {"kind": kind}}
    return record(config, Recording().add(histograms={FAULT: histogram([fault_ns] * 10)}))


def unit_tests(kind: str, fork_ns: int, test_ns: int) -> Record:
    """A test-suite of two tests: one takes the given times, the other twice as long."""
    times = {"fork_ns": fork_ns, "test_ns": test_ns, "total_ns": fork_ns + test_ns}
    table = {name: np.array([ns, 2 * ns], np.int64) for name, ns in times.items()}
    config = {"workload": {"kind": "sqlite"}, "fork": {"kind": kind}}
    return record(config, Recording(series={"tests": table}))


def initialised_unit_tests(kind: str, initialisation_ns: int) -> Record:
    """`unit_tests` of 8 and 0.12 ms whose database took this long to load."""
    made = unit_tests(kind, 8_000_000, 120_000)
    made.repetitions[0].levels["initialisation_ns"] = initialisation_ns
    return made


def fuzzing(kind: str, per_s: int, scattered: float | None = 0.25, windows: int = 3) -> Record:
    """A fuzzer at a steady rate in whole windows of five seconds, then half a window as fast."""
    counts = np.array([5 * per_s] * windows + [5 * per_s // 2], np.int64)
    config = {"workload": {"kind": "afl", "scattered": scattered}, "fork": {"kind": kind}}
    return record(
        config,
        Recording(
            counters={"executions": int(counts.sum())},
            series={
                "executions": {
                    "t_ns": np.arange(windows + 1, dtype=np.int64) * 5 * 10**9,
                    "executions": counts,
                }
            },
            levels={"duration_ns": windows * 5 * 10**9 + 25 * 10**8},
        ),
    )


def access(
    kind: str,
    reads: float,
    warmth_ns: float | None = None,
    steps: int = 100,
    copy_page_ns: float | None = None,
) -> Record:
    """Fork and go through 50 GiB in ``steps``: 250 ms or 1 ms, then a time in proportion.

    A write takes ten times as long as a read; On-demand-fork's writes are faster by 1 % for every
    10 ns that a warm struct page saves (20 by default), and its reads by 2 %. Times of access are
    in proportion to what copying a page costs (400 ns by default).
    """
    share = np.arange(steps + 1) / steps
    dearer = (copy_page_ns or 400) / 400
    read_ns, write_ns = share * reads * 4e9 * dearer, share * (1 - reads) * 40e9 * dearer
    if kind == "on_demand":
        read_ns = 0.98 * read_ns
        write_ns = (1 - (20 if warmth_ns is None else warmth_ns) / 1000) * write_ns
    fork_ns = {"classic": 250e6, "on_demand": 1e6}[kind]
    table = {
        "accessed_bytes": (share * 50 * 2**30).astype(np.int64),
        "elapsed_ns": (fork_ns + read_ns + write_ns).astype(np.int64),
    }
    config: dict[str, Any] = {
        "workload": {"kind": "microbench", "program": "fork_and_access", "reads": reads},
        "fork": {"kind": kind},
    }
    constants = {"struct_page_miss_ns": warmth_ns, "copy_page_ns": copy_page_ns}
    if given := {name: value for name, value in constants.items() if value is not None}:
        config["machine"] = {"constants": given}
    return record(config, Recording(series={"access": table}))


def accesses() -> list[Record]:
    """Figure 8: five mixes, two of them also with other warmth and none under On-demand-fork."""
    kinds = ("classic", "on_demand")
    central = [access(kind, reads / 4) for reads in range(5) for kind in kinds]
    others = [access("on_demand", reads, ns) for reads in (0.0, 0.5) for ns in (0.0, 10.0, 40.0)]
    return [*central, *others]


def requests(kind: str, mean_us: int, longest_us: int) -> Record:
    """A hundred responses: the longest once, the others alike so that the mean is ``mean_us``."""
    other_ns = (100 * mean_us - longest_us) * 1000 // 99
    config = {"workload": {"kind": "apache"}, "fork": {"kind": kind}}
    return record(
        config,
        Recording().add(histograms={LATENCY: histogram([other_ns] * 99 + [longest_us * 1000])}),
    )
