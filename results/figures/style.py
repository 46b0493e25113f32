"""The look of all figures, and files with the same bytes every time."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import cycle
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_hex, to_rgb
from matplotlib.figure import Figure
from matplotlib.style import context
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

from models.schemes.registry import SCHEMES
from results.figures.formats import FORMATS
from results.records.whole_file import whole_file

COLUMN_IN = 3.33
"""Width of one column of a two-column systems paper, in inches."""

PAGE_IN = 7.0
"""Width of both columns."""

INK = "#222222"

OTHER_COLOURS = ("#D55E00", "#CC79A7", "#56B4E9", "#B8A800", "#7A7A7A")
"""Those of Okabe and Ito that no scheme has taken; colour-blind readers tell them apart too."""

STYLE: dict[str, Any] = {
    "font.size": 8,
    "axes.titlesize": 8,
    "axes.labelsize": 8,
    "xtick.labelsize": 7,
    "ytick.labelsize": 7,
    "legend.fontsize": 7,
    "font.family": "DejaVu Sans",  # comes with matplotlib, so every machine draws alike
    "axes.edgecolor": INK,
    "axes.labelcolor": INK,
    "axes.linewidth": 0.6,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": "#DDDDDD",
    "grid.linewidth": 0.4,
    "xtick.color": INK,
    "ytick.color": INK,
    "xtick.major.width": 0.6,
    "ytick.major.width": 0.6,
    "xtick.minor.width": 0.4,
    "ytick.minor.width": 0.4,
    "lines.linewidth": 1.2,
    "legend.frameon": False,
    "legend.handlelength": 1.6,
    "legend.borderaxespad": 0.2,
    "legend.labelspacing": 0.3,
    "figure.dpi": 100,
    "savefig.dpi": 300,
    "text.parse_math": False,  # a name may have a $ in it
    "pdf.fonttype": 42,  # text stays text; conferences refuse Type 3
    "svg.hashsalt": "forksim",
}


def panels(
    count: int = 1, *, rows: int = 1, width_in: float = COLUMN_IN, height_in: float = 2.1
) -> tuple[Figure, list[Axes]]:
    """A figure of ``count`` panels side by side, in each of ``rows``; call it within `drawing`."""
    figure = Figure(figsize=(width_in, height_in), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots(rows, count, squeeze=False)
    return figure, list(axes.flat)


LEAST_SPAN = 4.0
"""A logarithmic axis spans at least this factor: below, noise would look like a difference."""


def log_y(axes: Axes) -> None:
    """A logarithmic y axis with plain numbers, between the decades too where those are too few.

    Call it after plotting. Without anything above zero the axis stays linear, from 0 to 1.
    """
    drawn = np.concatenate([np.zeros(0), *(np.asarray(line.get_ydata()) for line in axes.lines)])
    positive = drawn[drawn > 0]
    if not positive.size:
        axes.set_ylim(0, 1)
        return
    axes.set_yscale("log")
    if positive.max() < LEAST_SPAN * positive.min():
        centre = np.sqrt(positive.max() * positive.min())
        axes.set_ylim(centre / LEAST_SPAN**0.5 / 1.05, centre * LEAST_SPAN**0.5 * 1.05)
    log_ticks(axes)


def log_ticks(axes: Axes) -> None:
    """Plain numbers at a logarithmic y axis, between the decades too where those are too few."""
    low, high = axes.get_ylim()
    decades = np.log10(high / low)
    subs = range(1, 10) if decades < 0.7 else (1, 2, 5) if decades < 2.5 else (1,)
    axes.yaxis.set_major_locator(LogLocator(subs=subs))
    axes.yaxis.set_major_formatter(FuncFormatter(plain))
    axes.yaxis.set_minor_formatter(NullFormatter())


def plain(value: float, _position: int | None = None) -> str:
    """A tick's number without an exponent: ``0.05``, ``2``, ``1,000``."""
    return f"{value:,.0f}" if value >= 10 else f"{value:g}"


def drawing(draw: Callable[[], Figure]) -> Figure:
    """Let ``draw`` make a figure in the house style, whatever the user's own settings are."""
    with context(STYLE, after_reset=True):
        return draw()


def write(figure: Figure, stem: Path, endings: Iterable[str] = FORMATS) -> list[Path]:
    """Write the figure as ``stem`` with each of the endings; the files' paths."""
    files = []
    with context(STYLE, after_reset=True):
        for ending in endings:
            file = stem.with_name(f"{stem.name}.{ending}")
            with whole_file(file, durable=False) as stream:
                figure.savefig(stream, format=ending, metadata=dict(FORMATS[ending]))
            files.append(file)
    return files


def colours_for(forks: list[str]) -> dict[str, str]:
    """A colour for each fork: its scheme's own if it has one, else the next free one.

    Forks of one scheme that differ in its options, which follow its name, get lighter and lighter.
    """
    others = cycle(OTHER_COLOURS)
    own: dict[str, str] = {}
    met: dict[str, list[str]] = {}
    for fork in dict.fromkeys(forks):
        kind = fork.partition(" ")[0]
        if kind not in own:
            own[kind] = colour_of(kind) or next(others)
        met.setdefault(kind, []).append(fork)
    return {
        fork: lighter(own[kind], rounds) if rounds else own[kind]
        for kind, of_kind in met.items()
        for rounds, fork in enumerate(of_kind)
    }


def colour_of(kind: str) -> str:
    """The colour that a scheme has of its own; empty if it has none."""
    return SCHEMES[kind].colour if kind in SCHEMES else ""


def title_of(kind: str) -> str:
    """A scheme as its paper calls it, or by its name."""
    return (SCHEMES[kind].title if kind in SCHEMES else "") or kind


def name_of_fork(fork: str) -> str:
    """The fork as its paper calls it, with its options if there are any."""
    kind, _, options = fork.partition(" ")
    return ", ".join(filter(None, (title_of(kind), options)))


def palette_from(first: str) -> list[str]:
    """Every colour once, ``first`` first, for lines that no scheme tells apart."""
    own = (colour for kind in sorted(SCHEMES) if (colour := colour_of(kind)))
    return list(dict.fromkeys((first, *own, *OTHER_COLOURS)))


def lighter(colour: str, rounds: int) -> str:
    """The colour mixed with white, more so with each of ``rounds``; 0 leaves it."""
    share = 0.55**rounds
    red, green, blue = (1 - share * (1 - part) for part in to_rgb(colour))
    return to_hex((red, green, blue))
