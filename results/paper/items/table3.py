"""Table 3: SQLite's unit tests, forking and testing apart."""

from __future__ import annotations

import statistics
from collections.abc import Sequence

from results.paper.drawing import scheme_table
from results.paper.item import SCHEMES, Basis, PaperItem, Variation, of_scheme
from results.records.record import Record

_KINDS = ("classic", "on_demand")
_QUANTITIES = ("forking", "testing", "total")


def collect(records: Sequence[Record]) -> dict[str, float]:
    """Means over all tests in milliseconds; the total is forking and testing, as in the paper."""
    cells: dict[str, float] = {}
    for kind in _KINDS:
        tests = [
            recording.series["tests"]
            for record in of_scheme(records, kind)
            for recording in record.repetitions
            if "tests" in recording.series
        ]
        if not tests:
            continue
        for quantity, column in (("forking", "fork_ns"), ("testing", "test_ns")):
            times_ns = [time_ns for table in tests for time_ns in table[column].tolist()]
            cells[f"{SCHEMES[kind]}/{quantity}"] = statistics.fmean(times_ns) / 1e6
        cells[f"{SCHEMES[kind]}/total"] = (
            cells[f"{SCHEMES[kind]}/forking"] + cells[f"{SCHEMES[kind]}/testing"]
        )
    return cells


def _basis(cell: str) -> Basis:
    # Fork's row gives the heap's layout and the tests' run time; On-demand-fork's follows.
    return "fitted" if cell.startswith("fork/") else "predicted"


def _tolerance(cell: str) -> float:
    return 0.15 if cell.endswith("/testing") else 0.25


ITEM = PaperItem(
    name="table3",
    title="Table 3: SQLite's unit tests",
    collect=collect,
    basis=_basis,
    tolerance=_tolerance,
    draw=lambda cells, _: scheme_table.draw("table3", "ms", _KINDS, _QUANTITIES, cells, decimals=2),
    data=lambda cells, _: scheme_table.data("table3", cells),
    variation=Variation(
        constants=(
            "fork_on_demand_base_ns",
            "table_scattered_ns",
            "entry_scattered_ns",
            "entry_copy_ns",
            "fault_copy_cold_ns",
        ),
        settings=("repetitions=2",),
    ),
)
