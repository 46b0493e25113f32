"""Apache whose workers have cores, alone and in a mix, and whose workers or connections queue."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import plain_models
import pytest
from access_logs import RATE_PER_S, write_access_log
from beside_plain import PLAIN, Timed

from models.costs.profile import load_profile
from workloads.registry import WORKLOADS
from workloads.running.setup import Setup

PROFILE = load_profile("epyc-7302p-linux-5.6")
LEAST_NS, MOST_NS = 20_000, 100_000
APACHE: dict[str, Any] = {
    "kind": "apache",
    "spare": 0,
    "service": {"p0": f"{LEAST_NS}ns", "p50": "35us", "p100": f"{MOST_NS}ns"},
    "duration": "1s",
}
LINES = 100_000


def _closed(connections: int, workers: int, **more: Any) -> dict[str, Any]:
    clients = {"kind": "closed", "connections": connections}
    return {**APACHE, "workers": workers, "clients": clients, **more}


ALONE = _closed(4, 4)
BESIDE = {"kind": "mix", "programs": {"a": ALONE, "b": ALONE}}
FOR_WORKERS = _closed(64, 8, requests_per_connection=1)
FOR_CORES = _closed(32, 32)


def requests(fields: dict[str, Any], cores: int = 16) -> int:
    """Run it; how many requests were served."""
    workload = WORKLOADS[fields["kind"]]
    recording = workload.run(
        workload.Config.model_validate(fields), Setup(PROFILE, cores, "classic")
    )
    parts = recording.parts.values() or [recording]
    return sum(part.counters["requests"] for part in parts)


def _plain(connections: int, servers: int) -> int:
    return plain_models.web(connections, servers, (LEAST_NS, MOST_NS), 30_000)


@pytest.mark.parametrize("model", [PLAIN, "alone", "two beside each other"])
def bench_workers_with_cores(timed: Timed, model: str) -> None:
    what = "Apache: 4 connections, 4 workers, cores for all"
    if model == PLAIN:
        timed(what, model, lambda: _plain(4, 4))
    else:
        timed(what, model, lambda: requests(ALONE if model == "alone" else BESIDE))


@pytest.mark.parametrize("model", [PLAIN, "classic"])
def bench_connections_that_wait_for_workers(timed: Timed, model: str) -> None:
    what = "Apache: 64 connections wait for 8 workers, without keep-alive"
    if model == PLAIN:
        timed(what, model, lambda: _plain(64, 8))
    else:
        timed(what, model, lambda: requests(FOR_WORKERS))


@pytest.mark.parametrize("model", [PLAIN, "classic"])
def bench_workers_that_wait_for_cores(timed: Timed, model: str) -> None:
    what = "Apache: 32 busy workers on 4 cores"
    if model == PLAIN:
        timed(what, model, lambda: _plain(32, 4))
    else:
        timed(what, model, lambda: requests(FOR_CORES, cores=4))


@pytest.fixture(scope="session")
def access_log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A log of that many requests."""
    path = tmp_path_factory.mktemp("trace") / "access.log"
    write_access_log(path, LINES)
    return path


@pytest.mark.parametrize("model", [PLAIN, "as many workers as ever", "more if too few are idle"])
def bench_replay_of_an_access_log(timed: Timed, access_log: Path, model: str) -> None:
    what = f"Apache: an access log of {LINES:,} requests, 20,000 a second, read and replayed"
    if model == PLAIN:
        timed(what, model, lambda: plain_models.replay_web(access_log, 8, RATE_PER_S), rounds=3)
        return
    clients = {"kind": "trace", "path": str(access_log), "unit": "us"}
    spare = 0 if model == "as many workers as ever" else 5
    fields = {**APACHE, "workers": 8, "spare": spare, "clients": clients, "duration": None}

    def read_and_replay() -> int:
        access_log.touch()  # else it would be read once for all rounds
        return requests(fields)

    timed(what, model, read_and_replay, rounds=3)
