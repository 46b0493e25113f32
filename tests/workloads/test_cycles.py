"""Whole cycles of snapshots: what a run of them covers, and what sampling makes of it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from programs import redis_config, run_redis, setup
from pydantic import ValidationError

from results.metrics.doubts import doubts
from results.metrics.summary import of_repetition
from results.records.record import Record
from sim.measures.recording import Recording
from workloads.programs.redis.sampling import LEAST_WINDOWS, WHOLE_NS, WINDOW_REQUESTS, Sampling
from workloads.registry import WORKLOADS

SECOND_NS = 10**9
SMALL: dict[str, Any] = {
    "dataset": "32MiB",
    "clients": {"kind": "open", "rate": "2k/s"},
    "service": "20us",
    "duration": None,
}


def starts_s(recording: Recording) -> list[float]:
    return [round(ns / SECOND_NS, 1) for ns in recording.series["snapshots"]["start_ns"].tolist()]


@pytest.mark.parametrize(
    ("snapshot", "expected", "end_s"),
    [
        ({"every": "2s"}, [2, 4, 6, 8], 10),
        ({"at": ["500ms"], "period": "3s"}, [0.5, 3.5, 6.5, 9.5], 12.5),
        # Two forks a cycle; the first of a period begins it.
        ({"at": ["1s", "2500ms"], "period": "4s"}, [1, 2.5, 5, 6.5, 9, 10.5, 13, 14.5], 17),
        # A save of 1.6 s: what falls into it is refused, so every other second is a cycle.
        ({"every": "1s", "save_rate": "20MiB"}, [1, 3, 5, 7], 9),
        # At the look after the save and a second.
        ({"after_changes": 1, "after": "1s", "save_rate": "32MiB"}, [1.1, 3.2, 5.3, 7.4], 9.5),
    ],
)
def test_it_runs_for_three_whole_cycles_after_the_first(
    snapshot: dict[str, Any], expected: list[float], end_s: float
) -> None:
    recording = run_redis(**SMALL, snapshot=snapshot)
    assert starts_s(recording) == expected
    assert round(recording.levels["duration_ns"] / SECOND_NS, 1) == end_s
    assert recording.levels["cycles"] == 3
    measured_s = recording.levels["warmup_ns"] / SECOND_NS
    count = recording.histograms["latency_ns"].count
    assert count == pytest.approx(2000 * (end_s - measured_s), rel=0.03)
    assert recording.levels["cycle_ns"] / SECOND_NS == pytest.approx(
        (end_s - measured_s) / 3, abs=0.1
    )
    calls = recording.histograms["latency_ns/fork"]
    per_cycle = len([s for s in expected if s >= measured_s - 0.1])
    # Whom a call keeps waiting is of a cycle, with the last call of none.
    assert calls.count <= 2000 * per_cycle
    assert calls.count > 0


@pytest.mark.parametrize("duration", ["300ms", "3s", "9s", None])
def test_what_duration_is_typed_does_not_matter_up_to_three_cycles(duration: str | None) -> None:
    fields = {**SMALL, "snapshot": {"every": "2s"}}
    one = run_redis(**{**fields, "duration": duration})
    assert one.to_dict() == run_redis(**fields).to_dict()


def test_a_longer_duration_is_rounded_up_to_whole_cycles() -> None:
    fields = {**SMALL, "snapshot": {"every": "2s"}}
    recording = run_redis(**{**fields, "duration": "12100ms"})
    assert recording.levels["duration_ns"] == 14 * SECOND_NS
    assert recording.levels["cycles"] == 5
    as_typed = run_redis(**{**fields, "duration": "12100ms", "cycles": 0})
    assert as_typed.levels["duration_ns"] == 12_100_000_000
    assert "cycles" not in as_typed.levels


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"snapshot": {"at": ["1s"]}}, "expected a duration above 0"),
        ({"snapshot": {"after_changes": 5}, "set_ratio": 0}, "expected a duration above 0"),
        ({"snapshot": {"every": "1s"}, "cycles": 0}, "expected a duration above 0"),
        ({"snapshot": {"every": "1s"}, "warmup": "1s"}, "no warmup beside whole cycles"),
        ({"snapshot": {"every": "1s", "period": "2s"}}, "period only beside at"),
        ({"snapshot": {"at": ["1s", "3s"], "period": "2s"}}, "a period longer than"),
        ({"snapshot": {"every": "10d"}, "cycles": 100}, "days of simulated time"),
    ],
)
def test_what_has_no_end_is_refused(changes: dict[str, Any], says: str) -> None:
    with pytest.raises(ValidationError, match=says):
        redis_config(**{**SMALL, **changes})


EVERY = {"every": "100ms", "save_rate": "4GiB"}


def test_beside_others_a_typed_duration_is_kept() -> None:
    redis = {"kind": "redis", **SMALL, "snapshot": EVERY, "duration": "250ms"}
    other = {**redis, "snapshot": None}
    config = WORKLOADS["mix"].Config.model_validate(
        {"kind": "mix", "programs": {"a": redis, "b": other}}
    )
    part = WORKLOADS["mix"].run(config, setup()).parts["a"]
    assert starts_s(part) == [0.1, 0.2]
    assert "cycles" not in part.levels


LONG: dict[str, Any] = {
    "dataset": "512MiB",
    "clients": {"kind": "open", "rate": "20k/s"},
    "set_ratio": 0.2,
    "service": "5us",
    "snapshot": {"every": "40s", "save_rate": "48MiB"},
    "duration": None,
}


@pytest.mark.parametrize("scheme", ["classic", "on_demand"])
def test_sampled_cycles_are_as_whole_ones(scheme: str) -> None:
    """Percentiles within 5 %, what memory is taken within 2 %; and with a third less work."""
    sampled = run_redis(scheme, **LONG)
    whole = run_redis(scheme, **LONG, sampled=False)
    some, every = of_repetition(sampled), of_repetition(whole)
    for name in ("p50", "p90", "p99", "p99.9", "during_p99.9", "after_p99.9"):
        assert some[f"latency_{name}_ns"] == pytest.approx(every[f"latency_{name}_ns"], rel=0.05)
    for name in ("extra_memory_bytes_peak", "faults/cow_copy", "faults/cow_reuse", "requests"):
        assert some[name] == pytest.approx(every[name], rel=0.02)
    assert some["throughput_per_s"] == pytest.approx(every["throughput_per_s"], rel=0.02)
    for phase in ("fork", "first_second", "during", "after"):
        times = (values[f"phase_ns/{phase}"] for values in (some, every))
        assert next(times) == pytest.approx(next(times), rel=0.02)
    assert sampled.levels["requests_served"] < 0.7 * sampled.histograms["latency_ns"].count
    assert "requests_served" not in whole.levels
    windows = [len(one.series["timeline"]["t_ns"]) for one in (sampled, whole)]
    assert windows[0] < windows[1] * 2 / 3


def test_a_block_is_a_window_that_stands_for_its_gap() -> None:
    window_ns = WINDOW_REQUESTS * 1000
    sampling = Sampling(10**6, heap_pages=10)
    sampling.measured = True
    assert sampling.until_ns == WHOLE_NS
    assert sampling.skip(WHOLE_NS, WHOLE_NS + 10**12, quiet=True) == WHOLE_NS
    windows = WHOLE_NS // 8 // window_ns
    assert windows > LEAST_WINDOWS
    until_ns, block_end_ns = WHOLE_NS + window_ns, WHOLE_NS + windows * window_ns
    assert sampling.until_ns == until_ns
    # Somebody waits when the window is over: it is asked again.
    assert sampling.skip(until_ns, until_ns + 10**12, quiet=False) == until_ns
    assert sampling.until_ns == until_ns
    resumes_ns = sampling.skip(until_ns + 7, until_ns + 10**12, quiet=True)
    assert resumes_ns == block_end_ns - window_ns // 4
    assert sampling.until_ns == block_end_ns
    sent = [WHOLE_NS - 1, WHOLE_NS, until_ns - 1, until_ns, block_end_ns - 1, block_end_ns]
    weights = sampling.weights(np.array(sent))
    assert list(weights) == [1, windows, windows, 0, 0, 1]  # type: ignore[arg-type] # of several
    assert sampling.weights(np.array([WHOLE_NS, WHOLE_NS + 5])) == windows


def test_what_whole_cycles_would_give_is_told() -> None:
    """A run of one long cycle and a bit, as typed; what is told is what whole cycles are."""
    fields = {**LONG, "dataset": "64MiB", "snapshot": {"every": "20s", "save_rate": "8MiB"}}
    typed = run_redis(**{**fields, "duration": "39s", "cycles": 0})
    whole = of_repetition(run_redis(**fields))
    (told,) = [d for d in doubts(record(typed)) if "whole cycles" in d]
    assert told.startswith("not whole cycles of snapshots, which take 20 s: over these p99.9")
    would_be = float(told.partition("would be ")[2].split()[0])
    assert would_be * 1000 == pytest.approx(whole["latency_p99.9_ns"], rel=0.05)
    early = run_redis(**{**fields, "duration": "21s", "cycles": 0})
    assert any("no snapshot has ended" in d for d in doubts(record(early)))
    assert not any("whole cycles" in d for d in doubts(record(run_redis(**fields))))


def test_a_tail_rests_on_what_was_served_and_not_on_what_that_stands_for() -> None:
    clients = {"kind": "open", "rate": "10k/s"}
    recording = run_redis(**{**LONG, "dataset": "64MiB", "clients": clients})
    served = int(recording.levels["requests_served"])
    count = recording.histograms["latency_ns"].count
    assert count > 1_000_000 > served > 100_000
    # Of as many requests there would be 100 and more above p99.99.
    (told,) = [d for d in doubts(record(recording)) if "rests on" in d]
    tail = served - -(-9999 * served // 10_000) + 1
    assert told == f"p99.99 rests on {tail} requests; run longer"


def record(recording: Recording) -> Record:
    config = {"workload": {"kind": "redis", "snapshot": {}}, "machine": {}}
    return Record(config, {}, "model", [recording], {})
