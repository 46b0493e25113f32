"""Figure 4: what huge pages do to the fork's time, against size."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from results.paper.drawing import curves
from results.paper.item import Basis, PaperItem
from results.paper.items import fig07
from results.records.record import Record

CURVES = fig07.CURVES[:2]
"""Fork without and with huge pages."""


def collect(records: Sequence[Record]) -> dict[str, float]:
    """Figure 7's cells of the two forks."""
    schemes = {curve.cells for curve in CURVES}
    cells = fig07.collect(records)
    return {cell: ms for cell, ms in cells.items() if cell.partition("/")[0] in schemes}


def _basis(_cell: str) -> Basis:
    return "fitted"


def _remarks(simulated: Mapping[str, float], _records: Sequence[Record]) -> list[str]:
    factors = [
        f"{simulated[f'fork/{size}'] / simulated[f'fork_huge/{size}']:.0f} times at {size}"
        for size in ("1GB", "50GB")
        if f"fork/{size}" in simulated and f"fork_huge/{size}" in simulated
    ]
    remarks = ["Its curves are two of figure 7's, where their values are compared."]
    if factors:
        remarks.append(f"With huge pages fork is faster {' and '.join(factors)}.")
    return remarks


ITEM = PaperItem(
    name="fig04",
    title="Figure 4: fork time without and with huge pages",
    collect=collect,
    basis=_basis,
    tolerance=lambda _cell: 0.06,
    draw=lambda simulated, _records: curves.log_figure("fig07", CURVES, simulated),
    data=lambda simulated, _records: curves.data("fig07", CURVES, simulated),
    shown_from="fig07",
    remarks=_remarks,
)
