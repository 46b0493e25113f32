"""Sums by cause against every request in plain dictionaries."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.machine.causes import CORE_WAIT, LOCK_WAIT, WORK, Cause
from sim.measures.buckets import bucket_of, bucket_of_one, lowest_of
from sim.measures.cause_sums import BANDS, CauseSums
from sim.measures.common_metrics import FORK_TIME, LATENCY
from sim.measures.declarations import Declarations
from sim.measures.metrics import Caused
from sim.measures.recording import Recording
from sim.measures.slowest import SLOWEST
from sim.measures.warmup import WINDOWS, SteadyLatency, WarmUp

FORK = Cause("fork", "fork")
CAUSES = (WORK, FORK, CORE_WAIT, LOCK_WAIT)
BORDERS = [Fraction(text) / 100 for text in ("50", "90", "99", "99.9", "99.99")]

Row = tuple[int, int, list[int]]
"""Latency, weight, and parts of the latencies in shares of all of them."""


@st.composite
def rows(draw: st.DrawFn, largest: int = 2**40) -> list[Row]:
    """Rows whose causes add up: the sum of their latencies is cut at some places."""
    made = []
    for _ in range(draw(st.integers(0, 25))):
        latency = draw(st.integers(0, min(largest, 3000)) | st.integers(0, largest))
        weight = draw(st.integers(0, 20))
        cuts = st.integers(0, latency * weight)
        ends = sorted(draw(st.lists(cuts, min_size=3, max_size=3)))
        times = np.diff([0, *ends, latency * weight])
        made.append((latency, weight, times.tolist()))
    return made


def added(sums: CauseSums, made: Sequence[Row], start: int = 0, times: int = 1) -> CauseSums:
    """The rows, at 0, 1, ... from the start, so often in one call."""
    count = len(made) * times
    latency = np.array([latency for latency, _, _ in made] * times, np.int64)
    weights = np.array([weight for _, weight, _ in made] * times, np.int64)
    columns = np.array([parts for _, _, parts in made] * times, np.int64).reshape(count, 4)
    by_cause = {c: columns[:, n] for n, c in enumerate(CAUSES) if n == 0 or columns[:, n].any()}
    sums.add(start + np.arange(count), latency, weights, by_cause)
    return sums


def shares(row: Row) -> list[list[int]]:
    """The causes of every request of a row: what they add up to is shared, the first have more."""
    _, weight, parts = row
    order = sorted(range(4), key=lambda n: CAUSES[n].name)
    requests = [[0] * 4 for _ in range(weight)]
    total = 0
    upto = [0] * weight
    for n in order:
        total += parts[n]
        each, rest = divmod(total, weight) if weight else (0, 0)
        for k in range(weight):
            now = each + (1 if k < rest else 0)
            requests[k][n] = now - upto[k]
            upto[k] = now
    return requests


def plain_slowest(made: Sequence[Row]) -> list[tuple[int, int, dict[str, int]]]:
    every = [
        (row[0], at, {c.name: part for c, part in zip(CAUSES, parts, strict=True) if part})
        for at, row in enumerate(made)
        for parts in shares(row)
    ]
    return sorted(every, key=lambda one: (-one[0], one[1]))[:SLOWEST]


def found_slowest(sums: CauseSums) -> list[tuple[int, int, dict[str, int]]]:
    return [
        (one.latency_ns, one.at_ns, {c.name: part for c, part in one.by_cause.items() if part})
        for one in sums.slowest
    ]


def plain_bands(made: Sequence[Row]) -> dict[str, list[int]]:
    """By bucket, then cut at the borders in proportion, in fractions rounded down."""
    buckets: dict[int, list[int]] = {}
    for latency, weight, parts in made:
        if weight:
            here = buckets.setdefault(bucket_of_one(latency), [0] * 5)
            for n, amount in enumerate([weight, *parts]):
                here[n] += amount
    count = sum(here[0] for here in buckets.values())
    ranks = [0, *(-(-q.numerator * count // q.denominator) for q in BORDERS), count]
    upto = []
    for rank in ranks:
        left, sums = rank, [0] * 4
        for _, (weight, *parts) in sorted(buckets.items()):
            taken = min(left, weight)
            left -= taken
            sums = [s + int(Fraction(p * taken, weight)) for s, p in zip(sums, parts, strict=True)]
        upto.append([rank, sum(sums), *sums])
    bands = np.diff(np.array(upto, dtype=object), axis=0)
    columns = dict(zip(["requests", "latency_ns", *(c.name for c in CAUSES)], bands.T, strict=True))
    first = ["requests", "latency_ns"]
    rest = sorted(name for name in columns if name not in first and any(columns[name]))
    return {name: columns[name].tolist() for name in [*first, *rest]}


def listed(table: Mapping[str, np.ndarray]) -> dict[str, list[int]]:
    return {name: column.tolist() for name, column in table.items()}


@given(rows(), st.integers(1, 5))
def test_they_are_what_every_request_says(made: list[Row], calls: int) -> None:
    sums = CauseSums()
    for part in np.array_split(np.arange(len(made)), calls):
        added(sums, [made[n] for n in part], start=int(part[0]) if part.size else 0)
    assert sums.latencies.count == sum(weight for _, weight, _ in made)
    bands = listed(sums.bands())
    assert bands == plain_bands(made)
    assert list(bands) == list(plain_bands(made))
    assert found_slowest(sums) == plain_slowest(made)
    for one in sums.slowest:
        assert sum(one.by_cause.values()) == one.latency_ns
    for band in range(len(BANDS)):
        parts = [column[band] for name, column in bands.items() if name not in ("requests",)]
        assert parts[0] == sum(parts[1:])
        assert min(parts) >= 0
    assert sum(bands["latency_ns"]) == sums.latencies.total


@given(rows(largest=2047))
def test_the_bands_are_those_of_the_sorted_requests(made: list[Row]) -> None:
    """Where every bucket is one latency, and the requests of one are alike."""
    alike = [(latency, weight, [latency * weight, 0, 0, 0]) for latency, weight, _ in made]
    every = sorted(latency for latency, weight, _ in made for _ in range(weight))
    ends = [0, *(-(-q.numerator * len(every) // q.denominator) for q in BORDERS), len(every)]
    bands = listed(added(CauseSums(), alike).bands())
    pieces = [every[low:high] for low, high in pairwise(ends)]
    assert bands["requests"] == [len(piece) for piece in pieces]
    assert bands["latency_ns"] == bands.get(WORK.name, [0] * 6) == [sum(p) for p in pieces]


@given(rows(), rows(), st.integers(1, 8))
def test_merging_is_recording_both(first: list[Row], second: list[Row], times: int) -> None:
    merged = added(CauseSums(), first, times=times)
    merged.merge(added(CauseSums(), second, start=1000, times=times))
    both = added(added(CauseSums(), first, times=times), second, start=1000, times=times)
    assert merged.latencies.to_dict() == both.latencies.to_dict()
    assert listed(merged.bands()) == listed(both.bands())
    assert listed(merged.slowest_ones()) == listed(both.slowest_ones())


@given(rows(), st.integers(2, 9))
def test_many_rows_are_as_few(made: list[Row], times: int) -> None:
    """Those that wait are added with those that need not."""
    together = added(CauseSums(), made, times=times)
    apart = CauseSums()
    for copy in range(times):
        added(apart, made, start=copy * len(made))
    assert listed(together.bands()) == listed(apart.bands())
    assert listed(together.slowest_ones()) == listed(apart.slowest_ones())


def test_a_bucket_across_a_border_is_shared_in_proportion() -> None:
    """Three requests of one bucket: the lower two are below the median."""
    sums = CauseSums()
    latency = np.array([4096, 4097, 4097])
    fork = np.array([0, 10, 90])
    sums.add(np.arange(3), latency, np.ones(3, np.int64), {FORK: fork, WORK: latency - fork})
    bands = listed(sums.bands())
    assert bands["requests"] == [2, 1, 0, 0, 0, 0]
    assert bands["fork"] == [66, 34, 0, 0, 0, 0]
    assert bands["service"] == [8126, 4064, 0, 0, 0, 0]
    assert bands["latency_ns"] == [8192, 4098, 0, 0, 0, 0]


def test_the_requests_of_a_row_share_its_causes() -> None:
    sums = CauseSums()
    one = np.ones(1, np.int64)
    sums.add(one, 7 * one, 3 * one, {WORK: 11 * one, FORK: 10 * one})
    assert listed(sums.slowest_ones()) == {
        "at_ns": [1, 1, 1], "latency_ns": [7, 7, 7], "fork": [4, 3, 3], "service": [3, 4, 4]
    }  # fmt: skip


@pytest.mark.parametrize("count", [1, 5, 500])
def test_a_time_may_be_one_number_for_all(count: int) -> None:
    sums, ones = CauseSums(), np.ones(count, np.int64)
    sums.add(np.arange(count), 7 * ones, 2 * ones, {WORK: 11 * ones, FORK: 3, LOCK_WAIT: 0})
    assert sum(listed(sums.bands())["fork"]) == 3 * count
    assert LOCK_WAIT in sums.causes
    assert list(sums.bands()) == ["requests", "latency_ns", "fork", "service"]


@pytest.mark.parametrize("count", [1, 500])
def test_what_does_not_add_up_is_refused(count: int) -> None:
    ones = np.ones(count, np.int64)

    def bands(weights: np.ndarray, by_cause: dict[Cause, np.ndarray]) -> None:
        sums = CauseSums()
        sums.add(np.arange(count), 7 * ones, weights, by_cause)
        sums.bands()

    with pytest.raises(ValueError, match="do not add up"):
        bands(ones, {WORK: 6 * ones})
    with pytest.raises(ValueError, match="do not add up"):
        bands(ones, {})
    with pytest.raises(ValueError, match="a time is negative"):
        bands(ones, {WORK: 8 * ones, FORK: -ones})
    with pytest.raises(ValueError, match="a weight is negative"):
        bands(-ones, {WORK: 7 * ones})
    sums = CauseSums()
    sums.latencies.add(ones)
    with pytest.raises(ValueError, match="without their causes"):
        sums.bands()


def test_causes_have_names_of_their_own() -> None:
    one = np.ones(1, np.int64)
    for cause in (Cause("fork", "another"), Cause("at_ns", "time")):
        sums = CauseSums()
        sums.add(one, 2 * one, one, {FORK: one, cause: one})
        with pytest.raises(ValueError, match=f"'{cause.name}' is a column, or another cause"):
            sums.bands()


@pytest.mark.parametrize("count", [1, 500])
def test_sums_may_leave_64_bits(count: int) -> None:
    """As those of a server that was asked for too much all day."""
    sums, ones = CauseSums(), np.ones(count, np.int64)
    latency, weight = 2**52, 2**10 // count
    whole = latency * weight
    calls = 9
    for _ in range(calls):
        sums.add(ones, latency * ones, weight * ones, {WORK: whole * ones - 5, FORK: 5 * ones})
    other = CauseSums()
    other.merge(sums)
    other.merge(sums)
    recording = Recording().add(histograms={LATENCY: other.latencies}, causes={LATENCY: other})
    plain = json.loads(json.dumps(recording.to_dict()))
    bands = Recording.from_dict(plain).series["causes/latency_ns"]
    assert sum(bands["service"].tolist()) == 2 * calls * count * (whole - 5)
    assert sum(bands["fork"].tolist()) == 2 * calls * count * 5
    assert sum(bands["latency_ns"].tolist()) == other.latencies.total > 2**63


def test_the_buckets_of_arrays_are_those_of_numbers() -> None:
    powers = [2**n + d for n in range(53) for d in (-1, 0, 1)]
    values = np.array([v for v in [0, *powers, 2**53 - 1] if v < 2**53], np.int64)
    buckets = bucket_of(values)
    assert buckets.tolist() == [bucket_of_one(value) for value in values.tolist()]
    lowest = lowest_of(buckets)
    assert (bucket_of(lowest) == buckets).all()
    assert (lowest <= values).all()
    assert (lowest_of(buckets + 1) > values).all()


DURATION_NS = 50_000_000


def samples(
    count: int = 3000,
) -> tuple[np.ndarray, np.ndarray, np.ndarray, dict[Cause, np.ndarray]]:
    random = np.random.default_rng(5)
    times = np.sort(random.integers(0, DURATION_NS, count))
    values = (1000 + 5000 * np.exp(-times / 3e6) + random.exponential(300, count)).astype(np.int64)
    weights = random.integers(0, 4, count)
    fork = values * weights // 3
    return times, values, weights, {WORK: values * weights - fork, FORK: fork}


@pytest.mark.parametrize("warm_up", [None, 9_876_543, "mser5"])
@pytest.mark.parametrize("blocks", [1, 7, 3000])
def test_a_warm_up_is_cut_from_causes_as_from_latencies(warm_up: WarmUp, blocks: int) -> None:
    steady = SteadyLatency(warm_up, DURATION_NS)
    times, values, weights, by_cause = samples()
    for rows in np.array_split(np.arange(len(times)), blocks):
        steady.add(
            times[rows], values[rows], weights[rows], {c: t[rows] for c, t in by_cause.items()}
        )
    cut_ns, by_phase = steady.cut_sums()
    sums = by_phase.whole()
    expected = CauseSums()
    later = times >= cut_ns
    assert later.all() == (warm_up is None)
    expected.add(
        times[later], values[later], weights[later], {c: t[later] for c, t in by_cause.items()}
    )
    assert listed(sums.bands()) == listed(expected.bands())
    assert listed(sums.slowest_ones()) == listed(expected.slowest_ones())
    assert steady.cut()[1].to_dict() == expected.latencies.to_dict()
    assert steady.cut()[0] == cut_ns
    assert WINDOWS == 500


def test_a_recording_has_them_in_two_series_and_says_what_they_are() -> None:
    made = [(7, 2, [10, 4, 0, 0]), (3, 1, [3, 0, 0, 0])]
    sums = added(CauseSums(), made)
    recording = Recording().add(histograms={LATENCY: sums.latencies}, causes={LATENCY: sums})
    assert {name: listed(table) for name, table in recording.series.items()} == {
        "causes/latency_ns": {
            "requests": [2, 1, 0, 0, 0, 0],
            "latency_ns": [10, 7, 0, 0, 0, 0],
            "fork": [2, 2, 0, 0, 0, 0],
            "service": [8, 5, 0, 0, 0, 0],
        },
        "slowest/latency_ns": {
            "at_ns": [0, 0, 1],
            "latency_ns": [7, 7, 3],
            "fork": [2, 2, 0],
            "service": [5, 5, 3],
        },
    }
    caused = [Caused(LATENCY, c.name, c.label) for c in (FORK, WORK)]
    assert recording.declared == Declarations.of([LATENCY, *caused])
    assert recording.declared.to_dict()["causes"] == [
        {"of": "latency_ns", "cause": "fork", "label": "fork"},
        {"of": "latency_ns", "cause": "service", "label": "its own work"},
    ]
    read = Recording.from_dict(
        json.loads(json.dumps(recording.to_dict())),
        Declarations.from_dict(json.loads(json.dumps(recording.declared.to_dict()))),
    )
    assert read.to_dict() == recording.to_dict()
    assert read.declared == recording.declared


def test_without_causes_nothing_is_said_of_them() -> None:
    assert "causes" not in Declarations.of([LATENCY, FORK_TIME]).to_dict()
    with pytest.raises(ValueError, match="declared in two ways"):
        Declarations.of([Caused(LATENCY, "fork", "fork"), Caused(LATENCY, "fork", "forks")])


def test_nothing_recorded_is_six_empty_bands() -> None:
    assert listed(CauseSums().bands()) == {"requests": [0] * 6, "latency_ns": [0] * 6}
    assert listed(CauseSums().slowest_ones()) == {"at_ns": [], "latency_ns": []}
