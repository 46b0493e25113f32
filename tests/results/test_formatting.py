"""Three digits and the right unit, at the edges too."""

import pytest

from results.metrics import formatting
from sim.measures.metrics import Metric, Unit


@pytest.mark.parametrize(
    ("ns", "text"),
    [
        (0, "0 ns"), (1, "1 ns"), (999, "999 ns"), (1000, "1 us"), (1001, "1.00 us"),
        (999_400, "999 us"), (999_600, "1.00 ms"), (4_319_000, "4.32 ms"), (16_255_000, "16.3 ms"),
        (135 * 10**9, "135 s"), (99_960, "100 us"), (9_996, "10.0 us"), (0.5, "0.500 ns"),
        (7200 * 10**9, "7,200 s"), (9_999 * 10**9, "9,999 s"), (10**13, "2.78 h"),
        (360 * 3600 * 10**9, "360 h"), (999.4, "999 ns"), (999.95, "1.00 us"),
        (999_499, "999 us"), (999_500, "1.00 ms"), (999_950, "1.00 ms"),
        (999_950_000, "1.00 s"), (9.994, "9.99 ns"), (9.996, "10.0 ns"), (99.94, "99.9 ns"),
        (0.9994, "0.999 ns"), (0.9996, "1.00 ns"), (-4_900, "-4.90 us"),
    ],
)  # fmt: skip
def test_durations(ns: float, text: str) -> None:
    assert formatting.duration(ns) == text


@pytest.mark.parametrize(
    ("size_bytes", "text"),
    [(0, "0 B"), (4096, "4 KiB"), (996 * 2**20, "996 MiB"), (2**30, "1 GiB"), (2**40, "1 TiB"),
     (1018 * 2**20 + 9, "1,018 MiB"), (1024 * 2**20 - 9, "1.00 GiB"), (2**52, "4,096 TiB")],
)  # fmt: skip
def test_sizes(size_bytes: int, text: str) -> None:
    assert formatting.size(size_bytes) == text


@pytest.mark.parametrize(
    ("number", "text"),
    [(0, "0"), (99_999, "99,999"), (100_000, "100 k"), (204_120_000, "204 M"), (2.5, "2.50"),
     (0.0123, "0.012"), (99.94, "99.9"), (99.96, "100"), (20_442.5, "20,442"),
     (99_999.6, "100 k"), (999_999, "1.00 M"), (3 * 10**12, "3,000 G")],
)  # fmt: skip
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


@pytest.mark.parametrize(
    ("unit", "values", "texts"),
    [
        # The largest number's unit, as long as the smallest has three digits in it ...
        (Unit.NANOSECONDS, [181_000, 6_700_000], ["0.181 ms", "6.70 ms"]),
        (Unit.NANOSECONDS, [100_000, 6_700_000], ["0.100 ms", "6.70 ms"]),
        # ... else the next smaller, up to four digits before the point ...
        (Unit.NANOSECONDS, [99_900, 6_700_000], ["99.9 us", "6,700 us"]),
        (Unit.NANOSECONDS, [57_700, 1_393_000, 3_040_000], ["57.7 us", "1,393 us", "3,040 us"]),
        (Unit.NANOSECONDS, [57_700, 9_999_400], ["57.7 us", "9,999 us"]),
        # ... else each its own.
        (Unit.NANOSECONDS, [57_700, 9_999_500], ["57.7 us", "10.0 ms"]),
        (Unit.NANOSECONDS, [66_500, 330_000_000], ["66.5 us", "330 ms"]),
        (Unit.NANOSECONDS, [0, 7_400_000], ["0 ms", "7.40 ms"]),
        (Unit.NANOSECONDS, [0, 0], ["0 ns", "0 ns"]),
        (Unit.NANOSECONDS, [-4_900, 30_600], ["-4.90 us", "30.6 us"]),
        (Unit.NANOSECONDS, [999_950, 400_000], ["1.00 ms", "0.400 ms"]),
        (Unit.NANOSECONDS, [], []),
        (Unit.BYTES, [1018 * 2**20, 36 * 2**20], ["1,018 MiB", "36 MiB"]),
        (Unit.BYTES, [2**40, 512 * 2**30], ["1 TiB", "0.500 TiB"]),
        (Unit.PER_SECOND, [86.4, 1_510], ["86.4/s", "1,510/s"]),
        (Unit.PER_SECOND, [563, 2_070], ["0.563 k/s", "2.07 k/s"]),
        (Unit.COUNT, [0, 35_246, 99_999], ["0", "35,246", "99,999"]),
        (Unit.COUNT, [0, 35_246, 100_000], ["0", "35.2 k", "100 k"]),
        (Unit.COUNT, [2.5, 20_955.4], ["2.50", "20,955"]),
        (Unit.COUNT, [455.5, 20_442.4], ["456", "20,442"]),
        (Unit.SHARE, [0.5, 0.012], ["50%", "1.2%"]),
    ],
)
def test_numbers_beside_each_other_share_a_unit_that_shows_three_digits(
    unit: Unit, values: list[float], texts: list[str]
) -> None:
    assert formatting.alike(unit, values) == texts
