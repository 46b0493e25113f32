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
    "KB": 1000,
    **{p: 1000**i for i, p in enumerate("kmgt", 1)},
    **{f"{p}b": size for p, size in _BINARY.items()},
    **{f"{p.lower()}b": size for p, size in _BINARY.items()},
}
"""What ``16G`` is to most, and the units of redis.conf; to others they are other sizes."""

_SI = {f"{p}B": 1000**i for i, p in enumerate(("k", "M", "G", "T"), 1)}
SIZES = {
    **dict.fromkeys(("", "B", "b", "bytes"), 1),
    **_SI,
    **{f"{p}{end}": size for p, size in _BINARY.items() for end in ("iB", "i")},
    **{f"{p.lower()}ib": size for p, size in _BINARY.items()},
    **AMBIGUOUS_SIZES,
}
DURATIONS = {
    "ns": 1,
    "us": 1000,
    "µs": 1000,  # U+00B5 ...
    "\u03bcs": 1000,  # ... and as Greek keyboards have it
    "ms": 10**6,
    **dict.fromkeys(("s", "sec", "second", "seconds"), 10**9),
    **dict.fromkeys(("min", "m", "mins", "minute", "minutes"), 60 * 10**9),
    **dict.fromkeys(("h", "hr", "hour", "hours"), 3600 * 10**9),
    **dict.fromkeys(("d", "day", "days"), 86_400 * 10**9),
}
RATES = {
    f"{prefix}{unit}": size
    for prefix, size in (("", 1), ("k", 10**3), ("K", 10**3), ("M", 10**6))
    for unit in ("/s", "rps", "qps", "req/s", "requests/s", "ops/s")
}
SHARES = {"": Decimal(1), "%": Decimal("0.01")}
COUNTS = {"": 1, "k": 10**3, "K": 10**3, "M": 10**6}

_SIZE = (
    "a size such as 996MiB (B, kB, MB, GB, TB, KiB, MiB, GiB, TiB; K, M, G, T for KiB ...; "
    "k, m, g, kb, mb, gb as in redis.conf)"
)
_DURATION = "a duration such as 250us (ns, us, ms, s, min or m, h, d)"
_TIME_PER_BYTE = "a duration a byte, at most 1s, such as 0.3ns (ns, us, ms, s)"
_RATE = "a rate above zero such as 80k/s (/s, k/s, M/s, rps, qps, req/s, ops/s)"
_SHARE = "a share from 0 to 1 such as 1/11, 0.09 or 9%"
_COUNT = "a whole number such as 1000, 10k or 1.5M"
_ROUNDED = {unit for unit, size in SIZES.items() if size in _BINARY.values()}
"""Decimals of binary units are seldom whole bytes, and the nearest is what is meant."""

_NUMBER_AND_UNIT = re.compile(
    r"\s*((?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]{1,3})?)\s*([^0-9]*?)\s*"
)

_EXACT = Context(prec=MAX_PREC, Emax=MAX_EMAX, Emin=MIN_EMIN)
"""Products of decimals keep all their digits."""


def _measure(value: object, units: Mapping[str, int | Decimal], expected: str) -> Decimal:
    """``value`` in the base unit, exactly; ValueError says what was expected."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise ValueError(f"expected {expected}")  # noqa: TRY004 - pydantic reports ValueError only
    match = _NUMBER_AND_UNIT.fullmatch(str(value))
    unit = "".join(match[2].split()) if match else ""  # 4k rps
    if match is None or unit not in units:
        raise ValueError(f"expected {expected}")
    return _EXACT.multiply(Decimal(match[1]), units[unit])


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


def is_plain_size(text: str) -> bool:
    """Whether a size says by itself how many bytes it is: ``4096``, ``16GiB``; not ``6.1GiB``."""
    if _unit(text) in _SI or is_ambiguous_size(text):
        return False
    number = _measure(text, SIZES, _SIZE)
    return number == number.to_integral_value(context=_EXACT)


def parse_count(value: object) -> object:
    """A whole number from ``"10k"`` or ``"1.5M"``; what is no text as it is."""
    return _whole(_measure(value, COUNTS, _COUNT), _COUNT) if isinstance(value, str) else value


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
    return "".join(match[2].split()) if match else None


COUNT_FORMAT, SIZE_FORMAT, SHARE_FORMAT = "count", "size", "share"
SPAN_FORMAT, SPAN_PER_BYTE_FORMAT, RATE_FORMAT = "span", "span per byte", "rate"
"""How the JSON Schema calls texts that are quantities; `duration` is ISO 8601's there."""

SPELLINGS = {
    SIZE_FORMAT: ("size", _SIZE),
    SPAN_FORMAT: ("duration", _DURATION),
    SPAN_PER_BYTE_FORMAT: ("duration a byte", _TIME_PER_BYTE),
    RATE_FORMAT: ("rate", _RATE),
    SHARE_FORMAT: ("share", _SHARE),
    COUNT_FORMAT: ("count", _COUNT),
}
"""What quantities of a format are called, and how they are spelled."""


def _schema(number: Mapping[str, Any], text_format: str) -> WithJsonSchema:
    return WithJsonSchema({"anyOf": [dict(number), {"type": "string", "format": text_format}]})


_ZERO = {"const": 0}


def read_by(parse: Callable[[object], object]) -> BeforeValidator:
    """Has a field read by ``parse``, unless what it is given is `RESOLVED`."""

    def read(value: Any, info: ValidationInfo) -> Any:
        return value if info.context is RESOLVED else parse(value)

    return BeforeValidator(read)


Count = Annotated[int, read_by(parse_count), _schema({"type": "integer"}, COUNT_FORMAT)]
Bytes = Annotated[
    int,
    Field(ge=0),
    read_by(parse_bytes),
    _schema({"type": "integer", "minimum": 0}, SIZE_FORMAT),
]
Duration = Annotated[int, Field(ge=0), read_by(parse_duration), _schema(_ZERO, SPAN_FORMAT)]
TimePerByte = Annotated[
    float, Field(ge=0), read_by(parse_time_per_byte), _schema(_ZERO, SPAN_PER_BYTE_FORMAT)
]
Rate = Annotated[float, Field(gt=0), read_by(parse_rate), _schema(_ZERO, RATE_FORMAT)]
Ratio = Annotated[
    float,
    Field(ge=0, le=1),
    read_by(parse_ratio),
    _schema({"type": "number", "minimum": 0, "maximum": 1}, SHARE_FORMAT),
]
