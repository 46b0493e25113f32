"""Rows that the model itself has made are predicted as they are: the programs, not their numbers.

The rows come from the programs alone; what predicts them knows only what rows say.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import pytest

from experiments.validation.folder import COLUMNS, predicted
from experiments.validation.prediction import Prediction
from experiments.validation.redis_latency_rows import PERCENTILES
from models.costs.profile import Profile, load_profile
from models.kernel.kernel import Kernel
from sim.configuration import read_back
from sim.machine.clock import Activity
from sim.measures.common_metrics import LATENCY
from sim.measures.histogram import Histogram
from sim.measures.phases import Phase
from sim.measures.recording import Recording
from workloads.registry import WORKLOADS
from workloads.running.faults import fault_of
from workloads.running.setup import Setup

KERNELS = ("5.6", "6.18")
SECOND = 10**9
MIB = 2**20
NEAR = 1e-9
"""Of what is rounded to the nanosecond on both sides."""


def machine(kernel: str) -> Profile:
    bundled = load_profile("epyc-7302p-linux-5.6")
    still = bundled.varied({"fill_jitter": 0.0}, {})
    return still.model_copy(update={"kernel": kernel})


def setup_of(profile: Profile, mode: str = "4k", cores: int = 2) -> Setup:
    old = profile.kernel == "5.6"
    forks: Mapping[str, dict[str, Any]] = {
        "4k": {"kind": "classic" if old else "classic6"},
        "thp": {"kind": "huge"} if old else {"kind": "classic6", "huge": True},
        "hugetlb": {"kind": "hugetlb"},
    }
    return Setup.of(forks[mode], profile=profile, cores=cores)


def played(setup: Setup, workload: dict[str, Any]) -> Recording:
    program = WORKLOADS[workload["kind"]]
    return program.run(read_back(program.Config, workload), setup)


def predictions(
    folder: Path, name: str, rows: Sequence[Mapping[str, object]], profile: Profile
) -> list[Prediction]:
    """What is predicted of one file, other files of the folder beside it."""
    write(folder, name, rows)
    return dict(predicted(folder, profile, [name]))[name]


def write(folder: Path, name: str, rows: Sequence[Mapping[str, object]]) -> None:
    with (folder / name).open("w", newline="") as stream:
        table = csv.DictWriter(stream, COLUMNS[name], restval=0)
        table.writeheader()
        table.writerows(rows)


@pytest.mark.parametrize("kernel", KERNELS)
@pytest.mark.parametrize("mode", ["4k", "thp", "hugetlb"])
def test_forks_of_one_process_and_of_three(tmp_path: Path, kernel: str, mode: str) -> None:
    profile, rows = machine(kernel), []
    for instances in (1, 3):
        for size in (6 * MIB, 96 * MIB, 700 * MIB):
            workload = {"kind": "microbench", "sizes": [size], "instances": instances}
            made = played(setup_of(profile, mode, cores=2 * instances), workload)
            for fork_ns in made.series["forks"]["fork_ns"].tolist():
                row = {"mode": mode, "size_bytes": size, "instances": instances}
                rows.append({**row, "fork_no_after_touch": 1, "fork_ns": fork_ns})
    told = predictions(tmp_path, "fork_micro.csv", rows, profile)
    assert [one.ratio for one in told] == pytest.approx([1.0] * 6, rel=NEAR)


def forked_twice(kernel: Kernel, n_pages: int, forks_ns: list[int]) -> Activity:
    """A process that fills memory and forks children that exit at once."""
    task, mm = kernel.machine.task("parent"), kernel.start_program()
    yield from kernel.populate(task, mm, mm.map(n_pages))
    for _ in range(2):
        asked_ns = kernel.machine.clock.now
        child = yield from kernel.fork(task, mm)
        forks_ns.append(kernel.machine.clock.now - asked_ns)
        yield from kernel.exit(task, child)


@pytest.mark.parametrize("kernel", KERNELS)
def test_the_next_fork_finds_its_entries_protected(tmp_path: Path, kernel: str) -> None:
    profile, forks_ns = machine(kernel), list[int]()
    under = setup_of(profile).kernel()
    under.machine.clock.process(forked_twice(under, 20_000, forks_ns))
    under.machine.clock.run()
    assert forks_ns[0] > forks_ns[1]
    rows = [
        {
            "mode": "4k",
            "size_bytes": 20_000 * 4096,
            "instances": 1,
            "fork_no_after_touch": number,
            "fork_ns": fork_ns,
        }
        for number, fork_ns in enumerate(forks_ns, 1)
    ]
    told = predictions(tmp_path, "fork_micro.csv", rows, profile)
    assert [one.predicted for one in told] == forks_ns


def fork_and_write(
    kernel: Kernel, n_pages: int, writer: str, pages: Sequence[int], took_ns: list[int]
) -> Activity:
    """A fork, after which the parent or its child writes."""
    task, mm = kernel.machine.task("parent"), kernel.start_program()
    region = mm.map(n_pages)
    yield from kernel.populate(task, mm, region)
    asked_ns = kernel.machine.clock.now
    child = yield from kernel.fork(task, mm)
    forked_ns = kernel.machine.clock.now - asked_ns
    yield from kernel.start(task, child)
    written = region.start_page + np.array(pages, np.int64)
    asked_ns = kernel.machine.clock.now
    if len(pages):
        yield from kernel.access_alone(task, child if writer == "child" else mm, written)
    took_ns.append(forked_ns + kernel.machine.clock.now - asked_ns)


@pytest.mark.parametrize("kernel", KERNELS)
@pytest.mark.parametrize("mode", ["4k", "thp"])
@pytest.mark.parametrize("writer", ["parent", "child"])
def test_a_fork_and_the_writes_after_it(
    tmp_path: Path, kernel: str, mode: str, writer: str
) -> None:
    profile, n_pages, rows, took_ns = machine(kernel), 16 * 512, [], list[int]()
    order = np.random.default_rng(7).permutation(n_pages)
    for pattern, whose in (("seq", np.arange(n_pages)), ("rnd", order)):
        for percent in (0, 1, 50, 100):
            under, count = setup_of(profile, mode).kernel(), n_pages * percent // 100
            life = fork_and_write(under, n_pages, writer, whose[:count].tolist(), took_ns)
            under.machine.clock.process(life)
            under.machine.clock.run()
            rows.append(
                {
                    "mode": mode,
                    "size_bytes": n_pages * 4096,
                    "writer": writer,
                    "pattern": pattern,
                    "touched_percent": percent,
                    "pages_written": count,
                    "fork_plus_write_ns": took_ns[-1],
                }
            )
    told = predictions(tmp_path, "fork_touch.csv", rows, profile)
    ratios = [one.ratio for one in told]
    assert ratios[:4] == pytest.approx([1.0] * 4, rel=NEAR)
    # In another order, of which a few pages follow the one before them or meet other tables first.
    assert ratios[4:] == pytest.approx([1.0] * 4, rel=0.03)


@pytest.mark.parametrize("kernel", KERNELS)
def test_tests_on_a_database(tmp_path: Path, kernel: str) -> None:
    profile, rows = machine(kernel), []
    tests = [{"name": "a", "run": 300_000, "pages": 0}, {"name": "b", "run": 2 * 10**6, "pages": 1}]
    # A test's time begins when its child has a core; a child's run when it wants one.
    switch_ns = round(profile.costs.context_switch_ns)
    for size in (MIB, 64 * MIB, 500 * MIB):
        workload = {"kind": "sqlite", "database": size, "tests": tests, "rounds": 5}
        made = played(setup_of(profile), workload).series["tests"]
        for number, test_ns, total_ns in zip(
            made["test"].tolist(), made["test_ns"].tolist(), made["total_ns"].tolist(), strict=True
        ):
            rows.append(
                {
                    "db_target_bytes": size,
                    "sqlite_memory_used_bytes": size,
                    "rss_bytes": size + 3 * MIB,
                    "test": tests[number]["name"],
                    "test_ns": test_ns - switch_ns,
                    "total_ns": total_ns,
                    "child_minflt": tests[number]["pages"],
                }
            )
    told = predictions(tmp_path, "sqlite_fork_tests.csv", rows, profile)
    ratios = {(one.fields["db_target_bytes"], one.fields["test"]): one.ratio for one in told}
    assert len(ratios) == 4
    for (_, test), ratio in ratios.items():
        # The page that b copies on the smallest database too is freed at its exit: tens of ns.
        assert ratio == pytest.approx(1.0, rel=NEAR if test == "a" else 3e-5)


@pytest.mark.parametrize("kernel", KERNELS)
def test_rates_of_a_fuzzer(tmp_path: Path, kernel: str) -> None:
    profile, rows = machine(kernel), []
    for size in (2 * MIB, 66 * MIB, 1026 * MIB):
        workload = {"kind": "afl", "target": size, "run": 400_000, "pages": 0, "overhead": 90_000}
        made = played(setup_of(profile), {**workload, "duration": SECOND})
        # All but the first execution, whose fork finds every entry writable, take the same.
        execution_ns = made.histograms["execution_ns"].minimum
        rows.append(
            {
                "init_buffer_bytes": size - 2 * MIB,
                "execs_per_sec": 1e9 / execution_ns,
                "forkserver_rss_kib": size // 1024,
            }
        )
    told = predictions(tmp_path, "afl_execs.csv", rows, profile)
    assert [one.ratio for one in told] == pytest.approx([1.0] * 2, rel=NEAR)


PARTS = {
    "whole_run_with_bgsave": tuple(Phase),
    "during_snapshot": (Phase.FORK, Phase.FIRST_SECOND, Phase.DURING),
    "first_1s_after_bgsave": (Phase.FORK, Phase.FIRST_SECOND),
    "in_flight_or_sent_during_fork": (Phase.FORK,),
    "between_snapshots": (Phase.AFTER, Phase.BETWEEN),
}
SERVICE_NS = 20_000
CLOSED = {"kind": "closed", "connections": 50, "pipeline": 1}
OPEN = {"kind": "open", "rate": 8_000, "arrivals": "fixed"}
DATASET = 200 * MIB
SAVE_NS = 1_500_000_000


def redis(clients: dict[str, Any], sets: float, *, saves: bool) -> dict[str, Any]:
    """A Redis's configuration; a snapshot after a second, and a second after its end."""
    workload: dict[str, Any] = {
        "kind": "redis",
        "dataset": DATASET,
        "clients": clients,
        "set_ratio": sets,
        "value_bytes": 1024,
        "service": SERVICE_NS,
        "duration": 2 * SECOND + SAVE_NS if saves else SECOND,
        "cycles": 0,
    }
    if saves:
        workload["snapshot"] = {"at": [SECOND], "save_rate": DATASET * SECOND // SAVE_NS}
    return workload


def latency_row(latencies: Histogram) -> Iterator[tuple[str, float]]:
    yield "requests", latencies.count
    yield "mean_ns", latencies.total / latencies.count
    for name, q in PERCENTILES.items():
        yield f"{name}_ns", latencies.quantile(Fraction(q))


@pytest.mark.parametrize("kernel", KERNELS)
def test_snapshots_of_a_redis(tmp_path: Path, kernel: str) -> None:
    profile, events, latencies = machine(kernel), [], []
    for clients, workload, sets in ((CLOSED, "mix", 0.5), (OPEN, "mix", 0.5), (OPEN, "set", 1.0)):
        load = {
            "dataset_gib": DATASET / 2**30,
            "workload": workload,
            "pipeline": 1,
            "loop": clients["kind"],
            "rate_req_per_s": clients.get("rate", 0),
        }
        quiet = played(setup_of(profile), redis(clients, sets, saves=False))
        whole = quiet.histograms[LATENCY.name]
        latencies.append({**load, "phase": "no_bgsave", **dict(latency_row(whole))})
        saved = played(setup_of(profile), redis(clients, sets, saves=True))
        for name, phases in PARTS.items():
            part = Histogram()
            for phase in phases:
                part.merge(saved.histograms.get(LATENCY.within(phase).name, Histogram()))
            latencies.append({**load, "phase": name, **dict(latency_row(part))})
        of_snapshot = {name: column[0] for name, column in saved.series["snapshots"].items()}
        events.append(
            {
                **load,
                "latest_fork_ns": of_snapshot["fork_ns"],
                "snapshot_duration_ns": of_snapshot["end_ns"] - of_snapshot["start_ns"],
                "parent_minflt_delta": saved.counters[fault_of("cow_copy").name],
                "used_memory_bytes": DATASET,
            }
        )
    write(tmp_path, "redis_latency_percentiles.csv", latencies)
    told = predictions(tmp_path, "redis_bgsave_events.csv", events, profile)
    by_what = {what: [one.ratio for one in told if one.what == what] for what in
               ("fork", "copies given SETs", "copies given time")}  # fmt: skip
    assert by_what["fork"] == [1.0] * 3
    # Keys are drawn anew, and who is told as sent meanwhile is served a little earlier or later.
    assert by_what["copies given SETs"] == pytest.approx([1.0] * 3, rel=0.01)
    # How long a child saves follows from when it is gone, but for the exit with copied pages.
    assert by_what["copies given time"] == pytest.approx([1.0] * 3, rel=0.002)
    told = dict(predicted(tmp_path, profile, ["redis_latency_percentiles.csv"]))[
        "redis_latency_percentiles.csv"
    ]
    assert len(told) == 3 * (5 + 1) + 2 * 4
    ratios = {(one.what, *one.fields.values()): one.ratio for one in told}
    assert ratios == pytest.approx(dict.fromkeys(ratios, 1.0), rel=0.002)
    assert median(ratio for ratio in ratios.values() if ratio) == 1.0
