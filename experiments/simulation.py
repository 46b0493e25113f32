"""One point simulated: every repetition of its workload, into one record."""

from __future__ import annotations

import platform
from collections.abc import Mapping
from importlib.metadata import version
from typing import Any

from experiments.points import Point
from experiments.repetitions import repeat
from results.record import Record
from sim.recording import Recording
from workloads.registry import WORKLOADS
from workloads.setup import Setup


def fork_of(config: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments of a setup that say how a point forks."""
    options = {name: value for name, value in config["fork"].items() if name != "kind"}
    return {"scheme": config["fork"]["kind"], "options": options}


def simulate(point: Point) -> Record:
    """The record of a point; the same bytes whenever and wherever it is simulated."""
    config = point.config
    workload = WORKLOADS[config["workload"]["kind"]]

    def repetition(number: int) -> Recording:
        setup = Setup(
            profile=point.profile,
            cores=config["machine"]["cores"],
            memory_bytes=config["machine"].get("memory"),
            **fork_of(config),
            seed=config["seed"],
            repetition=number,
        )
        return workload.run(point.workload, setup)

    return Record(
        config=config,
        trace_digests=point.digests,
        model=point.model,
        repetitions=repeat(config["repetitions"], repetition),
        provenance={
            "seed": config["seed"],
            "profile": {"name": config["machine"]["profile"], "sha256": point.profile.digest},
            "versions": {
                "forksim": version("forksim"),
                "numpy": version("numpy"),
                "python": platform.python_version(),
            },
        },
    )
