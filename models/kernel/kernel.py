"""The kernel of a simulated machine: gives time and locks to what a fork scheme does."""

from __future__ import annotations

from collections import Counter
from collections.abc import Generator, Mapping, Sequence
from dataclasses import replace
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt
import simpy

from models.faults.actions import TableAction
from models.faults.batch import Faults
from models.faults.prices import faults_ns
from models.kernel.locks import Locks
from models.kernel.memory_books import NOTES_EVERY_NS, MemoryBooks
from models.kernel.rounds import Repertoire, Rounds
from models.memory.address_space import AddressSpace
from models.memory.areas import BusError, Vma
from models.operations.causes import FORK, SHOOTDOWN, counts_by_cause, sums_by_cause
from models.operations.steps import (
    Acquire,
    Apply,
    Flush,
    Hold,
    Operation,
    Performance,
    Release,
    Work,
)
from models.schemes.base import Scheme
from sim.arrays import BoolArray, IntArray
from sim.machine.causes import WORK, Cause
from sim.machine.clock import Activity
from sim.machine.machine import Machine
from sim.machine.spans import CHILD, FAULT, FORKS
from sim.machine.tasks import Burst, Task

Result = TypeVar("Result")


_LOOKS = (1, 4, 32)
"""How far a thread looks ahead for its next fault, further where it finds none: others may change
what lies beyond.
"""


