"""A run of points on one trace in a process of their own; every read adds a line to a file.

Arguments: LOG RECORDS EXPERIMENT. A line is the number of the process that read; importing this
counts, so that the processes that it spawns count too. They know the file by ``TRACE_READS``.
"""

from __future__ import annotations

import os
import sys
from dataclasses import replace
from functools import wraps
from pathlib import Path

from experiments.execution.executors.local import LocalProcesses
from experiments.language.catalogue import catalogue
from experiments.language.document import load
from experiments.planning.points import plan
from results.records.store import Store
from workloads.traces.kinds.trace import Trace
from workloads.traces.reading.text import ReadLimits, TracePath
from workloads.traces.registry import FORMATS

MONITOR = FORMATS["redis_monitor"]


@wraps(MONITOR.read)
def _counted(path: TracePath, limits: ReadLimits) -> Trace:
    with Path(os.environ["TRACE_READS"]).open("a") as log:
        log.write(f"{os.getpid()}\n")
    return MONITOR.read(path, limits)


FORMATS["redis_monitor"] = replace(MONITOR, read=_counted)


def main(log: str, records: str, experiment: str) -> None:
    """Plan the experiment and simulate its points in one process."""
    os.environ["TRACE_READS"] = log
    file = Path(experiment)
    points = plan(load(file), file.parent, catalogue()).points
    list(LocalProcesses(1).run(points, Store(Path(records))))


if __name__ == "__main__":
    main(*sys.argv[1:])
