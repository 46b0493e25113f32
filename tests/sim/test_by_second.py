"""Latencies by second against a plain dictionary of every request."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from programs import setup

from sim.arrays import IntArray
from sim.machine.causes import WORK
from sim.measures import by_second
from sim.measures.buckets import bucket_of, bucket_of_one
from sim.measures.by_second import LatencyBySecond, coarse_of, lowest_of_coarse
from sim.measures.cause_sums import CauseSums
from workloads.registry import WORKLOADS

Row = tuple[int, int, int]
"""When, how long, how often."""

SECOND = 10**9
rows = st.lists(
    st.tuples(
        st.integers(0, 3 * SECOND) | st.integers(0, 2**52),
        st.integers(0, 5000) | st.integers(0, 2**53 - 1),
        st.integers(1, 1000),
    ),
    min_size=1,
    max_size=20,
)


def columns_of(made: Sequence[Row]) -> tuple[IntArray, IntArray, IntArray]:
    at_ns, latency_ns, weights = np.array(made, np.int64).T
    return at_ns, latency_ns, weights


def added(seconds: LatencyBySecond, made: Sequence[Row]) -> LatencyBySecond:
    at_ns, latency_ns, weights = columns_of(made)
    seconds.add(at_ns, bucket_of(latency_ns), weights)
    return seconds


def counted(made: Sequence[Row], width_s: int = 1) -> Counter[tuple[int, int]]:
    """How often in each window which lowest value of a bucket: a sixteenth of a power of two."""
    found: Counter[tuple[int, int]] = Counter()
    for at_ns, latency_ns, weight in made:
        bits = max(latency_ns.bit_length() - 5, 6)
        found[at_ns // SECOND // width_s * width_s, latency_ns >> bits << bits] += weight
    return found


def table(seconds: LatencyBySecond) -> Counter[tuple[int, int]]:
    found = seconds.columns()
    keys = list(zip(found["second"].tolist(), found["from_ns"].tolist(), strict=True))
    assert keys == sorted(set(keys))
    return Counter(dict(zip(keys, found["requests"].tolist(), strict=True)))


@given(st.lists(rows, max_size=4))
def test_every_request_is_counted_in_its_second_and_bucket(batches: list[list[Row]]) -> None:
    seconds = LatencyBySecond()
    for made in batches:
        added(seconds, made)
    everything = [row for made in batches for row in made]
    assert table(seconds) == counted(everything)
    assert table(seconds) == counted(everything)  # asking changes nothing
    assert set(seconds.columns()["width_s"].tolist()) <= {1}


@given(rows, rows)
def test_merged_is_as_if_recorded_in_one(some: list[Row], others: list[Row]) -> None:
    merged = added(LatencyBySecond(), some)
    merged.merge(added(LatencyBySecond(), others))
    assert table(merged) == counted([*some, *others])


def test_causes_have_the_seconds_of_their_latencies() -> None:
    made = [(second * SECOND, 1000 * second + 7, second + 1) for second in range(100)]
    together, one_by_one = CauseSums(), CauseSums()
    at_ns, latency_ns, weights = columns_of(made)
    together.add(at_ns, latency_ns, weights, {WORK: latency_ns * weights})
    for row in range(len(made)):
        here = slice(row, row + 1)
        spent = latency_ns[here] * weights[here]
        one_by_one.add(at_ns[here], latency_ns[here], weights[here], {WORK: spent})
    merged = CauseSums()
    merged.merge(one_by_one)
    assert table(together.by_second) == table(merged.by_second) == counted(made)


@pytest.mark.parametrize(("hours", "width_s"), [(1, 1), (5, 10), (50, 60)])
def test_many_hours_take_no_more_room(
    hours: int, width_s: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(by_second, "MOST_ROWS", 2**16 // 4)
    seconds, made = LatencyBySecond(), []
    for second in range(hours * 3600):
        made += [(second * SECOND, latency, 1) for latency in (10_000, 1_000_000 + second)]
    at_ns, latency_ns, weights = columns_of(made)
    for part in np.array_split(np.arange(len(made)), 50):
        seconds.add(at_ns[part], bucket_of(latency_ns[part]), weights[part])
    found = seconds.columns()
    assert len(found["second"]) <= 2**16 // 4
    assert set(found["width_s"].tolist()) == {width_s}
    assert table(seconds) == counted(made, width_s)


def test_a_coarse_bucket_is_a_sixteenth_of_its_value_wide_at_most() -> None:
    values = np.unique(np.geomspace(2048, 2**53 - 1, 5000).astype(np.int64))
    low = lowest_of_coarse(coarse_of(bucket_of(values)))
    above = lowest_of_coarse(coarse_of(bucket_of(values)) + 1)
    assert ((low <= values) & (values < above)).all()
    assert (16 * (above - low) <= low).all()
    assert coarse_of(np.array([bucket_of_one(2**53 - 1)])) < 2**10


REDIS = {
    "dataset": "64MiB",
    "service": "5us",
    "snapshot": {"at": ["1s"], "save_rate": "64MiB"},
    "duration": "3s",
    "clients": {"kind": "open", "rate": "5k/s"},
}
APACHE = {
    "clients": {"kind": "closed", "connections": 2, "threads": 2, "work": "1ms"},
    "workers": 2,
    "duration": "2s",
}


@pytest.mark.parametrize(
    ("kind", "fields"),
    [("redis", REDIS), ("redis", {**REDIS, "warmup": "mser5"}), ("apache", APACHE)],
)
def test_programs_that_serve_requests_have_them(kind: str, fields: dict[str, object]) -> None:
    workload = WORKLOADS[kind]
    config = workload.Config.model_validate({"kind": kind, **fields})
    recording = workload.run(config, setup("classic"))
    found, whole = recording.series["by_second/latency_ns"], recording.histograms["latency_ns"]
    assert found["requests"].sum() == whole.count > 0
    low, count = whole.buckets()
    coarse = lowest_of_coarse(coarse_of(bucket_of(low)))
    assert sorted(set(coarse.tolist())) == sorted(set(found["from_ns"].tolist()))
    for value in set(coarse.tolist()):
        assert found["requests"][found["from_ns"] == value].sum() == count[coarse == value].sum()
