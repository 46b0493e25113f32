"""The limits of a run and who meets them: on a terminal, and as JSON."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rich.cells import cell_len
from rich.console import Console

from results.metrics import formatting
from results.metrics.excess import Excess, WorstWindow
from results.metrics.limits import LimitOutcome, MetricLimit, Verdict, verdicts
from results.records.fork_labels import with_whole_forks
from results.records.record import Record
from results.tables.grid import Grid, print_grid
from sim.measures.common_metrics import REQUESTS
from sim.printable import printable

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
    """Print the verdicts, as a table where it fits the console, and what they come to."""
    if rows:
        grid = limit_grid(rows)
        if not console.is_terminal or _width(grid) <= console.width:
            print_grid(grid, console)
        else:
            for row in rows:
                _print(_sentence(row), console)
    for line in limit_sentences(rows):
        _print(line, console)


def limit_grid(rows: Sequence[LimitRow]) -> Grid:
    """A row for each verdict, at least one, without columns of which nothing is known."""
    leading = list(dict.fromkeys(heading for row in rows for heading in row.labels))
    headings = [*leading, "limit", "value", "", "above", "late", "worst second", "worst minute"]
    cells = [_cells(row, leading) for row in rows]
    told = [place for place, column in enumerate(zip(*cells, strict=True)) if set(column) != {"-"}]
    headings = [headings[place] for place in told]
    cells = [[row[place] for place in told] for row in cells]
    words = [place for place, heading in enumerate(headings) if heading in ("limit", "")]
    return Grid([headings, *cells], names=max(len(leading), 1), words=words)


def _width(grid: Grid) -> int:
    columns = zip(*grid.rows, strict=True)
    return sum(max(map(cell_len, column)) + 3 for column in columns) + 1


def _print(line: str, console: Console) -> None:
    console.print(printable(line), highlight=False, markup=False, soft_wrap=True)


def _cells(row: LimitRow, leading: Sequence[str]) -> list[str]:
    verdict = row.verdict
    return [
        *(row.labels.get(heading, "-") for heading in leading),
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
        return ["-"] * 4
    return [
        _above(excess.share, excess.above),
        formatting.of_metric(verdict.limit.metric, excess.lateness),
        *(_when(window) if window else "-" for window in (excess.second, excess.minute)),
    ]


def _above(share: float, above: int) -> str:
    """How many, and the share of all; of few thousandths in more digits."""
    if not above:
        return "none"
    percent = formatting.share(share) if share >= 0.01 else f"{100 * share:.2g}%"
    return f"{percent} ({above:,})"


def _when(window: WorstWindow) -> str:
    return f"{formatting.share(window.share)} from {window.from_s} s"


def _sentence(row: LimitRow) -> str:
    """A row of the table where there is no room for one."""
    verdict = row.verdict
    begin = f"{row.name}: " if row.labels else ""
    text = f"{begin}{verdict.limit.words}: {_outcome(verdict)}, {_value(verdict)}"
    if verdict.excess is None or not verdict.excess.above:
        return text
    return f"{text}; {'; '.join(_of_excess(verdict, verdict.excess))}"


def _of_excess(verdict: Verdict, excess: Excess) -> Iterator[str]:
    late = formatting.of_metric(verdict.limit.metric, excess.lateness)
    yield f"{_above(excess.share, excess.above)} above, {late} in sum"
    for name, window in (("second", excess.second), ("minute", excess.minute)):
        if window is not None:
            yield f"worst {name} {_when(window)}"


def limit_sentences(rows: Sequence[LimitRow]) -> Iterator[str]:
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
