"""The picture of a search for a capacity: metrics over the field, limits, answers."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter, NullLocator

from results.figures import style
from results.figures.formats import FORMATS
from results.figures.metric_axis import metric_axis
from results.figures.swept_fields import SweptField, axis_of
from results.metrics.capacity import Capacity, CapacityLine
from results.metrics.limits import MetricLimit
from results.records.fork_labels import FORK, with_whole_forks
from results.tables.capacity_table import worst

_PANEL_IN = 2.4


def write(capacity: Capacity, stem: Path, formats: Iterable[str] = FORMATS) -> list[Path]:
    """Write the picture in some formats; nothing if nothing was found."""
    figure = draw(capacity)
    return [] if figure is None else style.write(figure, stem, formats)


def draw(capacity: Capacity) -> Figure | None:
    """A panel for each limit: every value that was tried, a line for each line of the search.

    The limit is a dashed line across, the side where it is missed is shaded; the last value that
    meets all limits is marked by a large hollow marker. None if no line has an answer.
    """
    lines = [line for line in capacity.lines if line.found is not None]
    if not lines or not capacity.limits:
        return None
    return style.drawing(lambda: _figure(capacity, lines))


def _figure(capacity: Capacity, lines: Sequence[CapacityLine]) -> Figure:
    limits = capacity.limits
    wide = len(limits) > 1
    figure, axes = style.panels(
        len(limits),
        width_in=style.PAGE_IN if wide else 1.4 * style.COLUMN_IN,
        height_in=_PANEL_IN + 0.15 * (1 + len(lines) // (4 if wide else 2)),
    )
    along = _axis(capacity, lines)
    looks = _looks(lines)
    for place, limit in zip(axes, limits, strict=True):
        _panel(place, limit, lines, along, looks)
    handles = [
        *(
            Line2D([], [], label=name, linestyle=look.linestyle, **look.of_marker)
            for name, look in looks
        ),
        Line2D([], [], linestyle="none", marker="o", markersize=9, color=style.INK,
               markerfacecolor="none", label="last that meets all limits"),
    ]  # fmt: skip
    figure.legend(handles=handles, loc="outside upper center", ncols=4 if wide else 2)
    return figure


def _axis(capacity: Capacity, lines: Sequence[CapacityLine]) -> SweptField:
    values = [probe.value for line in lines if line.found for probe in line.found.probes]
    return axis_of(
        capacity.field, [str(value.data) for value in values], [value.amount for value in values]
    )


def _looks(lines: Sequence[CapacityLine]) -> list[tuple[str, style.Look]]:
    """What each line is called and how it is drawn: as its fork if that tells lines apart."""
    labels = with_whole_forks([line.label for line in lines])
    forks = [label.get(FORK, "") for label in labels]
    by_fork = len(set(forks)) == len(lines)
    names = forks if by_fork else [" ".join(label.values()) for label in labels]
    looks = style.looks_for(names)
    return [(style.name_of_fork(name) if by_fork else name, looks[name]) for name in names]


def _panel(
    place: Axes,
    limit: MetricLimit,
    lines: Sequence[CapacityLine],
    along: SweptField,
    looks: Sequence[tuple[str, style.Look]],
) -> None:
    points = [_points(line, limit) for line in lines]
    values = [value for own in points for _, value in own]
    scale = metric_axis(limit.metric, [*values, float(limit.bound)])
    amounts = [amount for own in points for amount, _ in own]
    size = along.size
    for number, (line, own, (_, look)) in enumerate(zip(lines, points, looks, strict=True)):
        xs, ys = ([pair[of] / by for pair in own] for of, by in ((0, size), (1, scale.size)))
        place.plot(xs, ys, zorder=3 + number, linestyle=look.linestyle, **look.of_marker)
        best = line.found.best if line.found else None
        if best is not None:
            at = dict(own).get(best.value.amount)
            if at is not None:
                place.plot(
                    [best.value.amount / size], [at / scale.size], linestyle="none", zorder=20,
                    marker="o", markersize=9, markerfacecolor="none", color=look.colour,
                )  # fmt: skip
    bound = float(limit.bound) / scale.size
    place.axhline(bound, color=style.INK, linestyle=(0, (4, 2)), linewidth=0.9)
    _axes(
        place,
        [amount / size for amount in amounts],
        along,
        [value / scale.size for value in values],
    )
    low, high = place.get_ylim()
    edges = (low, bound) if limit.at_least else (bound, high)
    place.axhspan(*edges, color=style.INK, alpha=0.06, linewidth=0)
    place.set_ylim(low, high)
    place.set_title(limit.words, loc="left")
    place.set_xlabel(along.name)
    place.set_ylabel(scale.name)


def _points(line: CapacityLine, limit: MetricLimit) -> list[tuple[float, float]]:
    """Amounts and the metric of the worst program there, in order."""
    found = line.found.probes if line.found else []
    pairs = [(probe.value.amount, worst(probe, limit)) for probe in found]
    return sorted((x, float(verdict.summary.mean)) for x, verdict in pairs if verdict is not None)


def _axes(place: Axes, xs: Sequence[float], along: SweptField, ys: Sequence[float]) -> None:
    """Logarithmic along the field, as it is searched; along the metric where it spans much."""
    in_twos = along.unit.endswith("iB")
    place.set_xscale("log", base=2 if in_twos else 10)
    if not in_twos:
        place.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    margin = (max(xs) / min(xs)) ** 0.05
    place.set_xlim(min(xs) / margin / 1.01, max(xs) * margin * 1.01)
    place.xaxis.set_minor_locator(NullLocator())
    place.xaxis.set_major_formatter(FuncFormatter(style.plain))
    place.xaxis.set_minor_formatter(NullFormatter())
    if min(ys) > 0 and max(ys) >= style.LEAST_SPAN * min(ys):
        style.log_y(place)
    else:
        place.yaxis.set_major_formatter(FuncFormatter(style.plain))
