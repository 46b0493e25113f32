"""Table 5: how long Redis's fork takes."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence

from matplotlib.figure import Figure

from results.figures import style
from results.figures.typeset import Span, draw_table
from results.paper_item import SCHEMES, Basis, Explanation, PaperItem, of_scheme
from results.record import Record
from results.reference import published

_KINDS = ("classic", "on_demand")


def collect(records: Sequence[Record]) -> dict[str, float]:
    """Mean and sample standard deviation of all snapshots' forks, in milliseconds."""
    cells: dict[str, float] = {}
    for kind in _KINDS:
        forks_ms = [
            fork_ns / 1e6
            for record in of_scheme(records, kind)
            for recording in record.repetitions
            if "snapshots" in recording.series
            for fork_ns in recording.series["snapshots"]["fork_ns"].tolist()
        ]
        if forks_ms:
            cells[f"{SCHEMES[kind]}/mean"] = statistics.fmean(forks_ms)
        if len(forks_ms) > 1:
            cells[f"{SCHEMES[kind]}/std"] = statistics.stdev(forks_ms)
    return cells


def _basis(_cell: str) -> Basis:
    return "predicted"


def _draw(simulated: Mapping[str, float], _records: Sequence[Record]) -> Figure:
    reference = published.values("table5")
    rows = []
    for kind in _KINDS:
        cells = [f"{SCHEMES[kind]}/{quantity}" for quantity in ("mean", "std")]
        row = [style.NAMES[kind]]
        for values in (reference, simulated):
            row += [f"{values[cell]:.3f}" if cell in values else "-" for cell in cells]
        rows.append(row)
    return draw_table(
        ["fork (ms)", "mean", "std", "mean", "std"],
        rows,
        spans=[Span("published", 1, 2), Span("simulated", 3, 4)],
    )


def _data(simulated: Mapping[str, float], _records: Sequence[Record]) -> list[list[str]]:
    rows = [["scheme", "quantity", "published_ms", "simulated_ms"]]
    for cell, value in published.values("table5").items():
        scheme, _, quantity = cell.partition("/")
        known = f"{simulated[cell]:.6g}" if cell in simulated else ""
        rows.append([scheme, quantity, f"{value:g}", known])
    return rows


ITEM = PaperItem(
    name="table5",
    title="Table 5: Redis's fork",
    collect=collect,
    basis=_basis,
    tolerance=lambda _cell: 0.20,
    draw=_draw,
    data=_data,
    explanations=(
        Explanation(
            "*/std",
            "Five freshly loaded heaps are alike in the model, and so are their forks: the cell "
            "was measured on a Redis with a history. Snapshots of table 4's heap under load do "
            "have Fork's mean and deviation, from which that heap's layout was taken.",
        ),
    ),
)
