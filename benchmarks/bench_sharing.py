"""Programs that share a machine, and the core layer below them."""

from __future__ import annotations

from typing import Any

import plain_models
import pytest
from beside_plain import PLAIN, Timed

from models.costs.profile import load_profile
from models.kernel.scheduling import scheduling_rule
from sim.machine.clock import Activity
from sim.machine.machine import Machine
from workloads.registry import WORKLOADS
from workloads.running.setup import Setup

PROFILE = load_profile("epyc-7302p-linux-5.6")
SERVICE_NS = 678
REDIS: dict[str, Any] = {
    "kind": "redis",
    "dataset": "1GiB",
    "service": f"{SERVICE_NS}ns",
    "clients": {"kind": "open", "rate": "20k/s"},
    "snapshot": {"at": ["1s", "2s"], "save_rate": "1GiB"},
    "duration": "4s",
}
TABLE_4 = {
    **REDIS,
    "clients": {"kind": "closed", "connections": 3, "pipeline": 2000},
    "snapshot": {"after_changes": 10_000, "save_rate": "100MiB"},
    "duration": "2s",
}
FUZZERS = {"kind": "afl", "target": "1GiB", "run": "1ms", "pages": 2, "duration": "2s"}
FORKS = ["classic", "on_demand"]


def mixed(scheme: str, cores: int, **programs: dict[str, Any]) -> int:
    """Run a mix; how many requests and executions there were."""
    mix = WORKLOADS["mix"]
    config = mix.Config.model_validate({"kind": "mix", "programs": programs})
    parts = mix.run(config, Setup(PROFILE, cores=cores, scheme=scheme)).parts.values()
    done = ("requests", "executions")
    return sum(part.counters.get(name, 0) for part in parts for name in done)


@pytest.mark.parametrize("servers", [2, 10])
@pytest.mark.parametrize("model", [PLAIN, *FORKS])
def bench_open_redis_with_a_core_each(timed: Timed, model: str, servers: int) -> None:
    what = f"{servers} open-loop Redis with a core each, 20k/s"
    if model == PLAIN:
        timed(what, model, lambda: plain_models.servers(servers, servers, 20_000, SERVICE_NS, 1))
    else:
        programs = {f"redis-{number}": REDIS for number in range(servers)}
        timed(what, model, lambda: mixed(model, 2 * servers, **programs), rounds=3)


@pytest.mark.parametrize("model", [PLAIN, "classic"])
def bench_open_redis_that_queue(timed: Timed, model: str) -> None:
    what = "64 open-loop Redis that queue for 16 cores, 20k/s"
    if model == PLAIN:
        timed(what, model, lambda: plain_models.servers(64, 16, 20_000, 10_000, 0.1))
    else:
        fields = {**REDIS, "dataset": "64MiB", "service": "10us", "snapshot": None}
        programs = {f"redis-{n}": {**fields, "duration": "100ms"} for n in range(64)}
        timed(what, model, lambda: mixed(model, 16, **programs), rounds=3)


@pytest.mark.parametrize("fuzzers", [0, 1, 4, 16])
@pytest.mark.parametrize("scheme", FORKS)
def bench_table_4_beside_fuzzers(timed: Timed, scheme: str, fuzzers: int) -> None:
    """Work is counted as one, so that a round's time is shown."""
    programs: dict[str, dict[str, Any]] = {"redis": TABLE_4}
    if fuzzers:
        programs["fuzzers"] = {**FUZZERS, "instances": fuzzers}
    timed(
        f"table 4's Redis beside {fuzzers} fuzzers, 2 s",
        scheme,
        lambda: min(mixed(scheme, 16, **programs), 1),
        rounds=3,
    )


@pytest.mark.parametrize(("tasks", "cores"), [(1, 1), (8, 16), (16, 4), (100, 16)])
@pytest.mark.parametrize("model", [PLAIN, "cfs"])
def bench_bursts(timed: Timed, model: str, tasks: int, cores: int) -> None:
    what = f"bursts of {tasks} tasks on {cores} cores"
    if model == PLAIN:
        timed(what, model, lambda: plain_models.bursts(tasks, cores, 20_000 // tasks))
    else:
        timed(what, model, lambda: bursts(tasks, cores, 20_000 // tasks))


def bursts(tasks: int, cores: int, each: int) -> int:
    """As `plain_models.bursts`, on a machine with CFS."""
    rule = scheduling_rule("cfs", PROFILE, cores)
    machine = Machine(cores, {}, rule=rule, switch_ns=1000)

    def life(number: int) -> Activity:
        task = machine.task(f"task-{number}")
        for _ in range(each):
            yield from task.run(compute_ns=10_000 + number)
            yield machine.clock.timeout(1000 + 7 * number)

    for number in range(tasks):
        machine.clock.process(life(number))
    machine.clock.run_to_end()
    return tasks * each
