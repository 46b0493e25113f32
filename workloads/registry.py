"""The programs by name; a new one is a module (or folder) of its own and one line here."""

from __future__ import annotations

from typing import Any, Protocol, cast

from pydantic import BaseModel

from sim.recording import Recording
from workloads import afl, microbench, redis, sqlite, triforce
from workloads.setup import Setup


class Workload(Protocol):
    """What a program's module offers."""

    NAME: str
    Config: type[BaseModel]
    __doc__: str | None

    def run(self, config: Any, setup: Setup) -> Recording:
        """One repetition; ``config`` is an instance of ``Config``."""


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
