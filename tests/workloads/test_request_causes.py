"""What requests and executions waited for, by hand and by closed forms."""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from programs import PROFILE, redis_config, setup

from models.kernel.kernel import Kernel
from models.operations.steps import perform
from sim.machine.causes import LOCK_WAIT
from sim.machine.clock import Activity
from sim.machine.tasks import Task
from sim.measures.common_metrics import LATENCY
from sim.measures.recording import Recording
from workloads.mix import Mix
from workloads.programs.redis.arrivals import Arrivals
from workloads.programs.redis.config import RedisConfig
from workloads.programs.redis.open_loop import OpenLoopClients
from workloads.programs.redis.requests import READ_BYTES
from workloads.programs.redis.server import Server
from workloads.programs.shared.fork_server import ForkServer
from workloads.registry import WORKLOADS, MixConfig
from workloads.running.program import Program, play
from workloads.running.setup import Setup

US, MS = 1000, 10**6
SERVICE_NS = 10 * US


def requests(at_ns: Iterable[int], *, sets: Iterable[int] = (), size: int = 100) -> Arrivals:
    """GETs of one connection, and SETs of the first page of the heap."""
    at = np.array(list(at_ns), np.int64)
    changes = np.zeros(len(at), np.int64)
    changes[list(sets)] = 1
    return Arrivals(
        at,
        np.zeros(len(at), np.int64),
        np.full(len(at), size, np.int64),
        np.full(len(at), SERVICE_NS, np.int64),
        changes,
        np.append(0, changes.cumsum()),
        np.zeros(changes.sum(), np.int64),
    )


def served(arrivals: Arrivals, machine: Setup, **fields: Any) -> Recording:
    """What a Redis alone makes of them; it saves at the first millisecond."""
    config: RedisConfig = redis_config(
        dataset="16MiB",
        clients={"kind": "open", "rate": "1k/s"},  # never asked: those above come instead
        snapshot={"at": ["1ms"], "save_rate": "16MiB"},
        duration="20ms",
        **fields,
    )
    server = Server(config, kernel := machine.kernel(), OpenLoopClients(iter([arrivals])))
    (recording,) = play(kernel, Program([server.live()], server.recording, at_once=2))
    return recording


def prices() -> tuple[int, int]:
    """Of a fork of such a heap, and of the first write to a page afterwards."""
    kernel = setup().kernel()
    mm = kernel.start_program()
    heap = mm.map(4096)
    kernel.load(mm, heap)
    fork_ns = kernel.scheme.fork_ns(mm)
    perform(kernel.scheme.fork(mm))
    return fork_ns, kernel.touch(mm, [heap.start_page]).total_ns


def test_ten_requests_around_a_fork_by_hand(monkeypatch: pytest.MonkeyPatch) -> None:
    fork_ns, fault_ns = prices()
    switch_ns = round(PROFILE.costs.context_switch_ns)
    assert fork_ns > 20 * US
    assert 1500 < fault_ns < 4 * US
    forked_ns = 1005 * US + fork_ns
    arrivals = requests(
        [
            100 * US,  # the first, for whom the core is switched to the server
            200 * US,  # alone
            202 * US,  # and two that wait for it, served in one iteration
            204 * US,
            995 * US,  # at whose end the fork is due
            1001 * US,  # waits for it, a SET
            1005 * US + 7,  # comes while it forks, served together with that one
            forked_ns + 500,  # comes while the SET's page is copied
            forked_ns + fault_ns + 5 * US,  # comes while that one is served
            5 * MS,  # alone
        ],
        sets=[5],
    )
    both_ns = forked_ns + fault_ns + 20 * US
    expected: list[tuple[int, dict[str, int]]] = [
        (110 * US + switch_ns, {"service": 10 * US, "switch": switch_ns}),
        (210 * US, {"service": 10 * US}),
        (230 * US, {"service": 10 * US, "others": 18 * US}),
        (230 * US, {"service": 10 * US, "others": 16 * US}),
        (forked_ns, {"service": 10 * US, "fork": fork_ns}),
        (
            both_ns,
            {"service": 10 * US, "others": 14 * US, "fork": fork_ns, "fault/cow_copy": fault_ns},
        ),
        (
            both_ns,
            {
                "service": 10 * US,
                "others": 10 * US,
                "fork": fork_ns - 7,
                "fault/cow_copy": fault_ns,
            },
        ),
        (
            both_ns + 20 * US,
            {"service": 10 * US, "others": 30 * US, "fault/cow_copy": fault_ns - 500},
        ),
        (both_ns + 20 * US, {"service": 10 * US, "others": 25 * US}),
        (5 * MS + 10 * US, {"service": 10 * US}),
    ]
    for one_by_one in (False, True):
        if one_by_one:
            monkeypatch.setattr(Server, "_quiet_until_ns", lambda server: server._clock.now)
        recording = served(arrivals, setup())
        assert sorted(slowest(recording), key=str) == sorted(
            [(at_ns, sum(causes.values()), causes) for at_ns, causes in expected], key=str
        )
        table = recording.series[LATENCY.causes]
        for cause in ("service", "others", "fork", "switch", "fault/cow_copy"):
            assert table[cause].sum() == sum(causes.get(cause, 0) for _, causes in expected)


