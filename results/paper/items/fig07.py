"""Figure 7: fork time against size under the three forks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from results.figures import style
from results.paper.drawing import curves
from results.paper.drawing.curves import Curve
from results.paper.item import SCHEMES, Basis, PaperItem, of_scheme
from results.records.record import Record

CURVES = tuple(
    Curve(cell, style.title_of(kind), style.looks_for([kind])[kind])
    for kind, cell in SCHEMES.items()
)


def collect(records: Sequence[Record]) -> dict[str, float]:
    """Mean over the repetitions of each scheme."""
    return {
        cell: value
        for kind, prefix in SCHEMES.items()
        for cell, value in curves.mean_cells(
            prefix, [run for record in of_scheme(records, kind) for run in record.repetitions]
        ).items()
    }


def _basis(_cell: str) -> Basis:
    return "fitted"


def _remarks(simulated: Mapping[str, float], _records: Sequence[Record]) -> list[str]:
    speedups = [
        f"{simulated[f'fork/{size}'] / simulated[f'on_demand/{size}']:.0f} times at {size}"
        f" (published: {paper})"
        for size, paper in (("1GB", 65), ("50GB", 270))
        if f"fork/{size}" in simulated and f"on_demand/{size}" in simulated
    ]
    return [f"On-demand-fork is faster than Fork {' and '.join(speedups)}."] if speedups else []


ITEM = PaperItem(
    name="fig07",
    title="Figure 7: fork time under the three forks",
    collect=collect,
    basis=_basis,
    tolerance=lambda _cell: 0.06,
    draw=lambda simulated, _records: curves.log_figure("fig07", CURVES, simulated),
    data=lambda simulated, _records: curves.data("fig07", CURVES, simulated),
    remarks=_remarks,
)
