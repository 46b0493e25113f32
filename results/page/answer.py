"""The answer of a run in a sentence or two, for who reads no further."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from results.figures import style
from results.metrics import formatting
from results.records.fork_labels import FORK
from results.records.run_folder import Run
from results.tables.blame_table import BlameTable
from results.tables.run_table import Row, RunTable
from sim.measures.metrics import Better, Group, Metric

_ABOUT_AS = 0.02
"""Two values that differ by less are told as the same."""


def answer(run: Run, table: RunTable, blame: BlameTable) -> list[str]:
    """What came out, of each program: best and worst point, and what is to blame for the worst.

    Args:
        run: its points.
        table: of their metrics, forks with their options.
        blame: of their latencies; may have no rows.
    """
    sentences: list[str] = []
    for program in dict.fromkeys(row.program for row in table.rows):
        rows = [row for row in table.rows if row.program == program]
        metric = _metric(table, rows)
        if metric is not None:
            sentences += _of_program(run, rows, metric, program, blame)
    return sentences


def _metric(table: RunTable, rows: Sequence[Row]) -> Metric | None:
    """What is said first: a tail, else a rate, else any time or amount of which less is better."""
    known = [m for m in table.headlines if any(m.name in row.metrics for row in rows)]
    wanted = [m for m in known if m.better is not Better.NEITHER]
    for group in (Group.TIMES, Group.LOAD, Group.FORKS, Group.SIZES, Group.MEMORY):
        for metric in wanted:
            if metric.group is group:
                return metric
    return None


def _of_program(
    run: Run, rows: Sequence[Row], metric: Metric, program: str | None, blame: BlameTable
) -> Iterator[str]:
    found = [
        (float(row.metrics[metric.name].mean), row) for row in rows if metric.name in row.metrics
    ]
    sign = -1 if metric.better is Better.MORE else 1
    found.sort(key=lambda one: sign * one[0])
    (best, best_row), (worst, worst_row) = found[0], found[-1]
    whose = "" if program is None else f" of {program}"
    name, value = f"{metric.heading}{whose}", formatting.of_metric(metric, best)
    if len(found) == 1:
        yield f"{_capital(name)} is {value}."
    elif abs(worst - best) <= _ABOUT_AS * max(abs(best), abs(worst)):
        yield f"{_capital(name)} is the same at all points: {value}."
    else:
        times = max(best, worst) / min(best, worst) if min(best, worst) > 0 else 0
        factor = f", {times:.3g} times as much as" if times else ", and"
        if metric.better is Better.MORE:
            first, second, low, high = best_row, worst_row, worst, best
        else:
            first, second, low, high = worst_row, best_row, best, worst
        yield (
            f"{_capital(name)} is {formatting.of_metric(metric, high)} {_under(run, first)}"
            f"{factor} the {formatting.of_metric(metric, low)} {_under(run, second)}."
        )
    for row in blame.rows:
        if row.id == worst_row.id and row.group.get("program") == program:
            where = f" {_under(run, worst_row)}" if len(found) > 1 else ""
            yield f"To blame{where}: {row.sentence(row.blame.longest)}."
            return


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _under(run: Run, row: Row) -> str:
    """``under On-demand-fork, dataset 8GiB``."""
    labels = dict(zip((record.id for record in run.records), run.labels, strict=True))[row.id]
    parts = [
        f"under {style.name_of_fork(text)}" if path == FORK else f"with {path} {text}"
        for path, text in labels.items()
    ]
    return " ".join(parts) or "here"
