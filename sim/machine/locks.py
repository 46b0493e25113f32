"""The reader/writer lock of an address space (the kernel's mmap_lock, mmap_sem before 5.8)."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import Literal

import simpy

from sim.machine.clock import Activity, Clock

Mode = Literal["read", "write"]


@dataclass
class LockUse:
    """How a lock was used in one mode: number of holds, time waited for it and time held, in ns."""

    acquired: int = 0
    waited_ns: int = 0
    longest_wait_ns: int = 0
    held_ns: int = 0


class RwLock:
    """A first-come-first-served reader/writer lock.

    Readers that stand next to each other in the queue enter together (reader batching); a waiting
    writer keeps later readers out. An approximation of the rwsem without optimistic spinning
    (mechanisms.md section 7).

    Attributes:
        use: accounts by mode, ``read`` and ``write``. Overlapping read holds each count in full.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._readers = 0
        self._writing = False
        self._queue: deque[tuple[Mode, simpy.Event]] = deque()
        self.use: dict[Mode, LockUse] = {"read": LockUse(), "write": LockUse()}

    def acquire(self, mode: Mode) -> Activity:
        """Take the lock; yields only if it has to wait."""
        asked_ns = self._clock.now
        if self._queue or not self._admits(mode):
            admitted = self._clock.event()
            self._queue.append((mode, admitted))
            yield admitted
        else:
            self._enter(mode)
        use = self.use[mode]
        waited_ns = self._clock.now - asked_ns
        use.acquired += 1
        use.waited_ns += waited_ns
        use.longest_wait_ns = max(use.longest_wait_ns, waited_ns)
        # Holds are sums of release times minus acquisition times; no need to know which hold ends.
        use.held_ns -= self._clock.now

    def release(self, mode: Mode) -> None:
        """Give the lock back and admit whoever is next.

        Raises:
            RuntimeError: the lock is not held in this mode.
        """
        if mode == "read":
            if self._readers == 0:
                raise RuntimeError("a read lock is released that nobody holds")
            self._readers -= 1
        else:
            if not self._writing:
                raise RuntimeError("a write lock is released that nobody holds")
            self._writing = False
        self.use[mode].held_ns += self._clock.now
        while self._queue and self._admits(self._queue[0][0]):
            following, admitted = self._queue.popleft()
            self._enter(following)
            admitted.succeed()

    def _admits(self, mode: Mode) -> bool:
        return not self._writing and (mode == "read" or self._readers == 0)

    def _enter(self, mode: Mode) -> None:
        if mode == "read":
            self._readers += 1
        else:
            self._writing = True
