"""Three digits and the right unit, at the edges too."""

import pytest

from results.metrics import formatting
from sim.measures.metrics import Metric, Unit


@pytest.mark.parametrize(
    ("ns", "text"),
    [
        (0, "0 ns"), (1, "1 ns"), (999, "999 ns"), (1000, "1 us"), (1001, "1.00 us"),
        (999_400, "999 us"), (999_600, "1.00 ms"), (4_319_000, "4.32 ms"), (16_255_000, "16.3 ms"),
        (135 * 10**9, "135 s"), (99_960, "100 us"), (9_996, "10.0 us"), (0.5, "0.50 ns"),
        (7200 * 10**9, "7200 s"),
    ],
)  # fmt: skip
def test_durations(ns: float, text: str) -> None:
    assert formatting.duration(ns) == text


@pytest.mark.parametrize(
    ("size_bytes", "text"),
    [(0, "0 B"), (4096, "4 KiB"), (996 * 2**20, "996 MiB"), (2**30, "1 GiB"), (2**40, "1 TiB")],
)
def test_sizes(size_bytes: int, text: str) -> None:
    assert formatting.size(size_bytes) == text


@pytest.mark.parametrize(
    ("number", "text"),
    [(0, "0"), (99_999, "99,999"), (100_000, "100 k"), (204_120_000, "204 M"), (2.5, "2.50")],
)
def test_counts(number: float, text: str) -> None:
    assert formatting.count(number) == text


@pytest.mark.parametrize(
    ("unit", "value", "text"),
    [
        (Unit.NANOSECONDS, 6_336_000, "6.34 ms"),
        (Unit.PER_SECOND, 1_512_000, "1.51 M/s"),
        (Unit.BYTES, 2**20, "1 MiB"),
        (Unit.COUNT, 12, "12"),
        (Unit.SHARE, 0.0123, "1.2%"),
    ],
)
def test_a_metric_is_shown_in_its_unit(unit: Unit, value: float, text: str) -> None:
    assert formatting.of_metric(Metric("any_ns", unit), value) == text
