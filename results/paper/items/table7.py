"""Table 7: percentiles of Apache's response times just after its start."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from fractions import Fraction

from results.paper.drawing import scheme_table
from results.paper.item import SCHEMES, Explanation, PaperItem
from results.paper.items import table6
from results.records.record import Record

PERCENTILES = {f"p{percent}": Fraction(percent, 100) for percent in (50, 75, 90, 99)}


def collect(records: Sequence[Record]) -> dict[str, float]:
    """Percentiles of the response time in microseconds, each the mean over the repetitions."""
    cells = {}
    for kind in table6.KINDS:
        found = table6.latencies(records, kind)
        for name, q in PERCENTILES.items():
            if found:
                mean_ns = statistics.fmean(histogram.quantile(q) for histogram in found)
                cells[f"{SCHEMES[kind]}/{name}"] = mean_ns / 1e3
    return cells


ITEM = PaperItem(
    name="table7",
    title="Table 7: percentiles of Apache's response times",
    collect=collect,
    basis=table6.basis,
    tolerance=lambda _cell: 0.08,
    draw=lambda cells, _: scheme_table.draw(
        "table7", "us", table6.KINDS, tuple(PERCENTILES), cells, decimals=1
    ),
    data=lambda cells, _: scheme_table.data("table7", cells),
    shown_from="table6",
    explanations=(
        Explanation(
            "on_demand/p50",
            "Published, the median is 7 % below Fork's, although at the median a request meets no "
            "fork and no fault; no mechanism for it is known, and none is modelled.",
        ),
    ),
    variation=table6.ITEM.variation,
    conditions=lambda cells, _: table6.no_fork_wins(cells, tuple(PERCENTILES)),
)
