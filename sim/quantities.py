"""Quantities as people write them in YAML: ``996MiB``, ``250us``, ``80k/s``, ``1/11``.

The annotated types are for pydantic models. Each accepts a number in the base unit (bytes,
nanoseconds are *not* assumed for a bare duration: it needs its unit) and refuses booleans,
negative values, NaN and infinities.
"""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Annotated

from pydantic import BeforeValidator, Field, WithJsonSchema
from quantiphy import Quantity, QuantiPhyError

NANOSECONDS = {"s": 1_000_000_000, "min": 60_000_000_000, "h": 3_600_000_000_000}
LARGEST = 2**62  # anything above would overflow the 64-bit columns of a recording


def _measure(value: object, units: set[str], expected: str) -> tuple[Fraction, str]:
    """Split ``value`` into an exact number and its unit; raise ValueError naming what is expected."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise ValueError(f"expected {expected}")  # noqa: TRY004 - pydantic turns only ValueError into a message
    if isinstance(value, str):
        try:
            quantity = Quantity(value, binary=True)
        except QuantiPhyError:
            raise ValueError(f"expected {expected}") from None
        number, unit = float(quantity), str(quantity.units)
    else:
        number, unit = float(value), ""
    if not math.isfinite(number) or unit not in units:
        raise ValueError(f"expected {expected}")
    if number < 0:
        raise ValueError(f"expected {expected}, not a negative one")
    # 15 digits are what a decimal text carries through a float: 250us is 250000 ns, not 250000.00000000003.
    return Fraction(f"{number:.15g}"), unit


def _whole(number: Fraction, expected: str) -> int:
    if number.denominator != 1:
        raise ValueError(f"expected {expected}, whole")
    if number > LARGEST:
        raise ValueError(f"expected {expected}, at most 2^62")
    return int(number)


def parse_bytes(value: object) -> int:
    """Bytes from ``4096``, ``"996MiB"``, ``"1.5GB"``."""
    expected = "a size such as 996MiB"
    number, _ = _measure(value, {"", "B"}, expected)
    return _whole(number, expected)


def parse_duration(value: object) -> int:
    """Nanoseconds from ``"135s"``, ``"250us"``, ``"2min"``; a bare 0 is a duration, other bare numbers are not."""
    expected = "a duration such as 250us"
    number, unit = _measure(value, {"", *NANOSECONDS}, expected)
    if unit == "" and number != 0:
        raise ValueError(f"{expected}: the unit is missing")
    return _whole(number * NANOSECONDS.get(unit, 1), expected)


def parse_rate(value: object) -> float:
    """Events per second from ``"80k/s"``; must be above zero."""
    expected = "a rate such as 80k/s"
    number, _ = _measure(value, {"/s"}, expected)
    if number == 0:
        raise ValueError(f"{expected}, above zero")
    return float(number)


def parse_ratio(value: object) -> float:
    """A share in [0, 1] from ``0.25``, ``"25%"`` or ``"1/11"``."""
    expected = "a share from 0 to 1 such as 1/11"
    if isinstance(value, str) and "/" in value:
        try:
            number = Fraction(value)
        except (ValueError, ZeroDivisionError):
            raise ValueError(f"expected {expected}") from None
    else:
        number, unit = _measure(value, {"", "%"}, expected)
        if unit == "%":
            number /= 100
    if not 0 <= number <= 1:
        raise ValueError(f"expected {expected}")
    return float(number)


def _text_or(number_type: str) -> WithJsonSchema:
    return WithJsonSchema({"anyOf": [{"type": number_type, "minimum": 0}, {"type": "string"}]})


Bytes = Annotated[int, Field(ge=0), BeforeValidator(parse_bytes), _text_or("integer")]
Duration = Annotated[
    int, Field(ge=0), BeforeValidator(parse_duration), WithJsonSchema({"type": "string"})
]
Rate = Annotated[
    float, Field(gt=0), BeforeValidator(parse_rate), WithJsonSchema({"type": "string"})
]
Ratio = Annotated[float, Field(ge=0, le=1), BeforeValidator(parse_ratio), _text_or("number")]
