"""The figure of a run: latency percentiles and latency over time, or fork time against size."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FixedLocator, FuncFormatter, NullFormatter, NullLocator

from results import human
from results.figures import style
from results.metrics import GIB, forks_many_sizes
from results.record import Record
from results.tables import run_table
from sim.recording import Histogram

_FIRST = ("latency_ns", "fault_ns")
"""Which histogram is drawn where there are several."""

_MOST_LINES = 12
_CURVE_POINTS = 400
_LINESTYLES: tuple[Any, ...] = (
    "-", "--", ":", "-.", (0, (3, 1, 1, 1, 1, 1)), (0, (1, 4))
)  # fmt: skip
_MOST_SNAPSHOT_ROWS = 4
"""More rows of snapshots above a panel would take its place."""

_LEGEND_ROW_IN = 0.15


@dataclass(frozen=True)
class _Line:
    """One point of the run, as it is drawn."""

    record: Record
    label: str
    colour: str
    linestyle: Any


def write(
    records: Sequence[Record], folder: Path, labels: Sequence[Mapping[str, str]] | None = None
) -> list[Path]:
    """Write ``figure.png``, ``.svg`` and ``.pdf`` of a run; nothing if there is nothing to draw.

    Args:
        records: one per point.
        folder: where to; it exists.
        labels: as for `results.tables.run_table`.
    """
    figure = draw(records, labels)
    return [] if figure is None else style.write(figure, folder / "figure")


def draw(
    records: Sequence[Record], labels: Sequence[Mapping[str, str]] | None = None
) -> Figure | None:
    """The figure of a run, or None where no record has a histogram or forks of several sizes.

    A line is a point; schemes differ in colour, the other swept fields in the style of the line
    and, where there is one scheme only, in colour too.
    Of more than twelve points the first twelve are drawn, and the figure says so.
    """
    lines = _lines(records, labels)
    recordings = [recording for record in records for recording in record.repetitions]
    if any(map(forks_many_sizes, recordings)):
        return style.drawing(lambda: _forks(lines, len(records)))
    names = {name for recording in recordings for name in recording.histograms}
    if not names:
        return None
    name = next((name for name in _FIRST if name in names), min(names))
    return style.drawing(lambda: _latencies(lines, name, len(records)))


def _lines(records: Sequence[Record], labels: Sequence[Mapping[str, str]] | None) -> list[_Line]:
    rows = run_table(records, labels).rows
    kinds = [str(record.at("fork.kind")) for record in records]
    colours = style.colours_for(kinds)
    rests = [
        ", ".join(
            f"{path.rpartition('.')[2]} {label}"
            for path, label in row.labels.items()
            if path != "fork.kind"
        )
        for row in rows
    ]
    numbers = {rest: number for number, rest in enumerate(dict.fromkeys(rests))}
    several = len(colours) > 1
    lines = []
    for record, kind, rest in zip(records, kinds, rests, strict=True):
        number = numbers[rest]
        palette = style.palette_from(colours[kind])
        rounds = number // len(_LINESTYLES)
        colour = style.lighter(colours[kind], rounds) if several else palette[number % len(palette)]
        label = ", ".join(filter(None, [style.NAMES.get(kind, kind), rest]))
        lines.append(_Line(record, label, colour, _LINESTYLES[number % len(_LINESTYLES)]))
    return lines[:_MOST_LINES]


def _latencies(lines: Sequence[_Line], name: str, points: int) -> Figure:
    timed = any("timeline" in r.series for line in lines for r in line.record.repetitions)
    figure, axes = style.panels(
        2 if timed else 1, width_in=style.PAGE_IN if timed else style.COLUMN_IN, height_in=2.4
    )
    quantity = name.removesuffix("_ns").replace("_", " ")
    for line in lines:
        _percentile_line(axes[0], line, name)
    _nines(axes[0], lines, name)
    axes[0].set_ylabel(f"{quantity} (ms)")
    if timed:
        for line in lines:
            _over_time(axes[1], line)
        style.log_y(axes[1])
        axes[1].set_xlim(0, _end_s(lines))
        axes[1].set_xlabel("time (s)")
        axes[1].set_ylabel(f"max {quantity} (ms)")
    snapshots = timed and _snapshots(axes[1], lines)
    _legend(figure, axes[0], points, len(lines), snapshots=snapshots)
    return figure


def _legend(
    figure: Figure, axes: Axes, points: int, drawn: int, *, snapshots: bool = False
) -> None:
    handles, labels = axes.get_legend_handles_labels()
    if snapshots:
        handles.append(Line2D([], [], linestyle="none", marker="|", markersize=5, color=style.INK))
        labels.append("snapshot")
    title = f"{drawn} of {points} points" if drawn < points else None
    # About 15 letters of the legend fit into an inch, and a handle is 8 wide.
    columns = int(15 * figure.get_figwidth()) // (max(map(len, labels), default=0) + 8)
    columns = max(1, min(columns, len(labels)))
    rows = -(-len(labels) // columns)
    figure.set_figheight(figure.get_figheight() + _LEGEND_ROW_IN * max(0, rows - 1))
    figure.legend(
        handles, labels, loc="outside upper center", ncols=columns, title=title, handlelength=2.8
    )


def _percentile_line(axes: Axes, line: _Line, name: str) -> None:
    merged = Histogram()
    for recording in line.record.repetitions:
        if name in recording.histograms:
            merged.merge(recording.histograms[name])
    if merged.count:
        nines, values = percentile_curve(merged)
        axes.plot(
            nines,
            values / 1e6,
            color=line.colour,
            linestyle=line.linestyle,
            label=line.label,
            **_dot(nines.size),
        )


def _dot(points: int) -> dict[str, Any]:
    """What makes a line of a single point visible."""
    return {"marker": "o", "markersize": 3} if points == 1 else {}


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


def _nines(axes: Axes, lines: Sequence[_Line], name: str) -> None:
    """The axis of percentiles: 0, 90, 99, 99.9, … as far as the counts reach."""
    largest = max(
        (
            sum(r.histograms[name].count for r in line.record.repetitions if name in r.histograms)
            for line in lines
        ),
        default=1,
    )
    decades = max(1, int(np.log10(max(largest, 1))))
    axes.set_xscale("log")
    axes.set_xlim(1, max(largest, 10))
    axes.xaxis.set_major_locator(FixedLocator([10.0**n for n in range(decades + 1)]))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(FuncFormatter(_percent))
    style.log_y(axes)
    axes.set_xlabel("percentile")


def _percent(nines: float, _position: int) -> str:
    exponent = round(np.log10(nines))
    return f"{100 - 100 / 10**exponent:.{max(0, exponent - 2)}f}"


def _over_time(axes: Axes, line: _Line) -> None:
    """Largest latency of each window of the first repetition."""
    timeline = line.record.repetitions[0].series.get("timeline")
    if timeline is None:
        return
    served = timeline["max_ns"] > 0
    axes.plot(
        timeline["t_ns"][served] / 1e9,
        timeline["max_ns"][served] / 1e6,
        color=line.colour,
        linestyle=line.linestyle,
        linewidth=0.7,
        **_dot(int(served.sum())),
    )


def _end_s(lines: Sequence[_Line]) -> float:
    """Where the time axis ends: behind every window and snapshot of the first repetitions."""
    ends_ns = [0]
    for line in lines:
        recording = line.record.repetitions[0]
        ends_ns.append(recording.levels.get("duration_ns", 0))
        for table, column in (("timeline", "t_ns"), ("snapshots", "start_ns")):
            ends_ns += recording.series.get(table, {}).get(column, np.zeros(0, np.int64)).tolist()
    return max(ends_ns) / 1e9 or 1.0


def _snapshots(axes: Axes, lines: Sequence[_Line]) -> bool:
    """Mark when snapshots were taken, a row above the panel for each colour; whether it did."""
    taken = [
        (line.colour, series["snapshots"]["start_ns"] / 1e9)
        for line in lines
        if "snapshots" in (series := line.record.repetitions[0].series)
        and series["snapshots"]["start_ns"].size
    ]
    colours = list(dict.fromkeys(colour for colour, _ in taken))
    if len(colours) > _MOST_SNAPSHOT_ROWS:
        return False
    for colour, starts in taken:
        axes.plot(
            starts,
            np.full(starts.size, 1.03 + 0.05 * colours.index(colour)),
            transform=axes.get_xaxis_transform(),
            clip_on=False,
            linestyle="none",
            marker="|",
            markersize=4,
            color=colour,
        )
    return bool(taken)


def _forks(lines: Sequence[_Line], points: int) -> Figure:
    figure, (axes,) = style.panels(height_in=2.4)
    for line in lines:
        size_bytes, mean_ns = fork_curve(line.record)
        axes.plot(
            size_bytes / GIB,
            mean_ns / 1e6,
            color=line.colour,
            linestyle=line.linestyle,
            label=line.label,
        )
    axes.set_xscale("log", base=2)
    axes.xaxis.set_major_formatter(FuncFormatter(lambda gib, _: human.size(gib * GIB)))
    axes.xaxis.set_minor_formatter(NullFormatter())
    style.log_y(axes)
    axes.set_xlabel("memory of the process")
    axes.set_ylabel("fork (ms)")
    _legend(figure, axes, points, len(lines))
    return figure


def fork_curve(
    record: Record,
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float64]]:
    """The sizes forked (int64 [n], bytes, ascending) and the mean fork time of each (ns)."""
    tables = [r.series["forks"] for r in record.repetitions if "forks" in r.series]
    if not tables:
        return np.zeros(0, np.int64), np.zeros(0, np.float64)
    size_bytes = np.concatenate([table["size_bytes"] for table in tables])
    fork_ns = np.concatenate([table["fork_ns"] for table in tables])
    sizes, places = np.unique(size_bytes, return_inverse=True)
    mean_ns = np.bincount(places, weights=fork_ns) / np.bincount(places)
    return sizes, mean_ns
