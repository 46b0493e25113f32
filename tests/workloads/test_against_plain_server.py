"""Blocks of requests take exactly as long as single ones, whatever happens on the machine."""

from __future__ import annotations

from collections import Counter
from typing import Any, Literal, get_args
from unittest.mock import patch

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from plain_server import (
    ELSEWHERE,
    PlainClients,
    PlainClosedLoop,
    PlainOpenLoop,
    PlainServer,
    Sojourns,
    sojourns_of,
)
from programs import redis_config, setup

from models.kernel.kernel import Kernel
from models.kernel.scheduling import SchedulerName
from sim.arrays import IntArray
from sim.machine.clock import Activity
from sim.machine.scheduler import Scheduler
from sim.machine.tasks import Task
from sim.measures import phases
from sim.measures.common_metrics import LATENCY
from sim.measures.histogram import Histogram
from sim.measures.phases import Phase
from sim.measures.recording import Recording
from workloads.programs.afl.config import AflConfig
from workloads.programs.afl.program import Afl
from workloads.programs.redis.arrivals import Arrivals, GeneratedArrivals, traced_arrivals
from workloads.programs.redis.config import ClosedLoop, OpenLoop, RedisConfig
from workloads.programs.redis.program import _clients
from workloads.programs.redis.requests import Iterations, Replies, RequestSource
from workloads.programs.redis.server import Server
from workloads.running.program import Program, play
from workloads.running.setup import Setup
from workloads.traces.kinds.key_trace import KeyTrace
from workloads.traces.registry import BUNDLED, open_as

pytestmark = pytest.mark.histories

Beside = Literal["nobody", "hog", "children", "fuzzers"]
Outcome = tuple[Sojourns, list[tuple[int, int]], int, Counter[str], Counter[str]]
"""Of each request when and how late it was answered; of each fork when and how long; how many
snapshots were refused; what all requests together waited for; how many met which phase."""
SECOND_NS = 1_500_000
"""The first second after a fork is as short as these runs."""


def hog(kernel: Kernel, gap_ns: int, work_ns: int, *, always_new: bool = False) -> Activity:
    """Somebody else who wants a core now and then, or has a child that wants one."""
    task = kernel.machine.task("hog")
    kernel.start_program()
    for _ in range(30):
        yield kernel.machine.clock.timeout(gap_ns)
        if always_new:
            task = kernel.machine.task("child")
        yield from task.run(compute_ns=work_ns)


def others(kernel: Kernel, beside: Beside, repetition: int) -> list[Program]:
    """Who shares the machine: its cores, and by their forks its memory."""
    if beside == "hog":
        gap_ns, work_ns = 1_345_678 + 7 * repetition, 900_001
        return [Program([hog(kernel, gap_ns, work_ns)], Recording, at_once=1)]
    if beside == "children":
        # Cores are given to whoever comes in turn, so the server's is, too.
        gaps_ns = (345_678 + 7 * repetition, 123_457)
        own = [hog(kernel, gap_ns, 300_001, always_new=True) for gap_ns in gaps_ns]
        return [Program(own, Recording, at_once=len(own))]
    if beside == "fuzzers":
        fields = {"kind": "afl", "target": "24MiB", "run": "150us", "pages": 3, "instances": 2}
        config = AflConfig.model_validate({**fields, "duration": "12ms"})
        return [Afl().start(config, kernel, setup("classic", repetition).streams().within("afl"))]
    return []


def in_blocks(config: RedisConfig, machine: Setup, beside: Beside) -> Outcome:
    """What `workloads.programs.redis` makes of it."""
    sojourns: Sojourns = Counter()
    kernel = machine.kernel()
    company = others(kernel, beside, machine.repetition)
    clients = _clients(config, machine.streams())
    server = Server(config, kernel, Watched(clients, sojourns))
    program = Program([server.live()], server.recording, at_once=1 + (config.snapshot is not None))
    with patch.object(phases, "FIRST_SECOND_NS", SECOND_NS):
        redis, *_ = play(kernel, program, *company)
    table = redis.series["snapshots"]
    forks = list(zip(table["start_ns"].tolist(), table["fork_ns"].tolist(), strict=True))
    refused = redis.counters["snapshots_refused"]
    return sojourns, forks, refused, causes_of(redis), phases_of(redis)


def phases_of(redis: Recording) -> Counter[str]:
    """How many requests met which phase; their latencies are what they are in all."""
    if "phases" not in redis.series:
        return Counter({"between": redis.counters["requests"]})
    whole, parts = redis.histograms[LATENCY.name], Histogram()
    counted: Counter[str] = Counter()
    for phase in Phase:
        histogram = redis.histograms.get(LATENCY.within(phase).name, Histogram())
        counted[phase.value] = histogram.count
        parts.merge(histogram)
    assert parts.to_dict() == whole.to_dict()
    return +counted


