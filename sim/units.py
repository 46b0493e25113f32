"""Quantities as people write them in YAML: ``996MiB``, ``250us``, ``80k/s``, ``1/11``, ``10k``.

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

_BINARY = {p: 1024**i for i, p in enumerate("KMGT", 1)}

AMBIGUOUS_SIZES = {
    **_BINARY,
    **{p: 1000**i for i, p in enumerate("mg", 2)},
    **{f"{p}b": 1024**i for i, p in enumerate("kmg", 1)},
}
"""What ``16G`` is to most, and the units of redis.conf; to others they are other sizes."""

SIZES = {
    "": 1,
    "B": 1,
    "k": 1000,
    **{f"{p}B": 1000**i for i, p in enumerate(("k", "M", "G", "T"), 1)},
    "KB": 1000,
    **{f"{p}{end}": size for p, size in _BINARY.items() for end in ("iB", "i")},
    **{f"{p.lower()}ib": size for p, size in _BINARY.items()},
    **AMBIGUOUS_SIZES,
}
DURATIONS = {
    "ns": 1,
    "us": 1000,
    "µs": 1000,
    "ms": 10**6,
    "s": 10**9,
    "min": 60 * 10**9,
    "m": 60 * 10**9,
    "h": 3600 * 10**9,
}
RATES = {"/s": 1, "k/s": 10**3, "M/s": 10**6, "rps": 1, "krps": 10**3, "req/s": 1}
SHARES = {"": Decimal(1), "%": Decimal("0.01")}
COUNTS = {"k": 10**3, "K": 10**3, "M": 10**6}

_SIZE = (
    "a size such as 996MiB (B, kB, MB, GB, TB, KiB, MiB, GiB, TiB; K, M, G, T for KiB ...; "
    "k, m, g, kb, mb, gb as in redis.conf)"
)
_DURATION = "a duration such as 250us (ns, us, ms, s, min or m, h)"
_TIME_PER_BYTE = "a duration a byte, at most 1s, such as 0.3ns (ns, us, ms, s)"
_RATE = "a rate above zero such as 80k/s (/s, k/s, M/s, rps)"
_SHARE = "a share from 0 to 1 such as 1/11, 0.09 or 9%"
_COUNT = "a whole number such as 1000, 10k or 1.5M"
_ROUNDED = {unit for unit, size in SIZES.items() if size in _BINARY.values()}
"""Decimals of binary units are seldom whole bytes, and the nearest is what is meant."""

_NUMBER_AND_UNIT = re.compile(
    r"\s*((?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]{1,3})?)\s*([^\s0-9]*)\s*"
)

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
    """Bytes from ``4096``, ``"996MiB"`` or ``"1.5GB"``; of binary units rounded to bytes."""
    if type(value) is int and 0 <= value <= LARGEST:  # what most fields and sampled values are
        return value
    number = _measure(value, SIZES, _SIZE)
    if _unit(value) in _ROUNDED and number >= 1:
        number = number.to_integral_value(context=_EXACT)
    return _whole(number, _SIZE)


def is_ambiguous_size(text: str) -> bool:
    """Whether it would be a size, and another one to other people: ``16G``, ``16gb``."""
    return _unit(text) in AMBIGUOUS_SIZES


def parse_count(value: object) -> object:
    """A whole number from ``"10k"`` or ``"1.5M"``; whatever has no such unit as it is."""
    if not isinstance(value, str) or _unit(value) not in COUNTS:
        return value
    return _whole(_measure(value, COUNTS, _COUNT), _COUNT)


def parse_duration(value: object) -> int:
    """Nanoseconds from ``"135s"``, ``"250us"`` or ``"2min"``; of bare numbers only 0."""
    if value == 0 and not isinstance(value, bool):
        return 0
    return _whole(_measure(value, DURATIONS, _DURATION), _DURATION)


def parse_time_per_byte(value: object) -> float:
    """Nanoseconds a byte, at most a second, from ``"0.3ns"``; of bare numbers only 0."""
    if value == 0 and not isinstance(value, bool):
        return 0.0
    number = _measure(value, DURATIONS, _TIME_PER_BYTE)
    if number > DURATIONS["s"]:
        raise ValueError(f"expected {_TIME_PER_BYTE}")
    return float(number)


def parse_rate(value: object) -> float:
    """Events per second, above zero, from ``"80k/s"``."""
    number = _measure(value, RATES, _RATE)
    if not 0 < number <= LARGEST:
        raise ValueError(f"expected {_RATE}")
    return float(number)


def parse_ratio(value: object) -> float:
    """A share in [0, 1] from ``0.25``, ``"25%"`` or ``"1/11"``."""
    if isinstance(value, str) and (
        parts := re.fullmatch(r"\s*(\d{1,9})\s*/\s*(\d{1,9})\s*", value)
    ):
        if int(parts[2]) == 0:
            raise ValueError(f"expected {_SHARE}")
        number: Fraction | Decimal = Fraction(int(parts[1]), int(parts[2]))
    else:
        number = _measure(value, SHARES, _SHARE)
    if number > 1:
        raise ValueError(f"expected {_SHARE}")
    return float(number)


def _unit(value: object) -> str | None:
    """How a number's unit is written, or None of what is no number with a unit."""
    match = _NUMBER_AND_UNIT.fullmatch(value) if isinstance(value, str) else None
    return match[2] if match else None


_COUNT_SCHEMA = WithJsonSchema({"anyOf": [{"type": "integer"}, {"type": "string"}]})
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


Count = Annotated[int, read_by(parse_count), _COUNT_SCHEMA]
Bytes = Annotated[int, Field(ge=0), read_by(parse_bytes), _SIZE_SCHEMA]
Duration = Annotated[int, Field(ge=0), read_by(parse_duration), _TEXT_SCHEMA]
TimePerByte = Annotated[float, Field(ge=0), read_by(parse_time_per_byte), _TEXT_SCHEMA]
Rate = Annotated[float, Field(gt=0), read_by(parse_rate), _TEXT_SCHEMA]
Ratio = Annotated[float, Field(ge=0, le=1), read_by(parse_ratio), _SHARE_SCHEMA]
