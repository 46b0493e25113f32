"""Table 6: Apache's response times just after its start."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence

from results.paper.comparison.rankings import TIE
from results.paper.drawing import scheme_table
from results.paper.item import (
    SCHEMES,
    Basis,
    Condition,
    Explanation,
    PaperItem,
    Variation,
    of_scheme,
)
from results.records.record import Record
from sim.measures.histogram import Histogram

KINDS = ("classic", "on_demand")


def latencies(records: Sequence[Record], kind: str) -> list[Histogram]:
    """The response times (ns) of every repetition under a fork that has any."""
    return [
        recording.histograms["latency_ns"]
        for record in of_scheme(records, kind)
        for recording in record.repetitions
        if "latency_ns" in recording.histograms and recording.histograms["latency_ns"].count
    ]


def basis(cell: str) -> Basis:
    """Fork's cells give the service times; On-demand-fork's follow."""
    return "fitted" if cell.startswith("fork/") else "predicted"


def collect(records: Sequence[Record]) -> dict[str, float]:
    """Mean and largest response time in microseconds, each the mean over the repetitions."""
    cells = {}
    for kind in KINDS:
        found = latencies(records, kind)
        if found:
            means_ns = (histogram.total / histogram.count for histogram in found)
            cells[f"{SCHEMES[kind]}/mean"] = statistics.fmean(means_ns) / 1e3
            longest_ns = (histogram.maximum for histogram in found)
            cells[f"{SCHEMES[kind]}/max"] = statistics.fmean(longest_ns) / 1e3
    return cells


def no_fork_wins(cells: Mapping[str, float], quantities: Sequence[str]) -> list[Condition]:
    """Whether both forks' values of some quantities are within a tie of each other."""
    conditions = []
    for quantity in quantities:
        fork, on_demand = (cells.get(f"{SCHEMES[kind]}/{quantity}") for kind in KINDS)
        if fork and on_demand:
            apart = 1 - min(fork, on_demand) / max(fork, on_demand)
            conditions.append(
                Condition(
                    f"No fork wins at the {quantity}: {apart:.1%} apart (at most {TIE:.0%}).",
                    apart <= TIE,
                )
            )
    return conditions


ITEM = PaperItem(
    name="table6",
    title="Table 6: Apache's response times",
    collect=collect,
    basis=basis,
    tolerance=lambda cell: 0.15 if cell.endswith("/max") else 0.08,
    draw=lambda cells, _: scheme_table.draw(
        "table6", "response (us)", KINDS, ("mean", "max"), cells, decimals=1
    ),
    data=lambda cells, _: scheme_table.data("table6", cells),
    conditions=lambda cells, _: no_fork_wins(cells, ("mean",)),
    explanations=(
        Explanation(
            "on_demand/max",
            "The slowest response is a worker's first: its page faults, as many as Fork's maximum "
            "needs, and under On-demand-fork a copy of each of the parent's four tables as well. "
            "The published maxima are apart by less than two of table 1's copies. What would have "
            "to be true: the tables are emptier (a real Apache's parent has 0.8 of its 4 MB in "
            "private pages, measurements/apache_start_summary.csv) and do not lie in a fresh "
            "machine's scattered frames, or the workers, who copy the same tables within a "
            "millisecond, find their struct pages in cache.",
        ),
    ),
    variation=Variation(
        constants=("entry_scattered_ns", "entry_copy_ns", "fault_copy_cold_ns"),
        settings=("workload.duration=100ms",),
    ),
)
