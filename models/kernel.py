"""The kernel of a simulated machine: gives time and locks to what a fork scheme does."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any, TypeVar

import numpy.typing as npt
import simpy

from models.address_space import AddressSpace, Vma
from models.faults import Faults
from models.memory import PhysicalMemory
from models.schemes.base import Scheme
from models.steps import Acquire, Operation, Release
from sim.cores import Task
from sim.locks import RwLock
from sim.machine import Machine

Result = TypeVar("Result")


class Kernel:
    """Plays the steps of a scheme's operations on a machine.

    The operations are SimPy activities for workloads to `yield from`; they take the lock of the
    address space as the scheme says and spend the work on a core, as the calling task.

    Args:
        machine: The machine.
        scheme: How it forks, and at what costs.

    Attributes:
        memories: The memory of each program started, in order.
    """

    def __init__(self, machine: Machine, scheme: Scheme) -> None:
        self.machine = machine
        self.scheme = scheme
        self.memories: list[PhysicalMemory] = []
        self._locks: dict[AddressSpace, RwLock] = {}

    def start_program(self) -> AddressSpace:
        """An empty address space, in a memory that it will share with its forks alone.

        Each program draws on free lists of its own: with one stock of scattered frames for all,
        whoever fills first would fork slower than the others, and unsynchronised instances would
        fall into step, which figure 2 shows that they do not.
        """
        costs = self.scheme.costs
        memory = PhysicalMemory(costs.movable_stock_frames, costs.unmovable_stock_frames)
        self.memories.append(memory)
        return AddressSpace(memory)

    def lock(self, mm: AddressSpace) -> RwLock:
        """The lock of an address space."""
        if mm not in self._locks:
            self._locks[mm] = RwLock(self.machine.clock)
        return self._locks[mm]

    def fork(self, task: Task, mm: AddressSpace) -> Generator[simpy.Event, Any, AddressSpace]:
        """Fork; returns the child's address space. See `Scheme.fork`."""
        return self.play(task, self.scheme.fork(mm))

    def exit(self, task: Task, mm: AddressSpace) -> Generator[simpy.Event, Any, None]:
        """Tear down an address space. See `Scheme.exit`."""
        yield from self.play(task, self.scheme.exit(mm))
        self._locks.pop(mm, None)

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
        filling = self.scheme.populate(mm, vma, scattered_share=scattered_share)
        return self.play(task, filling, stretch)

    def load(self, mm: AddressSpace, vma: Vma, *, scattered_share: float | None = None) -> None:
        """Fill an area before anything else happens: state only. Arguments as in `Scheme.fill`."""
        self.scheme.fill(mm, vma.start_page, vma.n_pages, scattered_share=scattered_share)

    def touch(self, mm: AddressSpace, pages: npt.ArrayLike, writes: npt.ArrayLike = True) -> Faults:
        """Resolve a batch of accesses; the caller spends the time. See `Scheme.touch`."""
        return self.scheme.touch(mm, pages, writes)

    def sweep(self, mm: AddressSpace, start_page: int, n_pages: int, *, writes: bool) -> int:
        """Access a range from end to end; the caller spends the time. See `Scheme.sweep`."""
        return self.scheme.sweep(mm, start_page, n_pages, writes=writes)

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
            try:
                step = next(operation)
            except StopIteration as end:
                result: Result = end.value
                return result
            if isinstance(step, Acquire):
                yield from self.lock(step.mm).acquire(step.mode)
            elif isinstance(step, Release):
                self.lock(step.mm).release(step.mode)
            elif step.stream is None:
                yield from task.run(compute_ns=round(step.ns * stretch))
            else:
                yield from task.run(memory_ns=round(step.ns * stretch), stream=step.stream)
