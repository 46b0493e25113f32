"""A program on a machine, alone or beside others."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import cast

from models.kernel import Kernel
from sim.clock import Activity
from sim.recording import Recording


@dataclass(frozen=True)
class Program:
    """What a program does, and what came of it.

    Attributes:
        activities: What goes on in it at once; it is over when all of them have ended.
        recording: Its results; called at the moment it is over.
    """

    activities: Sequence[Activity]
    recording: Callable[[], Recording]


def play(kernel: Kernel, *programs: Program) -> list[Recording]:
    """Run programs side by side on the kernel's machine, to the end of each; their results."""
    clock = kernel.machine.clock

    def live(program: Program) -> Activity:
        yield clock.all_of([clock.process(activity) for activity in program.activities])
        return program.recording()

    lives = [clock.process(live(program)) for program in programs]
    clock.run(until=clock.all_of(lives))
    clock.check()
    return cast(list[Recording], [life.value for life in lives])
