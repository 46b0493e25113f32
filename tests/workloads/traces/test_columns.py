"""Columns: dense numbers for names, times that do not decrease, times spread over a tick."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workloads.traces.kinds.facts import percentiles, popularity, rates
from workloads.traces.reading.accounting import LineError
from workloads.traces.reading.cells import cell_column, decimal, split_cells
from workloads.traces.reading.columns import Ids, Times, spread


@given(st.lists(st.binary(max_size=200)))
@settings(deadline=None)
def test_ids_number_names_by_first_appearance(names: list[bytes]) -> None:
    ids = Ids()
    numbers = [ids.of(name) for name in names]
    assert numbers == [list(dict.fromkeys(names)).index(name) for name in names]
    assert len(ids) == len(ids.names()) == len(set(names))


def test_a_long_name_is_kept_as_a_digest_that_no_short_name_equals() -> None:
    ids = Ids()
    ids.of(b"x" * 10**6)
    (digest,) = ids.names()
    assert len(digest) == 65
    assert ids.of(digest.encode()) == 1


def test_times_count_from_the_first_or_from_a_start() -> None:
    times = Times()
    for time_ns in (5, 5, 8):
        times.add(time_ns)
    assert (times.start_ns, list(times.column)) == (5, [0, 0, 3])
    times = Times(start_ns=2)
    times.add(5)
    assert (times.start_ns, list(times.column)) == (2, [3])


@pytest.mark.parametrize("wrong", [4, 2**63])
def test_a_refused_time_is_not_appended(wrong: int) -> None:
    times = Times()
    times.add(5)
    with pytest.raises(LineError):
        times.add(wrong)
    times.add(2**63 - 1)
    assert list(times.column) == [0, 2**63 - 6]


@given(st.lists(st.integers(0, 50)), st.integers(1, 10**9))
@settings(deadline=None)
def test_spread_times_stay_in_their_tick_and_order(ticks: list[int], resolution_ns: int) -> None:
    time_ns = np.array(sorted(ticks), np.int64) * resolution_ns
    arrival_ns = spread(time_ns, resolution_ns)
    assert (arrival_ns // resolution_ns == time_ns // resolution_ns).all()
    assert (np.diff(arrival_ns) >= 0).all()
    for tick in set(ticks):
        # As even as integers allow: the gaps of a tick differ by a nanosecond at most.
        of_tick = arrival_ns[time_ns == tick * resolution_ns] - tick * resolution_ns
        gaps = np.diff(np.append(of_tick, resolution_ns))
        assert of_tick[0] == 0
        assert gaps.max() - gaps.min() <= 1


@given(st.lists(st.integers(0, 20), max_size=300))
@settings(deadline=None)
def test_popularity_against_a_plain_count(uses: list[int]) -> None:
    facts = popularity(np.array(uses, np.int32), "keys")
    counts = sorted((uses.count(key) for key in set(uses)), reverse=True)
    assert facts["keys"] == len(counts)
    if counts:
        assert facts["keys_used_once"] == counts.count(1)
        assert facts["keys_hottest_share"] == counts[0] / len(uses)
        top = max(1, len(counts) // 10)
        assert facts["keys_hottest_10pct_share"] == sum(counts[:top]) / len(uses)


@given(st.lists(st.integers(-5, 5), min_size=1))
@settings(deadline=None)
def test_percentiles_have_integer_ranks(values: list[int]) -> None:
    facts = percentiles(np.array(values), "x", "ns")
    ordered = sorted(values)
    for name, share in (("p50", 50), ("p99", 99)):
        rank = next(r for r in range(1, len(values) + 1) if 100 * r >= share * len(values))
        assert facts[f"x_{name}_ns"] == ordered[rank - 1]
    assert facts["x_max_ns"] == ordered[-1]


def test_rates_cover_the_last_tick_of_the_clock() -> None:
    time_ns = np.array([0, 0, 0, 10**9, 3 * 10**9], np.int64)
    assert rates(time_ns, 10**9) == {"mean_rate_per_s": 5 / 4, "busiest_second_per_s": 3}
    assert rates(time_ns[:3], 10**9) == {}


@pytest.mark.parametrize(
    ("cell", "places", "value"),
    [
        (b"12", 3, 12_000),
        (b"0.5", 0, 0),
        (b"1.23456", 3, 1234),
        (b"007.10", 9, 7_100_000_000),
        (b"", 3, None),
        (b".5", 3, None),
        (b"5.", 3, None),
        (b"+5", 3, None),
        (b"1e3", 3, None),
        (b"1" * 20, 3, None),
        ("٣".encode(), 3, None),
    ],
)
def test_decimals_are_exact(cell: bytes, places: int, value: int | None) -> None:
    assert decimal(cell, places) == value


@pytest.mark.parametrize(
    ("line", "cells"),
    [
        (b"a, b ,,c\r\n", [b"a", b"b", b"", b"c"]),
        (b'"a,b", "c""d"\n', [b"a,b", b'c"d']),
        (b"\xff\x00,\n", [b"\xff\x00", b""]),
        (b"\n", [b""]),
    ],
)
def test_cells(line: bytes, cells: list[bytes]) -> None:
    assert split_cells(line) == cells


def test_the_column_of_a_cell_is_where_its_text_begins() -> None:
    assert [cell_column(b'"a,b",  c,,d\n', number) for number in range(5)] == [1, 9, 11, 12, 13]
