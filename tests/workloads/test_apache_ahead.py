"""What an Apache resolves ahead is what its requests give one by one, to the last byte."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from programs import setup

from sim.measures.recording import Recording
from workloads.programs.apache.clients import Clients
from workloads.programs.apache.closed_loop import ClientThreads
from workloads.programs.apache.config import ApacheConfig
from workloads.programs.apache.first_free import FirstFree
from workloads.programs.apache.looks import NEVER
from workloads.programs.apache.program import Apache
from workloads.registry import WORKLOADS
from workloads.running.program import play

NO_END = 10**9
SERVICES: list[Any] = [
    "35us",
    {"p0": "20us", "p50": "35us", "p100": "100us"},
    {"p0": "1us", "p50": "300us", "p100": "9ms"},
]
RANDOM = settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


def config(**changes: Any) -> ApacheConfig:
    fields = {"kind": "apache", "spare": 0, "duration": "20ms", "first_pages": 20}
    return ApacheConfig.model_validate({**fields, **changes})


def one_by_one(asked: ApacheConfig, cores: int, scheme: str) -> Recording:
    """Nothing is known ahead, as if something else ran on the machine."""
    alike = setup(scheme, cores=cores)
    kernel = alike.kernel()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ClientThreads, "looks_ahead", Clients.looks_ahead)
        (recording,) = play(kernel, Apache().start(asked, kernel, alike.streams(), alone=False))
    return recording


@RANDOM
@given(
    clients=st.fixed_dictionaries(
        {
            "kind": st.just("closed"),
            "connections": st.integers(1, 9),
            "work": st.sampled_from(["0us", "0us", "5us"]),
        }
    ),
    server=st.fixed_dictionaries(
        {
            "workers": st.sampled_from([1, 2, 3, 4, 8]),
            "requests_per_connection": st.sampled_from([1, 2, 7, 100, 150, NO_END]),
            "service": st.sampled_from(SERVICES),
        }
    ),
    cores=st.sampled_from([1, 2, 3, 4, 9, 16]),
    scheme=st.sampled_from(["classic", "on_demand", "async"]),
)
def test_of_connections_that_are_alone(
    clients: dict[str, Any], server: dict[str, Any], cores: int, scheme: str
) -> None:
    asked = config(clients=clients, **server)
    ahead = Apache().run(asked, setup(scheme, cores=cores)).to_dict()
    single = one_by_one(asked, cores, scheme).to_dict()
    if asked.workers >= cores:
        # When nobody is served any more they wait for cores, in an order that may be another one.
        del ahead["series"], single["series"]
    assert str(ahead) == str(single)


@RANDOM
@given(
    connections=st.tuples(st.integers(1, 5), st.integers(1, 5)),
    each=st.sampled_from([1, 7, 100, NO_END]),
    service=st.sampled_from(SERVICES[1:]),
    other=st.sampled_from(["apache", "redis"]),
)
def test_of_connections_beside_another_program(
    connections: tuple[int, int], each: int, service: Any, other: str
) -> None:
    def apache(number: int) -> dict[str, Any]:
        clients = {"kind": "closed", "connections": connections[number]}
        asked = {"workers": 3, "spare": 0, "clients": clients, "requests_per_connection": each}
        return {"kind": "apache", "service": service, "duration": "15ms", **asked}

    redis: dict[str, Any] = {
        "kind": "redis",
        "dataset": "32MiB",
        "clients": {"kind": "open", "rate": "20k/s", "connections": 5},
        "snapshot": {"at": ["5ms"], "save_rate": "1GiB"},
        "duration": "20ms",
    }
    mix = WORKLOADS["mix"]
    programs = {"a": apache(0), "b": apache(1) if other == "apache" else redis}
    asked = mix.Config.model_validate({"kind": "mix", "programs": programs})
    ahead = mix.run(asked, setup(cores=16))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ClientThreads, "looks_ahead", Clients.looks_ahead)
        single = mix.run(asked, setup(cores=16))
    # Series of memory among them, whose tables are arrays.
    assert str(ahead.to_dict()) == str(single.to_dict())


@RANDOM
@given(
    workers=st.integers(1, 6),
    gaps=st.lists(st.sampled_from([0, 0, 0, 1, 2]), min_size=10, max_size=150),
    services_us=st.lists(st.sampled_from([0, 40, 1000, 5000, 77_000, 400_000]), min_size=1),
    how=st.tuples(
        st.sampled_from([0.1, 1.0, 10.0, 100.0]),
        st.sampled_from(["classic", "on_demand", "async"]),
    ),
)
def test_of_a_trace(
    tmp_path: Path, workers: int, gaps: list[int], services_us: list[int], how: tuple[float, str]
) -> None:
    speed, scheme = how
    at, lines = datetime(2026, 11, 23, 7, 25, tzinfo=UTC), []
    for number, gap in enumerate(gaps):
        at += timedelta(seconds=gap)
        service_us = services_us[number * 7 % len(services_us)]
        lines.append(
            f'127.0.0.1 - - [{at:%d/%b/%Y:%H:%M:%S %z}] "GET / HTTP/1.1"'
            f' 200 14 "-" "curl" {service_us}\n'
        )
    file = tmp_path / f"{abs(hash(tuple(lines)))}.log"
    file.write_text("".join(lines), "utf-8")
    asked = config(
        workers=workers,
        max_workers=workers,
        spare=workers % 2,
        clients={"kind": "trace", "path": str(file), "unit": "us", "speed": speed},
        duration=None,
    )
    cores = workers + 1 + len(gaps) % 3
    ahead = Apache().run(asked, setup(scheme, cores=cores))
    assert str(ahead.to_dict()) == str(one_by_one(asked, cores, scheme).to_dict())


@given(
    free=st.lists(st.integers(0, 9), min_size=1, max_size=4),
    requests=st.lists(st.tuples(st.integers(0, 5), st.integers(0, 9)), max_size=40),
)
def test_who_is_free_first_serves(free: list[int], requests: list[tuple[int, int]]) -> None:
    free.sort()
    serving = FirstFree([(free_ns, number) for number, free_ns in enumerate(free)])
    at_ns, sent = free[-1], []
    for gap_ns, service_ns in requests:
        at_ns += gap_ns
        sent.append((at_ns, service_ns))
    expected, ends_ns = [], list(free)
    for at_ns, service_ns in sent:
        first = ends_ns.index(min(ends_ns))
        ends_ns[first] = max(at_ns, ends_ns[first]) + service_ns
        expected.append(ends_ns[first] - at_ns)
    assert serving.latencies_ns(sent, NEVER) == expected
    assert serving.begins_ns(at_ns) == max(at_ns, min(ends_ns))
    now_ns = at_ns + 3
    assert len(serving.idle(now_ns)) == sum(end_ns <= now_ns for end_ns in ends_ns)
    assert sorted(until for _, until in serving.busy(now_ns)) == sorted(
        end_ns for end_ns in ends_ns if end_ns > now_ns
    )
