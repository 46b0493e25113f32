"""A table of the paper with a row per fork: quantities published and simulated, side by side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from matplotlib.figure import Figure

from results.figures import style
from results.figures.typeset import Span, draw_table
from results.paper_item import SCHEMES
from results.reference import published


def draw(
    item: str,
    heading: str,
    kinds: Sequence[str],
    quantities: Sequence[str],
    simulated: Mapping[str, float],
    *,
    decimals: int = 3,
) -> Figure:
    """The table; ``heading`` says what its numbers are."""
    reference = published.values(item)
    rows = []
    for kind in kinds:
        cells = [f"{SCHEMES[kind]}/{quantity}" for quantity in quantities]
        row = [style.NAMES[kind]]
        for values in (reference, simulated):
            row += [f"{values[cell]:.{decimals}f}" if cell in values else "-" for cell in cells]
        rows.append(row)
    count = len(quantities)
    return draw_table(
        [heading, *quantities, *quantities],
        rows,
        spans=[Span("published", 1, count), Span("simulated", count + 1, 2 * count)],
    )


def data(item: str, simulated: Mapping[str, float]) -> list[list[str]]:
    """The rows of the item's CSV, in milliseconds."""
    rows = [["scheme", "quantity", "published_ms", "simulated_ms"]]
    for cell, value in published.values(item).items():
        scheme, _, quantity = cell.partition("/")
        known = f"{simulated[cell]:.6g}" if cell in simulated else ""
        rows.append([scheme, quantity, f"{value:g}", known])
    return rows
