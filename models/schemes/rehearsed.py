"""Operations played from a record of their steps, for simulations of contention alone.

What an operation costs undisturbed depends on memory; how long it takes beside others depends on
the machine. A calibration of the machine repeats the same operations many times, so it rehearses
them once and replays their steps.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import ClassVar

from models.memory.address_space import AddressSpace
from models.memory.areas import Vma
from models.memory.counts import Counts
from models.memory.physical import PhysicalMemory
from models.operations.steps import Hold, Operation, Work, perform
from models.schemes.base import Scheme


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

    populate: tuple[Work | Hold, ...]
    fork: tuple[Work | Hold, ...]
    start: tuple[Work | Hold, ...]
    exit: tuple[Work | Hold, ...]
    unmap: tuple[Work | Hold, ...]
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
        populated.lasting,
        forked.lasting,
        started.lasting,
        left.lasting,
        unmapped.lasting,
        mm.memory.counts,
    )


class Rehearsed(Scheme):
    """Forks of the fork loop, replayed from rehearsed rounds; no page table changes.

    What is kept of a process is the round that goes on in it.

    Args:
        scheme: As rehearsed.
        rounds: From `rehearse`, by the size in pages of the regions that will be filled.
    """

    changes_memory: ClassVar[bool] = False

    def __init__(self, scheme: Scheme, rounds: Mapping[int, Rehearsal]) -> None:
        super().__init__(scheme.rules, scheme.forking, pages=scheme.pages, locks=scheme.locks)
        self._rounds = rounds

    def populate(
        self, mm: AddressSpace, vma: Vma, *, scattered_share: float | None = None
    ) -> Operation[None]:
        """See `Scheme.populate`; begins the round of that size."""
        del scattered_share  # the rehearsal filled as the stock decides
        mm.state = self._rounds[vma.n_pages]
        yield from _round_of(mm).populate

    def fork(self, parent: AddressSpace) -> Operation[AddressSpace]:
        """See `Scheme.fork`."""
        yield from _round_of(parent).fork
        child = AddressSpace(parent.memory, parent)
        child.state = parent.state
        return child

    def start(self, child: AddressSpace) -> Operation[None]:
        """See `Scheme.start`."""
        yield from _round_of(child).start

    def tear_down(self, mm: AddressSpace) -> Operation[None]:
        """See `Scheme.tear_down`."""
        yield from _round_of(mm).exit

    def unmap(self, mm: AddressSpace, start_page: int, n_pages: int) -> Operation[None]:
        """See `Scheme.unmap`; ends the round."""
        ended = _round_of(mm)
        yield from ended.unmap
        mm.remove(start_page, start_page + n_pages)
        mm.memory.counts.add(ended.counts)


def _round_of(mm: AddressSpace) -> Rehearsal:
    assert isinstance(mm.state, Rehearsal)  # noqa: S101 - for mypy
    return mm.state
