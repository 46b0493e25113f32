"""The programs of a machine: what memory each has, and who is killed for want of it."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable

import numpy as np
import simpy

from models.costs.laws import Costs
from models.kernel.memory_log import MemoryLog
from models.kernel.planned_memory import PlannedMemory
from models.memory.address_space import AddressSpace
from models.memory.entries import ENTRIES_PER_TABLE
from models.memory.frames import FRAME_BYTES
from models.memory.physical import PhysicalMemory
from sim.arrays import IntArray
from sim.machine.clock import Activity, Clock

NOTES_EVERY_NS = 100_000_000
"""How often memory is noted while a program only goes on writing."""


_WITH_TABLE = ENTRIES_PER_TABLE + 1


class OutOfMemory(Exception):  # noqa: N818 - the kernel's own name for it
    """More memory is in use than the machine has.

    Args:
        used_bytes: How much all programs use.
        memory_bytes: How much there is.
    """

    def __init__(self, used_bytes: int, memory_bytes: int) -> None:
        super().__init__(used_bytes, memory_bytes)
        self.used_bytes = used_bytes
        self.memory_bytes = memory_bytes

    def __str__(self) -> str:
        used, there = self.used_bytes / 2**30, self.memory_bytes / 2**30
        return f"out of memory: {used:.4g} GiB in use on a machine with {there:.4g} GiB"


class MemoryBooks:
    """Keeps the books of memory, and the limit.

    Args:
        clock: The machine's.
        costs: Prices, which say what the machine's free lists hold.
        memory_bytes: How much memory the machine has; None if there is no limit.
        notes: Whether to note how much memory is in use over time.
        curtail: What lets programs that have planned ahead look again.

    Attributes:
        memories: The memory of each program started, in order.
        logs: How much memory each has taken.
        peak_bytes: The most that all of them used together.
    """

    def __init__(
        self,
        clock: Clock,
        costs: Costs,
        memory_bytes: int | None,
        *,
        notes: bool = True,
        curtail: Callable[[], None] = lambda: None,
    ) -> None:
        self.memory_bytes = memory_bytes
        self.memories: list[PhysicalMemory] = []
        self.logs: dict[PhysicalMemory, MemoryLog] = {}
        self.peak_bytes = 0
        self._lives: dict[PhysicalMemory, simpy.Process] = {}
        self._processes: dict[PhysicalMemory, list[simpy.Process]] = {}
        self._clock = clock
        self._costs = costs
        self._notes = notes
        self._living: list[PhysicalMemory] = []
        self._seen: list[int] = []
        self._curtail = curtail
        self._planned: dict[PhysicalMemory, PlannedMemory] = {}

    def start_program(self) -> AddressSpace:
        """An empty address space, in a memory that it will share with its forks alone.

        Each program draws on free lists of its own: with one stock of scattered frames for all,
        whoever fills first would fork slower than the others, and unsynchronised instances would
        fall into step, which figure 2 shows that they do not.
        """
        costs = self._costs
        memory = PhysicalMemory(costs.movable_stock_frames, costs.unmovable_stock_frames)
        self.memories.append(memory)
        self._living.append(memory)
        self.logs[memory] = MemoryLog(memory)
        return AddressSpace(memory)

    def check(self) -> None:
        """Kill the program that has most, with all its processes, if more is in use than there is.

        Its process is interrupted with the `OutOfMemory`.

        Raises:
            OutOfMemory: If it does not run yet.
        """
        used = self._see()
        if self.memory_bytes is None or sum(used) <= self.memory_bytes:
            if self._planned and self.room_bytes() < 0:
                self._curtail_plans()
            return
        victim = self._living[int(np.argmax(used))]
        death = OutOfMemory(sum(used), self.memory_bytes)
        process = self._lives.get(victim)
        if process is None:
            raise death
        self.forget(process)
        process.interrupt(death)

    def _see(self) -> list[int]:
        used = self._used()
        # Most often nothing has changed: a repeated round of a fork server leaves memory alone.
        if used != self._seen:
            self._seen = used
            self.peak_bytes = max(self.peak_bytes, sum(used))
            for memory, used_bytes in zip(self._living, used, strict=True):
                self.logs[memory].see(used_bytes)
        return used

    def plan(self, memory: PhysicalMemory, starts_ns: IntArray, taken_bytes: IntArray) -> None:
        """Hear what a program will write at known times, for which there is room (`room_bytes`).

        It is counted as it comes due; its state changes when the program says so (`carry_out`).
        Arguments as of `PlannedMemory`.
        """
        self._planned[memory] = PlannedMemory(self._clock, starts_ns, taken_bytes)

    def carry_out(self, memory: PhysicalMemory) -> None:
        """A program's plan ends: what it wrote is about to be written."""
        self._planned.pop(memory, None)

    def look(self) -> None:
        """See what there is, before somebody changes something: plans may have gone on."""
        if self._planned:
            news = [planned.is_news() for planned in self._planned.values()]
            if any(news):
                self._see()

    def room_bytes(self) -> int:
        """How much memory nobody uses, nor will when all plans have gone on to their ends."""
        plans = self._planned.values()
        return self.left_bytes() - sum(p.total_bytes - p.used_bytes for p in plans)

    def _curtail_plans(self) -> None:
        for planned in self._planned.values():
            planned.curtail()
        self._curtail()

    def begin(self, memories: Iterable[PhysicalMemory], process: simpy.Process) -> None:
        """The program that some memories belong to runs, as a process."""
        for memory in memories:
            self._lives[memory] = process

    def forget(self, process: simpy.Process) -> None:
        """A program is over: its memory is nobody's any more."""
        self.look()
        for memory in [m for m in self._living if self._lives.get(m) is process]:
            self._living.remove(memory)
            self._seen = []
            self.logs[memory].ended_ns = self._clock.now

    def process(self, mm: AddressSpace, activity: Activity) -> simpy.Process:
        """Begin an activity of a program that ends if the program is killed."""
        process = self._clock.process(activity)
        self._processes[mm.memory] = [*self.processes_of(mm.memory), process]
        return process

    def processes_of(self, memory: PhysicalMemory) -> list[simpy.Process]:
        """What goes on in a program besides what it is (see `process`)."""
        return [p for p in self._processes.get(memory, []) if p.is_alive]

    def is_alive(self, mm: AddressSpace) -> bool:
        """Whether the program of an address space has not been killed, and is not over."""
        return mm.memory in self._living

    def left_bytes(self) -> int:
        """How much memory nobody uses; more than there can be if there is no limit."""
        if self.memory_bytes is None:
            return sys.maxsize
        return self.memory_bytes - sum(self._used())

    def pages_left(self) -> int:
        """How many new pages certainly fit, with tables to map them: two more than they fill."""
        return max(self.left_bytes() // FRAME_BYTES * ENTRIES_PER_TABLE // _WITH_TABLE - 2, 0)

    def _used(self) -> list[int]:
        used = [memory.used_bytes for memory in self._living]
        if self._planned:
            for place, memory in enumerate(self._living):
                if (planned := self._planned.get(memory)) is not None:
                    used[place] += planned.used_bytes
        return used

    def note(self, mm: AddressSpace, after_ns: int = 0, at_ns: int | None = None) -> None:
        """Log how much memory there is in use, unless that was done less than `after_ns` before.

        Args:
            mm: The process whose view is logged too.
            after_ns: How far apart notes are.
            at_ns: When it was so; now by default.
        """
        if self._notes:
            self.logs[mm.memory].note(self._clock.now if at_ns is None else at_ns, mm, after_ns)

    def next_note_ns(self, mm: AddressSpace, after_ns: int) -> int:
        """From when on `note` would log."""
        return self.logs[mm.memory].next_ns(after_ns)
