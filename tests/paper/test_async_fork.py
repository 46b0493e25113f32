"""Async-fork's published finding, from the mechanism: a shorter tail than On-demand-fork's."""

from __future__ import annotations

from functools import cache

import pytest

from models.costs.profile import load_profile
from results.metrics.summary import PERCENTILES
from sim.measures.recording import Recording
from workloads.programs.redis.config import RedisConfig
from workloads.programs.redis.program import Redis
from workloads.running.setup import Setup

pytestmark = pytest.mark.evaluation


@cache
def snapshot(scheme: str, gib: int) -> Recording:
    config = RedisConfig.model_validate(
        {
            "kind": "redis",
            "dataset": f"{gib}GiB",
            "clients": {"kind": "open", "rate": "50k/s"},
            "set_ratio": 0.5,
            "snapshot": {"at": ["500ms"], "save_rate": "8GiB"},
            "duration": "4s",
        }
    )
    return Redis().run(config, Setup(load_profile("epyc-7302p-linux-5.6"), cores=16, scheme=scheme))


def tail(scheme: str, gib: int, name: str) -> int:
    latency = snapshot(scheme, gib).histograms["latency_ns"]
    return latency.maximum if name == "max" else latency.quantile(PERCENTILES[name])


@pytest.mark.parametrize("gib", [1, 8, 16])
@pytest.mark.parametrize("name", ["p99.9", "max"])
def test_its_tail_is_shorter(gib: int, name: str) -> None:
    assert tail("async", gib, name) < tail("on_demand", gib, name) < tail("classic", gib, "max")


def test_more_so_for_larger_data_sets() -> None:
    gain = [tail("on_demand", gib, "max") / tail("async", gib, "max") for gib in (1, 8, 16)]
    assert gain == sorted(gain)
    assert gain[-1] > 2 * gain[0]


def test_because_the_parent_copies_few_tables_itself() -> None:
    for gib in (1, 8, 16):
        synced = snapshot("async", gib).counters["faults/table_sync"]
        copied = snapshot("on_demand", gib).counters["faults/table_copy"]
        assert synced < copied / 3
        # Writes are all over the heap but for an eighth of it, the hash table's buckets.
        assert copied > 0.99 * (512 - 64) * gib
