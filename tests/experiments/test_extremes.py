"""The least and the largest of every number: refused with its place, or simulated rightly."""

from __future__ import annotations

import copy
import itertools
import json
import re
from collections.abc import Iterator, Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any, TypeAlias

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from experiments.execution.simulation import simulate
from experiments.execution.trace_checks import check_traces
from experiments.language.catalogue import catalogue
from experiments.language.document import parse
from experiments.language.errors import InputError, Position
from experiments.planning.points import Point, plan
from sim.machine.clock import Clock
from sim.measures.recording import Recording
from workloads.registry import PROGRAMS, WORKLOADS
from workloads.running.demands import LOADED
from workloads.traces.registry import BUNDLED

Way: TypeAlias = tuple[str | int, ...]

CAPTURE, LOG = str(BUNDLED / "requests.csv"), str(BUNDLED / "apache_combined_D.log.gz")
OPEN = {"kind": "open", "rate": "1k/s", "connections": 2}
SERVED = {"kind": "redis", "dataset": "4MiB", "service": "10us", "duration": "300ms"}
FUZZED = {"target": "4MiB", "run": "100us", "duration": "20ms"}
SIZES = {"first": "1MiB", "last": "3MiB", "step": "1MiB"}
MICRO = {"kind": "microbench", "instances": 2, "start_spread": "1ms", "start_gap": "1ms"}
WORKLOADS_ASKED: list[dict[str, Any]] = [
    {
        **SERVED,
        "clients": {"kind": "closed", "connections": 2, "pipeline": 3},
        "set_ratio": 0.3,
        "keys": {"share": 0.5},
        "key_bytes": 15,
        "value_bytes": 32,
        "scattered": 0.5,
        "warmup": "1ms",
        "snapshot": {"at": ["5ms"], "save_rate": "1GiB"},
        "duration": "20ms",
    },
    {
        **SERVED,
        "clients": OPEN,
        "service": {"base": "10us", "per_byte": "1ns"},
        "snapshot": {"after_changes": 3, "after": "1ms", "save_rate": "1GiB"},
    },
    {
        **SERVED,
        "clients": {**OPEN, "arrivals": "fixed"},
        "snapshot": {"every": "100ms", "save": [{"after_changes": 2, "after": "1ms"}]},
        "cycles": 2,
    },
    {**SERVED, "clients": OPEN, "snapshot": {"at": ["1ms", "30ms"], "period": "100ms"}},
    {**SERVED, "clients": {"kind": "trace", "path": CAPTURE, "speed": 1.0, "skip_damaged": 0}},
    {
        "kind": "apache",
        "parent": "1MiB",
        "scattered": 0.5,
        "workers": 2,
        "spare": 2,
        "max_workers": 3,
        "clients": {"kind": "closed", "connections": 3, "threads": 2, "work": "1us"},
        "requests_per_connection": 5,
        "service": {"p0": "10us", "p100": "30us"},
        "first_pages": 3,
        "duration": "5ms",
    },
    {"kind": "apache", "clients": {"kind": "trace", "path": LOG, "speed": 1.0, "unit": "us"}},
    {
        "kind": "afl",
        **FUZZED,
        "scattered": 0.5,
        "pages": 2,
        "overhead": "100us",
        "slow": {"share": 0.1, "run": "1ms"},
        "instances": 1,
    },
    {"kind": "triforce", **FUZZED},
    {
        "kind": "sqlite",
        "database": "4MiB",
        "scattered": 0.5,
        "initialisation": "1ms",
        "tests": [{"name": "a", "run": "1ms", "pages": 3}],
        "rounds": 2,
    },
    {"kind": "microbench", "program": "fork_loop", "sizes": SIZES, **MICRO},
    {
        "kind": "microbench",
        "program": "fork_and_access",
        "sizes": ["4MiB"],
        "buffer": "1MiB",
        "reads": 0.5,
    },
    {
        "kind": "script",
        "steps": [
            {"do": "map", "pages": 600, "at": 0},
            {"do": "write", "pages": "0-500"},
            {"do": "fork", "as": "C"},
            {"do": "sleep", "time": "1ms"},
            {"do": "exit", "who": "C"},
        ],
    },
]
ABSENT = {"faults_elsewhere", "to"}
"""Of a log that a test would have to write; of a step whose pages must be there."""

