"""The Redis server: blocks against single iterations, conservation, snapshots."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from programs import PROFILE, redis_config, run_redis, setup
from pydantic import ValidationError

from models.costs.profile import Profile
from models.kernel.scheduling import SchedulerName
from sim.machine.clock import Activity
from sim.measures.recording import Recording
from workloads.programs.redis.program import Redis, _clients
from workloads.programs.redis.server import Server
from workloads.programs.redis.snapshot_config import Snapshot
from workloads.traces.registry import BUNDLED

CLOSED = {"kind": "closed", "connections": 2, "pipeline": 500}
OPEN = {"kind": "open", "rate": "50k/s", "connections": 20}


def one_iteration_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    def never_quiet(self: Server[Any]) -> int:
        return self._clock.now

    monkeypatch.setattr(Server, "_quiet_until_ns", never_quiet)


@pytest.mark.histories
@pytest.mark.parametrize("clients", [CLOSED, OPEN])
@pytest.mark.parametrize("scheme", ["classic", "huge", "on_demand"])
@pytest.mark.parametrize(
    "snapshot",
    [
        None,
        {"after_changes": 500, "save_rate": "1GiB"},
        {"at": ["7ms", "20ms", "45ms", "46ms", "70ms"], "save_rate": "1GiB"},
    ],
)
def test_blocks_give_what_single_iterations_give(
    clients: dict[str, Any],
    scheme: str,
    snapshot: dict[str, Any] | None,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    changes: dict[str, Any] = {"clients": clients, "set_ratio": 0.3, "duration": "80ms"}
    together = run_redis(scheme, snapshot=snapshot, **changes)
    one_iteration_at_a_time(monkeypatch)
    assert seen(run_redis(scheme, snapshot=snapshot, **changes)) == seen(together)


def seen(recording: Recording) -> dict[str, Any]:
    """All but the notes on memory, which are taken when a block has been served."""
    notes = ("memory", "processes")
    series = {name: table for name, table in recording.series.items() if name not in notes}
    return replace(recording, series=series).to_dict()


def beside_a_hog(scheme: str) -> Recording:
    """A snapshotting Redis on a machine of one core, shared with its child and another program."""
    config = redis_config(
        set_ratio=0.3,
        duration="200ms",
        snapshot={"at": ["5ms", "150ms"], "save_rate": "400MiB"},
    )
    alone = setup(scheme, cores=1)
    kernel = alone.kernel()
    clock = kernel.machine.clock

    def hog() -> Activity:
        task = kernel.machine.task("hog")
        for _ in range(40):
            yield clock.timeout(2_345_678)
            yield from task.run(compute_ns=1_000_000)

    clients = _clients(config, alone.streams())
    server = Server(config, kernel, clients)
    clock.process(hog())
    clock.run(until=clock.process(server.live()))
    return server.recording()


@pytest.mark.parametrize("scheme", ["classic", "on_demand"])
def test_blocks_give_what_single_iterations_give_when_the_core_is_shared(
    scheme: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    together = beside_a_hog(scheme)
    assert together.histograms["latency_ns"].maximum > 5_000_000  # it did have to wait
    one_iteration_at_a_time(monkeypatch)
    assert seen(beside_a_hog(scheme)) == seen(together)


@settings(max_examples=15, deadline=None)
@given(
    st.sampled_from(["classic", "huge", "on_demand"]),
    st.sampled_from([CLOSED, OPEN]),
    st.integers(0, 100),
    st.floats(0.01, 1),
    st.integers(100, 700),
)
def test_nothing_is_lost(
    scheme: str, clients: dict[str, Any], repetition: int, share: float, changes: int
) -> None:
    recording = run_redis(
        scheme,
        repetition,
        clients=clients,
        keys={"share": share},
        snapshot={"after_changes": changes, "save_rate": "300MiB"},
    )
    latency, counters = recording.histograms["latency_ns"], recording.counters
    assert latency.count == counters["requests"]
    assert recording.series["timeline"]["requests"].sum() == counters["requests"]
    assert recording.series["timeline"]["max_ns"].max() == latency.maximum
    snapshots = recording.series["snapshots"]
    assert len(snapshots["fork_ns"]) == counters["snapshots"]
    # The open loop writes about 450 keys by the first look at the rule, 900 by the second.
    assert counters["snapshots"] > 0
    # No snapshot begins before the one before it has ended, nor without enough changes.
    ended = snapshots["end_ns"][:-1]
    assert (ended > 0).all()
    assert (snapshots["start_ns"][1:] >= ended).all()
    assert (snapshots["changes"] >= changes).all()
    written = min(counters["keys_written"], round(share * 32 * 256)) * counters["snapshots"]
    copies = counters["faults/cow_copy"] + 512 * counters["faults/huge_copy"]
    assert counters["faults/cow_copy"] <= written
    # Memory that snapshots cost: the pages copied while they ran, and at most two sets of tables
    # (the heap's 16, of the child's own or copied by the parent) for each.
    tables = snapshots["extra_bytes"].sum() - 4096 * copies
    assert 0 <= tables <= 4096 * 2 * 16 * counters["snapshots"]
    if clients is CLOSED:  # somebody always waits for the fork
        assert latency.maximum > snapshots["fork_ns"].max()


def test_the_schemes_meet_the_same_requests() -> None:
    """Common random numbers: closed loops run at different speeds, open ones serve the same."""
    runs = [
        run_redis(scheme, clients=OPEN, snapshot={"at": ["100ms"]})
        for scheme in ("classic", "huge", "on_demand")
    ]
    for name in ("requests", "keys_written"):
        assert len({run.counters[name] for run in runs}) == 1


def test_repetitions_differ_and_are_repeatable() -> None:
    first, again, other = (run_redis(repetition=r).to_dict() for r in (0, 0, 1))
    assert first == again
    assert first != other


def scaled(profile: Profile, factor: float) -> Profile:
    """The profile with all times but the scheduler's slice multiplied."""
    data = profile.model_dump()
    for name, constant in data["constants"].items():
        if constant["unit"] == "ns" and name != "time_slice_ns":
            constant["value"] *= factor
    return Profile.model_validate(data)