def causes_of(redis: Recording) -> Counter[str]:
    """What its requests waited for, in all; what the plain server does not tell apart in one."""
    table = dict(redis.series[LATENCY.causes])
    del table["requests"], table["latency_ns"]
    causes: Counter[str] = Counter()
    for name, column in table.items():
        at_work = name in {"service", "others"} or name.startswith("fault/")
        causes[name if at_work else ELSEWHERE] += int(column.sum())
    return causes


class Watched:
    """Clients whose replies are counted."""

    def __init__(self, clients: RequestSource[Any], sojourns: Sojourns) -> None:
        self.upcoming = clients.upcoming
        self.oldest_ns = clients.oldest_ns
        self.skip = clients.skip
        self._clients = clients
        self._sojourns = sojourns

    def served(self, ahead: Iterations[Any], ends_ns: IntArray) -> Replies:
        replies = self._clients.served(ahead, ends_ns)
        self._sojourns.update(sojourns_of(replies.at_ns, replies.latency_ns, replies.weights))
        return replies


def one_by_one(config: RedisConfig, machine: Setup, beside: Beside) -> Outcome:
    """What the plain server makes of the same requests."""
    kernel = machine.kernel()
    company = others(kernel, beside, machine.repetition)
    clients: PlainClients
    if isinstance(config.clients, ClosedLoop):
        clients = PlainClosedLoop(config, config.clients, machine.streams())
    elif isinstance(config.clients, OpenLoop):
        drawn = GeneratedArrivals(config, config.clients, machine.streams())
        clients = PlainOpenLoop(Arrivals.joined(drawn))
    else:
        trace = open_as(KeyTrace, config.clients.path, config.clients.reading)
        pieces = traced_arrivals(config, config.clients, trace, machine.streams())
        clients = PlainOpenLoop(Arrivals.joined(pieces))
    server = PlainServer(config, kernel, clients)
    play(kernel, Program([server.live()], Recording), *company)
    met = server.phases(SECOND_NS)
    return server.sojourns, server.forks, server.saves.refused, server.causes_ns, met


CLOSED = st.fixed_dictionaries(
    {
        "kind": st.just("closed"),
        "connections": st.integers(1, 3),
        "pipeline": st.sampled_from([1, 7, 300, 600]),
    }
)
OPEN = st.fixed_dictionaries(
    {
        "kind": st.just("open"),
        "rate": st.sampled_from(["2k/s", "12k/s", "30k/s"]),
        "connections": st.integers(1, 5),
    }
)
SNAPSHOT = st.one_of(
    st.just({"at": ["3ms", "4ms", "17ms"], "save_rate": "2GiB"}),
    st.just({"at": ["100us", "12345us", "20ms"], "save_rate": "6GiB"}),
    st.builds(lambda n: {"after_changes": n, "save_rate": "1GiB"}, st.sampled_from([1, 500])),
)
EXAMPLES: dict[str, st.SearchStrategy[Any]] = {
    "scheme": st.sampled_from(["classic", "huge", "on_demand"]),
    "snapshot": SNAPSHOT,
    "set_ratio": st.sampled_from([0.01, 0.3, 1.0]),
    "share": st.sampled_from([0.02, 1.0]),
    "value_bytes": st.sampled_from([32, 3000, 20_000]),
    "seed": st.integers(0, 1000),
    "scheduler": st.sampled_from(get_args(SchedulerName)),
}


@pytest.mark.parametrize(
    ("beside", "cores"),
    [
        ("nobody", 16),
        ("nobody", 1),
        ("hog", 1),
        ("hog", 2),
        ("hog", 3),
        ("children", 4),
        ("fuzzers", 3),
        ("fuzzers", 4),
    ],
)
@settings(max_examples=5, deadline=None)
@given(clients=CLOSED | OPEN, **EXAMPLES)
def test_every_request_takes_as_long_as_alone(
    beside: Beside,
    cores: int,
    *,
    scheme: str,
    clients: dict[str, Any],
    snapshot: dict[str, Any],
    set_ratio: float,
    share: float,
    value_bytes: int,
    seed: int,
    scheduler: SchedulerName,
) -> None:
    """To the nanosecond: with snapshots, faults, a shared core, and forks that contend."""
    # The rule of changes is looked at every 100 ms.
    duration, service = ("25ms", "10us") if "at" in snapshot else ("120ms", "50us")
    config = redis_config(
        clients=clients,
        snapshot=snapshot,
        set_ratio=set_ratio,
        keys={"share": share},
        value_bytes=value_bytes,
        service=service,
        dataset="16MiB",
        duration=duration,
    )
    machine = setup(scheme, seed, cores, scheduler=scheduler)
    together = in_blocks(config, machine, beside)
    assert together == one_by_one(config, machine, beside)
    assert together[0].total() > 0


