"""A program that only burns core time, to measure what surrounds programs; import registers it."""

from __future__ import annotations

import sys
import time
from typing import Literal

from pydantic import BaseModel

from experiments.language.catalogue import Catalogue
from models.schemes import SCHEMES
from sim.measures.histogram import Histogram
from sim.measures.recording import Recording
from sim.units import Duration
from workloads.registry import WORKLOADS
from workloads.running.setup import Setup


class Config(BaseModel):
    """How much."""

    kind: Literal["burning"]
    burn: Duration


def run(config: Config, setup: Setup) -> Recording:
    """Keep a core busy."""
    start = time.process_time_ns()
    while time.process_time_ns() - start < config.burn:
        sum(range(100_000))  # rather than ask for the time again and again, which the kernel does
    return Recording({"latency_ns": Histogram()}, {"requests": 0}, {}, {"duration_ns": config.burn})


def catalogue() -> Catalogue:
    """Where it is known."""
    return Catalogue(
        {"burning": sys.modules[__name__]},
        SCHEMES,
        ("epyc-7302p-linux-5.6",),
        (),
    )


WORKLOADS.setdefault("burning", sys.modules[__name__])
