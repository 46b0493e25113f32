"""``forksim capacity``: up to which value of a field an experiment meets its limits."""

from __future__ import annotations

from pathlib import Path

from rich.console import Console

from experiments.commands.ending import DONE, LIMIT_MISSED, SOME_FAILED
from experiments.commands.figure_formats import figure_formats
from experiments.commands.printing import Output, note, print_json, say
from experiments.execution import output
from experiments.execution.capacity import Ground, find
from experiments.execution.executors.choice import local, staying
from experiments.execution.progress import Reporter
from experiments.execution.trace_checks import check_traces
from experiments.language.catalogue import catalogue
from experiments.language.document import Document, load
from experiments.language.errors import InputError, Position
from experiments.language.limits import OPTION, SLO, with_limits
from experiments.language.schema import experiment_model
from experiments.planning.points import Plan, plan
from experiments.planning.searched_field import SearchedField
from experiments.sweeps.overrides import override
from results.metrics.capacity import Capacity, CapacityLine, Wanted
from results.tables.capacity_table import print_capacity, to_json


def main(
    file: str,
    field: str,
    settings: tuple[str, ...],
    *,
    limits: tuple[str, ...],
    by: str | None,
    first: str | None,
    last: str | None,
    find_what: str | None,
    out: str | None,
    jobs: int | None,
    figures: str | None,
    as_json: bool,
) -> int:
    """Search; 0, 1 if a point failed, else 3 if even the easiest value misses somewhere."""
    formats = figure_formats(figures)
    source = Path(file)
    document = with_limits(override(load(source), settings), limits)
    if not document.data.get(SLO):
        wrong = f"no limit: expected one such as p99.9=10ms, or {SLO} in {file}"
        raise InputError.at(Position(OPTION), wrong)
    known = catalogue()
    searched = SearchedField(
        document, experiment_model(known), field, first=first, last=last, by=by
    )
    planning = _Planning(source.parent, searched)
    folder = output.folder_at(Path(out) if out else Path("runs") / planning(_first(searched)).name)
    output.make(folder)
    executor = local(jobs)
    with Reporter(Console(stderr=True)) as reporter, staying(executor):
        ground = Ground(
            planning,
            folder.store,
            executor,
            reporter,
            lambda record: output.limits_of_record(document, record),
        )
        lines = find(searched, ground, None if find_what is None else Wanted(find_what))
    capacity = Capacity(field, ground.limits, lines)
    output.write_capacity(folder, capacity, formats)
    if as_json:
        print_json({"folder": str(folder.path), **to_json(capacity)})
    else:
        print_capacity(capacity, Output())
    say(f"results in {folder.path}", err=True)
    return _code(lines)


def _code(lines: list[CapacityLine]) -> int:
    if any(line.found is None for line in lines):
        return SOME_FAILED
    missed = [line for line in lines if line.found is not None and line.found.best is None]
    return LIMIT_MISSED if missed else DONE


def _first(field: SearchedField) -> Document:
    """The experiment of the values that are tried first."""
    return field.document_of([(line, field.stretch.start) for line in field.lines])


class _Planning:
    """Plans experiments that differ in their sweeps; says once what is to be said of each."""

    def __init__(self, folder: Path, field: SearchedField) -> None:
        self._folder = folder
        self._field = field
        self._catalogue = catalogue()
        self._said: set[str] = set()

    def __call__(self, document: Document) -> Plan:
        planned = plan(document, self._folder, self._catalogue)
        check_traces(planned.points, document)
        for remark in planned.remarks:
            if remark not in self._said and not remark.startswith(f"{self._field.path}: "):
                self._said.add(remark)
                note(remark)
        return planned
