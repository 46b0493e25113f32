"""A program on a machine, alone or beside others, and what its module offers."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, cast

from pydantic import BaseModel

from models.kernel import Kernel
from sim.clock import Activity, Clock
from sim.recording import Recording
from sim.streams import Streams
from workloads.setup import Setup


@dataclass(frozen=True)
class Program:
    """What a program does, and what came of it.

    Attributes:
        activities: What goes on in it at once; it is over when all of them have ended.
        recording: Its results; called at the moment it is over.
    """

    activities: Sequence[Activity]
    recording: Callable[[], Recording]


class Workload(Protocol):
    """What a program's module offers."""

    NAME: str
    Config: type[BaseModel]
    __doc__: str | None

    def start(self, config: Any, kernel: Kernel, streams: Streams) -> Program:
        """The program, ready to run; ``config`` is an instance of ``Config``."""

    def run(self, config: Any, setup: Setup) -> Recording:
        """One repetition: the program alone on a machine."""


def by_name(modules: Iterable[Any]) -> dict[str, Workload]:
    """The programs' modules by name; ValueError if two have the same."""
    registry: dict[str, Workload] = {}
    for module in modules:
        workload = cast(Workload, module)
        if workload.NAME in registry:
            raise ValueError(f"two workloads are named {workload.NAME}")
        registry[workload.NAME] = workload
    return registry


def life(clock: Clock, program: Program) -> Activity:
    """The whole of a program, for a SimPy process; returns its recording."""
    yield clock.all_of([clock.process(activity) for activity in program.activities])
    return program.recording()


def play(kernel: Kernel, *programs: Program) -> list[Recording]:
    """Run programs side by side on the kernel's machine, to the end of each; their results."""
    clock = kernel.machine.clock
    lives = [clock.process(life(clock, program)) for program in programs]
    clock.run(until=clock.all_of(lives))
    clock.check()
    return cast(list[Recording], [ended.value for ended in lives])
