"""The limits of a run and who meets them: on a terminal, and as JSON."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rich.console import Console

from results.metrics import formatting
from results.metrics.excess import Excess, WorstWindow
from results.metrics.limits import LimitOutcome, MetricLimit, Verdict, verdicts
from results.records.fork_labels import with_whole_forks
from results.records.record import Record
from results.tables.cells import NOTHING
from results.tables.grid import Grid, print_grid
from results.tables.words import print_words
from sim.measures.common_metrics import REQUESTS

_OUTCOMES: Mapping[LimitOutcome, str] = {
    LimitOutcome.MET: "met",
    LimitOutcome.MISSED: "missed",
    LimitOutcome.OPEN: "not shown",
    LimitOutcome.KILLED: "killed",
}


@dataclass(frozen=True)
class LimitRow:
    """What is known of a limit of one program of one point.

    Attributes:
        id: of the point's record.
        labels: its swept fields as text, by what the columns are called; its program among them.
        verdict: what is known.
    """

    id: str
    labels: Mapping[str, str]
    verdict: Verdict

    @property
    def name(self) -> str:
        """What tells it from others; empty of the only point."""
        return " ".join(self.labels.values())


def limit_rows(
    records: Sequence[Record], labels: Sequence[Mapping[str, str]], limits: Sequence[MetricLimit]
) -> list[LimitRow]:
    """The verdicts on some records, one per point, by limit and then in their order."""
    rows = [
        LimitRow(record.id, {**label, **_program(verdict)}, verdict)
        for record, label in zip(records, with_whole_forks(labels), strict=True)
        for verdict in verdicts(record, limits)
    ]
    return [row for limit in limits for row in rows if row.verdict.limit == limit]


def _program(verdict: Verdict) -> Mapping[str, str]:
    return {} if verdict.program is None else {"program": verdict.program}


def print_limits(rows: Sequence[LimitRow], console: Console) -> None:
    """Print the verdicts, if there are any, and what they come to."""
    if rows:
        console.print()
        print_grid(limit_grid(rows), console)
        for line in in_all(rows):
            print_words(line, console)


def limit_grid(rows: Sequence[LimitRow]) -> Grid:
    """A row for each verdict; at least one."""
    leading = list(dict.fromkeys(heading for row in rows for heading in row.labels))
    of_excess = ["above", "late in all", "worst second", "worst minute"]
    headings = [*leading, "limit", "value", "", *of_excess]
    cells = [_cells(row, leading) for row in rows]
    columns = zip(headings, *cells, strict=True)
    told = [column for column in columns if set(column[1:]) != {NOTHING}]
    names = len(leading) + 1
    return Grid(list(zip(*told, strict=True)), names=names, words=[names + 1])


def _cells(row: LimitRow, leading: Sequence[str]) -> list[str]:
    verdict = row.verdict
    return [
        *(row.labels.get(heading, NOTHING) for heading in leading),
        verdict.limit.words,
        _value(verdict),
        _outcome(verdict),
        *_excess_cells(verdict),
    ]


def _value(verdict: Verdict) -> str:
    value = formatting.of_metric(verdict.limit.metric, verdict.summary.mean)
    return f"at least {value}" if verdict.summary.at_least else value


def _outcome(verdict: Verdict) -> str:
    """In a word or two; with repetitions that differ, of how many it is so."""
    outcome, each = _OUTCOMES[verdict.outcome], verdict.passed
    if len(set(each)) == 1:
        return outcome
    return f"{outcome} (met by {sum(each)} of {len(each)} repetitions)"


def _excess_cells(verdict: Verdict) -> list[str]:
    excess = verdict.excess
    if excess is None:
        return [NOTHING] * 4
    return [
        _above(excess.share, excess.above),
        formatting.of_metric(verdict.limit.metric, excess.lateness),
        *(_when(window) if window else NOTHING for window in (excess.second, excess.minute)),
    ]


def _above(share: float, above: int) -> str:
    """How many, and the share of all; of few thousandths in more digits."""
    if not above:
        return "none"
    percent = formatting.share(share) if share >= 0.01 else f"{100 * share:.2g}%"
    return f"{percent} ({above:,})"


def _when(window: WorstWindow) -> str:
    return f"{formatting.share(window.share)} from {window.from_s} s"


def in_all(rows: Sequence[LimitRow]) -> Iterator[str]:
    """For each limit, by how many it is met; of one that nobody meets, who is nearest."""
    for limit in dict.fromkeys(row.verdict.limit for row in rows):
        own = [row for row in rows if row.verdict.limit == limit]
        met = sum(row.verdict.met for row in own)
        if len(own) == 1:
            whose = "met" if met else f"not met{_why(own[0].verdict)}"
        elif met == len(own):
            whose = f"met by all {met}"
        elif met:
            whose = f"met by {met} of {len(own)}"
        else:
            ends = min if not limit.at_least else max
            nearest = ends(own, key=lambda row: row.verdict.summary.mean)
            value = formatting.of_metric(limit.metric, nearest.verdict.summary.mean)
            whose = f"met by none of {len(own)}; nearest is {nearest.name} with {value}"
        yield f"{limit.words}: {whose}"
        if any(row.verdict.outcome is LimitOutcome.OPEN for row in own):
            yield f"{limit.words}: not shown where the run ended before a child did: run longer"


def _why(verdict: Verdict) -> str:
    return ": the program was killed" if verdict.outcome is LimitOutcome.KILLED else ""


def to_json(rows: Sequence[LimitRow]) -> list[dict[str, Any]]:
    """Plain data, an object per row, amounts in base units, times of windows in seconds."""
    return [
        {
            "id": row.id,
            "fields": dict(row.labels),
            "metric": row.verdict.limit.metric.name,
            "at_least" if row.verdict.limit.at_least else "at_most": row.verdict.limit.bound,
            "value": row.verdict.summary.mean,
            "outcome": row.verdict.outcome.value,
            "repetitions_met": list(row.verdict.passed),
            "excess": _excess_json(row.verdict.excess),
        }
        for row in rows
    ]


def _excess_json(excess: Excess | None) -> dict[str, Any] | None:
    if excess is None:
        return None
    return {
        REQUESTS.name: excess.requests,
        "above": excess.above,
        "share": excess.share,
        "lateness": excess.lateness,
        "worst_second": _window_json(excess.second),
        "worst_minute": _window_json(excess.minute),
    }


def _window_json(window: WorstWindow | None) -> dict[str, Any] | None:
    if window is None:
        return None
    return {
        "from_s": window.from_s,
        "length_s": window.length_s,
        REQUESTS.name: window.requests,
        "above": window.above,
    }
