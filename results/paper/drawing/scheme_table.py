"""A table of the paper with a row per fork: quantities published and simulated, side by side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from matplotlib.figure import Figure

from results.figures import style
from results.paper.drawing.typeset import ColumnSpan, draw_table
from results.paper.item import SCHEMES
from results.paper.reference import published


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
        row = [style.title_of(kind)]
        for values in (reference, simulated):
            row += [f"{values[cell]:.{decimals}f}" if cell in values else "-" for cell in cells]
        rows.append(row)
    count = len(quantities)
    return draw_table(
        [heading, *quantities, *quantities],
        rows,
        spans=[ColumnSpan("published", 1, count), ColumnSpan("simulated", count + 1, 2 * count)],
    )


def data(item: str, simulated: Mapping[str, float]) -> list[list[str]]:
    """The rows of the item's CSV, in the unit of its cells."""
    cells = published.cells(item)
    unit = cells[0].unit
    rows = [["scheme", "quantity", f"published_{unit}", f"simulated_{unit}"]]
    for cell in cells:
        scheme, _, quantity = cell.name.partition("/")
        known = f"{simulated[cell.name]:.6g}" if cell.name in simulated else ""
        rows.append([scheme, quantity, f"{cell.published:g}", known])
    return rows