TRACED = st.fixed_dictionaries(
    {
        "kind": st.just("trace"),
        "path": st.just(str(BUNDLED / "redis_monitor.log.gz")),
        "speed": st.sampled_from([0.5, 2.0]),
    }
)
SELDOM = st.fixed_dictionaries(
    {
        "kind": st.just("open"),
        "rate": st.sampled_from(["1/s", "11/s", "300/s"]),
        "arrivals": st.sampled_from(["poisson", "fixed"]),
        "connections": st.just(3),
    }
)
WAITING = st.fixed_dictionaries(
    {"kind": st.just("closed"), "connections": st.just(1), "pipeline": st.just(1)}
)
TIMES = st.sampled_from(["0s", "50ms", "100ms", "250ms", "333ms", "1s"])
RULE = st.fixed_dictionaries({"after": TIMES, "after_changes": st.sampled_from([0, 1, 7, 90, 999])})
BY_RULES = st.fixed_dictionaries({"save": st.lists(RULE, min_size=1, max_size=3)})
BY_COMMANDS = st.one_of(
    st.fixed_dictionaries({"every": st.sampled_from(["70ms", "100ms", "410ms"])}),
    st.just({"at": ["20ms", "200ms", "300ms", "301ms", "1s", "1100ms"]}),
)
SCHEDULED = st.fixed_dictionaries({"scheduled": st.booleans()})
RATES = st.sampled_from(["20MiB", "100MiB", "999TiB"])
"""With these a save takes 0.8 s, 0.16 s, no time."""
ASKED: dict[str, st.SearchStrategy[Any]] = {
    "rules": st.just({}) | BY_RULES,
    "commands": st.just({}) | st.builds(lambda a, b: a | b, BY_COMMANDS, SCHEDULED),
    "save_rate": RATES,
    "set_ratio": st.sampled_from([0.1, 1.0]),
    "seed": st.integers(0, 1000),
}


@settings(max_examples=100, deadline=None)
@given(clients=SELDOM, **ASKED)
def test_rules_and_commands_fork_when_a_look_ten_times_a_second_does(
    clients: dict[str, Any], **asked: Any
) -> None:
    """Found in closed form by blocks, by one look after the other here; to the nanosecond."""
    both_fork_alike("nobody", 16, clients, **asked)


@pytest.mark.parametrize(
    ("beside", "cores"), [("nobody", 1), ("hog", 2), ("children", 4), ("fuzzers", 3)]
)
@settings(max_examples=6, deadline=None)
@given(clients=SELDOM | WAITING | TRACED, **ASKED)
def test_they_do_beside_others_and_under_every_kind_of_load(
    beside: Beside, cores: int, *, clients: dict[str, Any], **asked: Any
) -> None:
    both_fork_alike(beside, cores, clients, **asked)


def both_fork_alike(
    beside: Beside,
    cores: int,
    clients: dict[str, Any],
    *,
    rules: dict[str, Any],
    commands: dict[str, Any],
    save_rate: str,
    set_ratio: float,
    seed: int,
) -> None:
    snapshot = {**rules, **commands, "save_rate": save_rate} if rules or commands else None
    config = redis_config(
        clients=clients,
        snapshot=snapshot,
        set_ratio=set_ratio,
        service="1ms" if clients["kind"] == "closed" else "30us",
        dataset="16MiB",
        duration="1500ms",
        cycles=0,
    )
    machine = setup("classic", seed, cores)
    together = in_blocks(config, machine, beside)
    assert together == one_by_one(config, machine, beside)


def test_blocks_beside_others_are_cut_by_who_takes_the_core(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    ends: list[bool] = []

    def follow(self: Scheduler, task: Task, starts_ns: IntArray, ends_ns: IntArray) -> Activity:
        done = yield from real(self, task, starts_ns, ends_ns)
        ends.append(done < len(starts_ns))
        return done

    real = Scheduler.follow
    monkeypatch.setattr(Scheduler, "follow", follow)
    clients = {"kind": "open", "rate": "12k/s", "connections": 5}
    config = redis_config(clients=clients, service="10us", dataset="16MiB", duration="25ms")
    machine = setup("classic", cores=3)
    sojourns, *_ = in_blocks(config, machine, "children")
    assert any(ends)
    assert not all(ends)
    assert len(ends) < sojourns.total() / 4
    assert sojourns == one_by_one(config, machine, "children")[0]
