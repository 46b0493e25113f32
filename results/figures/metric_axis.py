"""A metric as an axis: its unit, chosen by the values or asked for, and its name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter

from results.metrics import formatting
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

_OWN_UNITS = (Unit.NANOSECONDS, Unit.BYTES, Unit.PER_SECOND)
MOST_OF_A_UNIT, LEAST_OF_A_UNIT = 2_000.0, 0.005
"""A logarithmic axis that goes beyond either would be labelled ``100,000 us``, ``0.001 s``."""


@dataclass(frozen=True)
class MetricAxis:
    """How a metric's values are drawn.

    Attributes:
        name: the metric and its unit: ``p99.9 (ms)``.
        size: what a value is divided by.
        values: the divided values.
        metric: what it is the axis of.
        asked: whether the unit was asked for, and is kept whatever the values are.
    """

    name: str
    size: float
    values: Sequence[float]
    metric: Metric
    asked: bool = False

    def label(self, axes: Axes, before: str = "") -> None:
        """Name the y axis, and its ticks: each in a unit of its own where no one unit fits all.

        Call it when the axis has its range. ``before`` stands in front of the name.
        """
        low, high = axes.get_ylim()
        one_fits = axes.get_yscale() != "log" or (high < MOST_OF_A_UNIT and low >= LEAST_OF_A_UNIT)
        if one_fits or self.asked or self.metric.unit not in _OWN_UNITS:
            axes.set_ylabel(f"{before}{self.name}")
            return
        axes.set_ylabel(f"{before}{self.metric.heading}")
        axes.yaxis.set_major_formatter(FuncFormatter(self._tick))

    def _tick(self, value: float, _position: int | None = None) -> str:
        return formatting.of_metric(self.metric, float(f"{value * self.size:.6g}"))


def metric_axis(metric: Metric, values: Sequence[float], unit: str | None = None) -> MetricAxis:
    """The axis of a metric, in ``unit`` if it is one of its own, or one in which values are short.

    The unit is that of the geometric middle of the values.
    """
    units = _UNITS[metric.unit]
    asked = unit in units
    if unit is None or unit not in units:
        positive = [value for value in values if value > 0]
        middle = (min(positive) * max(positive)) ** 0.5 if positive else 0.0
        unit = next((name for name, size in units.items() if middle >= size), list(units)[-1])
    size = units[unit]
    name = f"{metric.heading} ({unit})" if unit else metric.heading
    return MetricAxis(name, size, [value / size for value in values], metric, asked)


def asked_unit(asked: str) -> str:
    """The unit that is asked for, where the metric has it: that of ``p99_ms`` is ms."""
    return asked.rpartition("_")[2]
