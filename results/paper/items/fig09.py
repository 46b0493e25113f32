"""Figure 9: AFL on SQLite with a large database in memory."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from matplotlib.figure import Figure

from results.figures import style
from results.paper.drawing import rates
from results.paper.drawing.rates import Runs
from results.paper.item import Basis, PaperItem, Variation
from results.records.record import Record


def _groups(records: Sequence[Record]) -> list[Runs]:
    return [Runs("simulated", "mean", [r for r in records if not _unread(r)])]


def _unread(record: Record) -> bool:
    """Whether an exit does not read what it leaves, which is not the paper's variant."""
    return record.at("fork.scans_left") is False


def _remarks(cells: Mapping[str, float], records: Sequence[Record]) -> list[str]:
    remarks = rates.gains("fig09", _groups(records), cells)
    unread = rates.means(Runs("simulated", "mean", [r for r in records if _unread(r)]))
    if unread:
        remarks.append(
            f"Without reading the tables that a child leaves at its exit it were "
            f"{unread['on_demand/mean']:,.0f} 1/s. That On-demand-fork reads them is inferred: the "
            "paper does not say so, its authors' kernel of 2021 does it, and no other rule comes "
            "near the published rate. What reading an entry takes is assumed (figure 3's share of "
            "the load). So what is predicted here rests on both."
        )
    return remarks


def collect(records: Sequence[Record]) -> dict[str, float]:
    """Mean executions per second of each fork."""
    return rates.means(_groups(records)[0])


def basis(cell: str) -> Basis:
    """Fork's rate gives the layout of the heap; On-demand-fork's follows."""
    return "fitted" if cell.startswith("fork/") else "predicted"


def _draw(_simulated: Mapping[str, float], records: Sequence[Record]) -> Figure:
    figure, (axes,) = style.panels(height_in=2.3)
    rates.draw(axes, "fig09", _groups(records))
    return figure


VARIATION = Variation(
    # What an execution under On-demand-fork pays most of: the fork and the child's exit.
    constants=("fork_on_demand_base_ns", "exit_scan_entry_ns", "exit_scan_scattered_ns"),
    # A slow input more or less in a short run is chance, which would drown a constant's effect.
    settings=("workload.duration=300ms", "workload.slow=null"),
)
"""For both fuzzers."""

ITEM = PaperItem(
    name="fig09",
    title="Figure 9: AFL's executions on SQLite",
    collect=collect,
    basis=basis,
    tolerance=lambda _cell: 0.25,
    draw=_draw,
    data=lambda _cells, records: rates.data("fig09", _groups(records)),
    variation=replace(VARIATION, experiments="afl"),
    remarks=_remarks,
)
