"""The run that a command is asked to look at."""

from __future__ import annotations

from pathlib import Path

from experiments.commands.ending import DONE, SOME_FAILED
from experiments.commands.printing import say
from experiments.language.errors import InputError
from results.records.run_folder import Run, RunFolderError, read


def open_run(folder: str) -> Run:
    """The run in ``folder``; says on stderr if some of its points are missing.

    Raises:
        InputError: it is no run's folder, or has no results.
    """
    try:
        run = read(Path(folder))
    except RunFolderError as error:
        raise InputError(str(error)) from None
    if run.missing:
        total = len(run.records) + run.missing
        say(f"{folder}: {run.missing} of {total} points are not done", err=True)
    return run


def ending_of(run: Run) -> int:
    """How a command ends that has told of a run: 1 if points failed or are damaged, else 0."""
    return SOME_FAILED if run.failed or run.damaged else DONE
