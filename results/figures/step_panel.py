"""A panel of a script's steps: how long each took."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, NullLocator

from results.figures import style
from results.figures.lines import Line
from results.metrics.summary import summaries
from results.records.record import Record
from sim.measures.common_metrics import STEPS
from sim.measures.metrics import Unit

_MOST_STEPS = 30
_STEP_IN, _REST_IN = 0.15, 0.8
"""Height of a step, and of what a panel has besides."""
_APART = 0.6
"""Of the room that a step has, how much its points share."""


def has_steps(record: Record) -> bool:
    """Whether there are steps to draw."""
    return bool(_taken_ns(record))


def step_times(axes: Axes, lines: Sequence[Line]) -> None:
    """The mean time of each step that took some, in order; of more than thirty, the longest."""
    taken = [_taken_ns(line.record) for line in lines]
    longest = _longest_ns(taken)
    shown = sorted(sorted(longest, key=lambda number: -longest[number])[:_MOST_STEPS])
    for place, (line, own) in enumerate(zip(lines, taken, strict=True)):
        shift = _APART * ((place + 0.5) / len(lines) - 0.5)
        axes.plot(
            [own.get(number, 0.0) / 1e3 for number in shown],
            [row + shift for row in range(len(shown))],
            **line.look.of_marker,
            label=line.label,
            linestyle="none",
        )
    _time_axis(axes, [ns / 1e3 for own in taken for ns in own.values()])
    steps = lines[0].record.at("workload.steps", [])
    axes.set_yticks(range(len(shown)), [_told(number, steps) for number in shown])
    axes.set_ylim(len(shown) - 0.5, -0.5)
    if len(shown) < len(longest):
        axes.set_title(f"{len(shown)} of {len(longest)} steps", loc="right")


def height_of_steps(lines: Sequence[Line]) -> float:
    """How high such a panel has to be, in inches."""
    number = len(_longest_ns([_taken_ns(line.record) for line in lines]))
    return _STEP_IN * min(number, _MOST_STEPS) + _REST_IN


def _longest_ns(taken: Sequence[Mapping[int, float]]) -> dict[int, float]:
    """The longest time of each step, by its number."""
    longest: dict[int, float] = {}
    for own in taken:
        for number, ns in own.items():
            longest[number] = max(ns, longest.get(number, 0.0))
    return longest


def _time_axis(axes: Axes, values_us: Sequence[float]) -> None:
    """Logarithmic, but with a place for steps that took no time."""
    low, high = min(values_us), max(values_us)
    axes.set_xscale("symlog", linthresh=low, linscale=0.5)
    axes.set_xlim(-0.1 * low, 2 * high)
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(FuncFormatter(style.plain))
    axes.set_xlabel("time (us)")


def _taken_ns(record: Record) -> dict[int, float]:
    """The time of each step that took some, by its number."""
    return {
        int(summary.metric.rank): float(summary.mean)
        for summary in summaries(record).values()
        if summary.metric.family == STEPS and summary.metric.unit is Unit.NANOSECONDS
        if summary.mean
    }


def _told(number: int, steps: Sequence[Mapping[str, Any]]) -> str:
    """A step in a few words: ``3 P write 0-511``, ``4 P discard 1000+24``."""
    step = steps[number - 1] if number <= len(steps) else {}
    if "together" in step:
        return f"{number} together"
    places = [str(step[key]) for key in ("at", "pages") if step.get(key) is not None]
    words = (number, step.get("who"), step.get("do"), step.get("into"), "+".join(places))
    return " ".join(str(word) for word in words if word)
