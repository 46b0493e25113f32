"""How much a result hangs on each constant of the profile: a bar per constant and factor."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from matplotlib.ticker import MaxNLocator

from results.figures import caption, style
from results.figures.sweep import default_metrics
from results.metrics import formatting
from results.metrics.statistics import paired_ratio
from results.metrics.summary import of_repetition
from results.records.record import Record
from sim.measures.metrics import Metric

FORK = "fork.kind"
SCALE = "machine.scale"

_MOST_BARS = 16
_LEAST_CHANGE = 5e-4
"""A constant that changes nothing by more is not drawn but counted."""

_BAR_IN = 0.19
_COLOURS = ("#56B4E9", "#D55E00")


class TornadoError(ValueError):
    """The run is no sweep of single constants; the message is one line."""


@dataclass(frozen=True)
class Effect:
    """What a factor on one constant does.

    Attributes:
        value: relative to the value without it, 1 for no effect; or in `Panel.ratio` panels the
            ratio itself.
        low: of the interval over the repetitions; ``value`` of a single one.
        high: of the interval.
    """

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Panel:
    """The effects on one fork's metric, or on the ratio of two forks.

    Attributes:
        title: above it.
        base: the value around which bars stand.
        effects: by constant and factor.
        ratio: whether values are ratios of forks and not changes.
    """

    title: str
    base: float
    effects: Mapping[tuple[str, float], Effect]
    ratio: bool

    def swing(self, constant: str) -> float:
        """The largest relative change that the constant makes."""
        changes = (
            abs(effect.value / self.base - 1)
            for (name, _), effect in self.effects.items()
            if name == constant
        )
        return max(changes, default=0.0)


@dataclass(frozen=True)
class Tornado:
    """A whole figure.

    Attributes:
        metric: of which.
        factors: ascending.
        panels: a fork each, then each ratio of a fork to the first.
    """

    metric: Metric
    factors: Sequence[float]
    panels: Sequence[Panel]


def default(records: Sequence[Record], labels: Sequence[Mapping[str, str]]) -> Tornado | None:
    """The figure of a sweep of single constants without being asked; None of other sweeps."""
    paths = {path for label in labels for path in label} - {FORK}
    if not paths or any(path.split(".")[:2] != ["machine", "scale"] for path in paths):
        return None
    metrics = default_metrics(records)
    if not metrics:
        return None
    try:
        return tornado(records, metrics[0])
    except TornadoError:
        return None


def tornado(records: Sequence[Record], metric: Metric) -> Tornado:
    """The effects of all factors that stand alone on a constant.

    Args:
        records: one per point; each without a factor but 1, or with one on one constant.
        metric: of which to show them.

    Raises:
        TornadoError: there is no point without factors, none with one, or several that differ in
            something else.
    """
    samples: dict[str, dict[tuple[str, float] | None, list[float]]] = {}
    for record in records:
        given = {name: f for name, f in record.at(SCALE, {}).items() if f != 1}
        if len(given) > 1:
            raise TornadoError("a point scales several constants: expected one at a time")
        key = next(iter(given.items()), None)
        values = [of_repetition(recording).get(metric.name) for recording in record.repetitions]
        own = samples.setdefault(str(record.at(FORK)), {})
        if key in own:
            raise TornadoError(f"points differ in more than {SCALE} and {FORK}")
        own[key] = [float(value) for value in values if value is not None]
    for kind, own in samples.items():
        if not own.get(None) or not math.fsum(own[None]):
            raise TornadoError(f"{kind}: expected a point with every factor 1 that has the metric")
    factors = sorted({key[1] for own in samples.values() for key in own if key is not None})
    if not factors:
        raise TornadoError(f"expected points that scale a constant ({SCALE})")
    kinds = sorted(samples, key=lambda kind: kind != "classic")
    panels = [_changes(kind, samples[kind], metric) for kind in kinds]
    panels += [_ratios(kind, kinds[0], samples) for kind in kinds[1:]]
    return Tornado(metric, factors, panels)


def _changes(
    kind: str, own: Mapping[tuple[str, float] | None, list[float]], metric: Metric
) -> Panel:
    base = own[None]
    effects = {key: _effect(values, base) for key, values in own.items() if key and values}
    mean = math.fsum(base) / len(base)
    title = f"{style.title_of(kind)}: {metric.heading}\n{formatting.of_metric(metric, mean)}"
    return Panel(title, 1.0, effects, ratio=False)


def _ratios(
    kind: str,
    baseline: str,
    samples: Mapping[str, Mapping[tuple[str, float] | None, list[float]]],
) -> Panel:
    here, there = samples[kind], samples[baseline]
    assert here[None] and there[None]  # noqa: S101 - `tornado` has seen to it
    base = _effect(here[None], there[None]).value
    effects = {
        key: _effect(here[key], there[key]) for key in here if key and here[key] and there.get(key)
    }
    names = [style.title_of(name) for name in (kind, baseline)]
    return Panel(f"{names[0]} / {names[1]}\n{base:.3g}", base, effects, ratio=True)


def _effect(values: Sequence[float], base: Sequence[float]) -> Effect:
    """The ratio of the means, with Fieller's interval over the repetitions that both have."""
    count = min(len(values), len(base))
    value = (math.fsum(values) / len(values)) / (math.fsum(base) / len(base))
    interval = paired_ratio(values[:count], base[:count])
    if interval is None:
        return Effect(value, value, value)
    return Effect(value, min(value, interval.low), max(value, interval.high))


