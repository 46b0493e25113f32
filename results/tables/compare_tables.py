"""Comparisons for people and for programs."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import groupby
from typing import Any

from rich.console import Console

from results.metrics import formatting
from results.metrics.statistics import CONFIDENCE, Interval
from results.tables.cells import NOTHING
from results.tables.compare import Comparison, Comparisons
from results.tables.grid import Grid, print_grid
from results.tables.words import print_words
from sim.measures.metrics import Metric


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


def grid_of(comparisons: Comparisons) -> Grid:
    """A row per comparison: verdict, values, difference and ratio with their intervals."""
    fields = list(dict.fromkeys(path for c in comparisons.found for path in c.group))
    baseline = next((c.baseline for c in comparisons.found), NOTHING)
    names = [*fields, "metric", comparisons.by]
    numbers = ["value", baseline, "difference", "from, to", "ratio", "from, to"]
    rows = []
    for _, together in groupby(comparisons.found, key=lambda c: (c.metric, c.group)):
        alike = list(together)
        for c, *cells in zip(alike, *_numbers(alike), strict=True):
            group = [c.group.get(path, NOTHING) for path in fields]
            verdict = NOTHING if _one_verdict(comparisons) else c.verdict
            rows.append([*group, c.metric.heading, c.value, verdict, *cells])
    columns = zip([*names, "verdict", *numbers], *rows, strict=True)
    said = [column for column in columns if not rows or set(column[1:]) != {NOTHING}]
    words = [place for place, column in enumerate(said) if column[0] == "verdict"]
    return Grid(list(zip(*said, strict=True)), names=len(names), words=words)


def print_comparisons(comparisons: Comparisons, console: Console) -> None:
    """Print a line per comparison, and what could not be compared."""
    print_grid(grid_of(comparisons), console)
    lines = list(lines_of(comparisons))
    if lines:
        console.print()
    for line in lines:
        print_words(line, console)


def lines_of(comparisons: Comparisons) -> Iterator[str]:
    """What is said below the table: a verdict that is the same of all, and notes."""
    verdict = _one_verdict(comparisons)
    if verdict is not None:
        yield f"the same of all: {verdict}"
    yield from (f"note: {note}" for note in comparisons.notes)


def _one_verdict(comparisons: Comparisons) -> str | None:
    """The verdict, if several comparisons have one only."""
    verdicts = {c.verdict for c in comparisons.found}
    return verdicts.pop() if len(verdicts) == 1 < len(comparisons.found) else None


def _numbers(alike: Sequence[Comparison]) -> Iterator[list[str]]:
    """The columns of one metric; numbers of a kind are in one unit if that can be read."""
    unit = alike[0].metric.unit
    means = formatting.alike(unit, [value for c in alike for value in (c.mean, c.baseline_mean)])
    differences = formatting.alike(unit, [c.mean - c.baseline_mean for c in alike])
    yield means[0::2]
    yield means[1::2]
    yield list(map(_signed, differences))
    yield [_between(c.difference, partial(_signed_of, c.metric)) for c in alike]
    yield [f"{c.mean / c.baseline_mean:.3g}" if c.baseline_mean else NOTHING for c in alike]
    yield [_between(c.ratio, "{:.3g}".format) for c in alike]


def _signed_of(metric: Metric, value: float) -> str:
    return _signed(formatting.of_metric(metric, value))


def _between(interval: Interval | None, text_of: Callable[[float], str]) -> str:
    if interval is None or interval.half_width == 0:
        return NOTHING
    return f"{text_of(interval.low)}, {text_of(interval.high)}"


def _signed(text: str) -> str:
    return text if text.startswith("-") else f"+{text}"


def _ends(interval: Interval | None) -> dict[str, float] | None:
    if interval is None:
        return None
    return {"estimate": interval.estimate, "low": interval.low, "high": interval.high}
