"""TriforceAFL: AFL on system calls, each input in a fork of a whole QEMU process."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from sim.units import Bytes
from workloads.programs.afl.config import Fuzzing
from workloads.programs.afl.program import ForkServerFuzzing
from workloads.running.demands import MOST_BYTES
from workloads.running.pages import PAGE_BYTES
from workloads.workload import Scope


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
    scope = Scope(
        "As afl: each input runs in a forked child of the process that holds the booted guest.",
        "What QEMU does inside: translation, devices, other threads; an input is a time and the "
        "pages that it writes.",
    )
    example = "{kind: triforce, run: 5ms, pages: 20, duration: 2s}"
