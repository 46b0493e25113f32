"""``forksim run``: simulate the points of an experiment, print their table, draw their figure."""

from __future__ import annotations

import io
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from rich.console import Console

from experiments.commands.ending import DONE, LIMIT_MISSED, SOME_FAILED
from experiments.commands.figure_formats import figure_formats
from experiments.commands.printing import note, say
from experiments.commands.run_output import RunOutput
from experiments.execution import output
from experiments.execution.event_log import EventLog
from experiments.execution.executors.choice import chosen
from experiments.execution.progress import Reporter
from experiments.execution.runner import RunOutcome, run
from experiments.execution.trace_checks import check_traces
from experiments.language.amounts import readings
from experiments.language.catalogue import catalogue
from experiments.language.document import Document, load
from experiments.language.errors import InputError, Position
from experiments.language.limits import with_limits
from experiments.planning.points import Plan, Point, plan
from experiments.planning.selection import first_missing, having
from experiments.planning.watched import watched_time
from experiments.sweeps.overrides import override
from results.records.record import Record
from results.records.run_folder import ListedPoint, RunFolder
from results.records.span_file import Watched, read_head
from results.records.whole_file import new_file
from sim.machine.spans import MOST_SPANS


def main(
    file: str,
    settings: tuple[str, ...],
    only: tuple[str, ...],
    limit: int | None,
    out: str | None,
    *,
    limits: tuple[str, ...],
    any_size: bool,
    metric: str | None,
    every: bool,
    notes: bool,
    phases: bool,
    as_json: bool,
    markdown: bool,
    fail_fast: bool,
    events: str | None,
    figures: str | None,
    spans: str | None,
    **machinery: Any,
) -> int:
    """Run the experiment in ``file``; 0, 1 if some points failed, else 3 if a limit is missed.

    ``machinery`` is what `chosen` takes.
    """
    formats = figure_formats(figures)
    printed = RunOutput(metric, every, notes, phases, as_json, markdown)
    printed.check()
    watched = None if spans is None else watched_time(spans)
    source = Path(file)
    document = with_limits(override(load(source), settings), limits)
    planned = plan(document, source.parent, catalogue(), any_size=any_size)
    if events != "-":
        for remark in planned.remarks:
            note(remark)
    wanted = [replace(point, watched=watched) for point in having(planned.points, only)]
    check_traces(wanted, document)
    executor = chosen(**machinery)
    folder = output.folder_at(Path(out) if out else Path("runs") / planned.name)
    before = folder.read_name()
    if before not in (None, planned.name) and events != "-":
        kept = f"its records stay; table and figure become those of {planned.name!r}"
        say(f"{folder.path}: has the results of {before!r}: {kept}", err=True)
    written = _begin(folder, planned, wanted, quiet=events == "-")
    with _event_log(events) as log, Reporter(_console(events), log=log) as reporter:
        done = {id_ for id_ in folder.store.ids() if _has_spans(folder, id_, watched)}
        points = first_missing(wanted, done, limit)
        check = _check_limits(document, points)
        finished = run(points, folder.store, executor, reporter, fail_fast=fail_fast, check=check)
    table = output.table_of(finished)
    found = output.limit_rows_of(document, finished.records, table)
    if written:
        output.write(folder, planned.document, finished, table, formats)
    printed.print(
        table,
        name=planned.name,
        folder=str(folder.path),
        failed=[(point.label, reason) for point, reason in finished.failures],
        untried=[point.label for point in finished.untried],
        limits=found,
    )
    if finished.untried and events != "-":
        say(f"stopped: {len(finished.untried)} points were not tried", err=True)
    if events != "-":
        for line in _of_spans(folder, finished) if watched is not None else ():
            say(line, err=True)
        say(f"results in {folder.path}", err=True)
    if finished.failures:  # what is said of limits is not all there is to say
        return SOME_FAILED
    return DONE if all(row.verdict.met for row in found) else LIMIT_MISSED


def _check_limits(document: Document, points: Sequence[Point]) -> Callable[[Record], object]:
    """What sees in a point's record whether limits are of metrics that there are.

    Points whose programs differ in more than numbers may have other metrics: then nobody knows
    before the last.
    """
    differing = {
        field
        for point in points
        for field in point.swept.items()
        if field[0].startswith("workload")
    }
    if not all(readings(text) for _, text in differing):
        return lambda _: None
    return partial(output.limits_of_record, document)


def _begin(folder: RunFolder, planned: Plan, wanted: Sequence[Point], *, quiet: bool) -> bool:
    """Make the folder and list the points in it; false if nothing can and need be written.

    Raises:
        InputError: the folder cannot be made.
        OSError: it cannot be written to, and points are missing.
    """
    listed = [ListedPoint(point.id, point.label, dict(point.swept)) for point in planned.points]
    try:
        output.make(folder)
        folder.write_points(planned.name, listed)
    except OSError as error:
        why = output.excuse(error, folder, wanted)
        if not quiet:
            note(why)
        return False
    return True


def _has_spans(folder: RunFolder, id_: str, watched: Watched | None) -> bool:
    return watched is None or folder.store.has_spans(id_, watched)


def _of_spans(folder: RunFolder, finished: RunOutcome) -> Iterator[str]:
    """What there is to say of spans that were asked for."""
    yield f"spans of the first repetition of each point in {folder.spans}"
    for point in {point.id: point for point in finished.points}.values():
        head = read_head(folder.store.spans_file_of(point.id))
        if head is None:
            continue
        end = f"at {head.complete_to_ns / 1e9:.9g} s"
        if head.full:
            yield f"point {point.label}: spans end {end}: there are more than {MOST_SPANS:,}"
        elif not head.spans:
            yield f"point {point.label}: no spans: nobody does anything then"


def _console(events: str | None) -> Console:
    """Where progress is told: nowhere if events take its place."""
    return Console(stderr=True, quiet=events == "-")


@contextmanager
def _event_log(file: str | None) -> Iterator[EventLog | None]:
    if file is None:
        yield None
    elif file == "-":
        yield EventLog(sys.stderr)
    else:
        try:
            stream = io.TextIOWrapper(new_file(Path(file)), "ascii")
        except OSError as error:
            reason = f"{error.strerror}: expected a file that can be written"
            raise InputError.at(Position("--events"), f"{file}: {reason}") from None
        with stream:
            yield EventLog(stream)