def slowest(recording: Recording) -> list[tuple[int, int, dict[str, int]]]:
    """When each was answered, after how long, and what it waited for."""
    table = {name: column.tolist() for name, column in recording.series[LATENCY.slowest].items()}
    at_ns, latency_ns = table.pop("at_ns"), table.pop("latency_ns")
    causes = [
        {name: ns for name, ns in zip(table, row, strict=True) if ns}
        for row in zip(*table.values(), strict=True)
    ]
    return list(zip(at_ns, latency_ns, causes, strict=True))


@pytest.mark.parametrize("load", [Fraction(3, 10), Fraction(9, 10)])
def test_lindley_with_a_pause(load: Fraction) -> None:
    """A pass reads one request, so each waits for those before it, and for the fork."""
    generator = np.random.default_rng(3)
    gaps_ns = generator.exponential(float(SERVICE_NS / load), 1500).astype(np.int64) + 1
    at_ns = 200 * US + gaps_ns.cumsum()
    recording = served(requests(at_ns, size=READ_BYTES), setup())
    fork_ns, switch_ns = prices()[0], round(PROFILE.costs.context_switch_ns)
    free_ns = others_ns = behind_fork_ns = 0
    pause = None
    for number, sent_ns in enumerate(at_ns.tolist()):
        if pause is None and max(free_ns, sent_ns) >= MS:
            pause = max(MS, free_ns), max(MS, free_ns) + fork_ns
            free_ns = pause[1]
        start_ns = max(free_ns, sent_ns) + (switch_ns if number == 0 else 0)
        if pause is not None:
            behind_fork_ns += max(0, pause[1] - max(pause[0], sent_ns))
            others_ns -= max(0, pause[1] - max(pause[0], sent_ns))
        others_ns += start_ns - sent_ns - (switch_ns if number == 0 else 0)
        free_ns = start_ns + SERVICE_NS
        if pause is None and free_ns > MS:  # due at its end, before it is answered
            pause = free_ns, free_ns + fork_ns
            free_ns = pause[1]
            behind_fork_ns += fork_ns
    table = recording.series[LATENCY.causes]
    assert table["requests"].sum() == len(at_ns)
    assert table["service"].sum() == len(at_ns) * SERVICE_NS
    assert table["fork"].sum() == behind_fork_ns
    assert table["others"].sum() == others_ns
    assert table["switch"].sum() == switch_ns


