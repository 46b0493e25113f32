"""Figure 10: TriforceAFL on a kernel's system calls, with two layouts of the guest's frames."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from matplotlib.figure import Figure

from results.figures import style
from results.paper.drawing import rates
from results.paper.drawing.rates import Runs
from results.paper.item import PaperItem
from results.paper.items import fig09
from results.records.record import Record


def is_scattered(record: Record) -> bool:
    """Whether all frames of the guest are scattered, its memory touched in random order."""
    return bool(record.at("workload.scattered") == 1)


def _groups(records: Sequence[Record]) -> list[Runs]:
    return [
        Runs(
            "other heaps' layout",
            "mean",
            [record for record in records if not is_scattered(record)],
        ),
        Runs(
            "all scattered",
            "mean_scattered",
            [record for record in records if is_scattered(record)],
            "--",
        ),
    ]


def collect(records: Sequence[Record]) -> dict[str, float]:
    """Mean executions per second of each fork with either layout."""
    return {cell: rate for runs in _groups(records) for cell, rate in rates.means(runs).items()}


def _draw(_simulated: Mapping[str, float], records: Sequence[Record]) -> Figure:
    figure, (axes,) = style.panels(height_in=2.4)
    rates.draw(axes, "fig10", _groups(records))
    return figure


ITEM = PaperItem(
    name="fig10",
    title="Figure 10: TriforceAFL's executions",
    collect=collect,
    basis=fig09.basis,
    tolerance=lambda cell: 0.15 if cell.endswith("/mean_scattered") else 0.30,
    draw=_draw,
    data=lambda _cells, records: rates.data("fig10", _groups(records)),
    not_ordered={
        "mean_scattered": "one pair of means is published, and compared with the other layout.",
    },
    variation=fig09.VARIATION,
    remarks=lambda cells, records: [
        "One mean of each fork is published; both layouts are compared with it.",
        *rates.gains("fig10", _groups(records), cells),
    ],
)
