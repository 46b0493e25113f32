"""MSER-5 against its definition; the histogram after the cut against the samples after it."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sim.machine.causes import WORK
from sim.measures.histogram import Histogram
from sim.measures.warmup import BATCH, WINDOWS, SteadyLatency, WarmUp, mser5


def by_definition(observations: list[float]) -> int:
    batches = [
        sum(observations[i : i + BATCH]) / BATCH
        for i in range(0, len(observations) - BATCH + 1, BATCH)
    ]
    if len(batches) < 2:
        return 0

    def statistic(left_out: int) -> float:
        rest = batches[left_out:]
        mean = sum(rest) / len(rest)
        return sum((z - mean) ** 2 for z in rest) / len(rest) ** 2

    return BATCH * min(range(len(batches) // 2 + 1), key=statistic)


@settings(deadline=None)
@given(st.integers(0, 2**32), st.integers(0, 400), st.floats(0, 50), st.floats(1, 40))
def test_it_is_the_definition(seed: int, count: int, bias: float, decay: float) -> None:
    noise = np.random.default_rng(seed).normal(100, 5, count)
    series = noise + bias * np.exp(-np.arange(count) / decay)
    assert mser5(series) == by_definition(series.tolist())


def test_it_cuts_a_start_that_is_off_and_leaves_a_steady_one() -> None:
    noise = np.random.default_rng(3).normal(100, 1, 500)
    assert mser5(noise) <= 50
    off = noise.copy()
    off[:60] += 30
    assert 60 <= mser5(off) <= 75
    off[:400] += 30  # beyond the half nothing is looked for
    assert mser5(off) <= 250


def test_too_few_observations_are_left_whole() -> None:
    assert mser5(np.arange(9.0)) == 0
    assert mser5(np.zeros(0)) == 0
    assert mser5(np.full(100, 7.0)) == 0


DURATION_NS = 50_000_000


def raw(seed: int, count: int = 4000) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Times, values that fall from a high start, and weights of some samples."""
    random = np.random.default_rng(seed)
    times = np.sort(random.integers(0, DURATION_NS, count))
    bias = 5_000 * np.exp(-times / 3e6)
    return (
        times,
        (1_000 + bias + random.exponential(300, count)).astype(np.int64),
        random.integers(1, 4, count),
    )


def recorded(warm_up: WarmUp, seed: int, blocks: int) -> tuple[int, Histogram]:
    steady = SteadyLatency(warm_up, DURATION_NS)
    columns = [np.array_split(column, blocks) for column in raw(seed)]
    for times, values, weights in zip(*columns, strict=True):
        steady.add(times, values, weights, {WORK: values * weights})
    return steady.cut()


def after(cut_ns: int, seed: int) -> Histogram:
    times, values, weights = raw(seed)
    expected = Histogram()
    expected.add(values[times >= cut_ns], weights[times >= cut_ns])
    return expected


@pytest.mark.parametrize("blocks", [1, 7, 4000])
@pytest.mark.parametrize("seed", range(3))
def test_after_the_rule_it_holds_the_samples_after_the_cut(seed: int, blocks: int) -> None:
    times, values, weights = raw(seed)
    window_ns = DURATION_NS // WINDOWS
    numbers = times // window_ns
    means = [
        float(np.average(values[numbers == n], weights=weights[numbers == n]))
        for n in np.unique(numbers)
    ]
    expected_ns = int(np.unique(numbers)[by_definition(means)]) * window_ns
    assert expected_ns > 0
    cut_ns, steady = recorded("mser5", seed, blocks)
    assert cut_ns == expected_ns
    assert steady.to_dict() == after(cut_ns, seed).to_dict()


@pytest.mark.parametrize("blocks", [1, 7])
def test_a_given_time_is_cut(blocks: int) -> None:
    cut_ns, steady = recorded(9_876_543, 1, blocks)
    assert cut_ns == 9_876_543
    assert steady.to_dict() == after(cut_ns, 1).to_dict()


def test_without_a_warm_up_everything_is_kept() -> None:
    cut_ns, steady = recorded(None, 1, 7)
    assert cut_ns == 0
    assert steady.to_dict() == after(0, 1).to_dict()


def test_the_rule_needs_the_length_of_the_run_and_survives_nothing() -> None:
    with pytest.raises(ValueError, match="how long"):
        SteadyLatency("mser5", None)
    assert SteadyLatency("mser5", 1000).cut()[0] == 0
