"""The queue in which bursts of work wait for a core."""

from __future__ import annotations

import heapq
from dataclasses import dataclass, field

from sim.machine.tasks import Burst, Task


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
