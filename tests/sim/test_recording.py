"""Histograms, recordings and timelines against sorted lists."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.measures.histogram import Histogram
from sim.measures.recording import Recording
from sim.measures.timeline import Timeline

samples = st.lists(
    st.tuples(st.integers(0, 2**52) | st.integers(0, 5000), st.integers(0, 50)), max_size=60
)
quantiles = st.fractions(Fraction(1, 10**6), 1)


def filled(pairs: list[tuple[int, int]]) -> Histogram:
    histogram = Histogram()
    array = np.array(pairs, np.int64).reshape(-1, 2)
    histogram.add(array[:, 0], array[:, 1])
    return histogram


@given(samples, quantiles)
def test_quantiles_are_those_of_the_sorted_list(pairs: list[tuple[int, int]], q: Fraction) -> None:
    histogram = filled(pairs)
    values = sorted(value for value, weight in pairs for _ in range(weight))
    assert histogram.count == len(values)
    assert histogram.total == sum(values)
    if not values:
        with pytest.raises(ValueError, match="nothing"):
            histogram.quantile(q)
        return
    assert (histogram.minimum, histogram.maximum) == (values[0], values[-1])
    exact = values[-(-q.numerator * len(values) // q.denominator) - 1]
    found = histogram.quantile(q)
    assert exact <= found <= exact + exact // 1024
    if exact < 2048:
        assert found == exact


@given(samples, samples)
def test_merging_is_recording_both(
    first: list[tuple[int, int]], second: list[tuple[int, int]]
) -> None:
    merged = filled(first)
    merged.merge(filled(second))
    assert merged.to_dict() == filled(first + second).to_dict()


@given(samples)
def test_one_by_one_is_all_at_once(pairs: list[tuple[int, int]]) -> None:
    """A few values are added in plain numbers; the buckets, too, are those of the arrays."""
    apart = Histogram()
    for pair in pairs:
        apart.add(np.array(pair[:1]), np.array(pair[1:]))
    assert apart.to_dict() == filled(pairs).to_dict()
    if pairs:
        # So many alike that no few are left of the array.
        several = np.repeat(np.array(pairs, np.int64), 20, axis=0)
        together = Histogram()
        together.add(several[:, 0], several[:, 1])
        assert [20 * count for count in apart.to_dict()["counts"]] == together.to_dict()["counts"]
        assert apart.to_dict()["values"] == together.to_dict()["values"]


@given(samples)
def test_a_recording_survives_its_plain_form(pairs: list[tuple[int, int]]) -> None:
    recording = Recording(
        {"h": filled(pairs)}, {"c": 3}, {"s": {"x": np.arange(3)}}, {"l": len(pairs)}
    )
    assert Recording.from_dict(recording.to_dict()).to_dict() == recording.to_dict()


@pytest.mark.parametrize("count", [1, 100])
@pytest.mark.parametrize("bad", [-1, 2**53])
def test_values_outside_the_range_are_refused(bad: int, count: int) -> None:
    histogram = Histogram()
    values, weights = np.full(count, 5), np.ones(count, np.int64)
    values[-1] = bad
    with pytest.raises(ValueError, match="outside"):
        histogram.add(values)
    weights[-1] = -1
    with pytest.raises(ValueError, match="negative"):
        histogram.add(np.full(count, 5), weights)
    assert histogram.count == 0
    weights[-1] = 0
    histogram.add(values, weights)  # a value that was never seen
    assert histogram.count == count - 1


@given(
    st.lists(
        st.tuples(st.integers(0, 30), st.integers(0, 1000), st.integers(1, 9)),
        min_size=1,
        max_size=60,
    ),
    st.integers(1, 5),
)
def test_a_timeline_is_each_windows_sorted_list(
    rows: list[tuple[int, int, int]], pieces: int
) -> None:
    times = np.cumsum([gap for gap, _, _ in rows])
    values, weights = np.array([(v, w) for _, v, w in rows], np.int64).T
    timeline = Timeline(window_ns=40)
    for part in np.array_split(np.arange(len(rows)), min(pieces, len(rows))):
        timeline.add(times[part], values[part], weights[part])
    columns = timeline.columns()
    windows = sorted(set((times // 40).tolist()))
    assert (columns["t_ns"] // 40).tolist() == windows
    for row, window in enumerate(windows):
        inside = np.sort(np.repeat(values, weights)[np.repeat(times // 40, weights) == window])
        count = len(inside)
        assert columns["requests"][row] == count
        assert columns["p50_ns"][row] == inside[(count + 1) // 2 - 1]
        assert columns["p99_ns"][row] == inside[-(-99 * count // 100) - 1]
        assert columns["max_ns"][row] == inside[-1]
