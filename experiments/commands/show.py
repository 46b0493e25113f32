"""``forksim show``: a run that is there, printed as when it was run."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from experiments.commands.ending import DONE, SOME_FAILED
from experiments.commands.printing import say
from experiments.commands.run_output import RunOutput
from experiments.language.errors import InputError
from results.records.run_folder import Run, RunFolder, RunFolderError, look
from results.tables.run_table import run_table


def main(folder: str, **asked: Any) -> int:
    """Print the run in ``folder``; 0, or 1 if some of its points failed.

    ``asked`` is what `RunOutput` takes.
    """
    printed = RunOutput(**asked)
    printed.check()
    try:
        run = look(Path(folder))
    except RunFolderError as error:
        raise InputError(str(error)) from None
    printed.print(
        run_table(run.records, run.written),
        run.records,
        run.written,
        name=RunFolder(run.path).read_name() or run.path.name,
        folder=folder,
        failed=run.failed,
        untried=[*run.damaged, *run.untried],
    )
    _say_what_is_missing(run)
    return SOME_FAILED if run.failed else DONE


def _say_what_is_missing(run: Run) -> None:
    for label in run.damaged:
        say(f"point {label} is damaged: run it again", err=True)
    for label, reason in run.failed:
        say(f"point {label} failed: {reason}", err=True)
    if run.untried:
        total = len(run.records) + run.missing
        say(f"{run.path}: {len(run.untried)} of {total} points are not done", err=True)
