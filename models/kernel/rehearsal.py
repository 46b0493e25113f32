"""Operations played from a record of their steps, for simulations of contention alone.

What an operation costs undisturbed depends on memory; how long it takes beside others depends on
the machine. A calibration of the machine repeats the same operations many times, so it rehearses
them once and replays their steps.
"""

from __future__ import annotations

from collections.abc import Generator, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import simpy

from models.kernel.kernel import Kernel
from models.memory.address_space import AddressSpace
from models.memory.areas import Vma
from models.memory.counts import Counts
from models.memory.physical import PhysicalMemory
from models.operations.steps import Performance, Work, perform, replay
from models.schemes.base import Scheme
from sim.machine.machine import Machine
from sim.machine.tasks import Task


@dataclass(frozen=True)
class Rehearsal:
    """The work of one round of the fork loop; nobody contends for a single thread's locks.

    Attributes:
        populate: filling the region.
        fork: forking.
        start: what the child does before its first instruction.
        exit: the child's exit.
        unmap: unmapping the region.
        counts: what all of it did to memory.
    """

    populate: tuple[Work, ...]
    fork: tuple[Work, ...]
    start: tuple[Work, ...]
    exit: tuple[Work, ...]
    unmap: tuple[Work, ...]
    counts: Counts


def rehearse(scheme: Scheme, sizes_pages: Iterable[int]) -> dict[int, Rehearsal]:
    """Map, fill, fork, let the child exit, unmap: the steps of each, by the region's size."""
    return {n_pages: _round(scheme, n_pages) for n_pages in sizes_pages}


def _round(scheme: Scheme, n_pages: int) -> Rehearsal:
    costs = scheme.costs
    mm = AddressSpace(PhysicalMemory(costs.movable_stock_frames, costs.unmovable_stock_frames))
    vma = mm.map(n_pages)
    _, populated = perform(scheme.populate(mm, vma))
    child, forked = perform(scheme.fork(mm))
    _, started = perform(scheme.start(child))
    _, left = perform(scheme.exit(child))
    _, unmapped = perform(scheme.unmap(mm, vma.start_page, vma.n_pages))
    return Rehearsal(
        _work(populated),
        _work(forked),
        _work(started),
        _work(left),
        _work(unmapped),
        mm.memory.counts,
    )


def _work(performed: Performance) -> tuple[Work, ...]:
    return tuple(step for step in performed.steps if isinstance(step, Work))


class RehearsedKernel(Kernel):
    """A kernel for the fork loop that replays rehearsed rounds; no page table changes.

    Args:
        machine: The machine.
        scheme: As rehearsed.
        rounds: From `rehearse`, by the size in pages of the regions that will be filled.
    """

    def __init__(self, machine: Machine, scheme: Scheme, rounds: Mapping[int, Rehearsal]) -> None:
        super().__init__(machine, scheme)
        self._rounds = rounds
        self._current: dict[AddressSpace, Rehearsal] = {}

    def populate(
        self,
        task: Task,
        mm: AddressSpace,
        vma: Vma,
        *,
        scattered_share: float | None = None,
        stretch: float = 1.0,
    ) -> Generator[simpy.Event, Any, None]:
        """See `Kernel.populate`; begins the round of that size."""
        del scattered_share  # the rehearsal filled as the stock decides
        self._current[mm] = self._rounds[vma.n_pages]
        yield from self.play(task, replay(self._current[mm].populate), stretch)

    def fork(self, task: Task, mm: AddressSpace) -> Generator[simpy.Event, Any, AddressSpace]:
        """See `Kernel.fork`."""
        yield from self.play(task, replay(self._current[mm].fork))
        child = AddressSpace(mm.memory)
        self._current[child] = self._current[mm]
        return child

    def start(self, task: Task, child: AddressSpace) -> Generator[simpy.Event, Any, None]:
        """See `Kernel.start`."""
        return self.play(task, replay(self._current[child].start))

    def exit(self, task: Task, mm: AddressSpace) -> Generator[simpy.Event, Any, None]:
        """See `Kernel.exit`."""
        yield from self.play(task, replay(self._current.pop(mm).exit))

    def unmap(
        self, task: Task, mm: AddressSpace, start_page: int, n_pages: int
    ) -> Generator[simpy.Event, Any, None]:
        """See `Kernel.unmap`; ends the round."""
        ended = self._current.pop(mm)
        yield from self.play(task, replay(ended.unmap))
        mm.remove(start_page, start_page + n_pages)
        mm.memory.counts.add(ended.counts)