def draw(wanted: Tornado, said: str = "") -> Figure:
    """The figure: a panel per fork and per ratio, the constants that matter most on top.

    Args:
        wanted: what to draw.
        said: the caption.
    """
    return style.drawing(lambda: _figure(wanted, said))


def _figure(wanted: Tornado, said: str) -> Figure:
    constants = list(dict.fromkeys(name for panel in wanted.panels for name, _ in panel.effects))
    swing = {name: max(panel.swing(name) for panel in wanted.panels) for name in constants}
    moving = sorted((n for n in constants if swing[n] > _LEAST_CHANGE), key=lambda n: -swing[n])
    shown = moving[:_MOST_BARS] or constants[:1]
    figure, axes = style.panels(
        len(wanted.panels),
        width_in=style.PAGE_IN if len(wanted.panels) > 1 else style.COLUMN_IN * 1.4,
        height_in=1.0 + _BAR_IN * max(4, len(shown)),
    )
    for place, panel in zip(axes, wanted.panels, strict=True):
        _bars(place, panel, shown, wanted.factors)
        place.set_yticks(range(len(shown)), shown if place is axes[0] else [""] * len(shown))
    figure.legend(
        [Patch(color=_colour(n, wanted.factors)) for n in range(len(wanted.factors))],
        [f"constant x {factor:g}" for factor in wanted.factors],
        loc="outside upper center",
        ncols=len(wanted.factors),
        title=_left_out(len(constants), len(moving), len(shown)),
    )
    caption.put(figure, said)
    return figure


def _bars(place: Axes, panel: Panel, shown: Sequence[str], factors: Sequence[float]) -> None:
    height = 0.8 / len(factors)
    for number, factor in enumerate(factors):
        found = [
            (row, panel.effects[name, factor])
            for row, name in enumerate(shown)
            if (name, factor) in panel.effects
        ]
        values = [_shown(panel, effect.value) for _, effect in found]
        base = _shown(panel, panel.base)
        place.barh(
            [row + (number - (len(factors) - 1) / 2) * height for row, _ in found],
            [value - base for value in values],
            height=height,
            left=base,
            color=_colour(number, factors),
            xerr=[
                [value - _shown(panel, e.low) for value, (_, e) in zip(values, found, strict=True)],
                [
                    _shown(panel, e.high) - value
                    for value, (_, e) in zip(values, found, strict=True)
                ],
            ],
            error_kw={"elinewidth": 0.6, "capsize": 1.2, "ecolor": style.INK},
        )
    place.axvline(_shown(panel, panel.base), color=style.INK, linewidth=0.6)
    place.set_ylim(len(shown) - 0.5, -0.5)
    place.grid(visible=False, axis="y")
    place.margins(x=0.08)
    place.set_title(panel.title)
    place.xaxis.set_major_locator(MaxNLocator(4))
    place.set_xlabel("ratio" if panel.ratio else "change (%)")
    if panel.ratio and place.get_xlim()[0] < 1 < place.get_xlim()[1]:
        # Beyond it the other fork is ahead.
        place.axvline(1, color=style.INK, linewidth=0.6, linestyle=":")


def _shown(panel: Panel, value: float) -> float:
    return value if panel.ratio else 100 * (value - 1)


def _colour(number: int, factors: Sequence[float]) -> str:
    if factors[number] < 1:
        return style.lighter(_COLOURS[0], sum(f < 1 for f in factors[number + 1 :]))
    return style.lighter(_COLOURS[1], sum(f > 1 for f in factors[:number]))


def _left_out(constants: int, moving: int, shown: int) -> str | None:
    """What the figure does not show, in words."""
    parts = []
    if moving > shown:
        parts.append(f"{shown} of {moving} constants, those that matter most")
    if constants > moving:
        parts.append(f"{constants - moving} of {constants} constants move nothing by 0.05%")
    return "; ".join(parts) or None
