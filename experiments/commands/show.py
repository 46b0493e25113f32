"""``forksim show``: a run that is there, printed as when it was run."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from experiments.commands.ending import DONE, LIMIT_MISSED
from experiments.commands.finished_run import ending_of
from experiments.commands.printing import say
from experiments.commands.run_output import RunOutput
from experiments.execution import output
from experiments.language.document import Document, load
from experiments.language.errors import InputError, Position
from experiments.language.limits import with_limits
from results.records.run_folder import Run, RunFolder, RunFolderError, look
from results.tables.run_table import run_table


def main(folder: str, limits: tuple[str, ...], **asked: Any) -> int:
    """Print the run in ``folder``; 0, 1 if points failed or are damaged, 3 if a limit is missed.

    ``asked`` is what `RunOutput` takes.
    """
    printed = RunOutput(**asked)
    printed.check()
    try:
        run = look(Path(folder))
    except RunFolderError as error:
        raise InputError(str(error)) from None
    table = run_table(run.records, run.written)
    document = with_limits(_experiment(RunFolder(run.path)), limits)
    found = output.limit_rows_of(document, run.records, table)
    printed.print(
        table,
        name=RunFolder(run.path).read_name() or run.path.name,
        folder=folder,
        failed=run.failed,
        untried=[*run.damaged, *run.untried],
        limits=found,
    )
    _say_what_is_missing(run)
    missed = not all(row.verdict.met for row in found)
    return ending_of(run) or (LIMIT_MISSED if missed else DONE)


def _experiment(folder: RunFolder) -> Document:
    """The experiment as it was run, for its limits; an empty one if it is not there."""
    if folder.experiment_file.is_file():
        return load(folder.experiment_file)
    return Document({}, {(): Position(str(folder.experiment_file))})


def _say_what_is_missing(run: Run) -> None:
    for label in run.damaged:
        say(f"point {label} is damaged: run it again", err=True)
    for label, reason in run.failed:
        say(f"point {label} failed: {reason}", err=True)
    if run.untried:
        total = len(run.records) + run.missing
        say(f"{run.path}: {len(run.untried)} of {total} points are not done", err=True)
