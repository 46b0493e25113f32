"""A table as a figure, set as papers set theirs: rules above, below and under the heading."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from results.figures import style

_ROW_IN = 0.165
_MARGIN_IN = 0.06
_TEXT: dict[str, Any] = {"va": "center_baseline", "fontsize": 7.5, "color": style.INK}


@dataclass(frozen=True)
class ColumnSpan:
    """A heading over several columns.

    Attributes:
        text: of the heading.
        first: its first column.
        last: its last column.
    """

    text: str
    first: int
    last: int


def draw_table(
    heading: Sequence[str],
    rows: Sequence[Sequence[str]],
    *,
    spans: Sequence[ColumnSpan] = (),
    notes: Sequence[str] = (),
    rules_before: Sequence[int] = (),
) -> Figure:
    """The table in the width of a column; call it within `style.drawing`.

    Args:
        heading: one text per column.
        rows: texts, the first of each row set left, the others right.
        spans: headings above the heading.
        notes: lines below the table, in small print.
        rules_before: rows that a thin rule separates from those above.
    """
    lines = len(rows) + 1 + bool(spans)
    height_in = (lines + 0.8 * len(notes)) * _ROW_IN + 2 * _MARGIN_IN + 0.06
    figure = Figure(figsize=(style.COLUMN_IN, height_in))
    FigureCanvasAgg(figure)
    axes = figure.add_axes((0.0, 0.0, 1.0, 1.0))
    axes.set_xlim(0, style.COLUMN_IN)
    axes.set_ylim(height_in, 0)
    axes.set_axis_off()

    edges = _edges([heading, *rows])
    top = _MARGIN_IN
    _rule(axes, top, 0.9)
    if spans:
        for span in spans:
            left, right = edges[span.first] + 0.1, edges[span.last + 1]
            axes.text((left + right) / 2, top + _ROW_IN / 2, span.text, ha="center", **_TEXT)
            axes.plot([left, right], [top + _ROW_IN] * 2, color=style.INK, linewidth=0.4)
        top += _ROW_IN
    _row(axes, edges, top, heading)
    top += _ROW_IN
    _rule(axes, top, 0.6)
    for number, row in enumerate(rows):
        if number in rules_before:
            _rule(axes, top, 0.3)
        _row(axes, edges, top, row)
        top += _ROW_IN
    _rule(axes, top, 0.9)
    for note in notes:
        top += 0.8 * _ROW_IN
        axes.text(_MARGIN_IN, top, note, va="center", ha="left", fontsize=6, color="#555555")
    return figure


def _edges(rows: Sequence[Sequence[str]]) -> list[float]:
    """Left edges of the columns (inches) and the table's right edge, shared by text length."""
    lengths = [max(map(len, column)) + 1.5 for column in zip(*rows, strict=True)]
    scale = (style.COLUMN_IN - 2 * _MARGIN_IN) / sum(lengths)
    edges = [_MARGIN_IN]
    for length in lengths:
        edges.append(edges[-1] + length * scale)
    return edges


def _row(axes: Axes, edges: Sequence[float], top: float, cells: Sequence[str]) -> None:
    for column, cell in enumerate(cells):
        x, align = (edges[0], "left") if column == 0 else (edges[column + 1], "right")
        axes.text(x, top + _ROW_IN / 2, cell, ha=align, **_TEXT)


def _rule(axes: Axes, y: float, width: float) -> None:
    axes.plot([_MARGIN_IN, style.COLUMN_IN - _MARGIN_IN], [y, y], color=style.INK, linewidth=width)
