"""Numbers as people read them: three digits and a unit."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TypeAlias

from results.metrics.summary import Number
from sim.measures.metrics import Metric, Unit

_Scales: TypeAlias = Sequence[tuple[int, str]]
"""Units of a quantity, the largest first, with how many of the recorded one they are."""

_DURATIONS: _Scales = (
    *((3600 * 10**9, "h"), (10**9, "s"), (10**6, "ms"), (10**3, "us")),
    (1, "ns"),
)
_SIZES: _Scales = ((2**40, "TiB"), (2**30, "GiB"), (2**20, "MiB"), (2**10, "KiB"), (1, "B"))
_COUNTS: _Scales = ((10**9, "G"), (10**6, "M"), (10**3, "k"), (1, ""))

_FROM = {"h": 9_999.5 * 10**9}
"""Below this a unit is not used: seconds are read easily up to ten thousand."""
_ROUNDED = 0.9995
"""Of a unit: what is less prints as three digits of the next smaller one."""
_MOST_DIGITS = 9_999.5
_LEAST_SHARED = 0.1
"""Between these, in a unit, a number can be read that shares it with larger and smaller ones."""
_IN_FULL = 100_000
"""Counts below it are told to the last digit."""


def duration(ns: Number) -> str:
    """Nanoseconds as ``4.32 ms``."""
    return _alone(ns, _DURATIONS)


def size(size_bytes: Number) -> str:
    """Bytes as ``996 MiB``."""
    return _alone(size_bytes, _SIZES)


def rate(per_s: Number) -> str:
    """A rate as ``1.51 M/s``."""
    return f"{_alone(per_s, _COUNTS)}/s"


def count(number: Number) -> str:
    """A count in full up to 99,999, then as ``204 M``; a mean has three digits at least."""
    return _full(number) if _is_small(number) else _alone(number, _COUNTS)


def share(part: float) -> str:
    """A share as ``1.2%``, ``35%``."""
    return f"{part:.1%}" if abs(part) < 0.0995 else f"{part:.0%}"


def of_metric(metric: Metric, value: Number) -> str:
    """A value of a metric in a unit of its kind."""
    return _OF_UNIT[metric.unit](value)


def alike(unit: Unit, values: Sequence[Number]) -> list[str]:
    """Values that are read beside each other, in one unit if that shows three digits of each.

    Where they are too far apart, each has the unit that fits it.
    """
    if unit is Unit.COUNT and all(map(_is_small, values)):
        return [_full(value) for value in values]
    scale = _shared(values, _SCALES.get(unit, ()))
    if scale is None:
        return [_OF_UNIT[unit](value) for value in values]
    if unit is Unit.COUNT:
        return [_in(value, scale) if value else "0" for value in values]
    per_second = "/s" if unit is Unit.PER_SECOND else ""
    return [f"{_in(value, scale)}{per_second}" for value in values]


_OF_UNIT: Mapping[Unit, Callable[[Number], str]] = {
    Unit.NANOSECONDS: duration,
    Unit.BYTES: size,
    Unit.PER_SECOND: rate,
    Unit.COUNT: count,
    Unit.SHARE: share,
}
_SCALES: Mapping[Unit, _Scales] = {
    Unit.NANOSECONDS: _DURATIONS,
    Unit.BYTES: _SIZES,
    Unit.PER_SECOND: _COUNTS,
    Unit.COUNT: _COUNTS,
}


def _alone(value: Number, scales: _Scales) -> str:
    return _in(value, next((one for one in scales if _reaches(value, one)), scales[-1]))


def _reaches(value: Number, scale: tuple[int, str]) -> bool:
    # 999.6 of a unit prints as 1.00 of the next, never as 1e+03.
    size, name = scale
    return abs(value) >= _FROM.get(name, _ROUNDED * size)


def _shared(values: Sequence[Number], scales: _Scales) -> tuple[int, str] | None:
    """The largest unit that suits the largest of them, and the smallest as well."""
    sizes = [abs(value) for value in values if value]
    if not sizes:
        return None
    least, most = min(sizes), max(sizes)
    for scale in scales:
        if _reaches(most, scale):
            if most >= _MOST_DIGITS * scale[0]:
                return None
            if least >= _LEAST_SHARED * scale[0]:
                return scale
    return None


def _in(value: Number, scale: tuple[int, str]) -> str:
    return f"{_three_digits(value / scale[0])} {scale[1]}".rstrip()


def _is_small(number: Number) -> bool:
    return abs(number) < _IN_FULL - 0.5 and (abs(number) >= 99.95 or number == int(number))


def _full(number: Number) -> str:
    return f"{round(number):,}"


def _three_digits(value: Number) -> str:
    if value == int(value):
        return _full(value)
    decimals = next((n for limit, n in _DECIMALS if abs(value) < limit), 0)
    return f"{value:,.{decimals}f}"


_DECIMALS = ((0.9995, 3), (9.995, 2), (99.95, 1))
"""Below which value how many decimals are three digits."""
