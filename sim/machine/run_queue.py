"""The queue in which bursts of work wait for a core."""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from dataclasses import dataclass, field

from sim.machine.tasks import Burst, Task


@dataclass
class RunQueue:
    """Waiting bursts: the task with the least fair time first, ties in order of arrival.

    Attributes:
        heap: fair time, number and burst of each; for a quick look at whether there are any.
    """

    heap: list[tuple[int, int, Burst]] = field(default_factory=list)
    _pushed: int = 0

    def __len__(self) -> int:
        return len(self.heap)

    def __iter__(self) -> Iterator[Burst]:
        """The bursts, in no order."""
        return (burst for _, _, burst in self.heap)

    def push(self, burst: Burst) -> None:
        """Queue a burst; as long as it waits, its task's fair time must not change."""
        self._pushed += 1
        burst.number = self._pushed
        burst.task.waits = True
        heapq.heappush(self.heap, (burst.task.fair_ns, burst.number, burst))

    def first(self) -> Burst:
        """The burst whose task has the least fair time."""
        return self.heap[0][2]

    def take_out(self, burst: Burst) -> None:
        """Let a burst wait no longer."""
        burst.task.waits = False
        if burst is self.first():
            heapq.heappop(self.heap)
            return
        self.heap.remove((burst.task.fair_ns, burst.number, burst))
        heapq.heapify(self.heap)

    def of(self, task: Task) -> Burst | None:
        """The waiting burst of a task, if it waits."""
        if not task.waits:
            return None
        return next(burst for burst in self if burst.task is task)
