"""``forksim blame``: what the latencies of a run were spent on."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

from experiments.commands.figure_formats import figure_formats
from experiments.commands.finished_run import ending_of, open_run
from experiments.commands.printing import Output, print_json, say
from experiments.language.errors import InputError, suggestion
from results.figures.formats import FORMATS
from results.metrics.blame import phases_of
from results.records.run_folder import Run
from results.tables.blame_table import BlameTable, blame_table, print_blame, to_json
from sim.measures.phases import Phase


def main(
    folder: str,
    by: str | None,
    phase: str | None,
    figures: str | None,
    out: str | None,
    *,
    as_json: bool,
) -> int:
    """Say and draw what is to blame for the latencies of the run in ``folder``; 0.

    Raises:
        InputError: it is no run, a field or phase is unknown, or no causes were recorded.
    """
    target = None if out is None else _target(Path(out))
    formats = figure_formats(figures)
    run = open_run(folder)
    if by is not None and by not in run.swept:
        raise InputError(f"--by: {by}: not swept{suggestion(by, run.swept)}")
    table = blame_table(run, by, None if phase is None else _phase(phase, run))
    if not table.rows:
        raise InputError(
            f"{folder}: nothing to blame: expected a run of a program that keeps what its requests "
            "wait for (redis, apache, afl, sqlite, or a mix with one)"
        )
    if as_json:
        print_json({"folder": folder, **to_json(table)})
    else:
        print_blame(table, Output())
    stem = run.path / ("blame" if phase is None else f"blame-{phase}")
    _draw(table, target or stem, [target.suffix[1:]] if target else formats)
    return ending_of(run)


def _target(file: Path) -> Path:
    if file.suffix.removeprefix(".") not in FORMATS:
        known = ", ".join(f".{name}" for name in FORMATS)
        raise InputError(f"--out: {file}: expected a file ending in one of {known}")
    if not file.parent.is_dir():
        raise InputError(f"--out: {file.parent}: no such folder: expected one for the file")
    return file


def _phase(asked: str, run: Run) -> Phase:
    known = {phase for r in run.records for _, own in r.by_program() for phase in phases_of(own)}
    if not known:
        raise InputError(
            f"--phase: {asked}: no phases: expected a run of a program that forks while it serves"
        )
    if asked not in known:
        nearest = suggestion(asked, sorted(map(str, known)))
        raise InputError(f"--phase: {asked}: no such phase{nearest}")
    return Phase(asked)


def _draw(table: BlameTable, file: Path, formats: list[str]) -> None:
    if not formats:
        return
    figures = import_module("results.figures.blame")  # what draws is slow to import
    for written in figures.write(table, file.with_suffix(""), formats):
        say(str(written), err=True)
