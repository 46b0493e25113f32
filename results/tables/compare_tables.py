"""Comparisons for people and for programs."""

from __future__ import annotations

from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from results.metrics import formatting
from results.metrics.statistics import CONFIDENCE, Interval
from results.tables.compare import Comparison, Comparisons
from sim.measures.metrics import Metric
from sim.printable import printable


def to_json(comparisons: Comparisons) -> dict[str, Any]:
    """Plain data: what was compared by, the comparisons, the notes."""
    return {
        "by": comparisons.by,
        "confidence": CONFIDENCE,
        "comparisons": [
            {
                "group": dict(c.group),
                "metric": c.metric.name,
                "value": c.value,
                "baseline": c.baseline,
                "mean": c.mean,
                "baseline_mean": c.baseline_mean,
                "difference": _ends(c.difference),
                "ratio": _ends(c.ratio),
                "pairs": c.pairs,
                "verdict": c.verdict,
            }
            for c in comparisons.found
        ],
        "notes": list(comparisons.notes),
    }


def print_comparisons(comparisons: Comparisons, console: Console) -> None:
    """Print a line per comparison: values, difference and ratio with intervals, verdict."""
    fields = list(dict.fromkeys(path for c in comparisons.found for path in c.group))
    headings = [*fields, "metric", comparisons.by, "baseline", "difference", "ratio", "verdict"]
    rows = [[*(c.group.get(path, "-") for path in fields), *_cells(c)] for c in comparisons.found]
    headings, *rows = ([printable(cell) for cell in row] for row in [headings, *rows])
    widths = [max(len(row[n]) for row in [headings, *rows]) for n in range(len(headings))]
    # A fixed width, or rich would shorten the cells to fit the console.
    table = Table(box=box.SIMPLE_HEAD, width=sum(widths) + 3 * len(widths) + 1)
    for number, title in enumerate(headings):
        left = number <= len(fields) or number == len(headings) - 1
        table.add_column(Text(title), justify="left" if left else "right", no_wrap=True)
    for row in rows:
        table.add_row(*map(Text, row))
    console.print(table, crop=False, highlight=False)
    for note in comparisons.notes:
        line = printable(f"note: {note}")
        console.print(line, highlight=False, markup=False, soft_wrap=True)


def _cells(c: Comparison) -> list[str]:
    own = f"{c.value} {formatting.of_metric(c.metric, c.mean)}"
    base = f"{c.baseline} {formatting.of_metric(c.metric, c.baseline_mean)}"
    return [c.metric.heading, own, base, _difference(c), _ratio(c), c.verdict]


def _difference(c: Comparison) -> str:
    text = _signed(c.metric, c.mean - c.baseline_mean)
    if c.difference is None or c.difference.half_width == 0:
        return text
    return f"{text} [{_signed(c.metric, c.difference.low)}, {_signed(c.metric, c.difference.high)}]"


def _ratio(c: Comparison) -> str:
    if c.baseline_mean == 0:
        return "-"
    text = f"{c.mean / c.baseline_mean:.3g}"
    if c.ratio is None or c.ratio.half_width == 0:
        return text
    return f"{text} [{c.ratio.low:.3g}, {c.ratio.high:.3g}]"


def _signed(metric: Metric, value: float) -> str:
    text = formatting.of_metric(metric, value)
    return text if text.startswith("-") else f"+{text}"


def _ends(interval: Interval | None) -> dict[str, float] | None:
    if interval is None:
        return None
    return {"estimate": interval.estimate, "low": interval.low, "high": interval.high}