def test_a_lock_held_by_a_fork_while_two_threads_fault() -> None:
    fork_ns, _ = prices()
    kernel: Kernel = setup().kernel()
    mm = kernel.start_program()
    kernel.load(mm, mm.map(4096))
    hole = mm.map(1024)
    fault_ns = kernel.scheme.classify(mm, [hole.start_page]).total_ns
    clock, threads = kernel.machine.clock, [kernel.thread(name, mm) for name in ("a", "b")]

    def fork(task: Task) -> Activity:
        yield from kernel.fork(task, mm)

    def write(task: Task, page: int, after_ns: int) -> Activity:
        yield clock.timeout(after_ns)
        yield from kernel.access(task, mm, [page])

    clock.process(fork(kernel.thread("main", mm)))
    for number, task in enumerate(threads):
        clock.process(write(task, hole.start_page + 600 * number, (number + 1) * US))
    clock.run_to_end()
    switch_ns = round(PROFILE.costs.context_switch_ns)
    for number, task in enumerate(threads):
        assert task.ledger.waited_ns[LOCK_WAIT] == switch_ns + fork_ns - (number + 1) * US
        by_name = {cause.name: ns for cause, ns in task.ledger.ran_ns.items() if ns}
        assert by_name == {"fault/zero_fill": fault_ns}
    use = kernel.locks.by_kind["mm"]
    assert use["read"].acquired == 2
    assert use["read"].waited_ns == 2 * (switch_ns + fork_ns) - 3 * US
    assert use["read"].longest_wait_ns == switch_ns + fork_ns - US
    assert use["write"].acquired == 1
    assert use["write"].held_by_ns(clock.now) == switch_ns + fork_ns


AFL: dict[str, Any] = {
    "kind": "afl",
    "target": "32MiB",
    "run": "100us",
    "pages": 2,
    "duration": "30ms",
}
REDIS: dict[str, Any] = {
    "kind": "redis",
    "dataset": "16MiB",
    "service": "10us",
    "set_ratio": 0.2,
    "clients": {"kind": "open", "rate": "20k/s"},
    "snapshot": {"at": ["3ms", "12ms"], "save_rate": "4GiB"},
    "duration": "30ms",
}


@pytest.mark.parametrize("scheme", ["classic", "on_demand", "huge", "async"])
def test_executions_together_are_spent_on_the_same_as_one_by_one(
    scheme: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    afl = WORKLOADS["afl"]
    config = afl.Config.model_validate(AFL)
    together = afl.run(config, Setup(PROFILE, 16, scheme))
    monkeypatch.setattr(ForkServer, "_is_alone", lambda _: False)
    one_by_one = afl.run(config, Setup(PROFILE, 16, scheme))
    assert together.to_dict() == one_by_one.to_dict()
    table = together.series["causes/execution_ns"]
    assert table["requests"].sum() == together.counters["executions"]
    assert table["service"].sum() == 100 * US * together.counters["executions"]
    assert table["fuzzer"].sum() == 100 * US * together.counters["executions"]
    assert together.counters["lock/mm/write"] > 0


@pytest.mark.parametrize("scheme", ["classic", "on_demand", "async", "classic6", "huge"])
@pytest.mark.parametrize("cores", [1, 2, 3, 16])
def test_time_of_cores_adds_up(scheme: str, cores: int) -> None:
    """By cause, with switches and idle time, in a mix and alone."""
    programs = {"a": REDIS, "b": AFL, "c": {**REDIS, "clients": {"kind": "closed"}}}
    mix = Mix([WORKLOADS[name] for name in ("afl", "redis")], MixConfig)
    kernel = Setup(PROFILE, cores, scheme).kernel()
    config = MixConfig.model_validate({"kind": "mix", "programs": programs})
    (recording,) = play(kernel, mix.start(config, kernel, setup().streams()))
    spent_ns = {n: ns for n, ns in recording.counters.items() if n.startswith("core_time/")}
    assert min(spent_ns.values()) > 0
    assert sum(spent_ns.values()) == cores * kernel.machine.clock.now
    busy_ns = sum(core.busy_ns for core in kernel.machine.scheduler.cores)
    besides = ("core_time/idle_ns", "core_time/switch_ns")
    own_ns = sum(ns for name, ns in spent_ns.items() if name not in besides)
    under_way_ns = sum(core.under_way()[1] for core in kernel.machine.scheduler.cores)
    assert own_ns <= busy_ns + under_way_ns <= own_ns + spent_ns[besides[1]]
