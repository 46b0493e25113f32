"""Quantities as people write them in YAML: ``996MiB``, ``250us``, ``80k/s``, ``1/11``.

The annotated types are for pydantic models; each refuses booleans, negative values, NaN and
infinities. Texts are read as exact decimals, so 0.3us is 300 ns and not 299.99999999999994.
What they have read is dumped as a number in the base unit; a validation whose context is `RESOLVED`
takes such numbers back.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from decimal import MAX_EMAX, MAX_PREC, MIN_EMIN, Context, Decimal
from fractions import Fraction
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, ValidationInfo, WithJsonSchema

RESOLVED = "resolved"
"""The context of a validation of dumped data, in which every quantity is in its base unit."""

LARGEST = 2**53
"""Bytes or nanoseconds (104 days) above this would lose digits in a float."""

SIZES = {
    "": 1,
    "B": 1,
    **{f"{p}B": 1000**i for i, p in enumerate(("k", "M", "G", "T"), 1)},
    "KB": 1000,
    **{f"{p}iB": 1024**i for i, p in enumerate(("K", "M", "G", "T"), 1)},
}
DURATIONS = {
    "ns": 1,
    "us": 1000,
    "µs": 1000,
    "ms": 10**6,
    "s": 10**9,
    "min": 60 * 10**9,
    "h": 3600 * 10**9,
}
RATES = {"/s": 1, "k/s": 10**3, "M/s": 10**6}
SHARES = {"": Decimal(1), "%": Decimal("0.01")}

_NUMBER_AND_UNIT = re.compile(r"\s*([0-9]+(?:\.[0-9]*)?(?:[eE][+-]?[0-9]{1,3})?)\s*([^\s0-9]*)\s*")

_EXACT = Context(prec=MAX_PREC, Emax=MAX_EMAX, Emin=MIN_EMIN)
"""Products of decimals keep all their digits."""


def _measure(value: object, units: Mapping[str, int | Decimal], expected: str) -> Decimal:
    """``value`` in the base unit, exactly; ValueError says what was expected."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise ValueError(f"expected {expected}")  # noqa: TRY004 - pydantic reports ValueError only
    match = _NUMBER_AND_UNIT.fullmatch(str(value))
    number, unit = match.groups() if match else ("", "no unit")
    if unit not in units:
        raise ValueError(f"expected {expected}")
    return _EXACT.multiply(Decimal(number), units[unit])


def _whole(number: Decimal, expected: str) -> int:
    if number != number.to_integral_value():
        raise ValueError(f"expected {expected}, a whole number of the base unit")
    if number > LARGEST:
        raise ValueError(f"expected {expected}, at most 2^53")
    return int(number)


def parse_bytes(value: object) -> int:
    """Bytes from ``4096``, ``"996MiB"`` or ``"1.5GB"``."""
    if type(value) is int and 0 <= value <= LARGEST:  # what most fields and sampled values are
        return value
    expected = "a size such as 996MiB"
    return _whole(_measure(value, SIZES, expected), expected)


def parse_duration(value: object) -> int:
    """Nanoseconds from ``"135s"``, ``"250us"`` or ``"2min"``; of bare numbers only 0."""
    expected = "a duration such as 250us"
    if value == 0 and not isinstance(value, bool):
        return 0
    return _whole(_measure(value, DURATIONS, expected), expected)


def parse_rate(value: object) -> float:
    """Events per second, above zero, from ``"80k/s"``."""
    expected = "a rate above zero such as 80k/s"
    number = _measure(value, RATES, expected)
    if not 0 < number <= LARGEST:
        raise ValueError(f"expected {expected}")
    return float(number)


def parse_ratio(value: object) -> float:
    """A share in [0, 1] from ``0.25``, ``"25%"`` or ``"1/11"``."""
    expected = "a share from 0 to 1 such as 1/11"
    if isinstance(value, str) and (
        parts := re.fullmatch(r"\s*(\d{1,9})\s*/\s*(\d{1,9})\s*", value)
    ):
        if int(parts[2]) == 0:
            raise ValueError(f"expected {expected}")
        number: Fraction | Decimal = Fraction(int(parts[1]), int(parts[2]))
    else:
        number = _measure(value, SHARES, expected)
    if number > 1:
        raise ValueError(f"expected {expected}")
    return float(number)


_SIZE_SCHEMA = WithJsonSchema({"anyOf": [{"type": "integer", "minimum": 0}, {"type": "string"}]})
_TEXT_SCHEMA = WithJsonSchema({"anyOf": [{"const": 0}, {"type": "string"}]})
_SHARE_SCHEMA = WithJsonSchema(
    {"anyOf": [{"type": "number", "minimum": 0, "maximum": 1}, {"type": "string"}]}
)


def read_by(parse: Callable[[object], object]) -> BeforeValidator:
    """Has a field read by ``parse``, unless what it is given is `RESOLVED`."""

    def read(value: Any, info: ValidationInfo) -> Any:
        return value if info.context is RESOLVED else parse(value)

    return BeforeValidator(read)


Bytes = Annotated[int, Field(ge=0), read_by(parse_bytes), _SIZE_SCHEMA]
Duration = Annotated[int, Field(ge=0), read_by(parse_duration), _TEXT_SCHEMA]
Rate = Annotated[float, Field(gt=0), read_by(parse_rate), _TEXT_SCHEMA]
Ratio = Annotated[float, Field(ge=0, le=1), read_by(parse_ratio), _SHARE_SCHEMA]
