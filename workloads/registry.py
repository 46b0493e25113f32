"""The programs by name; a new one is a module (or folder) of its own and one line here."""

from __future__ import annotations

from typing import Any, Protocol, cast

from pydantic import BaseModel

from models.kernel import Kernel
from sim.recording import Recording
from sim.streams import Streams
from workloads import afl, apache, microbench, redis, sqlite, triforce
from workloads.program import Program
from workloads.setup import Setup


class Workload(Protocol):
    """What a program's module offers."""

    NAME: str
    Config: type[BaseModel]
    __doc__: str | None

    def start(self, config: Any, kernel: Kernel, streams: Streams) -> Program:
        """The program, ready to run; ``config`` is an instance of ``Config``."""

    def run(self, config: Any, setup: Setup) -> Recording:
        """One repetition: the program alone on a machine."""


def by_name(modules: list[Any]) -> dict[str, Workload]:
    """The programs' modules by name; ValueError if two have the same."""
    registry: dict[str, Workload] = {}
    for module in modules:
        workload = cast(Workload, module)
        if workload.NAME in registry:
            raise ValueError(f"two workloads are named {workload.NAME}")
        registry[workload.NAME] = workload
    return registry


WORKLOADS = by_name(
    [
        afl,
        apache,
        microbench,
        redis,
        sqlite,
        triforce,
    ]
)


def wanted_trace(name: str) -> type:
    """The kind of trace that drives the program, from its module's ``TRACE``; else any."""
    wanted: type = getattr(WORKLOADS[name], "TRACE", object)
    return wanted