def test_a_free_fork_is_no_fork() -> None:
    free = scaled(PROFILE, 0.0)
    config = redis_config(set_ratio=0.3)
    snapshots = config.model_copy(
        update={"snapshot": Snapshot(at=["100ms", "250ms"])}  # type: ignore[list-item] # pydantic reads the text
    )
    without = Redis().run(config, replace(setup(), profile=free))
    with_free = Redis().run(snapshots, replace(setup(), profile=free))
    assert (
        with_free.histograms["latency_ns"].to_dict() == without.histograms["latency_ns"].to_dict()
    )
    assert with_free.counters["snapshots"] == 2


def test_an_open_loop_goes_on_to_its_duration() -> None:
    """Few requests, the last long before the end: a later snapshot is taken all the same."""
    recording = run_redis(
        clients={"kind": "open", "rate": "2/s", "arrivals": "fixed", "connections": 1},
        snapshot={"at": ["100ms", "1900ms", "3s"], "save_rate": "1GiB"},
        duration="2s",
    )
    assert recording.counters["requests"] == 3
    assert recording.levels["duration_ns"] == 2_000_000_000
    assert recording.counters["snapshots"] == 2
    assert recording.counters["snapshots_not_reached"] == 1
    assert recording.series["snapshots"]["start_ns"].tolist() == [100_000_000, 1_900_000_000]


@pytest.mark.parametrize(
    ("scheduler", "most_ms"),
    [
        ("wait", 15),
        ("cfs", 4),
        ("eevdf", 6),
    ],  # five slices; no tick; a slice, a tick, who waits before
)
def test_on_one_core_the_server_does_not_wait_for_the_childs_whole_save(
    scheduler: SchedulerName, most_ms: int
) -> None:
    """The save takes a second of the only core, of which the server needs a tenth.

    Kernels put ahead who slept, so but for a switch most requests wait for nobody.
    """
    config = redis_config(
        clients={"kind": "open", "rate": "1k/s", "connections": 4},
        service="100us",
        snapshot={"at": ["100ms"], "save_rate": "32MiB"},
        duration="1s",
    )
    recording = Redis().run(config, setup("on_demand", cores=1, scheduler=scheduler))
    latency = recording.histograms["latency_ns"]
    assert latency.maximum < most_ms * 1_000_000
    alone = setup("on_demand", cores=2)
    median_ns = Redis().run(config, alone).histograms["latency_ns"].quantile(Fraction(1, 2))
    switch_ns = round(PROFILE.costs.context_switch_ns)
    waits = latency.quantile(Fraction(1, 2)) > median_ns + 2 * switch_ns
    assert waits == (scheduler == "wait")


def test_requests_longer_than_a_pass_take_several() -> None:
    recording = run_redis(
        clients={"kind": "closed", "connections": 2, "pipeline": 3},
        value_bytes="64KiB",
        set_ratio=0.5,
        duration="40ms",
    )
    assert recording.counters["requests"] == recording.histograms["latency_ns"].count > 1000


