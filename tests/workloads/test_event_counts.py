"""How many events small runs take: what the time of a large run grows with, on any machine.

A change that makes a program schedule more events is seen here before it is felt. The invariant
beside each count says what it may depend on.
"""

from __future__ import annotations

from typing import Any

import pytest
from programs import setup

from sim.measures.recording import Recording
from workloads.registry import WORKLOADS
from workloads.running.program import play
from workloads.traces.registry import BUNDLED

pytestmark = pytest.mark.histories

REDIS: dict[str, Any] = {
    "dataset": "32MiB",
    "clients": {"kind": "closed", "connections": 3, "pipeline": 600},
    "snapshot": {"at": ["50ms", "150ms"], "save_rate": "1GiB"},
    "duration": "300ms",
}
OPEN_REDIS = {**REDIS, "clients": {"kind": "open", "rate": "100k/s", "connections": 20}}
TRACED_REDIS = {
    **REDIS,
    "clients": {"kind": "trace", "path": str(BUNDLED / "redis_monitor.log.gz")},
    "snapshot": {"after_changes": 10_000, "save_rate": "64MiB"},
    "duration": "20s",
}
AFL = {"target": "64MiB", "scattered": 0.25, "run": "200us", "pages": 2, "duration": "1s"}
SUITE = {
    "database": "64MiB",
    "tests": [{"name": "UPDATE", "run": "200us", "pages": 3}],
    "rounds": 50,
}
APACHE = {
    "workers": 4,
    "clients": {"kind": "closed", "connections": 4},
    "service": "35us",
    "duration": "100ms",
}
TRACED_APACHE = {
    "workers": 4,
    "clients": {"kind": "trace", "path": str(BUNDLED / "apache_combined_D.log.gz"), "unit": "us"},
}
FORKS = {"program": "fork_loop", "sizes": ["64MiB", "128MiB"], "instances": 2}
ACCESS = {"program": "fork_and_access", "sizes": ["64MiB"]}
PROGRAMS: dict[str, tuple[str, dict[str, Any]]] = {
    "redis": ("redis", REDIS),
    "redis, open loop": ("redis", OPEN_REDIS),
    "redis, trace": ("redis", TRACED_REDIS),
    "afl": ("afl", AFL),
    "afl, two instances": ("afl", {**AFL, "instances": 2}),
    "triforce": ("triforce", AFL),
    "sqlite": ("sqlite", SUITE),
    "apache": ("apache", APACHE),
    "apache, trace": ("apache", TRACED_APACHE),
    "microbench, forks": ("microbench", FORKS),
    "microbench, access": ("microbench", ACCESS),
    "mix": (
        "mix",
        {"programs": {"a": {"kind": "redis", **REDIS}, "b": {"kind": "apache", **APACHE}}},
    ),
}


def run(name: str, scheme: str, **changes: Any) -> tuple[int, Recording]:
    """Events scheduled in a run of the program, and its results."""
    kind, fields = PROGRAMS[name]
    config = WORKLOADS[kind].Config.model_validate({"kind": kind, **fields, **changes})
    kernel = setup(scheme).kernel()
    program = WORKLOADS[kind].start(config, kernel, setup(scheme).streams())
    (recording,) = play(kernel, program)
    return kernel.machine.clock.places() // 2**16, recording


# By program: under the classic fork and under On-demand-fork.
COUNTS = {
    "redis": (110, 102),
    "redis, open loop": (121, 122),
    "redis, trace": (107, 111),
    "afl": (227, 681),
    "afl, two instances": (20_731, 50_287),
    "triforce": (227, 681),
    "sqlite": (758, 758),
    "apache": (45_686, 45_638),
    "apache, trace": (1314, 1314),
    "microbench, forks": (113, 113),
    "microbench, access": (40, 40),
    "mix": (46_181, 46_129),
}


@pytest.mark.parametrize("name", PROGRAMS)
def test_events_of_a_run(name: str) -> None:
    assert tuple(run(name, scheme)[0] for scheme in ("classic", "on_demand")) == COUNTS[name]


@pytest.mark.parametrize("name", ["redis", "redis, open loop"])
def test_requests_are_no_events(name: str) -> None:
    """A Redis schedules for its snapshots and once for every block of requests."""
    few, short = run(name, "classic")
    many, long = run(name, "classic", duration="900ms")
    more = long.counters["requests"] - short.counters["requests"]
    assert more > 1.9 * short.counters["requests"]
    assert many - few < more / 500


def test_a_lonely_fuzzers_executions_are_no_events() -> None:
    """Once memory is as it stays, a block of executions is one event."""
    few, short = run("afl", "classic", duration="2s")
    many, long = run("afl", "classic", duration="6s")
    more = long.counters["executions"] - short.counters["executions"]
    assert more > 1.9 * short.counters["executions"]
    assert many - few < more / 20


def test_executions_that_others_watch_are_events_each() -> None:
    """Fork, child and exit are played: as many events for every test."""
    few, many, most = (run("sqlite", "classic", rounds=rounds)[0] for rounds in (50, 100, 200))
    assert most - many == 2 * (many - few)
    assert most - many < 16 * 100


def test_a_response_is_four_events() -> None:
    few, short = run("apache", "classic")
    many, long = run("apache", "classic", duration="300ms")
    assert many - few <= 4.01 * (long.counters["requests"] - short.counters["requests"])
