"""What a value of the YAML measures, whichever field it is for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from sim.units import parse_bytes, parse_duration, parse_rate, parse_ratio

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


def measured(value: object) -> Quantity | None:
    """The quantity that ``value`` is as written, or None if it is none: ``8GiB``, ``250us``, 16."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int | float):
        return Quantity("number", value)
    for dimension, read in _READERS.items() if isinstance(value, str) else ():
        try:
            return Quantity(dimension, read(value))
        except ValueError:
            continue
    return None


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


def same(one: Any, other: Any) -> bool:
    """Whether two values as written mean the same: 8GiB is 8192MiB, and 16 is 16.0."""
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
    left, right = measured(one), measured(other)
    if left is None or right is None:
        return type(one) is type(other) and bool(one == other)
    return left.comparable(right) and left.amount == right.amount