DURATIONS = ["0s", "1ns", "1h", "100h", "1248h", "1251h", "2501h", "9007199254740992ns", "1e30s"]
SIZES_ASKED = [0, 1, "4KiB", "1MiB", "1TiB", "8TiB", "8.1TiB", "32TiB", "8PiB", "9PiB"]
RATES = ["1e-320/s", "1e-300/s", "1e-9/s", "1e-6/s", "1/s", "1e5/s", "1e10/s", "1e300/s"]
NUMBERS = [
    0,
    1,
    2,
    10**6,
    2**31,
    2**53,
    2**63,
    1e-300,
    1e-320,
    5e-324,
    1e-13,
    1e-9,
    0.5,
    1e6,
    1e300,
]
PER_BYTE = ["0ns", "1e-300ns", "1ns", "1h", "9007199254740992ns"]
MACHINE: dict[Way, list[Any]] = {
    ("machine", "cores"): [0, 1, 4096, 4097],
    ("machine", "memory"): SIZES_ASKED,
    ("machine", "constants", "fault_copy_cold_ns"): [0, 1e-300, 1e9, 1e10],
    ("machine", "scale", "entry_copy_ns"): [0, 1e-300, 1e3, 1e4],
    ("seed",): [0, 2**63 - 1, 2**63],
}
MOST_EVENTS = 300
MOST_LOADED = 2**30


def extremes(way: Way, written: Any) -> list[Any]:
    """What else to write where something is written."""
    if way[-1] == "per_byte":
        return PER_BYTE
    if not isinstance(written, str):
        return NUMBERS
    return RATES if written.endswith("/s") else SIZES_ASKED if written[-1] == "B" else DURATIONS


def numbers_below(written: Any, way: Way = ()) -> Iterator[tuple[Way, Any]]:
    """The way to each number of a configuration, and what is there."""
    items: Any = written.items() if isinstance(written, dict) else enumerate(written)
    for key, value in items:
        if isinstance(value, dict | list):
            yield from numbers_below(value, (*way, key))
        elif not isinstance(value, str) or (value[0].isdigit() and "-" not in value):
            yield (*way, key), value


ASKED = [
    (number, ("workload", *way), value)
    for number, workload in enumerate(WORKLOADS_ASKED)
    for way, written in numbers_below(workload)
    for value in extremes(way, written)
] + [(n, way, v) for n in range(len(WORKLOADS_ASKED)) for way, vs in MACHINE.items() for v in vs]


class _EnoughEventsError(BaseException):
    """What was to be seen is seen."""


