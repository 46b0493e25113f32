"""A metric as an axis: its unit, chosen by the values or asked for, and its name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sim.measures.metrics import Metric, Unit
from sim.units import DURATIONS, SIZES

_UNITS: Mapping[Unit, Mapping[str, float]] = {
    Unit.NANOSECONDS: {unit: float(DURATIONS[unit]) for unit in ("s", "ms", "us", "ns")},
    Unit.BYTES: {unit: float(SIZES[unit]) for unit in ("TiB", "GiB", "MiB", "KiB", "B")},
    Unit.PER_SECOND: {"M/s": 1e6, "k/s": 1e3, "/s": 1.0},
    Unit.COUNT: {"": 1.0},
    Unit.SHARE: {"%": 0.01},
}
"""What values are divided by, the largest first."""


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


def metric_axis(metric: Metric, values: Sequence[float], unit: str | None = None) -> MetricAxis:
    """The axis of a metric, in ``unit`` if it is one of its own, or one in which values are short.

    The unit is that of the geometric middle of the values.
    """
    units = _UNITS[metric.unit]
    if unit is None or unit not in units:
        positive = [value for value in values if value > 0]
        middle = (min(positive) * max(positive)) ** 0.5 if positive else 0.0
        unit = next((name for name, size in units.items() if middle >= size), list(units)[-1])
    size = units[unit]
    name = f"{metric.heading} ({unit})" if unit else metric.heading
    return MetricAxis(name, size, [value / size for value in values])


def asked_unit(asked: str) -> str:
    """The unit that is asked for, where the metric has it: that of ``p99_ms`` is ms."""
    return asked.rpartition("_")[2]
