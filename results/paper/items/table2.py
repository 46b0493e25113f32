"""Table 2: where the time of SQLite's first unit test goes under Fork."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence

from matplotlib.figure import Figure

from results.paper.drawing import scheme_table
from results.paper.drawing.typeset import draw_table
from results.paper.item import Basis, PaperItem, of_scheme
from results.paper.items import table3
from results.paper.reference import published
from results.records.record import Record

_QUANTITIES = ("initialisation", "forking", "testing", "total")


def collect(records: Sequence[Record]) -> dict[str, float]:
    """Milliseconds: the mean initialisation, table 3's forking and testing, and their sum."""
    classic = of_scheme(records, "classic")
    initialisations_ms = [
        recording.levels["initialisation_ns"] / 1e6
        for record in classic
        for recording in record.repetitions
        if "initialisation_ns" in recording.levels
    ]
    cells = table3.collect(classic)
    if not cells or not initialisations_ms:
        return {}
    phases = {
        "fork/initialisation": statistics.fmean(initialisations_ms),
        "fork/forking": cells["fork/forking"],
        "fork/testing": cells["fork/testing"],
    }
    return {**phases, "fork/total": sum(phases.values())}


def _basis(_cell: str) -> Basis:
    return "fitted"


def _draw(simulated: Mapping[str, float], _records: Sequence[Record]) -> Figure:
    reference = published.values("table2")
    rows = []
    for quantity in _QUANTITIES:
        cell = f"fork/{quantity}"
        found = [
            f"{cells[cell]:,.2f}" if cell in cells else "-" for cells in (reference, simulated)
        ]
        rows.append([quantity, *found])
    return draw_table(["Fork (ms)", "published", "simulated"], rows, rules_before=[len(rows) - 1])


ITEM = PaperItem(
    name="table2",
    title="Table 2: SQLite's initialisation beside one test",
    collect=collect,
    basis=_basis,
    tolerance=lambda _cell: 0.05,
    draw=_draw,
    data=lambda cells, _: scheme_table.data("table2", cells),
    shown_from="table3",
    remarks=lambda _cells, _records: [
        "The initialisation is an input, and forking and testing are what table 3's set-up was "
        "taken from: the table shows how little of a test's time is the test."
    ],
)
