"""A run of a sweep of fakes without table and figure, to be killed: FOLDER LOG EXECUTOR."""

from __future__ import annotations

import sys
from pathlib import Path

from rich.console import Console
from sweeps_of_fakes import points_of

from experiments.execution.event_log import EventLog
from experiments.execution.executors.choice import chosen
from experiments.execution.progress import Reporter
from experiments.execution.runner import run
from results.records.store import Store

POINTS = 40


def main(folder: str, log: str, executor: str) -> None:
    """Run with so many jobs, or on the Dask scheduler at an address."""
    jobs, scheduler = (int(executor), None) if executor.isdigit() else (None, executor)
    with (
        Path(log).open("w", encoding="ascii") as stream,
        Reporter(Console(stderr=True, quiet=True), log=EventLog(stream)) as reporter,
    ):
        points = points_of("nap", seeds=POINTS)
        machinery = chosen(jobs, scheduler, None, None, None)
        finished = run(points, Store(Path(folder)), machinery, reporter)
    sys.exit(len(finished.failures))


if __name__ == "__main__":
    main(*sys.argv[1:])
