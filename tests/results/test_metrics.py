"""Percentiles by integer rank against a sorted list, and metrics whose values are known."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from run_samples import forks, histogram, record, redis, redis_recording

from results.metrics.formatting import of_metric
from results.metrics.summary import (
    PERCENTILES,
    metrics,
    of_repetition,
    size_name,
    summaries,
    summarise,
)
from results.records.record import Record
from sim.measures.common_metrics import REQUESTS, SNAPSHOT_FORKS, THROUGHPUT, per_second
from sim.measures.histogram import Histogram
from sim.measures.recording import Recording


@settings(deadline=None)
@given(st.lists(st.integers(0, 2047), min_size=1, max_size=3000))
def test_percentiles_are_the_sorted_list_at_the_integer_rank(values: list[int]) -> None:
    found = of_repetition(Recording(histograms={"latency_ns": histogram(values)}))
    ordered = sorted(values)
    per_ten_thousand = {
        "p50": 5000,
        "p90": 9000,
        "p95": 9500,
        "p99": 9900,
        "p99.9": 9990,
        "p99.99": 9999,
    }
    for name, share in per_ten_thousand.items():
        rank = (share * len(values) + 9999) // 10_000
        assert found[f"latency_{name}_ns"] == ordered[rank - 1]
    assert found["latency_max_ns"] == ordered[-1]
    assert found["latency_mean_ns"] == pytest.approx(sum(values) / len(values))


@settings(deadline=None)
@given(st.lists(st.integers(0, 2**50), min_size=1, max_size=300))
def test_large_values_are_at_most_a_tenth_of_a_percent_high(values: list[int]) -> None:
    found = of_repetition(Recording(histograms={"latency_ns": histogram(values)}))
    ordered = sorted(values)
    for name, q in PERCENTILES.items():
        exact = ordered[-(-q.numerator * len(values) // q.denominator) - 1]
        assert exact <= found[f"latency_{name}_ns"] <= exact * 1.001
    assert found["latency_max_ns"] == ordered[-1]


def test_the_rank_at_99_9_is_not_one_high_as_numpys_is() -> None:
    values = list(range(1, 1001))
    exact = of_repetition(Recording(histograms={"x_ns": histogram(values)}))["x_p99.9_ns"]
    assert exact == 999
    # The trap that the integer rank avoids: 99.9 / 100 * 1000 is 999.0000000000001 in floats.
    assert np.percentile(values, 99.9, method="inverted_cdf") == 1000


@settings(deadline=None)
@given(st.lists(st.integers(-(2**60), 2**60), min_size=1, max_size=20))
def test_means_of_integers_are_exact(values: list[int]) -> None:
    mean = summarise(REQUESTS, values).mean
    exact = Fraction(sum(values), len(values))
    assert mean == (int(exact) if exact.denominator == 1 else float(exact))


def test_a_redis_points_metrics() -> None:
    found = metrics(redis("classic", repetitions=2))
    assert found["requests"] == 1000
    assert found["throughput_per_s"] == 100
    assert found["latency_p50_ns"] == pytest.approx(500_000, rel=1e-3)
    assert found["latency_p99.99_ns"] == found["latency_max_ns"] == 8_400_000
    assert found["snapshots"] == 4
    assert found["fork_mean_ns"] == found["fork_max_ns"] == 7_400_000
    assert found["faults/cow_copy"] == 321
    assert found["extra_memory_bytes_peak"] == 5 * 2**20


def test_the_spread_over_repetitions() -> None:
    found = summaries(record({}, redis_recording(1000), redis_recording(3001)))["fork_mean_ns"]
    assert found.mean == 2000.5
    assert found.std == pytest.approx(2001 / 2**0.5)
    assert (found.minimum, found.maximum, found.count) == (1000, 3001, 2)


def test_a_level_wins_over_the_derived_throughput() -> None:
    recording = Recording(
        counters={"requests": 10}, levels={"duration_ns": 10**9, "throughput_per_s": 11}
    )
    assert of_repetition(recording)["throughput_per_s"] == 11


def test_a_rate_keeps_its_fraction_in_records_and_tables() -> None:
    slow = Recording().add(levels={THROUGHPUT: per_second(102, 60 * 10**9)})
    kept = Record.from_bytes(record({}, slow).to_bytes())
    assert metrics(kept)["throughput_per_s"] == 1.7
    assert of_metric(THROUGHPUT, 1.7) == "1.70/s"


def test_forks_of_many_sizes_have_a_mean_each() -> None:
    found = metrics(forks("classic", instances=3, sizes=4))
    assert found == {
        "fork_ns/0.5GB": 7.5e6,
        "fork_ns/1GB": 15e6,
        "fork_ns/1.5GB": 22.5e6,
        "fork_ns/2GB": 30e6,
    }


def test_forks_of_one_size_are_pauses() -> None:
    found = metrics(forks("huge", sizes=1))
    assert found["fork_mean_ns"] == found["fork_max_ns"] == 50_000
    assert found["fork_p50_ns"] == pytest.approx(50_000, rel=1e-3)


def test_what_was_not_recorded_has_no_metric() -> None:
    assert metrics(record({}, Recording(histograms={"latency_ns": Histogram()}))) == {}
    empty = {"fork_ns": np.zeros(0, np.int64)}
    assert metrics(record({}, Recording().add(series={SNAPSHOT_FORKS: empty}))) == {}
    assert metrics(record({})) == {}


@pytest.mark.parametrize(
    ("gib", "name"), [(0.5, "0.5GB"), (1, "1GB"), (1.5, "1.5GB"), (50, "50GB"), (1024, "1024GB")]
)
def test_sizes_are_named_as_in_the_paper(gib: float, name: str) -> None:
    assert size_name(int(gib * 2**30)) == name
