"""Numbers as people read them: three digits and a unit."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from results.metrics.summary import Number
from sim.measures.metrics import Metric, Unit

_DURATIONS = ((10**9, "s"), (10**6, "ms"), (10**3, "us"))
_SIZES = ((2**40, "TiB"), (2**30, "GiB"), (2**20, "MiB"), (2**10, "KiB"))
_COUNTS = ((10**9, "G"), (10**6, "M"), (10**3, "k"))


def duration(ns: Number) -> str:
    """Nanoseconds as ``4.32 ms``."""
    return _scaled(ns, _DURATIONS, "ns")


def size(size_bytes: Number) -> str:
    """Bytes as ``996 MiB``."""
    return _scaled(size_bytes, _SIZES, "B")


def rate(per_s: Number) -> str:
    """A rate as ``1.51 M/s``."""
    text = _scaled(per_s, _COUNTS, "")
    return f"{text}/s"


def count(number: Number) -> str:
    """A count in full up to 99,999, then as ``204 M``; a mean keeps its digits if it is small."""
    if number == int(number) and abs(number) < 100_000:
        return f"{int(number):,}"
    return _scaled(number, _COUNTS, "")


def share(part: float) -> str:
    """A share as ``1.2%``, ``35%``."""
    return f"{part:.1%}" if abs(part) < 0.0995 else f"{part:.0%}"


def of_metric(metric: Metric, value: Number) -> str:
    """A value of a metric in a unit of its kind."""
    return _OF_UNIT[metric.unit](value)


_OF_UNIT: Mapping[Unit, Callable[[Number], str]] = {
    Unit.NANOSECONDS: duration,
    Unit.BYTES: size,
    Unit.PER_SECOND: rate,
    Unit.COUNT: count,
    Unit.SHARE: share,
}


def _scaled(value: Number, units: tuple[tuple[int, str], ...], base: str) -> str:
    for scale, unit in units:
        # 999.6 of a unit prints as 1.00 of the next, never as 1e+03.
        if abs(value) >= 0.9995 * scale:
            return f"{_three_digits(value / scale)} {unit}"
    return f"{_three_digits(value)} {base}".rstrip()


def _three_digits(value: Number) -> str:
    if value == int(value) and abs(value) < 1000:
        return str(int(value))
    decimals = 2 if abs(value) < 9.995 else 1 if abs(value) < 99.95 else 0
    return f"{value:.{decimals}f}"
