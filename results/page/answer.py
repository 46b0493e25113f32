"""The answer of a run in a sentence or two, for who reads no further."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from results.figures import style
from results.metrics import formatting
from results.records.fork_labels import FORK
from results.records.record import MACHINE
from results.records.run_folder import Run
from results.tables.blame_table import BlameTable
from results.tables.run_table import PROGRAM, Row, RunTable
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
        if program == MACHINE:
            continue  # the sum of the programs
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
    worst, worst_row = found[-1]
    # Forks are compared where all else is alike.
    alike = _but_fork(run, worst_row)
    found = [one for one in found if _but_fork(run, one[1]) == alike] if _forks(run) else found
    best, best_row = found[0]
    whose = "" if program is None else f" of {program}"
    name, value = f"{metric.heading}{whose}", formatting.of_metric(metric, best)
    if len(found) == 1:
        yield f"{_under(run, best_row, name)} is {value}."
    elif abs(worst - best) <= _ABOUT_AS * max(abs(best), abs(worst)):
        yield f"At all points {name} is about the same: {value}."
    else:
        much, little = ((worst, worst_row), (best, best_row))[::sign]
        times = _times(much[0], little[0])
        yield (
            f"{_under(run, much[1], name)} is {formatting.of_metric(metric, much[0])}{times}"
            f"{formatting.of_metric(metric, little[0])} {_where(run, little[1])}."
        )
    for row in blame.rows:
        if row.id == worst_row.id and row.group.get(PROGRAM) == program:
            where = f" {_where(run, worst_row)}" if len(found) > 1 else ""
            yield f"To blame{where}: {row.sentence(row.blame.longest)}."
            return


def _times(more: float, less: float) -> str:
    """Between two values, how many times as much the first is."""
    if less <= 0:
        return "; it is "
    factor = more / less
    return f", {factor:,.0f} times the " if factor >= 10 else f", {factor:.2g} times the "


def _under(run: Run, row: Row, name: str) -> str:
    """The beginning of a sentence: ``Under On-demand-fork, p99.9``."""
    where = _where(run, row)
    return f"{where[:1].upper()}{where[1:]}, {name}" if where else f"Here {name}"


def _where(run: Run, row: Row) -> str:
    """``under On-demand-fork with workload.dataset 8GiB``."""
    labels = _labels(run, row)
    return " ".join(
        f"under {style.name_of_fork(text)}" if path == FORK else f"with {path} {text}"
        for path, text in labels.items()
    )


def _labels(run: Run, row: Row) -> Mapping[str, str]:
    return dict(zip((record.id for record in run.records), run.labels, strict=True))[row.id]


def _but_fork(run: Run, row: Row) -> dict[str, str]:
    return {path: text for path, text in _labels(run, row).items() if path != FORK}


def _forks(run: Run) -> bool:
    """Whether the run has several."""
    return len({label.get(FORK) for label in run.labels}) > 1
