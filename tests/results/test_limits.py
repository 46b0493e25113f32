"""Verdicts on limits against every request one by one."""

from __future__ import annotations

import io
import re
from collections.abc import Iterable, Sequence
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console
from run_samples import record

from results.metrics.excess import WorstWindow
from results.metrics.limits import LimitOutcome, MetricLimit, verdicts
from results.tables.limit_table import limit_grid, limit_rows, print_limits, to_json
from sim.machine.causes import WORK
from sim.measures.cause_sums import CauseSums
from sim.measures.common_metrics import (
    KILLED,
    LATENCY,
    MEMORY_PEAK,
    SNAPSHOTS_UNFINISHED,
    THROUGHPUT,
)
from sim.measures.recording import Recording

SECOND = 10**9
BOUND = 1023
"""Where a coarse bucket ends, so that what is told of seconds is exact."""
P99 = LATENCY.percentile("p99", 99)
LIMIT = MetricLimit(P99, BOUND)

Request = tuple[int, int]
"""The second in which it was answered, and how long it took."""


def recording(requests: Iterable[Request], weights: Sequence[int] | None = None) -> Recording:
    sums = CauseSums()
    at_s, latency_ns = np.array(list(requests), np.int64).T
    often = np.ones(len(at_s), np.int64) if weights is None else np.array(weights)
    sums.add(at_s * SECOND, latency_ns, often, {WORK: latency_ns * often})
    return Recording().add(
        histograms={LATENCY: sums.latencies}, by_second={LATENCY: sums.by_second}
    )


def worst(requests: Sequence[Request], length_s: int) -> WorstWindow | None:
    """The greatest share above, of equals the most, of equals the first."""
    seconds = [second for second, _ in requests]
    best = None
    for start in range(min(seconds), max(seconds) - length_s + 2):
        inside = [t for second, t in requests if start <= second < start + length_s]
        above = sum(t > BOUND for t in inside)
        if above:
            place = (Fraction(above, len(inside)), above, -start)
            best = max(best or place, place)
    if best is None:
        return None
    _, above, start = best
    inside = [t for second, t in requests if -start <= second < -start + length_s]
    return WorstWindow(-start, length_s, len(inside), above)


requests = st.lists(st.tuples(st.integers(5, 150), st.integers(0, 2047)), min_size=1, max_size=200)


