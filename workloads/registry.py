"""What an experiment can run by name: the single programs, and mixes of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from workloads import mix
from workloads.running.program import Workload, by_name
from workloads.running.setup import Setup
from workloads.single import PROGRAMS

WORKLOADS: dict[str, Workload] = by_name([*PROGRAMS.values(), mix])


def programs_of(config: Mapping[str, Any]) -> Iterator[tuple[tuple[str, ...], Mapping[str, Any]]]:
    """The programs of a workload's configuration (plain data): the way to each, and its own part.

    A single program is the whole configuration.
    """
    if config["kind"] != mix.NAME:
        yield (), config
        return
    for name, program in config["programs"].items():
        yield ("programs", name), program


def check(config: Any, setup: Setup) -> None:
    """Look whether a workload's configuration fits its traces and the machine.

    Raises:
        TraceError: it does not.
    """
    workload = WORKLOADS[config.kind]
    if hasattr(workload, "check"):
        workload.check(config, setup)


def children_exit_at_once(program: Mapping[str, Any]) -> bool:
    """Whether the children of a program (plain data) do nothing else, as its module says; else no.

    Such children may run in their parent's memory.
    """
    says = getattr(WORKLOADS[program["kind"]], "children_exit_at_once", None)
    return says is not None and bool(says(program))


def wanted_trace(name: str) -> type:
    """The kind of trace that drives the program, from its module's ``TRACE``; else any."""
    wanted: type = getattr(WORKLOADS[name], "TRACE", object)
    return wanted
