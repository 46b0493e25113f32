"""One fork of a process: what it costs, whom, and when."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from experiments.forks.trial import Trial
from models.memory.address_space import AddressSpace
from models.memory.areas import PAGES_PER_SLOT
from models.memory.frames import FRAME_BYTES
from models.schemes.base import Scheme
from models.schemes.hugetlb import Hugetlb
from sim.arrays import IntArray

PROBES = 101
"""In so many places the costs of a first write are taken; their median is told."""
SAMPLE_PAGES = 100 * PAGES_PER_SLOT
"""On so much the memory that writes take is measured: what happens in 2 MiB stays there."""
WRITTEN = (1, 10)
"""Per cent of its pages that the parent has written, spread evenly."""


@dataclass(frozen=True)
class OneFork:
    """A fork, undisturbed. Times are None where there is no such moment (vfork).

    Attributes:
        blocked_ns: how long the parent stands still.
        child_runs_ns: from the call to the child's first instruction.
        first_write_ns: the parent's first write in 2 MiB, before the child runs; the median.
        next_write_ns: a write elsewhere in the same 2 MiB right after; the median of those that
            have another page.
        exit_ns: the exit of the child that has written nothing, nor its parent.
        table_bytes: page tables that were allocated until the child runs.
        extra_bytes: what all this has taken, tables and copied pages, when the parent has written
            so many per cent of its pages, the child alive.
    """

    blocked_ns: int
    child_runs_ns: int | None
    first_write_ns: int | None
    next_write_ns: int | None
    exit_ns: int | None
    table_bytes: int
    extra_bytes: dict[int, int]


class ForkedMemory(Protocol):
    """The memory of a process that is forked."""

    @property
    def scattered(self) -> float | None:
        """The share of its frames that lie scattered; None where the machine says."""

    @property
    def n_pages(self) -> int:
        """How many pages it has."""

    def fill(self, trial: Trial) -> None:
        """Give it to a parent that has nothing."""

    def probes(self, most: int) -> tuple[IntArray, IntArray]:
        """The first page of each of some tables, and another of the same, if it has one."""

    def sample(self, *, whole: bool) -> tuple[ForkedMemory, IntArray]:
        """Memory that stands for this, and pages of it: what is done to all is done to these."""


@dataclass(frozen=True)
class JustFilled:
    """One area, all of it just written.

    Attributes:
        n_pages: its length.
        scattered: the share of its frames that lie scattered; None where the machine says.
    """

    n_pages: int
    scattered: float | None = None

    def fill(self, trial: Trial) -> None:
        """See `ForkedMemory.fill`."""
        trial.map(self.n_pages)
        trial.fill(0, self.n_pages)

    def probes(self, most: int) -> tuple[IntArray, IntArray]:
        """See `ForkedMemory.probes`."""
        slots = max(self.n_pages // PAGES_PER_SLOT, 1)
        firsts = np.unique(np.linspace(0, slots - 1, most).astype(np.int64)) * PAGES_PER_SLOT
        return firsts, firsts + min(self.n_pages, PAGES_PER_SLOT) // 2

    def sample(self, *, whole: bool) -> tuple[JustFilled, IntArray]:
        """See `ForkedMemory.sample`."""
        sampled = self.n_pages if whole else min(self.n_pages, SAMPLE_PAGES)
        return JustFilled(sampled, self.scattered), np.arange(sampled)


def one_fork(scheme: Scheme, memory: ForkedMemory) -> OneFork:
    """Fork a process.

    Raises:
        ValueError: the scheme has no memory for its pages.
    """
    trial = _filled(scheme, memory)
    tables = trial.memory.table_bytes
    blocked_ns = round(trial.fork(start=False).ns)
    if not scheme.isolates:
        return OneFork(blocked_ns, None, None, None, None, 0, dict.fromkeys(WRITTEN, 0))
    first_ns, next_ns = _write_costs(scheme, trial.parent, memory)
    start_ns = round(trial.start().ns)
    table_bytes = trial.memory.table_bytes - tables
    return OneFork(
        blocked_ns,
        blocked_ns + start_ns,
        first_ns,
        next_ns,
        round(trial.exit().ns),
        table_bytes,
        {percent: table_bytes + extra for percent, extra in _copied(scheme, memory)},
    )


def pause_if_scattered_ns(scheme: Scheme, memory: ForkedMemory) -> int:
    """How long the parent of a fork stands still if every frame lies scattered.

    Raises:
        ValueError: the scheme has no memory for its pages.
    """
    return round(_filled(scheme, memory, scattered=True).fork(start=False).ns)


def _filled(scheme: Scheme, memory: ForkedMemory, *, scattered: bool | None = None) -> Trial:
    trial = Trial(scheme, scattered=scattered, share=memory.scattered)
    memory.fill(trial)
    return trial


def _write_costs(scheme: Scheme, mm: AddressSpace, memory: ForkedMemory) -> tuple[int, int | None]:
    """Of a first write below a table and of the next one, in ns; nothing is changed."""
    firsts, others = memory.probes(PROBES)
    pages = np.column_stack((firsts, others)).ravel()
    faults = scheme.classify(mm, pages)
    cost_ns = np.zeros(len(pages))
    cost_ns[faults.position] = faults.cost_ns
    again_ns = cost_ns[1::2][others != firsts]
    next_ns = round(float(np.median(again_ns))) if len(again_ns) else None
    return round(float(np.median(cost_ns[0::2]))), next_ns


def _copied(scheme: Scheme, memory: ForkedMemory) -> Iterator[tuple[int, int]]:
    """Per cent of its pages that the parent has written, and the bytes that this has taken."""
    # Pages out of one pool do depend on each other.
    competing = isinstance(scheme, Hugetlb) and scheme.pool.number is not None
    sample, pages = memory.sample(whole=competing)
    trial = _filled(scheme, sample).forked()
    before = trial.memory.used_bytes
    for percent in WRITTEN:
        trial.writes(trial.parent, pages[:: 100 // percent])
        yield percent, round((trial.memory.used_bytes - before) * memory.n_pages / len(pages))


def size_in_pages(size_bytes: int) -> int:
    """The pages that so many bytes need."""
    return -(-size_bytes // FRAME_BYTES)
