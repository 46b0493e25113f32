"""One fork of a process that has just filled its memory: what it costs, whom, and when."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from experiments.forks.trial import Trial
from models.address_space import PAGES_PER_SLOT, AddressSpace
from models.memory import FRAME_BYTES, PhysicalMemory
from models.pool import IntArray
from models.schemes.base import Scheme
from models.schemes.hugetlb import Hugetlb

PROBES = 101
"""In so many places the costs of a first write are taken; their median is told."""
SAMPLE = 100
"""Of so many slots the memory that writes take is measured; slots do not depend on each other."""
WRITTEN = (1, 10)
"""Per cent of its pages that the parent has written, spread evenly."""


@dataclass(frozen=True)
class OneFork:
    """A fork, undisturbed. Times are None where there is no such moment (vfork).

    Attributes:
        blocked_ns: how long the parent stands still.
        child_runs_ns: from the call to the child's first instruction.
        first_write_ns: the parent's first write in 2 MiB, before the child runs; the median.
        next_write_ns: a write elsewhere in the same 2 MiB right after; the median.
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


def one_fork(scheme: Scheme, n_pages: int) -> OneFork:
    """Fork a process of `n_pages` pages, just written one after the other.

    Raises:
        ValueError: the scheme has no memory for them.
    """
    trial = Trial(scheme)
    trial.map(n_pages)
    trial.fill(0, n_pages)
    blocked_ns = round(trial.fork(start=False).ns)
    if not scheme.isolates:
        return OneFork(blocked_ns, None, None, None, None, 0, dict.fromkeys(WRITTEN, 0))
    first_ns, next_ns = _write_costs(scheme, trial.parent, n_pages)
    start_ns = round(trial.start().ns)
    exit_ns = round(trial.exit().ns)
    # Once more, because pages are copied only while there is a child.
    tables = trial.memory.table_bytes
    trial.fork()
    table_bytes = trial.memory.table_bytes - tables
    extra_bytes = _extra_bytes(trial, n_pages)
    return OneFork(
        blocked_ns,
        blocked_ns + start_ns,
        first_ns,
        next_ns,
        exit_ns,
        table_bytes,
        {percent: table_bytes + extra for percent, extra in extra_bytes.items()},
    )


def _write_costs(scheme: Scheme, mm: AddressSpace, n_pages: int) -> tuple[int, int]:
    """Of a first write below a table and of the next one, in ns; nothing is changed."""
    slots = max(n_pages // PAGES_PER_SLOT, 1)
    firsts = np.unique(np.linspace(0, slots - 1, PROBES).astype(np.int64)) * PAGES_PER_SLOT
    span = min(n_pages, PAGES_PER_SLOT)
    pages = np.column_stack((firsts, firsts + span // 2)).ravel()
    faults = scheme.classify(mm, pages)
    cost_ns = np.zeros(len(pages))
    cost_ns[faults.position] = faults.cost_ns
    return round(float(np.median(cost_ns[0::2]))), round(float(np.median(cost_ns[1::2])))


def _extra_bytes(trial: Trial, n_pages: int) -> dict[int, int]:
    """What the parent's writes take, by per cent of its pages that it has written."""
    pages = _sample(trial.scheme, n_pages)
    before = _in_use(trial.memory)
    extra_bytes = {}
    for percent in WRITTEN:
        trial.writes(trial.parent, pages[:: 100 // percent])
        taken = _in_use(trial.memory) - before
        extra_bytes[percent] = round(taken * n_pages / len(pages))
    return extra_bytes


def _sample(scheme: Scheme, n_pages: int) -> IntArray:
    """The pages of some slots that stand for all; of all slots if they compete for a pool."""
    slots = np.arange(-(-n_pages // PAGES_PER_SLOT))
    competing = isinstance(scheme, Hugetlb) and scheme.pool_pages is not None
    if len(slots) > SAMPLE and not competing:
        # The last one may be covered in part.
        slots = np.linspace(0, len(slots) - 2, SAMPLE).astype(np.int64)
    pages = (slots[:, np.newaxis] * PAGES_PER_SLOT + np.arange(PAGES_PER_SLOT)).ravel()
    return pages[pages < n_pages]


def _in_use(memory: PhysicalMemory) -> int:
    return memory.resident_bytes + memory.table_bytes


def size_in_pages(size_bytes: int) -> int:
    """The pages that so many bytes need."""
    return -(-size_bytes // FRAME_BYTES)
