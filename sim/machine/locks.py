"""The reader/writer lock of an address space (the kernel's mmap_lock, mmap_sem before 5.8)."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import Literal, TypeAlias

import simpy

from sim.machine.clock import Activity, Clock

Mode = Literal["read", "write"]


@dataclass
class LockUse:
    """How locks were used in one mode: number of holds, time waited for them and held, in ns.

    Attributes:
        acquired: how often.
        released: how often.
        waited_ns: all waiting together.
        longest_wait_ns: the longest wait.
        held_ns: holds that have ended, less the moments at which others began.
    """

    acquired: int = 0
    released: int = 0
    waited_ns: int = 0
    longest_wait_ns: int = 0
    held_ns: int = 0

    def acquire(self, now_ns: int, waited_ns: int) -> None:
        """A hold begins, after a wait."""
        self.acquired += 1
        self.waited_ns += waited_ns
        self.longest_wait_ns = max(self.longest_wait_ns, waited_ns)
        # Holds are sums of release times minus acquisition times; no need to know which hold ends.
        self.held_ns -= now_ns

    def release(self, now_ns: int) -> None:
        """A hold ends."""
        self.released += 1
        self.held_ns += now_ns

    def repeat(self, times: int, held_ns: int) -> None:
        """So many holds that nobody waited for, so long together."""
        self.acquired += times
        self.released += times
        self.held_ns += held_ns

    def held_by_ns(self, now_ns: int) -> int:
        """How long locks were held up to now, holds that go on included."""
        return self.held_ns + (self.acquired - self.released) * now_ns


Accounts: TypeAlias = dict[Mode, LockUse]


def accounts() -> Accounts:
    """Of the use in both modes."""
    return {"read": LockUse(), "write": LockUse()}


class RwLock:
    """A first-come-first-served reader/writer lock.

    Readers that stand next to each other in the queue enter together (reader batching); a waiting
    writer keeps later readers out. An approximation of the rwsem without optimistic spinning
    (mechanisms.md section 7).

    Args:
        clock: the simulation's clock.
        together: accounts of all locks of its kind, if there are some.

    Attributes:
        use: accounts by mode, ``read`` and ``write``. Overlapping read holds each count in full.
    """

    def __init__(self, clock: Clock, together: Accounts | None = None) -> None:
        self._clock = clock
        self._readers = 0
        self._writing = False
        self._queue: deque[tuple[Mode, simpy.Event]] = deque()
        self.use = accounts()
        self._together = accounts() if together is None else together

    def acquire(self, mode: Mode) -> Activity:
        """Take the lock; yields only if it has to wait."""
        asked_ns = self._clock.now
        if self._queue or not self._admits(mode):
            admitted = self._clock.event()
            self._queue.append((mode, admitted))
            yield admitted
        else:
            self._enter(mode)
        now_ns = self._clock.now
        self.use[mode].acquire(now_ns, now_ns - asked_ns)
        self._together[mode].acquire(now_ns, now_ns - asked_ns)

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
        self.use[mode].release(self._clock.now)
        self._together[mode].release(self._clock.now)
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
