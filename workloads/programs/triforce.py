"""TriforceAFL: AFL on system calls, each input in a fork of a whole QEMU process."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from sim.units import Bytes
from workloads.programs.afl.config import Fuzzing
from workloads.programs.afl.program import ForkServerFuzzing
from workloads.running.demands import MOST_BYTES
from workloads.running.pages import PAGE_BYTES


class TriforceConfig(Fuzzing):
    """AFL on the kernel of a booted QEMU guest: a smaller process, longer runs."""

    kind: Literal["triforce"]
    target: Annotated[
        Bytes, Field(ge=PAGE_BYTES, le=MOST_BYTES, description="memory of the QEMU process")
    ] = 188 * 2**20


class Triforce(ForkServerFuzzing):
    """TriforceAFL: AFL on system calls, each input in a fork of a whole QEMU process."""

    name = "triforce"
    Config = TriforceConfig
