"""Figure 9: AFL on SQLite with a large database in memory."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from matplotlib.figure import Figure

from results.figures import style
from results.paper.drawing import rates
from results.paper.drawing.rates import Runs
from results.paper.item import Basis, PaperItem, Variation
from results.records.record import Record


def _groups(records: Sequence[Record]) -> list[Runs]:
    return [Runs("simulated", "mean", records)]


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
    variation=VARIATION,
    remarks=lambda cells, records: rates.gains("fig09", _groups(records), cells),
)
