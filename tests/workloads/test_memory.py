"""What programs take of memory over time, and what happens when there is too little."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from programs import setup

from models.kernel.memory_books import OutOfMemory
from models.schemes.hugetlb import HugetlbOptions
from sim.measures.recording import Recording
from workloads.programs.redis.config import RedisConfig
from workloads.programs.redis.program import Redis
from workloads.registry import WORKLOADS

MIB = 2**20
REDIS = {
    "kind": "redis",
    "dataset": "64MiB",
    "clients": {"kind": "open", "rate": "20k/s"},
    "set_ratio": 1.0,
    "snapshot": {"at": ["100ms"], "save_rate": "100MiB"},
    "duration": "1s",
}
BURST = {"kind": "microbench", "program": "fork_and_access", "sizes": ["64MiB"]}


def run(scheme: str, config: dict[str, Any], memory_bytes: int | None = None) -> Recording:
    workload = WORKLOADS[config["kind"]]
    limited = replace(setup(scheme), memory_bytes=memory_bytes)
    return workload.run(workload.Config.model_validate(config), limited)


def latest_use(recording: Recording, now_ns: int) -> int:
    """Frames and tables of a program by its last note up to some time."""
    table = recording.series["memory"]
    (notes,) = np.nonzero(table["t_ns"] <= now_ns)
    if not len(notes):
        return 0
    return int(table["resident_bytes"][notes[-1]] + table["table_bytes"][notes[-1]])


@pytest.mark.parametrize("scheme", ["classic", "huge", "on_demand", "async", "hugetlb"])
def test_memory_over_time_of_a_snapshot(scheme: str) -> None:
    recording = run(scheme, REDIS)
    machine, processes = recording.series["memory"], recording.series["processes"]
    used = machine["resident_bytes"] + machine["table_bytes"]
    assert used[0] < 66 * MIB
    assert used.max() - used[0] == recording.levels["extra_memory_bytes_peak"]
    assert used.max() == recording.levels["memory_bytes_peak"]
    # Every page is written once: all of it is copied, whatever a fork shares.
    copied = machine["copied_bytes"][-1]
    assert 0 < copied <= 64 * MIB
    assert used[-1] < 66 * MIB  # what the snapshot took is given back
    # Parent and child each see the whole data set, of which most is one and the same.
    assert set(processes["process"].tolist()) == {1, 2}
    sees = processes["resident_bytes"][processes["process"] == 2]
    assert sees[0] == processes["resident_bytes"][0]
    assert sees[-1] == 0
    assert (np.diff(machine["t_ns"]) >= 0).all()


def test_huge_pages_multiply_what_a_snapshot_takes() -> None:
    few = {**REDIS, "clients": {"kind": "open", "rate": "200/s"}}
    small, huge = (
        run(scheme, few).levels["extra_memory_bytes_peak"] for scheme in ("classic", "huge")
    )
    assert huge > 10 * small


@pytest.mark.parametrize("scheme", ["classic", "huge", "on_demand", "async"])
def test_the_program_dies_at_the_limit(scheme: str) -> None:
    whole = run(scheme, REDIS)
    limit = 64 * MIB + int(whole.levels["extra_memory_bytes_peak"]) // 2
    recording = run(scheme, REDIS, limit)
    assert recording.counters["killed_out_of_memory"] == 1
    assert 100_000_000 < recording.levels["killed_ns"] < whole.levels["duration_ns"]
    # Not a page more than the first that found no place.
    assert limit < recording.levels["killed_bytes"] <= limit + 2 * MIB + 4096
    assert recording.counters["requests"] < whole.counters["requests"]


@pytest.mark.parametrize("scheme", ["classic", "huge"])
def test_a_killed_redis_counts_what_it_served(scheme: str) -> None:
    whole = run(scheme, REDIS)
    limit = 64 * MIB + int(whole.levels["extra_memory_bytes_peak"]) // 2
    killed = run(scheme, REDIS, limit)
    served = killed.histograms["latency_ns"].count
    assert killed.counters["killed_out_of_memory"] == 1
    assert 0 < killed.counters["requests"] == killed.counters["keys_written"] == served
    assert served == killed.series["timeline"]["requests"].sum()
    assert killed.levels["throughput_per_s"] == served * 10**9 / killed.levels["duration_ns"]


def test_a_limit_that_is_not_reached_changes_nothing() -> None:
    assert run("on_demand", REDIS, 2**40).to_dict() == run("on_demand", REDIS).to_dict()


def test_what_does_not_fit_at_the_start_is_refused() -> None:
    with pytest.raises(OutOfMemory, match=r"on a machine with 0\.03125 GiB"):
        run("classic", REDIS, 32 * MIB)


def test_of_a_mix_the_greediest_dies_and_the_others_go_on() -> None:
    big = {**REDIS, "clients": {"kind": "open", "rate": "2k/s"}}
    small = {**big, "dataset": "16MiB", "snapshot": None}
    mix = {"kind": "mix", "programs": {"big": big, "small": small}}
    alone = run("huge", mix)
    limit = 80 * MIB + MIB + int(alone.parts["big"].levels["extra_memory_bytes_peak"]) // 2
    recording = run("huge", mix, limit)
    assert recording.parts["big"].counters["killed_out_of_memory"] == 1
    assert "killed_out_of_memory" not in recording.parts["small"].counters
    assert recording.parts["small"].levels["duration_ns"] == 10**9
    assert recording.parts["small"].series["memory"]["t_ns"].size
    together = recording.series["memory"]
    used = together["resident_bytes"] + together["table_bytes"]
    ends = {"big": recording.parts["big"].levels["killed_ns"], "small": 10**9}
    expected = [
        sum(latest_use(recording.parts[name], t) for name, end in ends.items() if t < end)
        for t in together["t_ns"].tolist()
    ]
    assert used.tolist() == expected
    assert {0, *ends.values()} <= set(together["t_ns"].tolist())
    killed_bytes = recording.parts["big"].levels["killed_bytes"]
    assert limit < recording.levels["memory_bytes_peak"] == killed_bytes


def script_of(*steps: dict[str, Any]) -> dict[str, Any]:
    return {"kind": "script", "steps": list(steps)}


def test_who_lives_on_has_every_fault_that_it_paid_for() -> None:
    big = script_of(
        {"do": "map", "pages": 8192, "at": 0},
        {"do": "write", "pages": "0-8191"},
        {"do": "sleep", "time": "1s"},
    )
    late = script_of(
        {"do": "sleep", "time": "100ms"},
        {"do": "map", "pages": 4096, "at": 0},
        {"do": "write", "pages": "0-4095"},
    )
    mix = {"kind": "mix", "programs": {"big": big, "late": late}}
    recording = run("classic", mix, 40 * MIB)
    assert recording.parts["big"].counters["killed_out_of_memory"] == 1
    assert recording.parts["big"].levels["killed_ns"] == 100_000_000
    assert recording.parts["late"].counters["faults/zero_fill"] == 4096


@pytest.mark.parametrize("scheme", ["classic", "huge", "on_demand"])
def test_populating_dies_at_the_page_that_does_not_fit(scheme: str) -> None:
    config = script_of({"do": "map", "pages": 16384, "at": 0, "populate": True})
    recording = run(scheme, config, 40 * MIB)
    assert recording.counters["killed_out_of_memory"] == 1
    assert 40 * MIB < recording.levels["killed_bytes"] <= 42 * MIB + 4096


def test_who_has_ended_needs_no_killing() -> None:
    whole: tuple[dict[str, Any], ...] = (
        {"do": "map", "pages": 4096, "at": 0},
        {"do": "write", "pages": "0-4095"},
    )
    ends = script_of(*whole)
    late = script_of({"do": "sleep", "time": "1s"}, *whole)
    mix = {"kind": "mix", "programs": {"ends": ends, "late": late}}
    recording = run("classic", mix, 24 * MIB)
    assert all("killed_out_of_memory" not in part.counters for part in recording.parts.values())


@pytest.mark.parametrize("scheme", ["classic", "on_demand", "async"])
def test_threads_and_children_die_with_their_program(scheme: str) -> None:
    pages = [{"do": "write", "pages": "0-1023"}, {"do": "write", "pages": "1024-2047"}]
    begin: tuple[dict[str, Any], ...] = (
        {"do": "map", "pages": 2048, "at": 0},
        {"do": "write", "pages": "0-2047"},
    )
    config = script_of(*begin, {"do": "fork", "as": "C"}, {"together": pages})
    recording = run(scheme, config, 10 * MIB)
    assert recording.counters["killed_out_of_memory"] == 1
    assert recording.levels["killed_bytes"] <= 10 * MIB + 2 * 4096
    # Nobody wrote on: what was copied had room.
    assert recording.counters["faults/cow_copy"] * 4096 <= 2 * MIB + 4096


def test_the_peak_is_seen_whenever_it_comes() -> None:
    steps: list[dict[str, Any]] = [
        {"do": "map", "pages": 1024, "at": 0},
        {"do": "write", "pages": "0-1023"},
        {"do": "unmap", "at": 0, "pages": 1024},
    ]
    recording = run("classic", script_of(*steps))
    assert recording.levels["memory_bytes_peak"] == 1026 * 4096
    assert recording.series["memory"]["resident_bytes"].tolist()[-1] == 0


def test_other_programs_have_a_memory_too() -> None:
    recording = run("classic", BURST)
    assert recording.levels["memory_bytes_peak"] > 128 * MIB
    assert run("classic", BURST, 100 * MIB).counters["killed_out_of_memory"] == 1


def test_a_saving_child_that_lost_pages_of_the_pool_is_killed_and_counted_once() -> None:
    """The parent's copies use the pool up; then it takes pages that its child still reads."""
    options = HugetlbOptions.model_validate({"pool": "66MiB"})
    config = RedisConfig.model_validate(REDIS)
    recording = Redis().run(config, replace(setup("hugetlb"), options=options))
    assert recording.counters["snapshots"] == 1
    assert recording.counters["snapshots_killed"] == 1
    enough = HugetlbOptions.model_validate({"pool": "128MiB"})
    spared = Redis().run(config, replace(setup("hugetlb"), options=enough))
    assert spared.counters["snapshots_killed"] == 0
