"""What an Apache resolves ahead is what its requests give one by one, to the last byte."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from programs import setup

from sim.machine.clock import NEVER_NS
from sim.measures.recording import Recording
from workloads.programs.apache.clients import Clients
from workloads.programs.apache.closed_loop import ClientThreads
from workloads.programs.apache.config import ApacheConfig
from workloads.programs.apache.first_free import FirstFree
from workloads.programs.apache.pool import Outgrown
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


def access_log(tmp_path: Path, gaps_s: list[int], services_us: list[int]) -> Path:
    """Requests so long after each other; their service times come again and again."""
    at, lines = datetime(2026, 11, 23, 7, 25, tzinfo=UTC), []
    for number, gap_s in enumerate(gaps_s):
        at += timedelta(seconds=gap_s)
        service_us = services_us[number * 7 % len(services_us)]
        lines.append(
            f'127.0.0.1 - - [{at:%d/%b/%Y:%H:%M:%S %z}] "GET / HTTP/1.1"'
            f' 200 14 "-" "curl" {service_us}\n'
        )
    file = tmp_path / f"{abs(hash(tuple(lines)))}.log"
    file.write_text("".join(lines), "utf-8")
    return file


HOW = st.tuples(
    st.sampled_from([0.1, 1.0, 10.0, 100.0]), st.sampled_from(["classic", "on_demand", "async"])
)


@RANDOM
@given(
    workers=st.integers(1, 6),
    gaps_s=st.lists(st.sampled_from([0, 0, 0, 1, 2]), min_size=10, max_size=150),
    services_us=st.lists(st.sampled_from([0, 40, 1000, 5000, 77_000, 400_000]), min_size=1),
    how=HOW,
)
@example(3, [0] * 13 + [1] + [0] * 4, [0, 0, 0, 400_000], (1.0, "classic"))
def test_of_a_trace(
    tmp_path: Path, workers: int, gaps_s: list[int], services_us: list[int], how: tuple[float, str]
) -> None:
    speed, scheme = how
    file = access_log(tmp_path, gaps_s, services_us)
    asked = config(
        workers=workers,
        max_workers=workers,
        spare=workers % 2,
        clients={"kind": "trace", "path": str(file), "unit": "us", "speed": speed},
        duration=None,
    )
    cores = workers + 1 + len(gaps_s) % 3
    ahead = Apache().run(asked, setup(scheme, cores=cores))
    assert str(ahead.to_dict()) == str(one_by_one(asked, cores, scheme).to_dict())


@RANDOM
@given(
    workers=st.tuples(st.integers(1, 6), st.integers(0, 12), st.integers(1, 9)),
    gaps_s=st.lists(st.sampled_from([0, 0, 0, 0, 1, 2, 9]), min_size=10, max_size=300),
    services_us=st.lists(
        st.sampled_from([0, 40, 41, 77_000, 400_000, 900_000, 2_500_000]) | st.integers(1, 10**6),
        min_size=1,
    ),
    how=HOW,
)
@example((1, 1, 1), [0] * 8 + [1, 0], [0], (0.1, "classic"))
def test_of_a_trace_while_the_pool_grows(
    tmp_path: Path,
    workers: tuple[int, int, int],
    gaps_s: list[int],
    services_us: list[int],
    how: tuple[float, str],
) -> None:
    (first, more, spare), (speed, scheme) = workers, how
    file = access_log(tmp_path, gaps_s, services_us)
    asked = config(
        workers=first,
        max_workers=first + more,
        spare=spare,
        clients={"kind": "trace", "path": str(file), "unit": "us", "speed": speed},
        duration=None,
    )
    ahead = Apache().run(asked, setup(scheme, cores=16))
    assert str(ahead.to_dict()) == str(one_by_one(asked, 16, scheme).to_dict())


def test_a_pool_that_outgrows_the_cores_is_played_again(tmp_path: Path) -> None:
    file = access_log(tmp_path, [0] * 40 + [3] + [0] * 40, [2_000_000])
    clients = {"kind": "trace", "path": str(file), "unit": "us"}
    asked = config(workers=3, spare=2, clients=clients, duration=None)
    kernel = setup(cores=5).kernel()
    with pytest.raises(Outgrown):
        play(kernel, Apache().start(asked, kernel, setup().streams(), alone=True))
    ahead = Apache().run(asked, setup(cores=5))
    assert ahead.counters["workers"] > 5
    assert str(ahead.to_dict()) == str(one_by_one(asked, 5, "classic").to_dict())


@pytest.mark.parametrize("spare", [0, 5])
def test_a_trace_takes_hardly_an_event_a_request(tmp_path: Path, spare: int) -> None:
    file = access_log(tmp_path, [0, 0, 0, 0, 1] * 500, [30_000])
    clients = {"kind": "trace", "path": str(file), "unit": "us"}
    asked = config(workers=5, spare=spare, clients=clients, duration=None)
    kernel = setup(cores=16).kernel()
    (recording,) = play(kernel, Apache().start(asked, kernel, setup().streams(), alone=True))
    assert recording.counters["requests"] == 2500
    assert kernel.machine.clock.places() // 2**16 < 800


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
    assert serving.latencies_ns(sent, NEVER_NS) == expected
    assert serving.begins_ns(at_ns) == max(at_ns, min(ends_ns))
    now_ns = at_ns + 3
    assert len(serving.idle(now_ns)) == sum(end_ns <= now_ns for end_ns in ends_ns)
    assert sorted(until for _, until in serving.busy(now_ns)) == sorted(
        end_ns for end_ns in ends_ns if end_ns > now_ns
    )