@pytest.mark.parametrize("clients", [CLOSED, OPEN])
def test_all_costs_times_four_are_all_latencies_times_four(clients: dict[str, Any]) -> None:
    """With times that no rounding touches: the profile's in quarters of a nanosecond."""
    data = PROFILE.model_dump()
    for constant in data["constants"].values():
        if constant["unit"] == "ns":
            constant["value"] = 4.0 * round(constant["value"])
    slow = Profile.model_validate(data)
    fast = scaled(slow, 0.25)

    def latencies(profile: Profile, factor: int) -> tuple[int, int, int]:
        config = redis_config(
            clients={**clients, **({"rate": f"{48 / factor:g}k/s"} if clients is OPEN else {})},
            set_ratio=0.3,
            service=f"{factor}us",
            snapshot={"at": [f"{20 * factor}ms"], "save_rate": 2**30 // factor},
            duration=f"{60 * factor}ms",
        )
        latency = Redis().run(config, replace(setup(), profile=profile)).histograms["latency_ns"]
        return latency.count, latency.minimum, latency.maximum

    count, least, most = latencies(fast, 1)
    slow_count, slow_least, slow_most = latencies(slow, 4)
    assert abs(slow_least - 4 * least) <= 4
    assert abs(slow_most - 4 * most) <= 4 * 64  # arrivals are whole nanoseconds, and drift by one
    assert abs(slow_count - count) <= 1000  # of the iteration that ends last


def test_a_listed_time_within_a_snapshot_is_refused() -> None:
    recording = run_redis(snapshot={"at": ["10ms", "20ms", "30ms", "200ms"], "save_rate": "400MiB"})
    assert recording.counters["snapshots"] == 2
    assert recording.counters["snapshots_refused"] == 2
    start_ns = recording.series["snapshots"]["start_ns"]
    assert start_ns[0] >= 10_000_000
    assert start_ns[1] >= 200_000_000


def test_the_save_rule_is_looked_at_ten_times_a_second() -> None:
    recording = run_redis(
        snapshot={"after_changes": 1, "after": "150ms", "save_rate": "32GiB"}, duration="550ms"
    )
    start_ns = recording.series["snapshots"]["start_ns"]
    # 150 ms after the beginning, and after the end of each save: at 200, 400 (150 ms after the end
    # of the save of 200 is no tick) ...
    assert [int(start) // 100_000_000 for start in start_ns] == [2, 4]


def test_the_save_rule_counts_from_the_end_of_the_last_save() -> None:
    recording = run_redis(
        snapshot={"after_changes": 1, "after": "100ms", "save_rate": "160MiB"}, duration="1050ms"
    )
    start_ns, end_ns = (recording.series["snapshots"][name] for name in ("start_ns", "end_ns"))
    # More than 100 ms after the start; a save takes 200 ms and a little, and more than 100 ms have
    # gone by at the second look after its end; and so on.
    assert [int(start) // 100_000_000 for start in start_ns] == [2, 6, 10]
    assert 100_000_000 <= min(start_ns[1:] - end_ns[:-1]) < 200_000_000


def test_a_fork_delays_the_replies_of_its_iteration_by_exactly_itself() -> None:
    """One connection, one request at a time, no writes: only the fork makes anybody wait."""
    recording = run_redis(
        clients={"kind": "closed", "connections": 1, "pipeline": 1},
        set_ratio=0,
        service="1us",
        snapshot={"at": ["5ms"]},
        duration="20ms",
    )
    latency = recording.histograms["latency_ns"]
    fork_ns = int(recording.series["snapshots"]["fork_ns"][0])
    assert latency.minimum == 1000
    assert latency.maximum == 1000 + fork_ns
    # The very first request waits for the core to switch to the server.
    switch_ns = round(PROFILE.costs.context_switch_ns)
    assert latency.total == latency.count * 1000 + fork_ns + switch_ns


def test_a_golden_run() -> None:
    """Exact numbers of one small run; the invariants beside them say what may not change."""
    recording = run_redis(
        "on_demand",
        clients={"kind": "trace", "path": str(BUNDLED / "redis_monitor.log.gz")},
        dataset="64MiB",
        snapshot={"after_changes": 10_000, "save_rate": "64MiB"},
    )
    counters = recording.counters
    assert counters["requests"] == recording.histograms["latency_ns"].count == 60_000
    assert counters["keys_written"] == 30_029
    assert counters["faults/table_copy"] + counters["faults/table_reuse"] <= 32 * 2 * 2
    assert {
        name: counters[name]
        for name in ("snapshots", "faults/cow_copy", "faults/cow_reuse", "faults/table_copy")
    } == GOLDEN


GOLDEN = {
    "snapshots": 2,
    "faults/cow_copy": 3515,
    "faults/cow_reuse": 8708,
    "faults/table_copy": 64,
}


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"snapshot": {}}, "one of after_changes, save, at and every"),
        ({"snapshot": {"after_changes": 1, "save": "60 1"}}, "one of after_changes and save"),
        ({"snapshot": {"every": "1s", "at": ["1s"]}}, "one of at and every"),
        ({"snapshot": {"save": "60 1", "scheduled": True}}, "only beside at or every"),
        ({"snapshot": {"every": "0s"}}, "greater than 0"),
        ({"snapshot": {"save": "60"}}, "in pairs as in redis.conf"),
        ({"snapshot": {"save": "60 1k"}}, "in pairs as in redis.conf"),
        ({"snapshot": {"save": ""}}, "in pairs as in redis.conf"),
        ({"snapshot": {"save": "0 1"}}, "from 1 to 9007199 seconds"),
        ({"snapshot": {"save": []}}, "at least 1"),
        ({"snapshot": {"at": ["2s", "1s"]}}, "ascending"),
        ({"snapshot": {"at": ["2s"], "after": "1s"}}, "only beside after_changes"),
        ({"keys": {"share": 0}}, "greater than 0"),
        ({"clients": {"kind": "closd"}}, "closed"),
        ({"duration": "0s"}, "above 0"),
    ],
)
def test_what_cannot_be_run_is_refused(changes: dict[str, Any], expected: str) -> None:
    with pytest.raises(ValidationError, match=expected):
        redis_config(**changes)
