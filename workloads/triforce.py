"""TriforceAFL: AFL on system calls, each input in a fork of a whole QEMU process."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from sim.quantities import Bytes, Duration
from sim.recording import Recording
from workloads.afl import Fuzzing, fuzz
from workloads.fork_server import PAGE_BYTES
from workloads.setup import Setup

NAME = "triforce"


class Config(Fuzzing):
    """AFL on the kernel of a booted QEMU guest: a smaller process, longer runs."""

    kind: Literal["triforce"]
    target: Annotated[
        Bytes, Field(ge=PAGE_BYTES, le=2**45, description="memory of the QEMU process")
    ] = 188 * 2**20
    run: Annotated[
        Duration, Field(gt=0, description="time the emulated system calls take, without faults")
    ]


def run(config: Config, setup: Setup) -> Recording:
    """Fuzz, and say how many inputs were executed when."""
    return fuzz(config, setup.kernel(), setup.streams())
