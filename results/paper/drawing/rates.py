"""Executions per second over time, simulated and published, for the figures of the fuzzers."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from results.figures import style
from results.paper.item import SCHEMES, of_scheme
from results.paper.reference import published
from results.records.record import Record
from sim.measures.recording import Recording

KINDS = ("on_demand", "classic")
"""Fastest first, as the curves lie."""

FloatArray = npt.NDArray[np.float64]

_PALE: dict[str, Any] = {"linewidth": 0.8, "markersize": 2, "zorder": 1}


@dataclass(frozen=True)
class Runs:
    """Some records of a fuzzer, a record per fork, drawn alike.

    Attributes:
        label: says how they differ from other runs in the figure.
        quantity: of their mean in the item's cells.
        records: the records.
        line: their line style.
    """

    label: str
    quantity: str
    records: Sequence[Record]
    line: Literal["-", "--"] = "-"


def means(runs: Runs) -> dict[str, float]:
    """Mean executions per second of each scheme over the repetitions, by cell."""
    cells = {}
    for kind in KINDS:
        rates = [
            recording.counters["executions"] * 1e9 / recording.levels["duration_ns"]
            for recording in _fuzzed(runs, kind)
        ]
        if rates:
            cells[f"{SCHEMES[kind]}/{runs.quantity}"] = statistics.fmean(rates)
    return cells


def over_time(runs: Runs, kind: str) -> tuple[FloatArray, FloatArray]:
    """Middles of the windows (s) and the executions per second in each, mean over repetitions.

    A last window that the run's end cuts short is left out.
    """
    series = [_rates(recording) for recording in _fuzzed(runs, kind)]
    if not series:
        return np.zeros(0), np.zeros(0)
    shortest = min(len(times_s) for times_s, _ in series)
    per_s = np.mean([rates[:shortest] for _, rates in series], axis=0)
    return series[0][0][:shortest], per_s


def _fuzzed(runs: Runs, kind: str) -> list[Recording]:
    return [
        recording
        for record in of_scheme(runs.records, kind)
        for recording in record.repetitions
        if "executions" in recording.series
    ]


def _rates(recording: Recording) -> tuple[FloatArray, FloatArray]:
    start_ns = recording.series["executions"]["t_ns"]
    executions = recording.series["executions"]["executions"]
    duration_ns = int(recording.levels["duration_ns"])
    window_ns = int(start_ns[1] - start_ns[0]) if start_ns.size > 1 else duration_ns
    whole = start_ns + window_ns <= duration_ns
    middles_s = (start_ns[whole] + window_ns / 2) / 1e9
    return middles_s.astype(np.float64), executions[whole] * 1e9 / window_ns


def draw(axes: Axes, item: str, groups: Sequence[Runs]) -> None:
    """Every group's curves over the published ones, which are pale."""
    reference = published.rates(item)
    for kind in KINDS:
        colour = style.colour_of(kind)
        marker = style.looks_for([kind])[kind].marker
        axes.plot(*reference[SCHEMES[kind]], color=style.lighter(colour, 1), marker=marker, **_PALE)
        for runs in groups:
            every: dict[str, Any] = {"marker": marker, "markersize": 3, "markevery": 8}
            axes.plot(*over_time(runs, kind), color=colour, linestyle=runs.line, **every)
    axes.set_ylim(bottom=0)
    axes.set_xlim(left=0)
    axes.set_xlabel("time (s)")
    axes.set_ylabel("executions per second")
    _legend(axes, groups)


def _legend(axes: Axes, groups: Sequence[Runs]) -> None:
    forks = [
        Line2D([], [], label=style.title_of(kind), **style.looks_for([kind])[kind].of_marker)
        for kind in KINDS
    ]
    meanings = [
        Line2D([], [], color=style.INK, linestyle=runs.line, label=runs.label) for runs in groups
    ]
    pale = Line2D([], [], color=style.lighter(style.INK, 1), label="published", marker=".", **_PALE)
    # Legends are filled by columns: the forks in the first, what the lines mean beside them.
    handles = [*forks, *meanings, pale]
    axes.figure.legend(handles=handles, loc="outside upper center", ncols=-(-len(handles) // 2))


def data(item: str, groups: Sequence[Runs]) -> list[list[str]]:
    """The figure's CSV: a row per point of every curve."""
    rows = [["scheme", "curve", "t_s", "executions_per_s"]]
    for kind in KINDS:
        curves: dict[str, tuple[Sequence[float], Sequence[float]]] = {
            "published": published.rates(item)[SCHEMES[kind]]
        }
        for runs in groups:
            middles_s, simulated = over_time(runs, kind)
            curves[runs.label] = middles_s.tolist(), simulated.tolist()
        for label, points in curves.items():
            for t_s, per_s in zip(*points, strict=True):
                rows.append([SCHEMES[kind], label, f"{t_s:g}", f"{per_s:.6g}"])
    return rows


def gains(item: str, groups: Sequence[Runs], simulated: Mapping[str, float]) -> list[str]:
    """A sentence per group: by how much On-demand-fork is faster, simulated and published."""
    reference = published.values(item)
    sentences = []
    for runs in groups:
        fast, slow = f"on_demand/{runs.quantity}", f"fork/{runs.quantity}"
        if fast in simulated and slow in simulated:
            ours, paper = (cells[fast] / cells[slow] for cells in (simulated, reference))
            sentences.append(
                f"On-demand-fork executes {ours - 1:.1%} more inputs a second than Fork "
                f"({runs.label}), {ours:.2f} times as many; published: {paper - 1:.1%} more, "
                f"{paper:.2f} times as many."
            )
    return sentences
