"""The figure of a sweep: metrics over a field, a line per fork, intervals over repetitions."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter, NullLocator
from matplotlib.transforms import ScaledTranslation

from results.figures import caption, style
from results.figures.metric_axis import MetricAxis, metric_axis
from results.figures.style import Look
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
_PANEL_IN = 2.0
_APART_POINTS, _MOST_APART_POINTS = 13.0, 3.0
"""How far the first and the last of all lines are apart, and two neighbours at most."""
_WIDEST, _THINNEST = 1.8, 0.9
_MARGIN = 0.08
"""Of the x axis, on either side; has room for markers that stand aside."""
_LETTER_IN, _HANDLE_IN = 0.055, 0.6
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
    sweep: SweepPlot,
    records: Sequence[Record],
    labels: Sequence[Mapping[str, str]],
    name: str = "",
) -> Figure | None:
    """The figure; None if no point has one of the metrics.

    Points that differ in other fields than x and hue have panels of their own, four at most. A
    panel whose points have no such metric is left out, and the figure says so. ``name`` is the
    experiment's, for the caption.
    """
    along = axis(sweep.x, records, labels)
    rows, panels = _rows(sweep, along, records, labels)
    if not rows:
        return None
    said = caption.caption_of(records, name)
    return style.drawing(lambda: _figure(sweep, along, rows, panels, said))


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
    sweep: SweepPlot,
    along: SweptField,
    rows: Sequence[_Value],
    panels: Sequence[str],
    said: str,
) -> Figure:
    columns = panels[:_MOST_PANELS]
    met = {(row.metric, row.panel) for row in rows}
    wanted = [(metric, panel) for metric in sweep.metrics for panel in columns]
    shown = [one for one in wanted if one in met]
    figure, axes = style.flowing(
        [[False] * sum(metric == one for one, _ in shown) for metric in sweep.metrics]
        if len(columns) > 1
        else [[False] * len(shown)],
        [_PANEL_IN] * len(shown),
    )
    hues = list(dict.fromkeys(row.hue for row in rows))
    places = dict(zip(shown, axes, strict=True))
    for metric in sweep.metrics:
        of_metric = [row for row in rows if row.metric == metric and row.panel in columns]
        scale = metric_axis(metric, [row.value for row in of_metric], sweep.unit)
        at_least = "at least " if any(row.at_least for row in of_metric) else ""
        drawn = {panel: places[metric, panel] for panel in columns if (metric, panel) in places}
        for panel, place in drawn.items():
            own = [row for row in of_metric if row.panel == panel]
            _panel(place, own, along, hues[:_MOST_HUES], scale.size, sweep=sweep)
            place.set_title(panel)
            place.set_xlabel(along.name)
        _same_y(list(drawn.values()), scale, sweep.log)
        for place in drawn.values():
            scale.label(place, at_least)
    cut = [
        f"{most} of {len(found)} {what}"
        for found, most, what in (
            (panels, _MOST_PANELS, "panels"),
            (hues, _MOST_HUES, name_of(sweep.hue or "")),
        )
        if len(found) > most
    ]
    _legend(figure, sweep, hues[:_MOST_HUES], ", ".join(cut))
    missing = [
        " of ".join(filter(None, (metric.heading, panel)))
        for metric, panel in wanted
        if (metric, panel) not in met
    ]
    caption.put(figure, f"{said}. Nothing to draw: {', '.join(missing)}" if missing else said)
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
    """A line per hue through the means, with Student's intervals over the repetitions.

    Each is some points beside the one before, so that where lines coincide all markers are seen.
    """
    looks = _looks(sweep.hue, hues)
    xs = list(dict.fromkeys(along.values))
    last = max(1, len(hues) - 1)
    step = min(_MOST_APART_POINTS, _APART_POINTS / last)
    for number, hue in enumerate(hues):
        own: dict[float | str, list[float]] = {}
        for row in rows:
            if row.hue == hue:
                own.setdefault(row.x, []).append(row.value / size)
        if not own:
            continue
        means = {x: math.fsum(values) / len(values) for x, values in own.items()}
        places = sorted(own) if along.numeric else [x for x in xs if x in own]
        at = places if along.numeric else [xs.index(x) for x in places]
        ends = [bounds(own[x]) if len(own[x]) > 1 else (means[x], means[x]) for x in places]
        width = _WIDEST + (_THINNEST - _WIDEST) * number / last
        line, caps, bars = place.errorbar(
            np.asarray(at, np.float64),
            [means[x] for x in places],
            yerr=[
                [max(0.0, means[x] - low) for x, (low, _) in zip(places, ends, strict=True)],
                [max(0.0, high - means[x]) for x, (_, high) in zip(places, ends, strict=True)],
            ],
            **looks[hue].of_marker,
            linestyle=looks[hue].linestyle if along.numeric else "none",
            linewidth=width,
            elinewidth=0.8,
            capsize=2,
            capthick=0.8,
            zorder=2 + number / 2 / last,
        )
        shift_in = (number - last / 2) * step / 72
        aside = ScaledTranslation(shift_in, 0, place.figure.dpi_scale_trans)
        # Only now, as the range of an axis would follow it.
        for artist in (line, *caps, *bars):
            artist.set_transform(place.transData + aside)
    if along.numeric:
        _x_axis(place, along, sweep.log)
    else:
        place.set_xticks(range(len(xs)), list(map(str, xs)))
        place.set_xlim(-0.5, len(xs) - 0.5)


def _is_log(name: str, asked: frozenset[str] | None, values: Sequence[float]) -> bool:
    if not values or min(values) <= 0:
        return False
    return max(values) >= DECADE * min(values) if asked is None else name in asked


def _x_axis(place: Axes, along: SweptField, asked: frozenset[str] | None) -> None:
    """The same in every panel; if logarithmic, powers of two for sizes, decades for the rest."""
    numbers = [value for value in along.values if not isinstance(value, str)]
    if not _is_log("x", asked, numbers):
        margin = _MARGIN * (max(numbers) - min(numbers))
        place.set_xlim(min(numbers) - margin, max(numbers) + margin)
        return
    margin = (max(numbers) / min(numbers)) ** _MARGIN
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


def _looks(hue: str | None, hues: Sequence[str]) -> dict[str, Look]:
    """How each value of the field is drawn; forks as they always are."""
    if hue == FORK:
        return style.looks_for(hues)
    palette = style.palette_from(style.colour_of("classic"))
    return {
        value: Look(
            palette[number % len(palette)],
            style.LINESTYLES[number % len(style.LINESTYLES)],
            style.MARKERS[number],
        )
        for number, value in enumerate(hues)
    }


def _columns(figure: Figure, names: Sequence[str]) -> int:
    """How many columns of a legend find room beside each other."""
    longest_in = _LETTER_IN * max(map(len, names), default=0) + _HANDLE_IN
    return max(1, int(figure.get_figwidth() / longest_in))


def _legend(figure: Figure, sweep: SweepPlot, hues: Sequence[str], cut: str) -> None:
    """The values of the field that colours tell apart, above all panels; what is cut."""
    if not sweep.hue:
        return
    looks = _looks(sweep.hue, hues)
    names = [style.name_of_fork(hue) if sweep.hue == FORK else hue for hue in hues]
    title = None if sweep.hue == FORK else name_of(sweep.hue)
    columns = min(len(hues), _columns(figure, names))
    more = -(-len(hues) // columns) - 1
    figure.set_figheight(figure.get_figheight() + style.LEGEND_ROW_IN * more)
    figure.legend(
        [Line2D([], [], linestyle=looks[hue].linestyle, **looks[hue].of_marker) for hue in hues],
        names,
        loc="outside upper center",
        handlelength=2.8,
        ncols=columns,
        title=" - ".join(filter(None, (title, cut))) or None,
    )
