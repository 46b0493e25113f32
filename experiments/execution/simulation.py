"""One point simulated: every repetition of its workload, into one record."""

from __future__ import annotations

import gc
import platform
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from importlib.metadata import version

from experiments.language.repetitions import repeat
from experiments.planning.points import Point
from results.records.record import Record
from sim.measures.recording import Recording
from workloads.registry import WORKLOADS


def simulate(point: Point) -> Record:
    """The record of a point; the same bytes whenever and wherever it is simulated."""
    config = point.config
    workload = WORKLOADS[config["workload"]["kind"]]

    def repetition(number: int) -> Recording:
        with _all_else_set_aside():
            return workload.run(point.workload, point.setup(number))

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
