"""Bursts of work, and the queue in which they wait for a core."""

from __future__ import annotations

import heapq
import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import simpy

if TYPE_CHECKING:
    from sim.machine.cores import Task

# A rest of memory work below this many nanoseconds is rounding, not work.
_ROUNDING_NS = 1e-6


@dataclass(eq=False)
class Burst:
    """Work that a task wants done: first the compute part, then the memory part.

    Attributes:
        task: whose work it is.
        compute_ns: what is left of the compute part.
        memory_ns: what is left of the memory part, undisturbed.
        stream: class of the memory part's stream; None if it contends with nobody.
        done: happens when nothing is left.
        queued_ns: when it was queued last.
        passes: the stretches of time in which it had a core: (end, length) of each.
    """

    task: Task
    compute_ns: int
    memory_ns: float
    stream: str | None
    done: simpy.Event
    queued_ns: int = 0
    passes: list[tuple[int, int]] = field(default_factory=list)

    def unfinished(self) -> bool:
        """Whether anything is left."""
        return self.compute_ns > 0 or self.memory_ns > _ROUNDING_NS

    def need_ns(self, slowdown: float) -> int:
        """How long the current part still takes, at this slowdown of the memory part."""
        return self.compute_ns or math.ceil(self.memory_ns * slowdown - _ROUNDING_NS)

    def progress(self, ran_ns: int, slowdown: float) -> None:
        """Account for ``ran_ns`` on a core in the current part."""
        self.task.cpu_ns += ran_ns
        self.task.fair_ns += ran_ns
        if self.compute_ns > 0:
            self.compute_ns -= ran_ns
        elif ran_ns == self.need_ns(slowdown):
            self.memory_ns = 0.0
        else:
            self.memory_ns -= ran_ns / slowdown


@dataclass
class RunQueue:
    """Waiting bursts: the task with the least core time first, ties in order of arrival."""

    _heap: list[tuple[int, int, Burst]] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self._heap)

    def push(self, burst: Burst, sequence: int) -> None:
        """Queue a burst; ``sequence`` orders it among those of equal core time."""
        heapq.heappush(self._heap, (burst.task.fair_ns, sequence, burst))

    def first(self) -> tuple[int, int]:
        """Core time and sequence of the burst to go first; something late if there is none."""
        return self._heap[0][:2] if self._heap else (2**62, 0)

    def pop(self) -> Burst:
        """Take out the burst to go first."""
        return heapq.heappop(self._heap)[2]

    def pop_of(self, task: Task) -> Burst | None:
        """Take out the waiting burst of ``task``, if there is one."""
        for entry in self._heap:
            if entry[2].task is task:
                self._heap.remove(entry)
                heapq.heapify(self._heap)
                return entry[2]
        return None
