"""Table 1: the worst-case page fault under the three forks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from matplotlib.figure import Figure

from results.figures import style
from results.paper.drawing.typeset import draw_table
from results.paper.item import SCHEMES, Basis, PaperItem, of_scheme
from results.paper.reference import published
from results.records.record import Record


def collect(records: Sequence[Record]) -> dict[str, float]:
    """Mean fault of each scheme over its repetitions, in milliseconds."""
    means = {}
    for kind, scheme in SCHEMES.items():
        histograms = [
            recording.histograms["fault_ns"]
            for record in of_scheme(records, kind)
            for recording in record.repetitions
            if "fault_ns" in recording.histograms
        ]
        count = sum(histogram.count for histogram in histograms)
        if count:
            total = sum(histogram.total for histogram in histograms)
            means[f"{scheme}/mean"] = total / count / 1e6
    return means


def _basis(cell: str) -> Basis:
    return "predicted" if cell.startswith("on_demand/") else "fitted"


def _draw(simulated: Mapping[str, float], _records: Sequence[Record]) -> Figure:
    reference = published.values("table1")
    rows = []
    for kind, scheme in SCHEMES.items():
        cell = f"{scheme}/mean"
        known = cell in simulated
        rows.append(
            [
                style.title_of(kind),
                f"{reference[cell]:.4f}",
                f"{simulated[cell]:.4f}" if known else "-",
                f"{simulated[cell] / reference[cell]:.2f}" if known else "-",
            ]
        )
    return draw_table(["fault (ms)", "published", "simulated", "ratio"], rows)


def _data(simulated: Mapping[str, float], _records: Sequence[Record]) -> list[list[str]]:
    rows = [["scheme", "published_ms", "simulated_ms"]]
    for cell, value in published.values("table1").items():
        known = f"{simulated[cell]:.6g}" if cell in simulated else ""
        rows.append([cell.removesuffix("/mean"), f"{value:g}", known])
    return rows


ITEM = PaperItem(
    name="table1",
    title="Table 1: worst-case page fault",
    collect=collect,
    basis=_basis,
    tolerance=lambda _cell: 0.05,
    draw=_draw,
    data=_data,
)
