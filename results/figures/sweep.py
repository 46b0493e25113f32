"""The figure of a sweep: metrics over a field, a line per fork, intervals over repetitions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter, NullLocator

from results.figures import style
from results.figures.metric_axis import MetricAxis, metric_axis
from results.figures.swept_fields import SweptField, axis, best_hue, best_x, name_of
from results.metrics.lower_bounds import lower_bounds
from results.metrics.statistics import bounds
from results.metrics.summary import measured, of_repetition
from results.records.fork_labels import FORK
from results.records.record import Record
from sim.measures.common_metrics import FORK_TIME, THROUGHPUT
from sim.measures.metrics import Metric
from sim.measures.recording import Recording

DECADE = 10.0
"""Positive values that span so much are drawn on a logarithmic axis."""

_MOST_PANELS = 4
_MOST_HUES = 12
_MOST_BELOW = 2
_PANEL_IN = 2.0
_LETTER_IN, _HANDLE_IN = 0.055, 0.5
"""Width of a legend's letter and of what stands before it."""
_GREATEST_CHANGE = 1.02
"""Of a throughput that changes by less there is nothing to see."""


@dataclass(frozen=True)
class SweepPlot:
    """What to draw of a sweep.

    Attributes:
        x: dotted path of the field along the x axis.
        metrics: a row of panels each.
        hue: dotted path of the field that colours tell apart, if any.
        log: the axes that are logarithmic, of ``x`` and ``y``; None to let the data decide.
        unit: of the metrics, if it was asked for.
    """

    x: str
    metrics: Sequence[Metric]
    hue: str | None
    log: frozenset[str] | None = None
    unit: str | None = None


def default(records: Sequence[Record], labels: Sequence[Mapping[str, str]]) -> SweepPlot | None:
    """What shows a sweep without being asked; None if no numeric field has a curve's values."""
    x = best_x(records, labels)
    metrics = default_metrics(records)
    if x is None or not metrics:
        return None
    return SweepPlot(x, metrics, best_hue(x, labels))


def default_metrics(records: Sequence[Record]) -> list[Metric]:
    """The metrics that a sweep is about: its tail or its throughput, and its forks."""
    first = [r for record in records for _, own in record.by_program() for r in own.repetitions[:1]]
    values = [(metric, value) for one in first for metric, value in measured(one).items()]
    known = {metric.name: metric for metric, _ in values}
    throughputs = [value for metric, value in values if metric.name == THROUGHPUT.name]
    changes = bool(throughputs) and max(throughputs) > _GREATEST_CHANGE * min(throughputs)
    wanted = [
        *_tails(first),
        *([THROUGHPUT.name] if changes else []),
        FORK_TIME.mean().name,
    ]
    return [known[name] for name in wanted if name in known][:2]


def _tails(recordings: Sequence[Recording]) -> list[str]:
    """Names of the percentiles that are shown of distributions, those of requests first."""
    known = {r.declared.distribution(name) for r in recordings for name in r.histograms}
    ordered = sorted(known, key=lambda of: (not of.of_requests, of.name))
    return [of.named(of.tail) for of in ordered if of.tail is not None]


def draw(
    sweep: SweepPlot, records: Sequence[Record], labels: Sequence[Mapping[str, str]]
) -> Figure | None:
    """The figure; None if no point has one of the metrics.

    Points that differ in other fields than x and hue have panels of their own, four at most.
    """
    along = axis(sweep.x, records, labels)
    rows, panels = _rows(sweep, along, records, labels)
    if not rows:
        return None
    return style.drawing(lambda: _figure(sweep, along, rows, panels))


@dataclass(frozen=True)
class _Value:
    """One metric of one repetition."""

    x: float | str
    hue: str
    panel: str
    metric: Metric
    value: float
    at_least: bool


