"""Intervals against scipy.stats and against their definitions; coverage of an M/M/1 queue."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from run_samples import record
from scipy import special, stats

from results.metrics.statistics import (
    CONFIDENCE,
    bounds,
    mean_interval,
    of_mean,
    paired_difference,
    paired_ratio,
)
from results.metrics.student import t_quantile
from results.metrics.summary import summaries
from sim.measures.histogram import Histogram
from sim.measures.recording import Recording

samples = st.lists(st.integers(1, 10**9), min_size=2, max_size=30)


@settings(deadline=None)
@given(samples)
def test_the_interval_of_a_mean_is_scipys(values: list[int]) -> None:
    found = mean_interval(values)
    assert found is not None
    half = stats.sem(values) * stats.t.ppf(0.975, len(values) - 1)
    assert found.estimate == pytest.approx(np.mean(values))
    assert found.half_width == pytest.approx(half, rel=1e-6, abs=1e-9)
    assert found.count == len(values)


def test_by_hand() -> None:
    # t[2] = 4.302653 at 97.5 %; the deviation of 1, 2, 3 is 1.
    found = mean_interval([1.0, 2.0, 3.0])
    assert found is not None
    assert found.half_width == pytest.approx(4.30265273 / math.sqrt(3))
    assert found.relative == pytest.approx(found.half_width / 2)
    assert found.excludes(5) and not found.excludes(2)
    assert of_mean(2.0, 1.0, 3) == found


def test_a_single_value_has_no_interval() -> None:
    assert mean_interval([7.0]) is None
    assert paired_difference([7.0], [6.0]) is None
    assert paired_ratio([7.0], [6.0]) is None
    assert bounds([7.0]) == (7.0, 7.0)


def test_equal_values_have_an_interval_without_width() -> None:
    for values in ([5.0] * 4, [0.0] * 4):
        found = mean_interval(values)
        assert found is not None
        assert (found.low, found.high, found.relative) == (values[0], values[0], 0.0)
    around_nothing = mean_interval([-1.0, 1.0])
    assert around_nothing is not None
    assert around_nothing.relative == math.inf


@settings(deadline=None)
@given(samples.flatmap(lambda v: st.tuples(st.just(v), st.permutations(v))))
def test_paired_differences_are_scipys_paired_t(pairs: tuple[list[int], list[int]]) -> None:
    values, baseline = pairs
    found = paired_difference(values, baseline)
    assert found is not None
    if np.std(np.subtract(values, baseline)) > 0:
        theirs = stats.ttest_rel(values, baseline).confidence_interval(CONFIDENCE)
        assert (found.low, found.high) == pytest.approx((theirs.low, theirs.high), rel=1e-6)


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(900, 1100), st.integers(400, 700)), min_size=3, max_size=20))
def test_at_the_ends_of_a_ratio_the_difference_is_just_not_significant(
    pairs: list[tuple[int, int]],
) -> None:
    baseline, values = map(list, zip(*pairs, strict=True))
    found = paired_ratio(values, baseline)
    assert found is not None
    assert found.estimate == pytest.approx(np.mean(values) / np.mean(baseline))
    assert found.low <= found.estimate <= found.high
    for end in (found.low, found.high):
        left = paired_difference(values, [end * value for value in baseline])
        assert left is not None
        nearest = min(abs(left.low), abs(left.high))
        assert nearest == pytest.approx(0, abs=1e-4)


def test_a_ratio_of_proportional_values_is_exact() -> None:
    found = paired_ratio([20.0, 21.0, 23.0], [10.0, 10.5, 11.5])
    assert found is not None
    assert (found.low, found.high) == pytest.approx((2.0, 2.0), abs=1e-6)


def test_a_baseline_that_may_be_zero_gives_no_ratio() -> None:
    assert paired_ratio([1.0, 2.0], [0.0, 0.0]) is None
    assert paired_ratio([1.0, 2.0, 1.0], [-1.0, 1.0, 0.5]) is None


def test_common_random_numbers_narrow_a_difference() -> None:
    random = np.random.default_rng(4)
    shared = random.normal(100, 20, 30)
    one, other = shared + random.normal(3, 1, 30), shared + random.normal(0, 1, 30)
    paired = paired_difference(one.tolist(), other.tolist())
    apart = paired_difference(one.tolist(), other[::-1].tolist())
    assert paired is not None and apart is not None
    assert paired.half_width < apart.half_width / 5
    assert paired.excludes(0) and not apart.excludes(0)


SERVICE_NS = 1_000_000
LOAD = 0.8


def sojourns(
    random: np.random.Generator, customers: int
) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """Sojourn times (ns) of an M/M/1 queue by Lindley's recursion, from its steady state on.

    The first customer's wait has the stationary distribution (0 with probability 1 - LOAD, else
    exponential), so that the true mean is every customer's.
    """
    service = random.exponential(SERVICE_NS, customers)
    gaps = random.exponential(SERVICE_NS / LOAD, customers)
    first = 0.0 if random.random() > LOAD else random.exponential(SERVICE_NS / (1 - LOAD))
    # W[n] = S[n] - min(S[0..n], ...) over the random walk of service less gap (Lindley 1952).
    walk = first + np.append(0.0, np.cumsum(service[:-1] - gaps[1:]))
    waits = walk - np.minimum(np.minimum.accumulate(walk), 0.0)
    return np.rint(waits + service).astype(np.int64)


def covers(seed: int, repetitions: int, customers: int) -> bool:
    """Whether the interval of an experiment's mean sojourn holds the truth, as its record says."""
    recordings = []
    for random in np.random.default_rng(seed).spawn(repetitions):
        latencies = Histogram()
        latencies.add(sojourns(random, customers))
        recordings.append(Recording(histograms={"latency_ns": latencies}))
    summary = summaries(record({}, *recordings))["latency_mean_ns"]
    interval = summary.interval
    assert interval is not None
    return not interval.excludes(SERVICE_NS / (1 - LOAD))


def test_the_recursion_is_lindleys() -> None:
    random = np.random.default_rng(1)
    service = random.exponential(SERVICE_NS, 50)
    gaps = random.exponential(SERVICE_NS / LOAD, 50)
    first = 0.0 if random.random() > LOAD else random.exponential(SERVICE_NS / (1 - LOAD))
    waits = [first]
    for before, gap in zip(service[:-1], gaps[1:], strict=True):
        waits.append(max(0.0, waits[-1] + before - gap))
    found = sojourns(np.random.default_rng(1), 50)
    assert found.tolist() == pytest.approx((np.array(waits) + service).tolist(), abs=1)


def test_intervals_cover_the_mean_of_an_mm1_queue() -> None:
    # Of 100 experiments 95 % should cover; fewer than 88 has probability 0.4 % if they do.
    covered = sum(covers(seed, repetitions=10, customers=2_000) for seed in range(100))
    assert stats.binom.cdf(87, 100, 0.95) < 0.005
    assert covered >= 88


@pytest.mark.full
def test_intervals_cover_the_mean_of_an_mm1_queue_in_93_to_97_percent() -> None:
    covered = sum(covers(seed, repetitions=10, customers=20_000) for seed in range(1_000))
    assert 930 <= covered <= 970


@pytest.mark.parametrize("freedom", [*range(1, 35), 1000])
def test_quantiles_are_scipys_to_the_last_digit(freedom: int) -> None:
    assert t_quantile(freedom, 0.95) == special.stdtrit(freedom, (1 + 0.95) / 2)
