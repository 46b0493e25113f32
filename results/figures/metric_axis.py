"""A metric as an axis: its unit, chosen by the values or asked for, and its name."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from results.metrics.names import heading
from sim.units import DURATIONS, SIZES

_RATES = {"M/s": 1e6, "k/s": 1e3, "/s": 1.0}


@dataclass(frozen=True)
class MetricAxis:
    """How a metric's values are drawn.

    Attributes:
        name: the metric and its unit: ``p99.9 (ms)``.
        size: what a value is divided by.
        values: the divided values.
    """

    name: str
    size: float
    values: Sequence[float]


def metric_axis(metric: str, values: Sequence[float], unit: str | None = None) -> MetricAxis:
    """The axis of a metric whose full name is given, in ``unit`` or one in which values are short.

    The unit is that of the geometric middle of the values.
    """
    units = _units(metric)
    if unit not in units:
        positive = [value for value in values if value > 0]
        middle = (min(positive) * max(positive)) ** 0.5 if positive else 0.0
        unit = next((name for name, size in units.items() if middle >= size), list(units)[-1])
    size = units[unit]
    name = f"{heading(metric)} ({unit})" if unit else heading(metric)
    return MetricAxis(name, size, [value / size for value in values])


def asked_unit(asked: str) -> str | None:
    """The unit that a metric's name asks for: that of ``p99_ms`` is ms."""
    found = re.search(r"_(ns|us|ms|s)$", asked)
    return found[1] if found and not asked.endswith("_per_s") else None


def _units(metric: str) -> dict[str, float]:
    """The units of a metric, the largest first."""
    if metric.endswith("_ns") or metric.startswith("fork_ns/"):
        return {unit: float(DURATIONS[unit]) for unit in ("s", "ms", "us", "ns")}
    if "_bytes" in metric:
        return {unit: float(SIZES[unit]) for unit in ("TiB", "GiB", "MiB", "KiB", "B")}
    return _RATES if metric.endswith("_per_s") else {"": 1.0}