def _rows(
    sweep: SweepPlot,
    along: SweptField,
    records: Sequence[Record],
    labels: Sequence[Mapping[str, str]],
) -> tuple[list[_Value], list[str]]:
    others = _free_fields(sweep, along, labels)
    rows = []
    for record, label, x in zip(records, labels, along.values, strict=True):
        panel = ", ".join(f"{name_of(path)} {label.get(path, '-')}" for path in others)
        hue = label.get(sweep.hue, "-") if sweep.hue else ""
        for program, own in record.by_program():
            place = ", ".join(filter(None, (program, panel)))
            for recording in own.repetitions:
                values, least = of_repetition(recording), lower_bounds(recording)
                rows += [
                    _Value(x, hue, place, metric, float(values[metric.name]), metric.name in least)
                    for metric in sweep.metrics
                    if metric.name in values
                ]
    return rows, list(dict.fromkeys(row.panel for row in rows))


def _free_fields(
    sweep: SweepPlot, along: SweptField, labels: Sequence[Mapping[str, str]]
) -> list[str]:
    """The other swept fields that x and hue do not determine, as zipped ones would be."""
    paths = dict.fromkeys(path for label in labels for path in label)
    free: list[str] = []
    for path in paths:
        if path in (sweep.x, sweep.hue):
            continue
        seen: dict[tuple[object, ...], set[str]] = {}
        for label, x in zip(labels, along.values, strict=True):
            known = (x, label.get(sweep.hue or ""), *(label.get(other) for other in free))
            seen.setdefault(known, set()).add(label.get(path, "-"))
        if any(len(found) > 1 for found in seen.values()):
            free.append(path)
    return free


