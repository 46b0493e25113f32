"""The locks that a kernel takes for its tasks, and how all of a kind are used."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

import simpy

from models.memory.lockable import Lockable
from models.operations.steps import Hold, Mode
from models.schemes.locking import Taken
from sim.machine.causes import LOCK_WAIT
from sim.machine.locks import Accounts, RwLock, accounts
from sim.machine.machine import Machine
from sim.machine.spans import wait_for_lock
from sim.machine.tasks import Task


class Locks:
    """Makes a lock when it is first taken; books what waiting for it costs a task.

    Args:
        machine: The machine.

    Attributes:
        by_kind: How locks were used, by `Lockable.lock_kind`.
    """

    def __init__(self, machine: Machine) -> None:
        self.by_kind: dict[str, Accounts] = {}
        self._machine = machine

    def of(self, what: Lockable) -> RwLock:
        """The lock of something."""
        if what.lock is None:
            what.lock = RwLock(self._machine.clock, self.use_of(what.lock_kind))
        return what.lock

    def use_of(self, lock_kind: str) -> Accounts:
        """How all locks of a kind are used."""
        return self.by_kind.setdefault(lock_kind, accounts())

    def acquire(self, task: Task, mode: Mode, what: Lockable) -> Generator[simpy.Event, Any, bool]:
        """Take a lock, as a task that may have to wait for it; whether it had to."""
        clock, spans = self._machine.clock, self._machine.scheduler.spans
        waited, asked_ns = False, clock.now
        for admitted in self.of(what).acquire(mode):
            yield admitted
            waited = True
        if waited_ns := clock.now - asked_ns:
            task.ledger.waited(clock.now, waited_ns, LOCK_WAIT)
            if spans is not None:
                lock = wait_for_lock(what.lock_kind, mode)
                spans.record(task, lock, LOCK_WAIT, asked_ns, clock.now)
        return waited

    def give_back(self, taken: Taken, besides: tuple[Mode, Lockable] | None = None) -> Taken:
        """Release locks, the last one first; returns those that are kept."""
        for lock in reversed(taken):
            if lock is not besides:
                self.of(lock[1]).release(lock[0])
        return () if besides is None else (besides,)

    def hold(self, hold: Hold) -> None:
        """Count a lock that nobody else wants as taken, or as given back."""
        use, now_ns = self.use_of(hold.kind)[hold.mode], self._machine.clock.now
        if hold.begins:
            use.acquire(now_ns, 0)
        else:
            use.release(now_ns)
