"""Redis under table 4's closed loop, an open loop, and a replayed trace."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import plain_models
import pytest
from beside_plain import PLAIN, Timed
from monitor_log import write_monitor_log

from models.costs.profile import load_profile
from models.schemes.registry import SCHEMES
from workloads.programs.redis.config import RedisConfig
from workloads.programs.redis.program import Redis
from workloads.running.setup import Setup

PROFILE = load_profile("epyc-7302p-linux-5.6")
SERVICE_NS = 678
REDIS: dict[str, Any] = {
    "kind": "redis",
    "dataset": "996MiB",
    "keys": {"share": 0.156},
    "service": f"{SERVICE_NS}ns",
    "snapshot": {"after_changes": 10_000, "save_rate": "100MiB"},
}
TABLE_4 = {
    **REDIS,
    "clients": {"kind": "closed", "connections": 3, "pipeline": 2000},
    "scattered": 0.124,
    "duration": "135s",
}
OPEN = {**REDIS, "clients": {"kind": "open", "rate": "100k/s"}, "duration": "20s"}


def requests(scheme: str, fields: dict[str, Any]) -> int:
    """Run it; how many requests were served."""
    config = RedisConfig.model_validate(fields)
    return Redis().run(config, Setup(PROFILE, cores=16, scheme=scheme)).counters["requests"]


@pytest.mark.parametrize("model", [PLAIN, *SCHEMES])
def bench_table_4(timed: Timed, model: str) -> None:
    if model == PLAIN:
        timed("table 4", model, lambda: plain_models.closed_loop(6000, SERVICE_NS, 50_000))
    else:
        timed("table 4", model, lambda: requests(model, TABLE_4), rounds=3, at_most_s=3)


@pytest.mark.parametrize("model", [PLAIN, "classic", "on_demand"])
def bench_open_loop(timed: Timed, model: str) -> None:
    what = "open loop, 100k/s"
    if model == PLAIN:
        timed(what, model, lambda: plain_models.open_loop(100_000, SERVICE_NS, 50_000))
    else:
        timed(what, model, lambda: requests(model, OPEN))


@pytest.fixture(scope="session")
def monitor_log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A million commands."""
    path = tmp_path_factory.mktemp("trace") / "monitor.log"
    write_monitor_log(path, 1_000_000)
    return path


@pytest.mark.parametrize("model", [PLAIN, "classic", "on_demand"])
def bench_replay_of_a_million(timed: Timed, monitor_log: Path, model: str) -> None:
    what = "replay of a MONITOR log, reading included"
    if model == PLAIN:
        timed(what, model, lambda: plain_models.replay(monitor_log, SERVICE_NS, 100_000), rounds=3)
    else:
        fields = {**REDIS, "clients": {"kind": "trace", "path": str(monitor_log)}}

        def read_and_replay() -> int:
            monitor_log.touch()  # else it would be read once for all rounds
            return requests(model, fields)

        timed(what, model, read_and_replay, rounds=3, at_most_s=2)