def _figure(
    sweep: SweepPlot, along: SweptField, rows: Sequence[_Value], panels: Sequence[str]
) -> Figure:
    columns = panels[:_MOST_PANELS]
    # Many metrics of one panel each stand beside each other.
    beside = len(columns) == 1 and len(sweep.metrics) > _MOST_BELOW
    across = _MOST_BELOW + 1 if beside else len(columns)
    rows_of_panels = -(-len(columns) * len(sweep.metrics) // across)
    figure, axes = style.panels(
        across,
        rows=rows_of_panels,
        width_in=style.COLUMN_IN if across == 1 else style.PAGE_IN,
        height_in=_PANEL_IN * rows_of_panels + 0.3,
    )
    hues = list(dict.fromkeys(row.hue for row in rows))
    places = iter(axes)
    for metric in sweep.metrics:
        of_metric = [row for row in rows if row.metric == metric]
        scale = metric_axis(metric, [row.value for row in of_metric], sweep.unit)
        at_least = "at least " if any(row.at_least for row in of_metric) else ""
        drawn = [next(places) for _ in columns]
        for place, panel in zip(drawn, columns, strict=True):
            own = [row for row in of_metric if row.panel == panel]
            _panel(place, own, along, hues[:_MOST_HUES], scale.size, sweep=sweep)
        _same_y(drawn, scale, sweep.log)
        for place, panel in zip(drawn, columns, strict=True):
            if metric == sweep.metrics[0] and len(columns) > 1:
                place.set_title(panel)
            lowest = metric in sweep.metrics[-(across if beside else 1) :]
            place.set_xlabel(along.name if lowest else "")
            place.set_ylabel(f"{at_least}{scale.name}" if place is drawn[0] else "")
    for unused in places:
        unused.remove()
    cut = [
        f"{most} of {len(found)} {what}"
        for found, most, what in (
            (panels, _MOST_PANELS, "panels"),
            (hues, _MOST_HUES, name_of(sweep.hue or "")),
        )
        if len(found) > most
    ]
    _legend(figure, sweep, hues[:_MOST_HUES], ", ".join(cut))
    return figure


def _panel(
    place: Axes,
    rows: Sequence[_Value],
    along: SweptField,
    hues: Sequence[str],
    size: float,
    *,
    sweep: SweepPlot,
) -> None:
    """A line per hue through the means, with Student's intervals over the repetitions."""
    if not rows:
        return
    seaborn = import_module("seaborn")  # slow to import
    pandas = import_module("pandas")
    frame = pandas.DataFrame(
        [(row.x, row.hue, row.value / size) for row in rows], columns=["x", "hue", "y"]
    )
    colours = _colours(sweep.hue, hues)
    common: dict[str, Any] = {
        "data": frame,
        "x": "x",
        "y": "y",
        "hue": "hue",
        "hue_order": list(hues),
        "palette": [colours[hue] for hue in hues],
        "errorbar": bounds,
        "legend": False,
        "ax": place,
    }
    if along.numeric:
        seaborn.lineplot(
            **common,
            err_style="bars",
            err_kws={"capsize": 2, "elinewidth": 0.8, "capthick": 0.8},
            marker="o",
            markersize=3.5,
            markeredgewidth=0,
        )
        _x_axis(place, along, sweep.log)
    else:
        seaborn.pointplot(
            **common,
            order=list(dict.fromkeys(along.values)),
            linestyle="none",
            dodge=0.3 if len(hues) > 1 else False,
            capsize=0.08,
            err_kws={"linewidth": 0.8},
            markersize=4,
        )
        place.set_xlim(-0.5, len(set(along.values)) - 0.5)


def _is_log(name: str, asked: frozenset[str] | None, values: Sequence[float]) -> bool:
    if not values or min(values) <= 0:
        return False
    return max(values) >= DECADE * min(values) if asked is None else name in asked


def _x_axis(place: Axes, along: SweptField, asked: frozenset[str] | None) -> None:
    """The same in every panel; if logarithmic, powers of two for sizes, decades for the rest."""
    numbers = [value for value in along.values if not isinstance(value, str)]
    if not _is_log("x", asked, numbers):
        margin = 0.05 * (max(numbers) - min(numbers))
        place.set_xlim(min(numbers) - margin, max(numbers) + margin)
        return
    margin = (max(numbers) / min(numbers)) ** 0.05
    in_twos = along.unit.endswith("iB")
    place.set_xscale("log", base=2 if in_twos else 10)
    if not in_twos:
        subs = (1, 2, 5) if max(numbers) < 1000 * min(numbers) else (1,)
        place.xaxis.set_major_locator(LogLocator(subs=subs))
    place.set_xlim(min(numbers) / margin, max(numbers) * margin)
    place.xaxis.set_minor_locator(NullLocator())
    place.xaxis.set_major_formatter(FuncFormatter(style.plain))
    place.xaxis.set_minor_formatter(NullFormatter())


def _same_y(drawn: Sequence[Axes], scale: MetricAxis, asked: frozenset[str] | None) -> None:
    """One y axis for the panels of a row."""
    if _is_log("y", asked, scale.values):
        for place in drawn:
            place.set_yscale("log")
        low = min(place.get_ylim()[0] for place in drawn)
        high = max(place.get_ylim()[1] for place in drawn)
        for place in drawn:
            place.set_ylim(low, high)
            style.log_ticks(place)
    else:
        high = max(place.get_ylim()[1] for place in drawn)
        for place in drawn:
            place.set_ylim(0 if min(scale.values) >= 0 else None, high)
            place.yaxis.set_major_formatter(FuncFormatter(style.plain))


def _colours(hue: str | None, hues: Sequence[str]) -> dict[str, str]:
    if hue == FORK:
        return style.colours_for(list(hues))
    return dict(zip(hues, style.palette_from(style.colour_of("classic")), strict=False))


def _columns(figure: Figure, names: Sequence[str]) -> int:
    """How many columns of a legend find room beside each other."""
    longest_in = _LETTER_IN * max(map(len, names), default=0) + _HANDLE_IN
    return max(1, int(figure.get_figwidth() / longest_in))


def _legend(figure: Figure, sweep: SweepPlot, hues: Sequence[str], cut: str) -> None:
    """The values of the field that colours tell apart, above all panels; what is cut."""
    if not sweep.hue:
        return
    colours = _colours(sweep.hue, hues)
    names = [style.name_of_fork(hue) if sweep.hue == FORK else hue for hue in hues]
    title = None if sweep.hue == FORK else name_of(sweep.hue)
    figure.legend(
        [Line2D([], [], color=colours[hue], marker="o", markersize=3.5) for hue in hues],
        names,
        loc="outside upper center",
        ncols=min(len(hues), _columns(figure, names)),
        title=" - ".join(filter(None, (title, cut))) or None,
    )
