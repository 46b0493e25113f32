"""Spans of programs: whoever watches changes nothing, and sees what cores' time went by."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from itertools import groupby, pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from programs import setup

from sim.machine.spans import Span, SpanWindow
from sim.measures.recording import Recording
from workloads.programs.redis.server import Server
from workloads.programs.shared.fork_server import ForkServer
from workloads.registry import WORKLOADS
from workloads.running.setup import Setup

OPEN: dict[str, Any] = {
    "kind": "redis",
    "dataset": "16MiB",
    "clients": {"kind": "open", "rate": "20k/s", "connections": 5},
    "duration": "20ms",
    "set_ratio": 0.3,
    "snapshot": {"at": ["4ms", "10ms"], "save_rate": "8GiB"},
}
CLOSED = {**OPEN, "clients": {"kind": "closed", "connections": 3, "pipeline": 300}}
QUIET = {**OPEN, "snapshot": None, "clients": {**OPEN["clients"], "rate": "5k/s"}}
FUZZERS: dict[str, Any] = {
    "kind": "afl",
    "target": "16MiB",
    "instances": 2,
    "run": "100us",
    "pages": 3,
    "duration": "10ms",
}
FUZZER = {**FUZZERS, "instances": 1, "duration": "30ms"}
SQLITE: dict[str, Any] = {
    "kind": "sqlite",
    "database": "16MiB",
    "tests": [{"name": "UPDATE", "run": "200us", "pages": 3}],
    "rounds": 20,
}
APACHE: dict[str, Any] = {
    "kind": "apache",
    "workers": 2,
    "clients": {"kind": "closed", "connections": 3},
    "service": {"p0": "20us", "p50": "35us", "p100": "100us"},
    "duration": "10ms",
}
SCRIPT: dict[str, Any] = {
    "kind": "script",
    "steps": [
        {"do": "map", "pages": 1024, "at": 0},
        {"do": "write", "pages": "0-1023"},
        {"do": "fork", "as": "C"},
        {
            "together": [
                {"do": "write", "pages": "2-40"},
                {"do": "write", "pages": "512-530"},
                {"do": "unmap", "at": 1000, "pages": 24},
            ]
        },
        {"do": "write", "who": "C", "pages": "0-9"},
        {"do": "exit", "who": "C"},
    ],
}
FIRST_WRITE: dict[str, Any] = {
    "kind": "microbench",
    "program": "first_write",
    "sizes": ["16MiB"],
    "instances": 2,
}
PROGRAMS = [OPEN, CLOSED, QUIET, FUZZERS, FUZZER, SQLITE, APACHE]
ALONE = [SCRIPT, FIRST_WRITE]
SAMPLED = {
    **{key: value for key, value in OPEN.items() if key != "duration"},
    "clients": {**OPEN["clients"], "rate": "2k/s"},
    "snapshot": {"every": "10s", "save_rate": "8GiB"},
    "cycles": 1,
}


def ran(workload: dict[str, Any], on: Setup, window: SpanWindow | None = None) -> Recording:
    program = WORKLOADS[workload["kind"]]
    return program.run(program.Config.model_validate(workload), replace(on, spans=window))


def cut(spans: list[Span], from_ns: int, to_ns: int) -> list[Span]:
    found = [
        replace(s, start_ns=max(s.start_ns, from_ns), end_ns=min(s.end_ns, to_ns))
        for s in spans
        if max(s.start_ns, from_ns) < min(s.end_ns, to_ns)
    ]
    return sorted(found, key=repr)


def core_time_ns(recording: Recording) -> dict[str, int]:
    start, end = "core_time/", "_ns"
    return {
        name.removeprefix(start).removesuffix(end): ns
        for name, ns in recording.to_dict()["counters"].items()
        if name.startswith(start)
    }


@st.composite
def workloads(draw: st.DrawFn) -> dict[str, Any]:
    chosen = draw(st.lists(st.sampled_from(PROGRAMS), min_size=1, max_size=3))
    mix = {"kind": "mix", "programs": {f"p{n}": own for n, own in enumerate(chosen)}}
    return mix if chosen[1:] else dict(chosen[0])


@settings(max_examples=25, deadline=None)
@given(
    workloads(),
    st.sampled_from(["classic", "huge", "on_demand", "async"]),
    st.sampled_from([1, 2, 3, 8, 16]),
    st.floats(0, 1),
    st.floats(0, 1),
)
def test_a_window_changes_nothing_and_tells_all(
    workload: dict[str, Any], scheme: str, cores: int, one: float, other: float
) -> None:
    check_window(workload, setup(scheme, cores=cores), one, other)


@pytest.mark.parametrize("scheme", ["classic", "huge", "on_demand", "async"])
@pytest.mark.parametrize("workload", [*ALONE, SAMPLED])
def test_a_window_tells_all_of_other_programs(workload: dict[str, Any], scheme: str) -> None:
    check_window(workload, setup(scheme, cores=3), 0.2, 0.7)


def check_window(workload: dict[str, Any], on: Setup, one: float, other: float) -> None:
    everything, cores = SpanWindow(), on.cores
    unwatched = ran(workload, on)
    watched = ran(workload, on, everything)
    assert watched.to_dict() == unwatched.to_dict()
    spans, end_ns = everything.spans(), everything.to_ns
    # Every core's time is told of once, with its cause; and what is not told of it was idle.
    of_cores = sorted((s for s in spans if s.core is not None), key=lambda s: (s.core, s.start_ns))
    for _, own in groupby(of_cores, lambda s: s.core):
        assert all(before.end_ns <= after.start_ns for before, after in pairwise(own))
    by_cause: Counter[str] = Counter()
    for span in of_cores:
        by_cause[span.cause] += span.end_ns - span.start_ns
    spent_ns = core_time_ns(unwatched)
    assert by_cause.total() + spent_ns.pop("idle", 0) == cores * end_ns
    if "contention" not in spent_ns:
        assert by_cause == spent_ns
    # A part of it is that part.
    from_ns, to_ns = sorted((int(one * end_ns), int(other * end_ns)))
    window = SpanWindow(from_ns, to_ns)
    assert ran(workload, on, window).to_dict() == unwatched.to_dict()
    assert sorted(window.spans(), key=repr) == cut(spans, from_ns, to_ns)


def spans_of(program: str, workload: dict[str, Any], on: Setup) -> list[Span]:
    window = SpanWindow()
    ran(workload, on, window)
    # Children that went together are told to have been on one core.
    return [replace(s, core=-1) if s.task.endswith(program) else s for s in window.spans()]


@pytest.mark.parametrize("scheme", ["classic", "huge", "on_demand"])
@pytest.mark.parametrize("workload", [OPEN, CLOSED, QUIET])
def test_iterations_together_are_told_one_by_one(
    scheme: str, workload: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    mixed = {"kind": "mix", "programs": {"one": workload, "other": QUIET}}
    both = [spans_of("nobody", each, setup(scheme)) for each in (workload, mixed)]
    monkeypatch.setattr(Server, "_can_plan", lambda self: False)
    monkeypatch.setattr(Server, "_quiet_until_ns", lambda self: self._clock.now)
    alone = [spans_of("nobody", each, setup(scheme)) for each in (workload, mixed)]
    assert alone == both
    assert len(both[0]) > 30
    assert workload is QUIET or any(span.cause.startswith("fault/") for span in both[0])


@pytest.mark.parametrize("scheme", ["classic", "huge", "on_demand"])
def test_executions_together_are_told_one_by_one(
    scheme: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    both = spans_of("-child", FUZZER, setup(scheme))
    monkeypatch.setattr(ForkServer, "_is_alone", lambda self: False)
    assert spans_of("-child", FUZZER, setup(scheme)) == both
    assert {span.cause for span in both} >= {"fork", "switch", "service", "teardown"}
    assert any(span.cause.startswith("fault/") for span in both)


def test_tasks_of_a_mix_are_told_apart() -> None:
    programs = {"one": OPEN, "other": OPEN, "fuzzer": FUZZERS}
    spans = spans_of("nobody", {"kind": "mix", "programs": programs}, setup())
    of_redis = {f"{name}/redis{end}" for name in ("one", "other") for end in ("", "-save-1")}
    of_fuzzers = {f"fuzzer/afl-{n}{end}" for n in (0, 1) for end in ("", "-child")}
    assert {span.task for span in spans} >= of_redis | of_fuzzers
    assert all(span.task.count("/") == 1 for span in spans)


@pytest.mark.parametrize("program", [OPEN, FUZZERS, FUZZER, SQLITE, APACHE, SCRIPT, FIRST_WRITE])
@pytest.mark.parametrize("scheme", ["classic", "on_demand", "async"])
def test_locks_faults_and_children_are_those_of_the_record(
    program: dict[str, Any], scheme: str
) -> None:
    window = SpanWindow()
    recording = ran(program, setup(scheme), window).to_dict()
    of_kind = {**recording["counters"], **recording["levels"]}
    spans = window.spans()
    told: Counter[str] = Counter()
    for span in spans:
        what, _, lock = span.what.partition(" ")
        if what in {"hold", "lock"}:
            end = "held" if what == "hold" else "waited"
            told[f"lock/{lock}_{end}_ns"] += span.end_ns - span.start_ns
    known = {name: of_kind[name] for name in of_kind if name.startswith("lock/")}
    assert known
    for name, ns in known.items():
        if name.endswith(("_held_ns", "_waited_ns")):
            assert told[name] == ns, name
    children = [span for span in spans if span.what == "child"]
    forks = sorted(span.end_ns for span in spans if span.what == "fork")
    assert forks
    assert sorted(span.start_ns for span in children) == forks[: len(children)]
    copied = sum(s.count for s in spans if s.what == "fault" and s.cause == "fault/cow_copy")
    assert copied == of_kind.get("faults/cow_copy", 0)
