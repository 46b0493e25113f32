"""The look of all figures, and files with the same bytes every time."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
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

PAGE_IN = 5.0
"""Width of what needs more than a column; at 400 pixels across, its ticks are still 7 high."""

INK = "#222222"

_COLOURS: Mapping[str, str] = {
    "classic": "#0072B2",
    "on_demand": "#009E73",
    "huge": "#E69F00",
    "async": "#D55E00",
    "classic6": "#CC79A7",
    "hugetlb": "#56B4E9",
    "vfork": "#666666",
}
"""Those of Okabe and Ito, which colour-blind readers tell apart too, by scheme."""

OTHER_COLOURS = ("#332288", "#B8A800", "#882255", "#117733", "#AA4499")
"""For schemes that have none of their own, and for what is no fork."""

LINESTYLES: tuple[Any, ...] = (
    "-",
    (0, (4, 1.5)),
    (0, (1, 1)),
    (0, (5, 1.2, 1, 1.2)),
    (0, (5, 1.2, 1, 1.2, 1, 1.2)),
    (0, (9, 2)),
    (0, (1, 3)),
)
"""Each is told from the others where they cross, and lets what lies below it shine through."""

MARKERS = "os^DvPX<>p*hd8"
"""All are filled, so that a legend may mix them."""

MARKER_POINTS = 3.5
LEGEND_ROW_IN = 0.17
"""Height of a row of a legend."""

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


def flowing(
    groups: Sequence[Sequence[bool]], heights_in: Sequence[float]
) -> tuple[Figure, list[Axes]]:
    """A figure of panels, two of a group beside each other; call it within `drawing`.

    Args:
        groups: per group and panel, whether it wants a row for itself. One without a neighbour
            gets it too.
        heights_in: per panel of all groups.
    """
    rows: list[list[int]] = []
    wide = [alone for group in groups for alone in group]
    first = {sum(map(len, groups[:number])) for number in range(len(groups))}
    for panel, alone in enumerate(wide):
        free = panel not in first and not alone and len(rows[-1]) == 1
        if free and not wide[rows[-1][0]]:
            rows[-1].append(panel)
        else:
            rows.append([panel])
    heights = [max(heights_in[panel] for panel in row) for row in rows]
    figure = Figure(
        figsize=(PAGE_IN if len(wide) > 1 else COLUMN_IN, sum(heights)), layout="constrained"
    )
    FigureCanvasAgg(figure)
    grid = figure.add_gridspec(len(rows), 2, height_ratios=heights)
    places: list[Axes] = []
    for number, row in enumerate(rows):
        spans = [slice(0, 2)] if len(row) == 1 else [slice(0, 1), slice(1, 2)]
        places += [figure.add_subplot(grid[number, span]) for span in spans]
    return figure, places


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


@dataclass(frozen=True)
class Look:
    """How what belongs to a fork is drawn: three things of which each alone tells many forks apart.

    Attributes:
        colour: ``#RRGGBB``.
        linestyle: as matplotlib takes it.
        marker: as matplotlib takes it.
        hollow: whether the marker is only an outline.
    """

    colour: str
    linestyle: Any
    marker: str
    hollow: bool = False

    @property
    def of_marker(self) -> dict[str, Any]:
        """Marker and colour, as arguments of ``Axes.plot``."""
        face = "white" if self.hollow else self.colour
        return {
            "color": self.colour,
            "marker": self.marker,
            "markersize": MARKER_POINTS,
            "markerfacecolor": face,
            "markeredgewidth": 0.7,
        }


def looks_for(forks: Iterable[str]) -> dict[str, Look]:
    """How each fork is drawn: by its scheme's own look if it has one, else the next free one.

    Forks of one scheme, which differ in the options that follow its name, share its marker, are
    darker or lighter, and have other lines. Up to fourteen forks of a scheme, and of as many
    schemes, no two have both line and marker in common.
    """
    numbers = {kind: number for number, kind in enumerate(_COLOURS)}
    met: dict[str, int] = {}
    looks: dict[str, Look] = {}
    for fork in dict.fromkeys(forks):
        kind = fork.partition(" ")[0]
        number = numbers.setdefault(kind, len(numbers))
        variant = met[kind] = met.get(kind, -1) + 1
        colour = _COLOURS.get(kind) or OTHER_COLOURS[number % len(OTHER_COLOURS)]
        looks[fork] = Look(
            shade(colour, variant),
            LINESTYLES[(number + variant) % len(LINESTYLES)],
            MARKERS[number % len(MARKERS)],
            hollow=variant >= len(LINESTYLES),
        )
    return looks


def colours_for(forks: Iterable[str]) -> dict[str, str]:
    """The colour of each fork's look."""
    return {fork: look.colour for fork, look in looks_for(forks).items()}


def colour_of(kind: str) -> str:
    """The colour that a scheme has of its own; empty if it has none."""
    return _COLOURS.get(kind, "")


def title_of(kind: str) -> str:
    """A scheme as its paper calls it, or by its name."""
    return (SCHEMES[kind].title if kind in SCHEMES else "") or kind


def name_of_fork(fork: str) -> str:
    """The fork as its paper calls it, with its options if there are any."""
    kind, _, options = fork.partition(" ")
    return ", ".join(filter(None, (title_of(kind), options)))


def palette_from(first: str) -> list[str]:
    """Every colour once, ``first`` first, for lines that no scheme tells apart."""
    return list(dict.fromkeys((first, *_COLOURS.values(), *OTHER_COLOURS)))


def shade(colour: str, rounds: int) -> str:
    """Another colour of the same hue for each of ``rounds``, by turns darker and lighter."""
    if rounds == 0:
        return colour
    share = 0.65 ** ((rounds + 1) // 2)
    paper = 0.0 if rounds % 2 else 1.0
    red, green, blue = (share * part + (1 - share) * paper for part in to_rgb(colour))
    return to_hex((red, green, blue))


def lighter(colour: str, rounds: int) -> str:
    """The colour mixed with white, more so with each of ``rounds``; 0 leaves it."""
    share = 0.55**rounds
    red, green, blue = (1 - share * (1 - part) for part in to_rgb(colour))
    return to_hex((red, green, blue))
