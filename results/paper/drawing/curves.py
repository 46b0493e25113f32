"""Fork time against size, simulated and published, for the figures that show such curves."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from results.figures import style
from results.figures.style import Look
from results.metrics.summary import size_name
from results.paper.reference import published
from sim.measures.recording import Recording

LARGEST_GB = 50
"""Where the published curves end; the program goes on to 60 GB."""

_MARK: dict[str, Any] = {
    "linestyle": "none",
    "markersize": 3.2,
    "markerfacecolor": "white",
    "markeredgewidth": 0.8,
}


@dataclass(frozen=True)
class Curve:
    """One curve of a figure.

    Attributes:
        cells: prefix of its cells, for example ``fork/concurrent3``.
        label: in the legend.
        look: of the line and the marks.
    """

    cells: str
    label: str
    look: Look


def mean_cells(prefix: str, recordings: Sequence[Recording]) -> dict[str, float]:
    """Mean fork time (ms) of each size over recordings and instances, by cell."""
    tables = [r.series["forks"] for r in recordings if "forks" in r.series]
    if not tables:
        return {}
    size_bytes = np.concatenate([table["size_bytes"] for table in tables])
    fork_ns = np.concatenate([table["fork_ns"] for table in tables])
    return {
        f"{prefix}/{size_name(int(size))}": float(fork_ns[size_bytes == size].mean()) / 1e6
        for size in np.unique(size_bytes)
    }


def points(prefix: str, cells: Mapping[str, float]) -> tuple[list[float], list[float]]:
    """The curve's sizes (GB) and times (ms), ascending, out of the cells of a whole figure."""
    found = sorted((gb, cells[f"{prefix}/{gb:g}GB"]) for gb in _sizes(prefix, cells))
    return [gb for gb, _ in found], [ms for _, ms in found]


def draw(axes: Axes, item: str, curves: Sequence[Curve], simulated: Mapping[str, float]) -> None:
    """Each curve as a line, with every fifth published value as a mark on it."""
    reference = published.values(item)
    for curve in curves:
        shown = {cell: ms for cell, ms in simulated.items() if gb_of(cell) <= LARGEST_GB}
        line = {"color": curve.look.colour, "linestyle": curve.look.linestyle}
        axes.plot(*points(curve.cells, shown), label=curve.label, **line)
        sizes, times = points(curve.cells, reference)
        chosen = [i for i, gb in enumerate(sizes) if i == 0 or gb % 2.5 == 0]
        axes.plot(
            [sizes[i] for i in chosen],
            [times[i] for i in chosen],
            color=curve.look.colour,
            marker=curve.look.marker,
            **_MARK,
        )
    axes.set_xlim(0, LARGEST_GB + 1)
    axes.set_ylabel("fork (ms)")
    axes.set_xlabel("memory of the process (GB)")


def legend(axes: Axes) -> None:
    """The curves, then what lines and marks stand for."""
    curves = list(zip(*axes.get_legend_handles_labels(), strict=True))
    meanings = [
        (Line2D([], [], color=style.INK), "simulated"),
        (Line2D([], [], color=style.INK, marker="o", **_MARK), "published"),
    ]
    # Legends are filled by columns: a curve above, a meaning below.
    pairs = zip_longest(curves, meanings)
    entries = [entry for pair in pairs for entry in pair if entry is not None]
    handles, labels = zip(*entries, strict=True)
    axes.figure.legend(handles, labels, loc="outside upper center", ncols=len(curves))


def log_figure(item: str, curves: Sequence[Curve], simulated: Mapping[str, float]) -> Figure:
    """The curves over size on a logarithmic axis; call it within `style.drawing`."""
    figure, (axes,) = style.panels(height_in=2.5)
    draw(axes, item, curves, simulated)
    style.log_y(axes)
    legend(axes)
    return figure


def data(item: str, curves: Sequence[Curve], simulated: Mapping[str, float]) -> list[list[str]]:
    """The figure's CSV: a row per size, each curve published and simulated."""
    reference = published.values(item)
    heading = ["size_gb"]
    for curve in curves:
        stem = curve.cells.replace("/", "_")
        heading += [f"{stem}_published_ms", f"{stem}_simulated_ms"]
    sizes = {
        gb
        for curve in curves
        for cells in (reference, simulated)
        for gb in _sizes(curve.cells, cells)
    }
    rows = [heading]
    for gb in sorted(sizes):
        row = [f"{gb:g}"]
        for curve in curves:
            for cells in (reference, simulated):
                value = cells.get(f"{curve.cells}/{gb:g}GB")
                row.append("" if value is None else f"{value:.6g}")
        rows.append(row)
    return rows


def errors(prefix: str, item: str, simulated: Mapping[str, float]) -> dict[str, float]:
    """Relative error of each simulated cell of one curve that is published."""
    reference = published.values(item)
    return {
        cell: simulated[cell] / reference[cell] - 1
        for cell in reference
        if cell in simulated and cell.rpartition("/")[0] == prefix
    }


def gb_of(cell: str) -> float:
    """The size in the name of a curve's cell."""
    return float(cell.rpartition("/")[2].removesuffix("GB"))


def _sizes(prefix: str, cells: Mapping[str, float]) -> Iterator[float]:
    return (gb_of(cell) for cell in cells if cell.rpartition("/")[0] == prefix)
