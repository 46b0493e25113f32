"""A panel of latencies by phase of a snapshot: what it costs whom, and when."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction

from matplotlib.axes import Axes

from results.figures import style
from results.figures.lines import Line
from results.figures.metric_axis import metric_axis
from results.records.record import Record
from sim.measures.common_metrics import LATENCY
from sim.measures.histogram import Histogram
from sim.measures.metrics import Metric
from sim.measures.phases import Phase

_APART = 0.75
"""Of the room that a phase has, how much its forks share."""
_QUANTILES = (Fraction(1, 2), Fraction(99, 100), Fraction(999, 1000))


def has_phases(record: Record) -> bool:
    """Whether a phase of it had a request."""
    return bool(_phases(record))


def by_phase(axes: Axes, lines: Sequence[Line]) -> None:
    """Of each phase and fork the range from p50 to p99.9, with the fork's marker at p99."""
    found = [(line, _phases(line.record)) for line in lines]
    phases = [phase for phase in Phase if any(phase in own for _, own in found)]
    values = [histogram.quantile(_QUANTILES[1]) for _, own in found for histogram in own.values()]
    latency = Metric(LATENCY.name, LATENCY.unit, label=LATENCY.label)
    scale = metric_axis(latency, values)
    for number, (line, own) in enumerate(found):
        shift = _APART * ((number + 0.5) / len(found) - 0.5)
        for phase, histogram in own.items():
            at = phases.index(phase) + shift
            low, middle, high = (histogram.quantile(q) / scale.size for q in _QUANTILES)
            colour = line.look.colour
            axes.plot([at, at], [low, high], color=colour, linewidth=1, marker="_", markersize=3)
            axes.plot([at], [middle], label=line.label, linestyle="none", **line.look.of_marker)
    style.log_y(axes)
    scale.label(axes)
    axes.set_xticks(range(len(phases)), [phase.replace("_", "\n") for phase in phases])
    axes.set_xlim(-0.5, len(phases) - 0.5)
    axes.grid(visible=False, axis="x")
    axes.set_xlabel("phase (p50, p99, p99.9)")


def _phases(record: Record) -> Mapping[Phase, Histogram]:
    """The latencies of each phase that had requests, over all repetitions, in order of time."""
    merged: dict[Phase, Histogram] = {}
    for phase in Phase:
        name = LATENCY.within(phase).name
        for recording in record.repetitions:
            if name in recording.histograms and recording.histograms[name].count:
                merged.setdefault(phase, Histogram()).merge(recording.histograms[name])
    return merged
