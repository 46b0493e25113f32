"""A program on a machine, alone or beside others."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import cast

import simpy

from models.kernel.kernel import Kernel
from models.kernel.memory_books import OutOfMemory
from models.kernel.memory_log import MemoryLog
from models.memory.physical import PhysicalMemory
from sim.machine.clock import Activity
from sim.measures.common_metrics import KILLED, KILLED_AT, KILLED_AT_USE, MEMORY_PEAK
from sim.measures.recording import Recording
from workloads.running.machine_use import use_of


@dataclass(frozen=True)
class Program:
    """What a program does, and what came of it.

    Attributes:
        activities: What goes on in it at once; it is over when all of them have ended.
        recording: Its results; called at the moment it is over.
        memories: What it takes memory from, if it is not alone on its machine.
        at_once: How many of its processes and threads may ever want a core at the same time; None
            if that is not known.
    """

    activities: Sequence[Activity]
    recording: Callable[[], Recording]
    memories: Sequence[PhysicalMemory] = ()
    at_once: int | None = None


def at_once(programs: Iterable[Program]) -> int | None:
    """`Program.at_once` of some programs together."""
    total = 0
    for program in programs:
        if program.at_once is None:
            return None
        total += program.at_once
    return total


def life(kernel: Kernel, program: Program) -> Activity:
    """The whole of a program, for a SimPy process; returns its recording.

    A program that the machine has no memory for is interrupted (`MemoryBooks.check`): its
    recording is that of the time until then, with when and at which use of memory it was killed.
    """
    clock = kernel.machine.clock
    kernel.books.begin(program.memories, cast(simpy.Process, clock.active_process))
    running = [clock.process(activity) for activity in program.activities]
    everything = clock.all_of(running)
    try:
        yield everything
    except simpy.Interrupt as interrupt:
        everything.defused = True
        others = [p for memory in program.memories for p in kernel.books.processes_of(memory)]
        for process in [*running, *others]:
            if process.is_alive:
                process.defused = True
                process.interrupt(interrupt.cause)
        death = cast(OutOfMemory, interrupt.cause)
        recording = program.recording()
        recording.add(
            counters={KILLED: 1}, levels={KILLED_AT: clock.now, KILLED_AT_USE: death.used_bytes}
        )
    else:
        recording = program.recording()
    kernel.books.forget(cast(simpy.Process, clock.active_process))
    if not recording.parts:
        _add_memory(recording, [kernel.books.logs[memory] for memory in program.memories])
        if len(program.memories) == len(kernel.books.logs) and kernel.books.peak_bytes:
            recording.add(levels={MEMORY_PEAK: kernel.books.peak_bytes})
    return recording


def _add_memory(recording: Recording, logs: Sequence[MemoryLog]) -> None:
    """What a program took of memory: tables over time, and the most at once."""
    for number, log in enumerate(logs):
        for name, table in log.series().items():
            recording.series[f"{name}_{number}" if number else name] = table
    peaks = [log.peak_bytes for log in logs if log.peak_bytes]
    if peaks:
        recording.add(levels={MEMORY_PEAK: sum(peaks)})


def play(kernel: Kernel, *programs: Program) -> list[Recording]:
    """Run programs side by side on the kernel's machine, to the end of each; their results.

    Those of a single one, which may be a mix, tell also what the machine was used for.
    """
    clock = kernel.machine.clock
    if len(programs) == 1:
        programs = (replace(programs[0], memories=tuple(kernel.books.memories)),)
    kernel.machine.scheduler.expect(at_once(programs))
    lives = [clock.process(life(kernel, program)) for program in programs]
    clock.run(until=clock.all_of(lives))
    clock.check()
    kernel.machine.scheduler.end_watch()
    recordings = cast(list[Recording], [ended.value for ended in lives])
    if len(recordings) == 1:
        recordings[0].add(counters=use_of(kernel))
    return recordings
