"""Panels of latencies: their percentiles, and the largest ones over time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

from results.figures import style
from results.figures.lines import Line
from results.figures.metric_axis import MetricAxis, metric_axis
from results.records.record import Record
from sim.measures.common_metrics import DURATION
from sim.measures.histogram import Histogram
from sim.measures.metrics import Distribution, Metric

SNAPSHOT_MARKER = "|"
_CURVE_POINTS = 400
_CROWDED = 5
"""Decades of percentiles above which the axis has no room to name each."""
_MOST_SNAPSHOT_ROWS = 4
"""More rows of snapshots above a panel would take its place."""


def percentiles(axes: Axes, lines: Sequence[Line], of: Distribution) -> None:
    """The percentiles of a distribution, a decade of the axis for each nine."""
    merged = [(line, _merged(line, of)) for line in lines]
    scale = _scale(of, [h.maximum for _, h in merged if h.count])
    for line, histogram in merged:
        _percentile_line(axes, line, histogram, scale)
    _nines(axes, max((histogram.count for _, histogram in merged), default=1))
    scale.label(axes)


def has_timeline(record: Record) -> bool:
    """Whether the first repetition served something in a window of time."""
    timeline = record.repetitions[0].table("timeline", "t_ns", "max_ns")
    return timeline is not None and bool(timeline["t_ns"].size)


def over_time(axes: Axes, lines: Sequence[Line], of: Distribution) -> None:
    """The largest value of each window of the first repetition, and when snapshots were taken."""
    scale = _scale(of, [h.maximum for h in (_merged(line, of) for line in lines) if h.count])
    for line in lines:
        _over_time(axes, line, scale)
    style.log_y(axes)
    axes.set_xlim(0, _end_s(lines))
    axes.set_xlabel("time (s)")
    scale.label(axes, "max ")
    _snapshots(axes, lines)


def _scale(of: Distribution, values: Sequence[float]) -> MetricAxis:
    return metric_axis(Metric(of.name, of.unit, label=of.label), values)


def _merged(line: Line, of: Distribution) -> Histogram:
    """The distribution over all repetitions."""
    merged = Histogram()
    for recording in line.record.repetitions:
        if of.name in recording.histograms:
            merged.merge(recording.histograms[of.name])
    return merged


def _percentile_line(axes: Axes, line: Line, histogram: Histogram, scale: MetricAxis) -> None:
    if histogram.count:
        nines, values = percentile_curve(histogram)
        axes.plot(
            nines,
            values / scale.size,
            **line.drawn(nines.size),
        )


def percentile_curve(
    histogram: Histogram,
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.int64]]:
    """Points of the percentile plot: 1/(1 - q) from 1 to the count, and the value at rank q.

    The x axis grows by one decade with each nine; its last point is the maximum.
    """
    lowest, counts = histogram.buckets()
    cumulated = np.cumsum(counts)
    nines = np.geomspace(1, histogram.count, min(_CURVE_POINTS, histogram.count))
    ranks = np.clip(np.ceil(histogram.count * (1 - 1 / nines)), 1, histogram.count)
    values = np.maximum(lowest[np.searchsorted(cumulated, ranks)], histogram.minimum)
    values[-1] = histogram.maximum
    return nines, values


def _nines(axes: Axes, largest: int) -> None:
    """The axis of percentiles: 0, 90, 99, 99.9, … as far as the ``largest`` count reaches."""
    decades = max(1, int(np.log10(max(largest, 1))))
    axes.set_xscale("log")
    axes.set_xlim(1, max(largest, 10))
    axes.xaxis.set_major_locator(FixedLocator([10.0**n for n in range(decades + 1)]))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(
        FuncFormatter(_percent if decades < _CROWDED else _some_percents)
    )
    style.log_y(axes)
    axes.set_xlabel("percentile")


def _percent(nines: float, _position: int) -> str:
    exponent = round(np.log10(nines))
    return f"{100 - 100 / 10**exponent:.{max(0, exponent - 2)}f}"


def _some_percents(nines: float, position: int) -> str:
    """As `_percent`, but above 99.9 only every other one, as they get longer and longer."""
    exponent = round(np.log10(nines))
    return _percent(nines, position) if exponent < 4 or exponent % 2 else ""


def _over_time(axes: Axes, line: Line, scale: MetricAxis) -> None:
    """Largest latency of each window of the first repetition."""
    timeline = line.record.repetitions[0].table("timeline", "t_ns", "max_ns")
    if timeline is None:
        return
    served = timeline["max_ns"] > 0
    axes.plot(
        timeline["t_ns"][served] / 1e9,
        timeline["max_ns"][served] / scale.size,
        **line.drawn(int(served.sum()), thin=0.6),
    )


def _end_s(lines: Sequence[Line]) -> float:
    """Where the time axis ends: behind every window and snapshot of the first repetitions."""
    ends_ns = [0]
    for line in lines:
        recording = line.record.repetitions[0]
        ends_ns.append(int(recording.levels.get(DURATION.name, 0)))
        for name, column in (("timeline", "t_ns"), ("snapshots", "start_ns")):
            if table := recording.table(name, column):
                ends_ns += table[column].tolist()
    return max(ends_ns) / 1e9 or 1.0


def _snapshots(axes: Axes, lines: Sequence[Line]) -> None:
    """Mark when snapshots were taken, a row above the panel for each colour."""
    taken = [
        (line.look, table["start_ns"] / 1e9)
        for line in lines
        if (table := line.record.repetitions[0].table("snapshots", "start_ns"))
        and table["start_ns"].size
    ]
    colours = list(dict.fromkeys(look.colour for look, _ in taken))
    if len(colours) > _MOST_SNAPSHOT_ROWS:
        return
    for look, starts in taken:
        height = 1.03 + 0.05 * colours.index(look.colour)
        above: dict[str, Any] = {"clip_on": False, "linestyle": "none", "color": look.colour}
        axes.plot(
            starts,
            np.full(starts.size, height),
            transform=axes.get_xaxis_transform(),
            marker=SNAPSHOT_MARKER,
            markersize=4,
            **above,
        )
        # Whose row it is, where there is no colour to tell.
        axes.plot(
            [0], [height], transform=axes.transAxes, marker=look.marker, markersize=2.5, **above
        )
