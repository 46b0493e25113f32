"""When Redis forks: by several save rules, by commands, in closed form however long it takes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from programs import redis_config, setup

from sim.machine.clock import NEVER_NS
from sim.measures.recording import Recording
from workloads.programs.redis.program import Redis
from workloads.programs.redis.snapshot_config import SaveRule, Snapshot
from workloads.programs.redis.snapshot_schedule import SnapshotSchedule
from workloads.registry import WORKLOADS
from workloads.running.program import play

SECOND_NS = 10**9
DEFAULT = "3600 1 300 100 60 10000"
"""What Redis is compiled with."""


def snapshot(**fields: Any) -> Snapshot:
    return Snapshot.model_validate(fields)


def forks_s(recording: Recording) -> list[float]:
    return [ns / SECOND_NS for ns in recording.series["snapshots"]["start_ns"].tolist()]


def sets(path: Path, *bursts: tuple[float, int]) -> dict[str, Any]:
    """Clients that read a key at the start and write bursts of keys, 0.1 ms apart."""
    rows = [
        f"{start_s + i * 1e-4:.4f},k{i % 50},set" for start_s, count in bursts for i in range(count)
    ]
    path.write_text("\n".join(["time_s,key,op", "0,k0,get", *rows, ""]))
    return {"kind": "trace", "path": str(path)}


def counted(config: Any, scheme: str = "classic") -> tuple[int, Recording]:
    """Events scheduled in a run of Redis, and its results."""
    kernel = setup(scheme).kernel()
    (recording,) = play(kernel, Redis().start(config, kernel, setup(scheme).streams()))
    return kernel.machine.clock.places() // 2**16, recording


def test_redis_own_rules_over_hours_counted_by_hand(tmp_path: Path) -> None:
    """A save takes 64 s and some milliseconds."""
    config = redis_config(
        clients=sets(
            tmp_path / "sets.csv",
            (10, 1),  # one key: after more than an hour, at 3600.1 s
            (4000.05, 99),  # more than 300 s after the end of that save, but too few
            (4000.15, 1),  # enough: at the look that follows
            (4010, 10_000),  # beside the child: 60 s after its end at 4064.2
            (4200, 1),  # an hour after the end at 4188.3 of the save for these
        ),
        dataset="64MiB",
        snapshot={"save": DEFAULT, "save_rate": "1MiB"},
        service="20us",
        duration="8000s",
    )
    events, recording = counted(config)
    table = recording.series["snapshots"]
    assert forks_s(recording) == [3600.1, 4000.2, 4124.3, 7788.4]
    assert [ns // (SECOND_NS // 10) / 10 for ns in table["end_ns"].tolist()] == [
        3664.1,
        4064.2,
        4188.3,
        7852.4,
    ]
    assert table["changes"].tolist() == [1, 100, 10_000, 1]
    # 80,000 looks are not among them.
    assert events == 113


def test_all_its_spellings_mean_the_same() -> None:
    rules = [
        SaveRule.model_validate({"after": after, "after_changes": changes})
        for after, changes in (("1h", 1), ("5min", 100), ("60s", "10k"))
    ]
    listed = [{"after": "1h", "after_changes": 1}, {"after": "5m", "after_changes": 100}]
    listed.append({"after": "1min", "after_changes": "10k"})
    for written in (
        DEFAULT,
        f"save {DEFAULT}",
        "save 3600 1\nsave 300 100\nsave 60 10000\n",
        listed,
    ):
        assert snapshot(save=written).rules == rules


def test_a_save_whose_child_was_killed_is_tried_again_after_more_than_five_seconds() -> None:
    schedule = SnapshotSchedule(snapshot(save="3600 0 1 10"))
    schedule.changes = 12
    assert schedule.next_ns(0) == 1_100_000_000
    schedule.forked(1_100_000_000)
    schedule.changes += 3
    assert schedule.next_ns(2 * SECOND_NS) == NEVER_NS
    schedule.ended(2 * SECOND_NS, saved=False)
    assert schedule.changes == 15
    assert schedule.next_ns(2 * SECOND_NS) == 6_200_000_000
    assert not schedule.due(6_100_000_000)
    assert schedule.due(6_200_000_000)
    schedule.forked(6_200_000_000)
    schedule.ended(7 * SECOND_NS, saved=True)
    assert schedule.changes == 0
    assert schedule.next_ns(7 * SECOND_NS) == 3607_100_000_000


PERIODIC = {"clients": {"kind": "open", "rate": "10/s", "connections": 1}, "set_ratio": 1}


@pytest.fixture(params=["alone", "in a mix"])
def run(request: pytest.FixtureRequest) -> Iterator[Any]:
    """Runs a Redis, alone or as part of a mix."""

    def alone(**fields: Any) -> Recording:
        return Redis().run(redis_config(**fields), setup())

    def mixed(**fields: Any) -> Recording:
        programs = {
            name: {"kind": "redis", "dataset": "32MiB", **own}
            for name, own in (("a", fields), ("b", {**PERIODIC, "duration": "2s"}))
        }
        config = WORKLOADS["mix"].Config.model_validate({"kind": "mix", "programs": programs})
        return WORKLOADS["mix"].run(config, setup()).parts["a"]

    yield alone if request.param == "alone" else mixed


def test_every_so_often_what_falls_into_a_save_is_refused(run: Any) -> None:
    """A save takes 2 s and a little, so every third is taken."""
    snapshot = {"every": "1s", "save_rate": "16MiB"}
    recording = run(**PERIODIC, snapshot=snapshot, duration="9500ms", cycles=0)
    assert [round(s, 1) for s in forks_s(recording)] == [1, 4, 7]
    assert recording.counters["snapshots_refused"] == 6
    assert recording.counters["snapshots_not_reached"] == 0


def test_one_that_is_scheduled_is_done_at_the_look_after_the_childs_end(run: Any) -> None:
    recording = run(
        **PERIODIC,
        snapshot={"at": ["1s", "2s", "2500ms", "9s"], "scheduled": True, "save_rate": "16MiB"},
        duration="9500ms",
    )
    # The first ends at 3.0 s and a little; the second of those that wait is refused.
    assert [round(s, 1) for s in forks_s(recording)] == [1, 3.1, 9]
    assert recording.counters["snapshots_refused"] == 1


def test_a_scheduled_one_that_the_end_comes_before_is_not_reached(run: Any) -> None:
    recording = run(
        **PERIODIC,
        snapshot={"at": ["1s", "2s"], "scheduled": True, "save_rate": "16MiB"},
        duration="2500ms",
    )
    assert recording.counters["snapshots"] == 1
    assert recording.counters["snapshots_not_reached"] == 1


def test_rules_and_commands_count_each_others_saves(run: Any) -> None:
    """A save by command at 2 s (which ends at 2.2) puts the rule off to more than 3 s later."""
    recording = run(
        **PERIODIC,
        snapshot={"at": ["2s"], "save": "3 1", "save_rate": "160MiB"},
        duration="9s",
    )
    assert [round(s, 1) for s in forks_s(recording)] == [2, 5.3, 8.6]


@pytest.mark.parametrize(
    ("duration", "snapshots", "expected"),
    [("332s", 1, 36), ("664s", 2, 36 + 36), ("996s", 3, 36 + 2 * 36), ("24h", 260, 9431)],
)
def test_a_days_snapshots_are_found_without_a_look_every_tenth_of_a_second(
    duration: str, snapshots: int, expected: int
) -> None:
    """A request a second and 36 events a snapshot; a day has 864,000 looks."""
    config = redis_config(
        clients={"kind": "open", "rate": "1/s", "connections": 1, "arrivals": "fixed"},
        set_ratio=1,
        snapshot={"save": DEFAULT, "save_rate": "1MiB"},
        duration=duration,
    )
    events, recording = counted(config)
    # From the end of a save to the next are 300 s, and the save takes 32.
    assert recording.counters["snapshots"] == snapshots
    assert events == expected