class Kernel:
    """Plays the steps of a scheme's operations on a machine.

    The operations are SimPy activities for workloads to `yield from`; they take the lock of the
    address space as the scheme says and spend the work on a core, as the calling task.

    Args:
        machine: The machine.
        scheme: How it forks, and at what costs.
        memory_bytes: How much memory the machine has; None if there is no limit.

    Attributes:
        books: What memory its programs have.
        locks: What it locks, and how.
    """

    def __init__(self, machine: Machine, scheme: Scheme, memory_bytes: int | None = None) -> None:
        self.machine = machine
        self.scheme = scheme
        self.books = MemoryBooks(
            machine.clock,
            scheme.costs,
            memory_bytes,
            notes=scheme.changes_memory,
            curtail=machine.scheduler.curtail,
        )
        self.locks = Locks(machine)
        self._threads: dict[Task, AddressSpace] = {}
        self._repertoire: Repertoire = {}

    def start_program(self) -> AddressSpace:
        """The empty address space of a new program; see `MemoryBooks.start_program`."""
        return self.books.start_program()

    def process(self, mm: AddressSpace, activity: Activity) -> simpy.Process:
        """Begin an activity of a program that ends if the program is killed."""
        return self.books.process(mm, activity)

    def rounds(self, mm: AddressSpace) -> Rounds:
        """The rounds of a fork server; what one has found out, others that are alike know too."""
        return Rounds(self.scheme, mm, self._repertoire)

    def thread(self, name: str, mm: AddressSpace) -> Task:
        """A thread that runs in an address space with others (see `access`)."""
        task = self.machine.task(name)
        self._threads[task] = mm
        return task

    def fork(self, task: Task, mm: AddressSpace) -> Generator[simpy.Event, Any, AddressSpace]:
        """Fork; returns the child's address space. See `Scheme.fork`."""
        self.books.note(mm)
        began_ns, spans = self.machine.clock.now, self.machine.scheduler.spans
        child = yield from self.play(task, self.scheme.fork(mm))
        if spans is not None:
            spans.record(task, FORKS, FORK, began_ns, self.machine.clock.now)
        return child

    def start(self, task: Task, child: AddressSpace) -> Generator[simpy.Event, Any, None]:
        """What a child does before its first instruction. See `Scheme.start`."""
        if (spans := self.machine.scheduler.spans) is not None:
            spans.begin(child, task, CHILD, WORK, self.machine.clock.now)
        yield from self.play(task, self.scheme.start(child))
        self.books.note(child)

    def exit(self, task: Task, mm: AddressSpace) -> Generator[simpy.Event, Any, None]:
        """Tear down an address space. See `Scheme.exit`."""
        self.books.note(mm)
        yield from self.play(task, self.scheme.exit(mm))
        self.books.note(mm)
        if (spans := self.machine.scheduler.spans) is not None:
            spans.end(mm, self.machine.clock.now)

    def unmap(
        self, task: Task, mm: AddressSpace, start_page: int, n_pages: int
    ) -> Generator[simpy.Event, Any, None]:
        """Unmap a range. See `Scheme.unmap`."""
        return self.play(task, self.scheme.unmap(mm, start_page, n_pages))

    def populate(
        self,
        task: Task,
        mm: AddressSpace,
        vma: Vma,
        *,
        scattered_share: float | None = None,
        stretch: float = 1.0,
    ) -> Generator[simpy.Event, Any, None]:
        """Write every page of an untouched area. See `Scheme.populate`.

        Args:
            task: Who writes.
            mm: Where.
            vma: What.
            scattered_share: As in `Scheme.fill`.
            stretch: Factor on the time it takes (a fill's jitter).
        """
        start_page, end_page = vma.start_page, vma.end_page
        while start_page < end_page and self.books.is_alive(mm):
            # Where memory does not suffice, up to the page that does not fit.
            n_pages = min(end_page - start_page, self.books.pages_left() + 1)
            part = replace(vma, start_page=start_page, n_pages=n_pages)
            filling = self.scheme.populate(mm, part, scattered_share=scattered_share)
            yield from self.play(task, filling, stretch)
            start_page += n_pages

    def load(self, mm: AddressSpace, vma: Vma, *, scattered_share: float | None = None) -> None:
        """Fill an area before anything else happens: state only. Arguments as in `Scheme.fill`.

        Raises:
            OutOfMemory: If the machine has too little memory for it.
        """
        self.scheme.fill(mm, vma.start_page, vma.n_pages, scattered_share=scattered_share)
        self.books.check()
        self.books.note(mm)

    def touch(self, mm: AddressSpace, pages: npt.ArrayLike, writes: npt.ArrayLike = True) -> Faults:
        """Resolve a batch of accesses; the caller spends the time. See `Scheme.touch`."""
        faults = self.scheme.classify(mm, pages, writes)
        self.apply(mm, faults)
        return faults

    def apply(self, mm: AddressSpace, faults: Faults, at_ns: int | None = None) -> None:
        """Make the changes of faults that were classified. See `Scheme.apply`.

        Where the machine has too little memory, only of those up to the one that finds none, unless
        another program is killed for it.

        Args:
            mm: Where.
            faults: The faults.
            at_ns: When they happened, if that was planned (`MemoryBooks.plan`); now by default.
        """
        self.books.look()
        while len(faults):
            now = faults
            if self.books.memory_bytes is not None:
                taken = faults.new_bytes.cumsum()
                fitting = int(np.searchsorted(taken, self.books.left_bytes(), "right"))
                now = faults[: fitting + 1]
            self.scheme.apply(mm, now)
            self.books.check()
            if not self.books.is_alive(mm):
                return
            if now is faults:
                break
            faults = faults[len(now) :]
        self.books.note(mm, NOTES_EVERY_NS, at_ns)

    def sweep(self, mm: AddressSpace, start_page: int, n_pages: int, *, writes: bool) -> int:
        """Access a range from end to end; the caller spends the time. See `Scheme.sweep`."""
        if n_pages > self.books.pages_left():
            return self.touch(mm, np.arange(start_page, start_page + n_pages), writes).total_ns
        self.books.look()
        swept_ns = self.scheme.sweep(mm, start_page, n_pages, writes=writes)
        self.books.check()
        self.books.note(mm, after_ns=NOTES_EVERY_NS)
        return swept_ns

    def access_alone(
        self, task: Task, mm: AddressSpace, pages: npt.ArrayLike, writes: npt.ArrayLike = True
    ) -> Generator[simpy.Event, Any, None]:
        """Access pages in an address space that nobody else uses; takes the time of the faults.

        Raises:
            BusError: As of `access`, after the time of the accesses before it.
        """
        faults = self.scheme.classify(mm, pages, writes)
        killed: BusError | None = None
        try:
            self.apply(mm, faults)
        except BusError as death:
            killed = death
        burst = yield from task.run(compute_ns=faults.total_ns)
        self.attribute(task, faults, burst)
        if killed:
            raise killed

    def access(
        self, task: Task, mm: AddressSpace, pages: npt.ArrayLike, writes: npt.ArrayLike = True
    ) -> Generator[simpy.Event, Any, Counter[str]]:
        """Access pages in an address space that other threads use meanwhile, fault by fault.

        Each fault holds the lock that its scheme says for reading, so that a fork keeps it waiting;
        what it finds is decided when it has the lock. Afterwards the other cores on which threads
        of the address space run flush what it changed (a shootdown each). What one thread's fault
        leaves in cache is not told from what another's does (`AddressSpace.last_fault_page`).

        Returns:
            How many faults of each kind.

        Raises:
            BusError: If the process is killed for one of them; those before it hold.
        """
        left = np.atleast_1d(np.asarray(pages, np.int64))
        written = np.broadcast_to(np.asarray(writes, np.bool_), left.shape)
        kinds: Counter[str] = Counter()
        while len(left):
            window = min(_LOOKS[-1], len(left))
            met = self._next_fault(mm, left[:window], written[:window])
            first = met.position.item(0) if len(met) else window
            left, written = left[first:], written[first:]
            if first == window:
                continue
            page = left.item(0)
            locks = self.scheme.fault_locks(mm, page)
            for mode, of in locks:
                if (yield from self.locks.acquire(task, mode, of)):
                    # Meanwhile others may have changed what it meets.
                    met = self.scheme.classify(mm, left[:1], written[:1])
            sequential = page == mm.last_fault_page + 1
            try:
                self.apply(mm, met)
            except BusError:
                self.locks.give_back(task, locks)
                raise
            page_ns, since_ns, bursts = met.total_ns, self.machine.clock.now, []
            if len(locks) > 1:
                # A second lock guards the question of the table alone.
                page_ns = self._page_ns(met, sequential=sequential)
                if met.total_ns > page_ns:
                    bursts.append((yield from task.run(compute_ns=met.total_ns - page_ns)))
                locks = self.locks.give_back(task, locks, besides=locks[0])
            if len(met):
                flushes = self.scheme.flushes(met)
                told = flushes * self.running(mm, besides=task) if flushes else 0
                told_ns = round(told * self.scheme.costs.tlb_shootdown_ns)
                bursts.append((yield from task.run(compute_ns=page_ns + told_ns)))
                causes_ns = sums_by_cause(met)
                if told_ns:
                    causes_ns[SHOOTDOWN] = told_ns
                self.machine.scheduler.attribute(task, causes_ns)
                self._tell(task, met, causes_ns, bursts, since_ns)
                kinds.update(met.by_kind())
            self.locks.give_back(task, locks)
            left, written = left[1:], written[1:]
        return kinds

    def attribute(self, task: Task, faults: Faults, burst: Burst | None, after_ns: int = 0) -> None:
        """Of a burst of work that is done a part was for page faults, after some other."""
        causes_ns, spans = sums_by_cause(faults), self.machine.scheduler.spans
        self.machine.scheduler.attribute(task, causes_ns)
        if spans is not None and burst is not None:
            counts = counts_by_cause(faults)
            spans.attribute_burst(burst, causes_ns.items(), after_ns, counts)

    def _tell(
        self,
        task: Task,
        fault: Faults,
        causes_ns: Mapping[Cause, int],
        bursts: Sequence[Burst | None],
        since_ns: int,
    ) -> None:
        """Tell who watches of a fault, which one burst after the other was for."""
        if (spans := self.machine.scheduler.spans) is None:
            return
        done_ns = 0
        for burst in bursts:
            if burst is not None:
                spans.attribute_burst(burst, causes_ns.items(), -done_ns)
                done_ns += sum(ran_ns for _, ran_ns in burst.passes)
        for cause, count in counts_by_cause(fault).items():
            spans.record(task, FAULT, cause, since_ns, self.machine.clock.now, count=count)

    def _next_fault(self, mm: AddressSpace, pages: IntArray, writes: BoolArray) -> Faults:
        """The first fault that accesses would raise now, if they would raise any.

        Raises:
            SegmentationFault: If one of them is not allowed.
        """
        mm.check_accesses(pages, writes)
        for ahead in _LOOKS:
            faults = self.scheme.classify(mm, pages[:ahead], writes[:ahead])
            if len(faults):
                return faults[:1]
        return Faults.none()

    def _page_ns(self, fault: Faults, *, sequential: bool) -> int:
        """What a fault, if there is one, takes after the question of its table is settled."""
        if not (fault.table_action > TableAction.ALLOC).any():
            return fault.total_ns
        return int(faults_ns(self.scheme.rules, fault.page_action, sequential=sequential).sum())

    def end_thread(self, task: Task) -> None:
        """The thread will do nothing more."""
        del self._threads[task]

    def running(self, mm: AddressSpace, besides: Task) -> int:
        """On how many other cores threads of an address space run.

        An idle core keeps the address space, but is not told (lazy TLB).
        """
        now = self.machine.clock.now
        busy = [
            core.last_task
            for core in self.machine.scheduler.cores
            if not core.sleeping or core.idle_since_ns == now
        ]
        return sum(
            task is not None and task is not besides and self._threads.get(task) is mm
            for task in busy
        )

    def spend(self, task: Task, operation: Performance) -> Generator[simpy.Event, Any, None]:
        """Give time to an operation that was performed, of whose locks nobody else knows."""
        for step in operation.lasting:
            if isinstance(step, Hold):
                self.locks.hold(task, step)
            else:
                self.books.look()
                yield from self._work(task, step, step.ns)
        self.books.look()
        self.books.check()

    def play(
        self, task: Task, operation: Operation[Result], stretch: float = 1.0
    ) -> Generator[simpy.Event, Any, Result]:
        """Give time to any operation of the scheme.

        Args:
            task: Who does the work.
            operation: What to do.
            stretch: Factor on the time of its work.
        """
        while True:
            self.books.look()
            try:
                step = next(operation)
            except StopIteration as end:
                result: Result = end.value
                self.books.check()
                return result
            if isinstance(step, Apply):
                self.apply(step.mm, step.faults)
            elif isinstance(step, Flush):
                told = self.running(step.mm, besides=task)
                told_ns = round(told * self.scheme.costs.tlb_shootdown_ns)
                yield from task.run(compute_ns=told_ns, cause=SHOOTDOWN)
            elif isinstance(step, Acquire):
                yield from self.locks.acquire(task, step.mode, step.lock)
            elif isinstance(step, Release):
                self.locks.release(task, step.mode, step.lock)
            elif isinstance(step, Hold):
                self.locks.hold(task, step)
            else:
                yield from self._work(task, step, round(step.ns * stretch))

    def _work(self, task: Task, work: Work, ns: int) -> Generator[simpy.Event, Any, None]:
        if work.stream is None:
            yield from task.run(compute_ns=ns, cause=work.cause)
        else:
            yield from task.run(memory_ns=ns, stream=work.stream, cause=work.cause)
