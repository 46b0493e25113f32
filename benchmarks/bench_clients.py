"""Redis's clients where they were slow: overload, many connections, iterations one by one."""

from __future__ import annotations

from typing import Any

import plain_models
import pytest
from beside_plain import PLAIN, Timed

from models.costs.profile import load_profile
from models.faults.batch import Faults
from sim.machine.streams import Streams
from workloads.programs.redis.arrivals import GeneratedArrivals
from workloads.programs.redis.config import OpenLoop, RedisConfig
from workloads.programs.redis.open_loop import OpenLoopClients
from workloads.programs.redis.program import Redis
from workloads.running.setup import Setup

PROFILE = load_profile("epyc-7302p-linux-5.6")
SERVICE_NS = 4000
REDIS: dict[str, Any] = {"kind": "redis", "dataset": "1GiB", "service": f"{SERVICE_NS}ns"}


def requests(fields: dict[str, Any]) -> int:
    """Run it; how many requests were served."""
    config = RedisConfig.model_validate({**REDIS, **fields})
    return Redis().run(config, Setup(PROFILE, cores=16, scheme="classic")).counters["requests"]


@pytest.mark.parametrize("model", [PLAIN, "100 GB", "100 GB, twice as long"])
def bench_overload(timed: Timed, model: str) -> None:
    """A backlog of a million and of two: 300k/s at a server of 250k/s that a fork has stalled."""
    what = "open loop at 1.2 of what is served"
    if model == PLAIN:
        timed(what, model, lambda: plain_models.open_loop(300_000, SERVICE_NS, 50_000))
        return
    fields = {
        "dataset": "100GB",
        "clients": {"kind": "open", "rate": "300k/s"},
        "snapshot": {"every": "5s"},
        "duration": "36s" if "twice" in model else "18s",
    }
    timed(what, model, lambda: requests(fields), rounds=3)


@pytest.mark.parametrize("connections", [1, 50, 1000, 10_000])
@pytest.mark.parametrize("model", [PLAIN, "forksim"])
def bench_connections(timed: Timed, model: str, connections: int) -> None:
    what = f"closed loop of {connections:,} connections"
    if model == PLAIN:
        timed(what, model, lambda: plain_models.closed_loop(connections, SERVICE_NS, 50_000))
    else:
        clients = {"kind": "closed", "connections": connections}
        timed(what, model, lambda: requests({"clients": clients, "duration": "4s"}))


def one_by_one(rate: int, count: int) -> int:
    """Requests of clients that are asked for one iteration at a time, as beside busy others."""
    clients = {"kind": "open", "rate": f"{rate}/s"}
    config = RedisConfig.model_validate({**REDIS, "clients": clients, "duration": "100s"})
    assert isinstance(config.clients, OpenLoop)
    source = OpenLoopClients(GeneratedArrivals(config, config.clients, Streams(1)))
    nothing = Faults.none()
    served, now_ns = 0, 0
    while served < count:
        ahead = source.upcoming(now_ns, now_ns, lambda _: nothing)
        assert ahead is not None
        ends_ns = ahead.ends_ns[:1]
        served += len(source.served(ahead, ends_ns).at_ns)
        now_ns = int(ends_ns[0])
    return served


@pytest.mark.parametrize("model", [PLAIN, "clients alone"])
def bench_iterations_one_by_one(timed: Timed, model: str) -> None:
    what = "open loop, 20k/s, an iteration at a time"
    if model == PLAIN:
        timed(what, model, lambda: plain_models.open_loop(20_000, SERVICE_NS, 20_000))
    else:
        timed(what, model, lambda: one_by_one(20_000, 20_000))
