"""Table 5: how long Redis's fork takes."""

from __future__ import annotations

import statistics
from collections.abc import Sequence

from results.paper.drawing import scheme_table
from results.paper.item import SCHEMES, Basis, Explanation, PaperItem, Variation, of_scheme
from results.records.record import Record

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


ITEM = PaperItem(
    name="table5",
    title="Table 5: Redis's fork",
    collect=collect,
    basis=_basis,
    tolerance=lambda _cell: 0.20,
    draw=lambda cells, _: scheme_table.draw("table5", "fork (ms)", _KINDS, ("mean", "std"), cells),
    data=lambda cells, _: scheme_table.data("table5", cells),
    not_ordered={
        "std": "a deviation is no fork's time, and the model's are zero.",
    },
    variation=Variation(
        constants=("entry_scattered_ns", "table_scattered_ns"),
        settings=("repetitions=2",),
        forks=("classic", "on_demand"),
    ),
    explanations=(
        Explanation(
            "*/std",
            "Five freshly loaded heaps are alike in the model, and so are their forks: the cell "
            "was measured on a Redis with a history. Snapshots of table 4's heap under load do "
            "have Fork's mean and deviation, from which that heap's layout was taken.",
        ),
    ),
)