@pytest.fixture
def few_events(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Ends a simulation after so many events; the first of the list is what is left of them."""
    left, begin = [0], Clock.__init__

    class Numbers:
        """Numbers of events and steps."""

        def __init__(self) -> None:
            self._real = itertools.count(0, 2**16)

        def __next__(self) -> int:
            left[0] -= 1
            if left[0] < 0:
                raise _EnoughEventsError
            return next(self._real)

    def counted(self: Clock) -> None:
        begin(self)
        self._eid = Numbers()  # type: ignore[assignment] # SimPy only asks for the next

    monkeypatch.setattr(Clock, "__init__", counted)
    return left


def with_value(experiment: Any, way: Way, value: Any) -> Any:
    place = experiment = copy.deepcopy(experiment)
    for key, following in pairwise(way):
        if isinstance(place, dict):
            place.setdefault(key, {} if isinstance(following, str) else [])
        place = place[key]
    place[way[-1]] = value
    return experiment


def told(text: str) -> Point | None:
    """The point, unless it is refused in one line with its place."""
    try:
        document = parse(text, Position("a.yaml"))
        planned = plan(document, Path(), catalogue())
        check_traces(planned.points, planned.document)
    except InputError as error:
        assert str(error).startswith("a.yaml:1:")
        assert "\n" not in str(error)
        return None
    return planned.points[0]


def check(recording: Recording, workload: Mapping[str, Any]) -> None:
    """What holds whatever was asked for."""
    elapsed_ns = recording.levels["duration_ns"]
    assert 0 <= elapsed_ns < 2**53
    for histogram in recording.histograms.values():
        assert 0 <= histogram.minimum <= histogram.maximum
    requests = recording.counters.get("requests")
    if requests is not None:
        latency = recording.histograms["latency_ns"]
        assert latency.maximum <= elapsed_ns
        # Of whole cycles the first is left out, and what is sampled counts for about as many.
        cut = workload.get("warmup") or "cycles" in recording.levels
        assert requests == latency.count or cut
        assert recording.counters.get("keys_written", 0) <= requests
    if workload["kind"] == "redis" and workload["clients"]["kind"] == "open":
        # Whole cycles go on for as long as they take.
        sent_ns = elapsed_ns if "cycles" in recording.levels else workload["duration"]
        expected = workload["clients"]["rate"] * sent_ns / 1e9
        assert requests - expected <= 8 * expected**0.5 + 8
        written = expected * workload["set_ratio"]
        assert recording.counters["keys_written"] - written <= 8 * written**0.5 + 8
        # Cycles end with a fork, whoever waits then.
        if "cycles" not in recording.levels:
            assert expected - requests <= 8 * expected**0.5 + 8
            assert written - recording.counters["keys_written"] <= 8 * written**0.5 + 8


def simulated_rightly(experiment: Any, few_events: list[int]) -> None:
    point = told(json.dumps(experiment))
    if point is None:
        return
    workload = point.config["workload"]
    demands = WORKLOADS[workload["kind"]].demands(workload)
    loaded = sum(demand.amount for demand in demands if demand.limit is LOADED)
    if loaded > MOST_LOADED or workload["kind"] == "microbench":
        return
    few_events[0] = MOST_EVENTS
    try:
        (recording,) = simulate(point).repetitions
    except _EnoughEventsError:
        return
    except ValueError as error:  # a script that does what it cannot
        assert re.fullmatch(r"step \d+: page \d+ is not mapped", str(error))
        return
    check(recording, workload)


def experiment_with(asked: tuple[int, Way, Any]) -> Any:
    number, way, value = asked
    workload = WORKLOADS_ASKED[number]
    experiment = {"forksim": 1, "name": "x", "workload": workload, "fork": {"kind": "classic"}}
    return with_value(experiment, way, value)


@pytest.mark.histories
@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(asked=st.sampled_from(ASKED))
def test_one_number_at_its_extremes(asked: tuple[int, Way, Any], few_events: list[int]) -> None:
    simulated_rightly(experiment_with(asked), few_events)


@pytest.mark.full
@pytest.mark.parametrize("asked", ASKED)
def test_each_number_at_each_of_its_extremes(
    asked: tuple[int, Way, Any], few_events: list[int]
) -> None:
    simulated_rightly(experiment_with(asked), few_events)


def test_every_number_of_the_schema_is_among_them() -> None:
    known = {key for _, way, _ in ASKED for key in way} | ABSENT
    schema = WORKLOADS["mix"].Config.model_json_schema()
    assert {program["kind"] for program in WORKLOADS_ASKED} == {p.name for p in PROGRAMS}
    for node in schema["$defs"].values():
        for name, field in node.get("properties", {}).items():
            arms = [field, *field.get("anyOf", [])]
            numeric = any(arm.get("type") in {"integer", "number"} for arm in arms)
            if numeric or any(arm.get("const") == 0 for arm in arms):
                assert name in known, name
