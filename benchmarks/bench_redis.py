"""Table 4's Redis beside a plain SimPy model of it, in requests a second of wall time."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import plain_redis
import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from models.profile import load_profile
from workloads import redis
from workloads.setup import Setup

PROFILE = load_profile("epyc-7302p-linux-5.6")
PLAIN_REQUESTS = 50_000

RATES: dict[str, float] = {}
"""Requests a second by benchmark, of this run."""


def measure(benchmark: BenchmarkFixture, name: str, program: Callable[[], int]) -> None:
    """Run ``program``, which returns how many requests it served; note the median rate."""
    requests = benchmark.pedantic(program, rounds=3)
    assert benchmark.stats is not None
    RATES[name] = requests / benchmark.stats.stats.median
    benchmark.extra_info["requests_per_s"] = round(RATES[name])


def bench_plain_simpy(benchmark: BenchmarkFixture) -> None:
    measure(benchmark, "plain SimPy", lambda: len(plain_redis.run(6000, 678, PLAIN_REQUESTS)))


@pytest.mark.parametrize("scheme", ["classic", "on_demand"])
def bench_table_4(benchmark: BenchmarkFixture, scheme: str) -> None:
    fields: dict[str, Any] = {
        "kind": "redis",
        "dataset": "996MiB",
        "clients": {"kind": "closed", "connections": 3, "pipeline": 2000},
        "keys": {"share": 0.136},
        "snapshot": {"after_changes": 10_000, "save_rate": "100MiB"},
        "duration": "135s",
    }
    config = redis.Config.model_validate(fields)
    setup = Setup(PROFILE, cores=16, scheme=scheme)
    measure(benchmark, scheme, lambda: redis.run(config, setup).counters["requests"])
    ratio = RATES[scheme] / RATES["plain SimPy"]
    print(f"\n{scheme}: {RATES[scheme]:,.0f} requests/s, {ratio:,.0f} times plain SimPy")  # noqa: T201 - the result
