"""Percentiles as HdrHistogram prints them, read back as its plotter does."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from run_samples import histogram

from results.tables.percentile_text import percentile_text
from sim.measures.histogram import Histogram
from sim.measures.metrics import Unit

Line = tuple[float, float, int, float | None]


def read(text: str) -> tuple[list[Line], dict[str, float]]:
    """The lines of numbers, and what stands in brackets at the end."""
    heading, blank, *rest = text.splitlines()
    assert heading.split() == ["Value", "Percentile", "TotalCount", "1/(1-Percentile)"]
    assert blank == ""
    lines: list[Line] = []
    found = {}
    for line in rest:
        if line.startswith("#["):
            for part in line[2:-1].split(","):
                name, number = part.split("=")
                found[name.strip()] = float(number)
        else:
            value, percentile, count, *above = line.split()
            inverse = float(above[0]) if above else None
            lines.append((float(value), float(percentile), int(count), inverse))
    return lines, found


def test_a_small_one_letter_by_letter() -> None:
    """Of 1, 2, 3 ms: the upper ends of their buckets, but for the largest.

    The deviation is that of the buckets' middles, 1.0001915, 2.0003835 and 2.9992955 ms.
    """
    made = histogram([1_000_000, 2_000_000, 3_000_000])
    assert percentile_text(made, Unit.NANOSECONDS) == (
        """\
       Value     Percentile TotalCount 1/(1-Percentile)

    1.000447 0.000000000000          1           1.00
    1.000447 0.100000000000          1           1.11
    1.000447 0.200000000000          1           1.25
    1.000447 0.300000000000          1           1.43
    2.000895 0.400000000000          2           1.67
    2.000895 0.500000000000          2           2.00
    2.000895 0.550000000000          2           2.22
    2.000895 0.600000000000          2           2.50
    2.000895 0.650000000000          2           2.86
    3.000000 0.700000000000          3           3.33
    3.000000 1.000000000000          3
#[Mean    =     2.000000, StdDeviation   =     0.816131]
#[Max     =     3.000000, Total count    =            3]
#[Buckets =           12, SubBuckets     =         2048]
"""
    )


values = st.lists(st.tuples(st.integers(0, 2**40), st.integers(1, 10**6)), min_size=1, max_size=40)


@given(values)
def test_every_line_is_a_quantile_of_the_histogram(rows: list[tuple[int, int]]) -> None:
    made = Histogram()
    made.add(np.array([v for v, _ in rows]), np.array([w for _, w in rows]))
    lines, found = read(percentile_text(made, Unit.NANOSECONDS))
    assert [count for _, _, count, _ in lines] == sorted(count for _, _, count, _ in lines)
    for value_ms, percentile, count, above in lines:
        value_ns = round(value_ms * 10**6)
        assert value_ns == made.quantile(Fraction(count, made.count))
        if above is not None:
            assert above == pytest.approx(1 / (1 - percentile), abs=0.01, rel=1e-6)
            # 12 digits of a percentile may be one rank off where ranks are finer.
            q = Fraction(percentile).limit_denominator(5 * 2**40)
            assert count >= made.rank(q)
            assert q == 0 or value_ns == made.quantile(q)
    assert lines[-1] == (made.maximum / 10**6, 1.0, made.count, None)
    assert found["Total count"] == made.count
    assert found["Max"] == made.maximum / 10**6
    assert found["Mean"] == pytest.approx(made.total / made.count / 10**6, abs=1e-6)
    numbers, weights = (np.array(column, float) for column in zip(*rows, strict=True))
    variance = np.average((numbers - np.average(numbers, weights=weights)) ** 2, weights=weights)
    near = made.maximum / 10**9 + 1e-6
    assert found["StdDeviation"] == pytest.approx(variance**0.5 / 10**6, abs=near)


def test_ticks_halve_with_the_distance_to_the_end() -> None:
    made = histogram(list(range(100_000)))
    percentiles = [percentile for _, percentile, _, _ in read(percentile_text(made, Unit.COUNT))[0]]
    assert percentiles[:13] == [0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.55, 0.6, 0.65, 0.7, 0.75, 0.775, 0.8]
    assert 0.999023437500 in percentiles
    assert percentiles[-1] == 1


def test_other_units_stay_as_they_are() -> None:
    lines, found = read(percentile_text(histogram([5, 5, 7]), Unit.BYTES))
    assert (lines[0][0], lines[-1][0], found["Max"]) == (5.0, 7.0, 7.0)


def test_of_nothing_there_is_no_text() -> None:
    with pytest.raises((ValueError, ZeroDivisionError, IndexError)):
        percentile_text(Histogram(), Unit.COUNT)
