"""Programs on one machine: each as if alone where they do not meet, slower where they do."""

from __future__ import annotations

from typing import Any

import pytest
from programs import PROFILE, setup
from pydantic import ValidationError

from sim.measures.recording import Recording
from workloads.mix import AnyMix, Mix
from workloads.programs.afl.program import Afl
from workloads.programs.apache.program import Apache
from workloads.programs.redis.program import Redis
from workloads.registry import PROGRAMS, WORKLOADS, MixConfig
from workloads.running.program import play

FUZZER: dict[str, Any] = {
    "kind": "afl",
    "target": "16MiB",
    "run": "150us",
    "pages": 3,
    "duration": "100ms",
}
REDIS: dict[str, Any] = {
    "kind": "redis",
    "dataset": "32MiB",
    "clients": {"kind": "closed", "connections": 3, "pipeline": 600},
    "duration": "50ms",
}
APACHE: dict[str, Any] = {
    "kind": "apache",
    "workers": 2,
    "clients": {"kind": "closed", "connections": 2},
    "service": {"p0": "20us", "p50": "35us", "p100": "100us"},
    "duration": "50ms",
}

MIX = Mix(PROGRAMS, MixConfig)


def config(**programs: dict[str, Any]) -> AnyMix:
    return MIX.Config.model_validate({"kind": "mix", "programs": programs})


def together(scheme: str = "classic", cores: int = 16, **programs: dict[str, Any]) -> Recording:
    return MIX.run(config(**programs), setup(scheme, cores=cores))


def alone(name: str, fields: dict[str, Any], scheme: str = "classic") -> Recording:
    """The program by itself, with the random numbers that it has in a mix."""
    program = WORKLOADS[fields["kind"]]
    kernel = setup(scheme).kernel()
    streams = setup(scheme).streams().within(name)
    started = program.start(program.Config.model_validate(fields), kernel, streams)
    (recording,) = play(kernel, started)
    return recording


def own(recording: Recording) -> dict[str, Any]:
    """What is the program's, and not its machine's."""
    data = recording.to_dict()
    of_machine = {name for name in data["counters"] if name.startswith(("core_time/", "lock/"))}
    assert of_machine
    for name in of_machine:
        del data["counters"][name]
    return data


@pytest.mark.parametrize("scheme", ["classic", "huge", "on_demand"])
def test_programs_that_do_not_meet_are_as_if_alone(scheme: str) -> None:
    # A Redis that takes no snapshot forks never, and with enough cores nobody waits for one.
    recording = together(scheme, cache=REDIS, fuzzer=FUZZER)
    assert list(recording.parts) == ["cache", "fuzzer"]
    assert recording.parts["cache"].to_dict() == own(alone("cache", REDIS, scheme))
    assert recording.parts["fuzzer"].to_dict() == own(alone("fuzzer", FUZZER, scheme))
    assert recording.parts["fuzzer"].counters["executions"] > 100


def test_names_alone_tell_twins_apart() -> None:
    one, other = together(cores=64, a=REDIS, b=REDIS).parts.values()
    assert one.counters["requests"] > 0
    assert one.to_dict() != other.to_dict()
    assert one.to_dict() == own(alone("a", REDIS))


def test_the_order_of_programs_changes_no_result() -> None:
    forth = together(a=REDIS, b=FUZZER).parts
    back = together(b=FUZZER, a=REDIS).parts
    assert list(back) == ["b", "a"]
    assert {name: part.to_dict() for name, part in forth.items()} == {
        name: part.to_dict() for name, part in back.items()
    }


def test_on_one_core_they_share_it() -> None:
    kernel = setup(cores=1).kernel()
    started = MIX.start(config(a=REDIS, b=APACHE, c=FUZZER), kernel, setup().streams())
    (recording,) = play(kernel, started)
    (core,) = kernel.machine.scheduler.cores
    # Busy, switching or idle at every moment, and never idle while all three want it.
    assert core.busy_ns + core.switch_ns + core.idle_ns == kernel.machine.clock.now
    assert core.idle_ns < 0.001 * core.busy_ns
    for name, fields in {"a": REDIS, "b": APACHE}.items():
        part = recording.parts[name].counters["requests"]
        assert 0.1 < part / alone(name, fields).counters["requests"] < 0.6


@pytest.mark.parametrize("scheme", ["classic", "on_demand"])
def test_programs_that_fork_at_once_slow_each_other(scheme: str) -> None:
    by_itself = alone("a", FUZZER, scheme).histograms["fork_ns"]
    beside = together(scheme, a=FUZZER, b=FUZZER).parts["a"].histograms["fork_ns"]
    weight = 1 + PROFILE.contention_weights["fork"]["fork"]
    assert by_itself.maximum < beside.maximum <= weight * by_itself.maximum + 2
    assert beside.total / beside.count > by_itself.total / by_itself.count


def test_every_program_keeps_its_own_memory() -> None:
    kernel = setup("on_demand").kernel()
    play(kernel, MIX.start(config(a=FUZZER, b=APACHE), kernel, setup().streams()))
    fuzzer, server = kernel.books.memories
    assert fuzzer.frames.in_use == 16 * 256
    assert server.frames.in_use == 0


def test_each_is_over_when_it_is_over() -> None:
    short, long = together(a=FUZZER, b={**FUZZER, "duration": "300ms"}).parts.values()
    assert 100_000_000 <= short.levels["duration_ns"] < 110_000_000
    assert 300_000_000 <= long.levels["duration_ns"] < 310_000_000


def test_a_recording_with_parts_is_read_back() -> None:
    recording = together(a=REDIS, b=APACHE)
    assert Recording.from_dict(recording.to_dict()).to_dict() == recording.to_dict()
    assert "parts" not in recording.parts["a"].to_dict()


@pytest.mark.parametrize(
    ("programs", "reason"),
    [
        ({}, "at least 1"),
        ({f"p{number}": FUZZER for number in range(65)}, "at most 64"),
        ({"a.b": FUZZER}, "pattern"),
        ({"-a": FUZZER}, "pattern"),
        ({"a": {"kind": "mix", "programs": {"b": FUZZER}}}, "'mix' found"),
    ],
)
def test_what_is_no_mix_is_refused(programs: dict[str, Any], reason: str) -> None:
    with pytest.raises(ValidationError, match=reason):
        config(**programs)


def test_all_single_programs_can_be_mixed() -> None:
    assert {Afl.name, Apache.name, Redis.name} <= {program.name for program in PROGRAMS}
    assert Mix.name not in {program.name for program in PROGRAMS}