@given(requests)
def test_what_is_above_is_what_every_request_says(made: list[Request]) -> None:
    (verdict,) = verdicts(record({}, recording(made)), [LIMIT])
    late = [t - BOUND for _, t in made if t > BOUND]
    ordered = sorted(t for _, t in made)
    p99 = ordered[-(-99 * len(made) // 100) - 1]
    assert verdict.met == (p99 <= BOUND) == (len(late) <= len(made) - -(-99 * len(made) // 100))
    assert verdict.outcome is (LimitOutcome.MET if verdict.met else LimitOutcome.MISSED)
    excess = verdict.excess
    assert excess is not None
    assert (excess.requests, excess.above, excess.lateness) == (len(made), len(late), sum(late))
    assert excess.second == worst(made, 1)
    assert excess.minute == worst(made, 60)


@given(requests)
def test_a_row_that_stands_for_several_is_as_many_requests(made: list[Request]) -> None:
    weights = [1 + place % 3 for place in range(len(made))]
    each = [request for request, often in zip(made, weights, strict=True) for _ in range(often)]
    found = [
        verdicts(record({}, own), [LIMIT]) for own in (recording(made, weights), recording(each))
    ]
    assert found[0] == found[1]


def test_seconds_add_up_to_the_run_where_a_bucket_is_across_the_limit() -> None:
    made = [(second, 100_000 + 10 * n) for second in range(3) for n in range(200)]
    limit = MetricLimit(P99, 101_000)
    (verdict,) = verdicts(record({}, recording(made)), [limit])
    assert verdict.excess is not None
    assert verdict.excess.second is not None
    assert 3 * verdict.excess.second.above == verdict.excess.above
    assert verdict.excess.above == pytest.approx(3 * 99, abs=3 * 13)  # a bucket is 128 ns wide


def test_of_repetitions_there_is_a_verdict_each_and_one_of_their_mean() -> None:
    fast, slow = recording([(0, 1000)]), recording([(0, 1040)])
    (verdict,) = verdicts(record({}, fast, slow), [LIMIT])
    assert (verdict.met, verdict.passed) == (True, [True, False])
    (verdict,) = verdicts(record({}, slow, slow, fast), [LIMIT])
    assert (verdict.met, verdict.passed) == (False, [False, False, True])


def test_a_throughput_must_be_at_least_its_limit() -> None:
    one = record({}, Recording().add(levels={THROUGHPUT: 100.0}))
    met = [verdicts(one, [MetricLimit(THROUGHPUT, bound)])[0].met for bound in (99, 100, 101)]
    assert met == [True, True, False]
    assert MetricLimit(THROUGHPUT, 2000).words == "throughput at least 2 k/s"


@pytest.mark.parametrize(("gib", "outcome"), [(5, "open"), (3, "missed")])
def test_memory_of_a_snapshot_that_had_not_ended_meets_nothing(gib: int, outcome: str) -> None:
    own = Recording().add(levels={MEMORY_PEAK: 4 * 2**30}, counters={SNAPSHOTS_UNFINISHED: 1})
    (verdict,) = verdicts(record({}, own), [MetricLimit(MEMORY_PEAK, gib * 2**30)])
    assert verdict.outcome.value == outcome
    assert not verdict.met


def test_who_was_killed_meets_nothing() -> None:
    own = recording([(0, 10)]).add(counters={KILLED: 1})
    (verdict,) = verdicts(record({}, own, recording([(0, 10)])), [LIMIT])
    assert verdict.outcome is LimitOutcome.KILLED
    assert verdict.passed == [False, True]


def test_programs_of_a_mix_are_told_apart() -> None:
    mixed = Recording(parts={"a": recording([(0, 10)]), "b": recording([(0, 2000)])})
    found = verdicts(record({"workload": {"programs": {}}}, mixed), [LIMIT])
    assert [(verdict.program, verdict.met) for verdict in found] == [("a", True), ("b", False)]


def test_older_records_have_no_seconds() -> None:
    old = recording([(0, 2000)])
    old.series.clear()
    (verdict,) = verdicts(record({}, old), [LIMIT])
    assert verdict.excess is not None
    assert (verdict.excess.above, verdict.excess.second) == (1, None)


def printed(latencies: Sequence[int], *limits: MetricLimit, width: int | None = None) -> str:
    records = [
        record({"n": t}, recording([(second, t) for second in range(70)])) for t in latencies
    ]
    labels = [{"fork.kind": f"fork{number}"} for number in range(len(records))]
    if len(records) == 1:
        labels = [{}]
    file = io.StringIO()
    console = Console(file=file, width=width or 200, force_terminal=width is not None)
    print_limits(limit_rows(records, labels, limits), console)
    return file.getvalue()


@pytest.mark.parametrize(
    ("latencies", "words"),
    [
        ((10, 20), "p99 at most 1.02 us: met by all 2"),
        ((10, 2000), "p99 at most 1.02 us: met by 1 of 2"),
        ((2000, 1500), "p99 at most 1.02 us: met by none of 2; nearest is fork1 with 1.50 us"),
        ((10,), "p99 at most 1.02 us: met"),
        ((2000,), "p99 at most 1.02 us: not met"),
    ],
)
def test_what_it_comes_to_is_said_in_words(latencies: Sequence[int], words: str) -> None:
    assert printed(latencies, LIMIT).splitlines()[-1] == words


def test_a_table_has_a_row_for_each_and_no_column_that_says_nothing() -> None:
    lines = printed((10, 2000), LIMIT).splitlines()
    headings = [
        "fork.kind",
        "limit",
        "value",
        "above",
        "late in all",
        "worst second",
        "worst minute",
    ]
    assert re.split(r"  +", lines[1]) == headings
    assert re.split(r"  +", lines[4]) == [
        *("fork1", "p99 at most 1.02 us", "2 us", "missed", "100% (70)", "68.4 us"),
        *("100% from 0 s", "100% from 0 s"),
    ]
    memory = record({}, Recording().add(levels={MEMORY_PEAK: 1}))
    rows = limit_rows([memory], [{}], [MetricLimit(MEMORY_PEAK, 1)])
    assert [list(row) for row in limit_grid(rows).rows] == [
        ["limit", "value", ""],
        ["memory at most 1 B", "1 B", "met"],
    ]


def test_json_has_base_units() -> None:
    rows = limit_rows([record({}, recording([(3, 2000)]))], [{"seed": "1"}], [LIMIT])
    (found,) = to_json(rows)
    window = {"from_s": 3, "length_s": 1, "requests": 1, "above": 1}
    assert {key: value for key, value in found.items() if key != "id"} == {
        "fields": {"seed": "1"},
        "metric": P99.name,
        "at_most": BOUND,
        "value": 2000,
        "outcome": "missed",
        "repetitions_met": [False],
        "excess": {
            "requests": 1,
            "above": 1,
            "share": 1.0,
            "lateness": 2000 - BOUND,
            "worst_second": window,
            "worst_minute": None,
        },
    }
