"""What a value of the YAML measures, whichever field it is for."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Literal, TypeAlias

from sim.units import (
    RATE_FORMAT,
    SHARE_FORMAT,
    SIZE_FORMAT,
    SPAN_FORMAT,
    SPAN_PER_BYTE_FORMAT,
    parse_bytes,
    parse_count,
    parse_duration,
    parse_rate,
    parse_ratio,
)

Dimension: TypeAlias = Literal["number", "size", "duration", "rate", "share"]

_READERS: dict[Dimension, Callable[[object], float]] = {
    "size": parse_bytes,
    "duration": parse_duration,
    "rate": parse_rate,
    "share": parse_ratio,
}


@dataclass(frozen=True)
class Quantity:
    """A number and what it counts.

    Attributes:
        dimension: what kind of quantity; of a bare number, a number.
        amount: in base units: bytes, ns, per second.
    """

    dimension: Dimension
    amount: float

    def comparable(self, other: Quantity) -> bool:
        """Whether both count the same; a bare number may count anything."""
        return "number" in (self.dimension, other.dimension) or self.dimension == other.dimension


def readings(value: object) -> list[Quantity]:
    """What ``value`` may measure as written: ``8GiB``, 16; ``15m`` is a duration and a size."""
    if isinstance(value, bool):
        return []
    if isinstance(value, int | float):
        return [Quantity("number", value)]
    found = []
    for dimension, read in _READERS.items() if isinstance(value, str) else ():
        with suppress(ValueError):
            found.append(Quantity(dimension, read(value)))
    with suppress(ValueError):
        if isinstance(count := parse_count(value), int):
            found.append(Quantity("number", count))
    return found


def compared(one: object, other: object) -> list[tuple[Quantity, Quantity]]:
    """Readings of two values that can be compared, those first that are of one dimension."""
    pairs = [
        (left, right)
        for left in readings(one)
        for right in readings(other)
        if left.comparable(right)
    ]
    return sorted(pairs, key=lambda pair: pair[0].dimension != pair[1].dimension)


def written(dimension: Dimension, amount: float, *, whole: bool) -> int | float | str:
    """An amount as fields of its dimension read it.

    Args:
        dimension: of the field.
        amount: in base units.
        whole: of a bare number, whether the field takes whole numbers only; bytes and
            nanoseconds are whole in any case.
    """
    if dimension == "duration":
        return f"{round(amount)}ns"
    if dimension == "rate":
        return f"{amount!r}/s"
    return round(amount) if dimension == "size" or whole else amount


def spelled(text_format: str, amount: Any) -> Any:
    """An amount as people write it, exactly: ``256MiB``, ``100us``, ``1/11``, ``20000/s``.

    Args:
        text_format: of the quantity (`sim.units.SPELLINGS`).
        amount: in base units; what is no number is left as it is.
    """
    if isinstance(amount, bool) or not isinstance(amount, int | float):
        return amount
    if text_format == RATE_FORMAT:
        return f"{amount:.15g}/s"
    if text_format == SPAN_PER_BYTE_FORMAT:
        return f"{amount!r}ns"
    if text_format == SHARE_FORMAT:
        return _share(amount)
    if text_format not in _UNITS_OF or amount == 0:
        return amount
    units = _UNITS_OF[text_format]
    size, unit = next(pair for pair in units if amount % pair[0] == 0)
    return f"{int(amount) // size}{unit}"


_UNITS_OF = {
    SPAN_FORMAT: [(60 * 10**9, "min"), (10**9, "s"), (10**6, "ms"), (1000, "us"), (1, "ns")],
    SIZE_FORMAT: [(2**40, "TiB"), (2**30, "GiB"), (2**20, "MiB"), (2**10, "KiB"), (1, "B")],
}


def _share(part: float) -> int | float | str:
    fraction = Fraction(part).limit_denominator(1000)
    if fraction.denominator == 1:
        return int(fraction)
    if len(repr(part)) > len("0.1234") and float(fraction) == part:
        return str(fraction)
    return part


def same(one: Any, other: Any) -> bool:
    """Whether two values as written mean the same: 8GiB is 8192MiB, and 16 is 16.0."""
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
    if not readings(one) or not readings(other):
        return type(one) is type(other) and bool(one == other)
    return any(left.amount == right.amount for left, right in compared(one, other))
