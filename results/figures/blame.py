"""What is to blame, drawn: a stacked bar for each point, a panel for each of a few bands."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from results.figures import style
from results.figures.formats import FORMATS
from results.metrics import formatting
from results.metrics.blame import KNOWN_BLAMED, SLOW, TOP, WHOLE, Blame, Blamed
from results.records.fork_labels import FORK
from results.tables.blame_table import BlameRow, BlameTable

_PANELS = (WHOLE, "99-99.9 %", TOP, SLOW)
_MOST_GROUPS, _MOST_BARS = 8, 12
_BAR_IN, _REST_IN, _LEGEND_IN = 0.22, 0.45, 0.35
_NARROWEST = 0.14
"""A share below has no room for its number."""
_HATCHES = ("", "", "....", "////", "", "xxxx", "")
"""Beside their colours, so that neighbours differ in grey print."""
_OWN_COLOUR = "#C9C9C9"
_COLOURS = ("#D55E00", "#F0E442", "#009E73", "#56B4E9", "#CC79A7", "#0072B2", "#E69F00")
_MORE_COLOURS = ("#7A7A7A", "#B8A800", "#8C564B", "#17BECF")


def write(table: BlameTable, stem: Path, formats: Iterable[str] = FORMATS) -> list[Path]:
    """Write the figure as ``stem`` in some formats; nothing if there is nothing to draw."""
    figure = draw(table)
    return [] if figure is None else style.write(figure, stem, formats)


def draw(table: BlameTable) -> Figure | None:
    """The shares of the whole run, of the highest bands and of the slowest; None without rows.

    Points that differ in the field that is looked at stand below each other, as bars with what one
    request took at their end; of each program, and of each combination of other fields, there is a
    row of panels. Of more than eight rows or twelve bars the first are drawn, and the figure says
    so.
    """
    groups: dict[tuple[str, ...], list[BlameRow]] = {}
    for row in table.rows:
        groups.setdefault(tuple(row.group.values()), []).append(row)
    if not groups:
        return None
    return style.drawing(lambda: _figure(table, groups))


def _figure(table: BlameTable, groups: Mapping[tuple[str, ...], Sequence[BlameRow]]) -> Figure:
    drawn = list(groups.items())[:_MOST_GROUPS]
    bars = max(min(len(rows), _MOST_BARS) for _, rows in drawn)
    height = len(drawn) * (_BAR_IN * bars + _REST_IN) + _LEGEND_IN
    figure, axes = style.panels(
        len(_PANELS), rows=len(drawn), width_in=style.PAGE_IN, height_in=height
    )
    looks = _looks(table.shown)
    for number, (names, rows) in enumerate(drawn):
        places = axes[number * len(_PANELS) : (number + 1) * len(_PANELS)]
        for place, band in zip(places, _PANELS, strict=True):
            _panel(place, rows[:_MOST_BARS], band, looks)
        kept = rows[:_MOST_BARS]
        places[0].set_yticks(range(len(kept)), [_named(row.value, table.by) for row in kept])
        if names:
            places[0].set_ylabel("\n".join(names))
        if number == 0:
            for place, band in zip(places, _PANELS, strict=True):
                place.set_title(band)
    cut = [
        f"{shown} of {number} {what}"
        for shown, number, what in (
            (len(drawn), len(groups), "rows"),
            (bars, max(map(len, groups.values())), "points"),
        )
        if shown < number
    ]
    figure.supxlabel("share of the latency (%); at the end what one took", fontsize=7)
    figure.legend(
        handles=[
            Patch(facecolor=colour, hatch=hatch, edgecolor="white", linewidth=0, label=one.heading)
            for one, (colour, hatch) in looks.items()
        ],
        loc="outside upper center",
        ncols=min(len(looks), 5),
        title=", ".join(cut) or None,
    )
    return figure


def _named(value: str, by: str) -> str:
    return style.name_of_fork(value) if by == FORK else value


def _looks(blamed: Sequence[Blamed]) -> dict[Blamed, tuple[str, str]]:
    """A colour and a hatch for each, the same in every figure for what is known."""
    *known, own = KNOWN_BLAMED
    looks = {
        one: (colour, hatch) for one, colour, hatch in zip(known, _COLOURS, _HATCHES, strict=False)
    }
    others = [one for one in blamed if one not in KNOWN_BLAMED]
    for number, one in enumerate(others):
        looks[one] = (_MORE_COLOURS[number % len(_MORE_COLOURS)], _HATCHES[number % 2])
    looks[own] = (_OWN_COLOUR, "")
    return {one: looks[one] for one in blamed}


def _panel(
    axes: Axes,
    rows: Sequence[BlameRow],
    name: str,
    looks: Mapping[Blamed, tuple[str, str]],
) -> None:
    for place, row in enumerate(rows):
        _bar(axes, place, row.blame, name, looks)
    axes.set_xlim(0, 100)
    axes.set_xticks([0, 50, 100])
    axes.set_ylim(len(rows) - 0.4, -0.6)
    axes.set_yticks([])
    axes.grid(visible=False)
    axes.spines["left"].set_visible(False)
    axes.tick_params(axis="y", length=0)


def _bar(
    axes: Axes, place: int, blame: Blame, name: str, looks: Mapping[Blamed, tuple[str, str]]
) -> None:
    band = blame.band(name)
    if band is None:
        axes.text(2, place, "no requests", va="center", fontsize=6, color=style.INK)
        return
    left = 0.0
    for one, (colour, hatch) in looks.items():
        share = 100 * band.share(one)
        if not share:
            continue
        axes.barh(
            place, share, 0.72, left, color=colour, hatch=hatch, edgecolor="white", linewidth=0.4
        )
        if share >= 100 * _NARROWEST:
            axes.text(
                left + share / 2,
                place,
                f"{share:.0f}",
                ha="center",
                va="center",
                fontsize=6,
                color=style.INK,
                bbox={"facecolor": "white", "alpha": 0.75, "linewidth": 0, "pad": 0.6},
            )
        left += share
    axes.text(
        102, place, formatting.duration(band.mean_ns), va="center", fontsize=6, color=style.INK
    )
