"""Redis leaves out its warm-up and says how much, whatever the blocks."""

from __future__ import annotations

from typing import Any

import pytest
from programs import redis_config, run_redis
from pydantic import ValidationError

from sim.measures.common_metrics import LATENCY
from workloads.programs.redis.server import Server

LOADED: dict[str, Any] = {
    "clients": {"kind": "open", "rate": "40k/s", "connections": 20},
    "set_ratio": 0.3,
    "duration": "300ms",
    "service": "20us",
    # A stall at the start, such as a warm-up has.
    "snapshot": {"at": ["1ms"], "save_rate": "1GiB"},
}


def test_latencies_and_throughput_are_those_after_the_cut() -> None:
    whole = run_redis("classic", **LOADED)
    cut = run_redis("classic", **LOADED, warmup="100ms")
    assert whole.levels.keys() | {"warmup_ns"} == cut.levels.keys()
    assert cut.levels["warmup_ns"] == 100_000_000
    # The first of three windows of the timeline, which is as long as the cut.
    first = int(whole.series["timeline"]["requests"][0])
    count = cut.histograms["latency_ns"].count
    assert count == whole.counters["requests"] - first
    left_ns = cut.levels["duration_ns"] - 100_000_000
    assert cut.levels["throughput_per_s"] == count * 10**9 / left_ns
    assert cut.histograms["latency_ns"].maximum < whole.histograms["latency_ns"].maximum
    # The rest is of the whole run.
    assert cut.counters == whole.counters
    series = cut.to_dict()["series"]
    kinds = ("causes/", "slowest/", "by_second/")
    of_latencies = {name for name in series if name.startswith(kinds)}
    assert of_latencies >= {LATENCY.causes, LATENCY.slowest, LATENCY.by_second}
    whole_series = whole.to_dict()["series"]
    for name in series.keys() - of_latencies:
        assert series[name] == whole_series[name]
    assert series[LATENCY.causes]["requests"] != whole_series[LATENCY.causes]["requests"]
    assert sum(series[LATENCY.causes]["requests"]) == count


@pytest.mark.parametrize("warmup", ["30ms", "mser5"])
def test_blocks_give_what_single_iterations_give(
    warmup: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    short = {**LOADED, "duration": "90ms", "warmup": warmup}
    together = run_redis("on_demand", **short)
    monkeypatch.setattr(Server, "_quiet_until_ns", lambda self: self._clock.now)
    assert run_redis("on_demand", **short).to_dict() == together.to_dict()


def test_mser5_cuts_the_stall_at_the_start() -> None:
    cut = run_redis("classic", **LOADED, warmup="mser5")
    assert 0 < cut.levels["warmup_ns"] < 150_000_000
    assert cut.histograms["latency_ns"].count < cut.counters["requests"]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"warmup": "mser"}, "expected a duration such as 5s, or mser5"),
        ({"warmup": "300ms", "duration": "300ms"}, "expected a warmup shorter than the duration"),
        (
            {"warmup": "mser5", "clients": {"kind": "trace", "path": "a"}},
            "expected a duration as the warmup of a trace",
        ),
    ],
)
def test_wrong_ones(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        redis_config(**changes)
