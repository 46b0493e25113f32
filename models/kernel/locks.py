"""The locks that a kernel takes for its tasks, and how all of a kind are used."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any
from weakref import WeakKeyDictionary

import simpy

from models.memory.lockable import Lockable
from models.operations.steps import Hold, Mode
from models.schemes.locking import Taken
from sim.machine.causes import LOCK_HOLD, LOCK_WAIT
from sim.machine.locks import Accounts, RwLock, accounts
from sim.machine.machine import Machine
from sim.machine.spans import hold_of_lock, wait_for_lock
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
        self._names: WeakKeyDictionary[RwLock, str] = WeakKeyDictionary()

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
                lock, of = wait_for_lock(what.lock_kind, mode), self._name(task, what)
                spans.record(task, lock, LOCK_WAIT, asked_ns, clock.now, of=of)
        if spans is not None:
            held, of = hold_of_lock(what.lock_kind, mode), self._name(task, what)
            spans.begin((task, mode, self.of(what)), task, held, LOCK_HOLD, clock.now, of=of)
        return waited

    def release(self, task: Task, mode: Mode, what: Lockable) -> None:
        """Give a lock back that a task holds."""
        lock, spans = self.of(what), self._machine.scheduler.spans
        lock.release(mode)
        if spans is not None:
            spans.end((task, mode, lock), self._machine.clock.now)

    def give_back(
        self, task: Task, taken: Taken, besides: tuple[Mode, Lockable] | None = None
    ) -> Taken:
        """Release locks of a task, the last one first; returns those that are kept."""
        for lock in reversed(taken):
            if lock is not besides:
                self.release(task, *lock)
        return () if besides is None else (besides,)

    def hold(self, task: Task, hold: Hold) -> None:
        """Count a lock that nobody else wants as taken, or as given back."""
        use, now_ns = self.use_of(hold.kind)[hold.mode], self._machine.clock.now
        if hold.begins:
            use.acquire(now_ns, 0)
        else:
            use.release(now_ns)
        self.tell(task, hold, now_ns)

    def tell(self, task: Task, hold: Hold, at_ns: int) -> None:
        """Tell who watches that a task takes a lock that nobody else wants, or gives it back."""
        if (spans := self._machine.scheduler.spans) is None:
            return
        key = task, hold.mode, hold.kind
        if hold.begins:
            held, of = hold_of_lock(hold.kind, hold.mode), f"{hold.kind} of {task.name}"
            spans.begin(key, task, held, LOCK_HOLD, at_ns, of=of)
        else:
            spans.end(key, at_ns)

    def _name(self, task: Task, what: Lockable) -> str:
        """What a lock is called, after the first task that is told to want it."""
        return self._names.setdefault(self.of(what), f"{what.lock_kind} of {task.name}")
