"""How long a request is served: a constant, or a distribution given by its quantiles."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any

import numpy as np
from pydantic import PlainSerializer, PlainValidator, ValidationInfo, WithJsonSchema

from sim.arrays import IntArray
from sim.units import RESOLVED, SPAN_FORMAT, parse_duration

_PERCENTILE = re.compile(r"p([0-9]{1,3}(?:\.[0-9]{1,9})?)")


@dataclass(frozen=True)
class ServiceTime:
    """A distribution whose inverse is linear between quantiles.

    Attributes:
        shares: ascending, from 0 to 1.
        quantiles_ns: the time that this share of the draws does not exceed; never decreases.
    """

    shares: tuple[float, ...]
    quantiles_ns: tuple[int, ...]

    @classmethod
    def constant(cls, time_ns: int) -> ServiceTime:
        """Always ``time_ns``."""
        return cls((0.0, 1.0), (time_ns, time_ns))

    @property
    def mean_ns(self) -> float:
        """The mean of the draws: the area under the inverse."""
        return float(np.trapezoid(self.quantiles_ns, self.shares))

    def quantile_ns(self, share: float) -> float:
        """The inverse at ``share``, from 0 to 1."""
        return float(np.interp(share, self.shares, self.quantiles_ns))

    def draw(self, generator: np.random.Generator, count: int) -> IntArray:
        """``count`` independent times in whole nanoseconds."""
        drawn = np.interp(generator.random(count), self.shares, self.quantiles_ns)
        return np.rint(drawn).astype(np.int64)


def parse_service(value: object) -> ServiceTime:
    """A service time from ``"35us"`` or from ``{p0: 25us, p50: 35us, p100: 60us}``.

    Raises:
        ValueError: it is neither, or no inverse of a distribution.
    """
    if not isinstance(value, Mapping):
        return ServiceTime.constant(_positive(value))
    points = sorted((_share(name), _quantile(name, time)) for name, time in value.items())
    shares = tuple(share for share, _ in points)
    quantiles_ns = tuple(time_ns for _, time_ns in points)
    if shares[:1] != (0.0,) or shares[-1:] != (1.0,):
        raise ValueError("expected p0 and p100 among the quantiles")
    if len(set(shares)) < len(shares):
        raise ValueError("expected each quantile once")
    if sorted(quantiles_ns) != list(quantiles_ns):
        raise ValueError("expected quantiles that do not fall from p0 to p100")
    return ServiceTime(shares, quantiles_ns)


def _share(name: object) -> float:
    match = _PERCENTILE.fullmatch(str(name))
    if match is None or float(match[1]) > 100:
        raise ValueError(f"{name!r}: expected a quantile from p0 to p100, such as p99.9")
    return float(match[1]) / 100


def _quantile(name: str, value: object) -> int:
    try:
        return _positive(value)
    except ValueError as error:
        raise ValueError(f"{name}: {value!r}: {error}") from None


def _positive(value: object) -> int:
    time_ns = parse_duration(value)
    if time_ns == 0:
        raise ValueError("expected a duration above 0")
    return time_ns


def _plain(time: ServiceTime) -> dict[str, list[float] | list[int]]:
    """As plain data, to the last digit of the shares."""
    return {"shares": list(time.shares), "quantiles_ns": list(time.quantiles_ns)}


def _read(value: Any, info: ValidationInfo) -> ServiceTime:
    if info.context == RESOLVED:
        return ServiceTime(tuple(value["shares"]), tuple(value["quantiles_ns"]))
    return parse_service(value)


_SCHEMA: dict[str, Any] = {
    "anyOf": [
        {"type": "string", "format": SPAN_FORMAT},
        {
            "type": "object",
            "required": ["p0", "p100"],
            "patternProperties": {f"^{_PERCENTILE.pattern}$": {"type": "string"}},
            "additionalProperties": False,
        },
    ]
}

Service = Annotated[
    ServiceTime, PlainValidator(_read), PlainSerializer(_plain), WithJsonSchema(_SCHEMA)
]
"""For pydantic models: a duration such as 35us, or quantiles."""
