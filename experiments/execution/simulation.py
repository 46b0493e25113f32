"""One point simulated: every repetition of its workload, into one record."""

from __future__ import annotations

import gc
import platform
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from functools import cache
from importlib.metadata import version

from experiments.language.repetitions import repeat
from experiments.planning.points import Point
from results.records.record import Record
from sim.machine.spans import SpanWindow
from sim.measures.recording import Recording
from workloads.registry import WORKLOADS


def simulate(point: Point, spans: SpanWindow | None = None) -> Record:
    """The record of a point; the same bytes whenever and wherever it is simulated.

    Args:
        point: which.
        spans: watches the first repetition, if given.
    """
    config = point.config
    workload = WORKLOADS[config["workload"]["kind"]]

    def repetition(number: int) -> Recording:
        setup = point.setup(number)
        with _all_else_set_aside():
            return workload.run(point.workload, setup if number else replace(setup, spans=spans))

    return Record(
        config=config,
        trace_digests=point.digests,
        model=point.model,
        repetitions=repeat(config["repetitions"], repetition),
        provenance={
            "seed": config["seed"],
            "profile": {"name": config["machine"]["profile"], "sha256": point.profile.digest},
            "versions": _versions(),
        },
    )


def watch(point: Point, spans: SpanWindow) -> None:
    """Simulate the first repetition of a point again, for somebody who watches."""
    point.prepare()
    workload = WORKLOADS[point.config["workload"]["kind"]]
    with _all_else_set_aside():
        workload.run(point.workload, replace(point.setup(0), spans=spans))


@contextmanager
def _all_else_set_aside() -> Iterator[None]:
    """What is there already is not searched for cycles: that takes a tenth of many small steps."""
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()


@cache
def _versions() -> Mapping[str, str]:
    """Those of what simulates; looking for one takes half as long as a small point."""
    return {
        "forksim": version("forksim"),
        "numpy": version("numpy"),
        "python": platform.python_version(),
    }
