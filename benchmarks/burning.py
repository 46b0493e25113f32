"""A program that only burns core time, to measure what surrounds programs; import registers it."""

from __future__ import annotations

import time
from typing import Literal

from pydantic import BaseModel

from experiments.language.catalogue import Catalogue
from models.kernel.kernel import Kernel
from models.schemes.registry import SCHEMES
from sim.machine.streams import Streams
from sim.measures.common_metrics import DURATION, LATENCY, REQUESTS
from sim.measures.histogram import Histogram
from sim.measures.recording import Recording
from sim.units import Duration
from workloads.registry import WORKLOADS
from workloads.running.program import Program
from workloads.running.setup import Setup
from workloads.workload import Workload


class BurningConfig(BaseModel):
    """How much."""

    kind: Literal["burning"]
    burn: Duration


class Burning(Workload):
    """A program that keeps a core busy."""

    name = "burning"
    Config = BurningConfig

    def start(self, config: BurningConfig, kernel: Kernel, streams: Streams) -> Program:
        """It never runs on a machine."""
        raise AssertionError

    def run(self, config: BurningConfig, setup: Setup) -> Recording:
        """Keep a core busy."""
        start = time.process_time_ns()
        while time.process_time_ns() - start < config.burn:
            sum(range(100_000))  # rather than ask for the time again and again, a system call
        return Recording().add(
            histograms={LATENCY: Histogram()},
            counters={REQUESTS: 0},
            levels={DURATION: config.burn},
        )


def catalogue() -> Catalogue:
    """Where it is known."""
    return Catalogue(
        {Burning.name: Burning()},
        SCHEMES,
        ("epyc-7302p-linux-5.6",),
        (),
    )


WORKLOADS.setdefault(Burning.name, Burning())
