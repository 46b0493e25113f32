"""Metrics as cells: the mean, with its interval behind a sign if the repetitions give one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from rich.console import Console

from results.metrics import formatting
from results.metrics.summary import Summary
from results.tables.words import can_write

NOTHING = "-"
"""What a cell has where a row has no such metric."""


_SEEN = 0.0005
"""Intervals that are narrower, relative to the mean, are of no digit that is shown."""


class Signs(NamedTuple):
    """What stands before the half of an interval, and before what is a lower bound only."""

    interval: str = "±"
    at_least: str = "≥"


SIGNS, ASCII = Signs(), Signs("+-", ">=")


def signs_of(console: Console) -> Signs:
    """The signs, or how ASCII writes them."""
    return SIGNS if can_write("".join(SIGNS), console) else ASCII


def cells(summaries: Sequence[Summary | None], signs: Signs = SIGNS) -> list[str]:
    """One metric of several rows, in one unit if that can be read."""
    known = [summary for summary in summaries if summary is not None]
    if not known:
        return [NOTHING] * len(summaries)
    texts = iter(formatting.alike(known[0].metric.unit, [summary.mean for summary in known]))
    return [NOTHING if one is None else _cell(one, next(texts), signs) for one in summaries]


def _cell(summary: Summary, text: str, signs: Signs) -> str:
    if summary.at_least:
        text = f"{signs.at_least} {text}"
    interval = summary.interval
    if interval is None or interval.relative < _SEEN:
        return text
    return f"{text} {signs.interval}{formatting.share(interval.relative)}"
