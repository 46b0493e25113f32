"""Whole runs of the programs, to the nanosecond, each with what must hold of any run."""

from __future__ import annotations

from typing import Any

import pytest
from programs import setup

from sim.measures.recording import Recording
from workloads.registry import WORKLOADS

FUZZING = {
    "target": "64MiB",
    "scattered": 0.25,
    "run": "200us",
    "pages": 2,
    "slow": {"share": "1%", "run": "5ms"},
    "duration": "1s",
}
SUITE = {
    "database": "64MiB",
    "scattered": 0.25,
    "tests": [
        {"name": "SELECT", "run": "180us", "pages": 0},
        {"name": "UPDATE", "run": "200us", "pages": 3},
    ],
    "rounds": 20,
}
ACCESS = {"program": "fork_and_access", "sizes": ["256MiB"], "reads": 0.25}


def run(kind: str, scheme: str, fields: dict[str, Any]) -> Recording:
    workload = WORKLOADS[kind]
    config = workload.Config.model_validate({"kind": kind, **fields})
    return workload.run(config, setup(scheme))


@pytest.mark.parametrize("kind", ["afl", "triforce"])
@pytest.mark.parametrize(
    ("scheme", "executions", "table_copies", "duration_ns"),
    [("classic", 695, 0, 1_000_958_876), ("on_demand", 1209, 2376, 1_000_608_462)],
)
def test_golden_of_fuzzing(
    kind: str, scheme: str, executions: int, table_copies: int, duration_ns: int
) -> None:
    recording = run(kind, scheme, FUZZING)
    rate = executions * 10**9 / duration_ns
    assert recording.levels["throughput_per_s"] == rate != int(rate)
    # One input after the other, and every page that it writes is copied once.
    assert recording.histograms["execution_ns"].total == recording.levels["duration_ns"]
    assert recording.counters["faults/cow_copy"] <= 2 * recording.counters["executions"]
    assert recording.counters["executions"] == executions
    assert recording.counters["faults/table_copy"] == table_copies
    assert recording.levels["duration_ns"] == duration_ns


@pytest.mark.parametrize(
    ("scheme", "table_copies", "duration_ns"),
    [("classic", 0, 52_513_436), ("on_demand", 57, 27_501_652)],
)
def test_golden_of_a_suite(scheme: str, table_copies: int, duration_ns: int) -> None:
    recording = run("sqlite", scheme, SUITE)
    # Forks, tests and exits fill the time, and only the second test writes, seldom one page twice.
    assert recording.histograms["total_ns"].total == recording.levels["duration_ns"]
    assert recording.counters["faults/cow_copy"] in range(58, 61)
    assert recording.counters["faults/table_copy"] == table_copies
    assert recording.levels["duration_ns"] == duration_ns


@pytest.mark.parametrize(
    ("scheme", "elapsed_ns"), [("classic", 71_378_417), ("on_demand", 69_500_509)]
)
def test_golden_of_fork_and_access(scheme: str, elapsed_ns: int) -> None:
    recording = run("microbench", scheme, ACCESS)
    access = recording.series["access"]
    # Three of four memcpys write, so three quarters of the pages are copied.
    assert recording.counters["faults/cow_copy"] == 65536 * 3 // 4
    assert (access["elapsed_ns"][1:] > access["elapsed_ns"][:-1]).all()
    assert access["elapsed_ns"][-1] == elapsed_ns
