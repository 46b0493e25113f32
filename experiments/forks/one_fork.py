"""One fork of a process that has just filled its memory: what it costs, whom, and when."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from experiments.forks.trial import Trial
from models.memory.address_space import AddressSpace
from models.memory.areas import PAGES_PER_SLOT
from models.memory.frames import FRAME_BYTES
from models.schemes.base import Scheme
from models.schemes.hugetlb import Hugetlb

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
    trial = _filled(scheme, n_pages)
    tables = trial.memory.table_bytes
    blocked_ns = round(trial.fork(start=False).ns)
    if not scheme.isolates:
        return OneFork(blocked_ns, None, None, None, None, 0, dict.fromkeys(WRITTEN, 0))
    first_ns, next_ns = _write_costs(scheme, trial.parent, n_pages)
    start_ns = round(trial.start().ns)
    table_bytes = trial.memory.table_bytes - tables
    return OneFork(
        blocked_ns,
        blocked_ns + start_ns,
        first_ns,
        next_ns,
        round(trial.exit().ns),
        table_bytes,
        {percent: table_bytes + extra for percent, extra in _copied(scheme, n_pages)},
    )


def _filled(scheme: Scheme, n_pages: int) -> Trial:
    trial = Trial(scheme)
    trial.map(n_pages)
    trial.fill(0, n_pages)
    return trial


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


def _copied(scheme: Scheme, n_pages: int) -> Iterator[tuple[int, int]]:
    """Per cent of its pages that the parent has written, and the bytes that this has taken."""
    # Pages out of one pool do depend on each other.
    competing = isinstance(scheme, Hugetlb) and scheme.pool.number is not None
    sample = n_pages if competing else min(n_pages, SAMPLE_PAGES)
    trial = _filled(scheme, sample).forked()
    before = trial.memory.used_bytes
    for percent in WRITTEN:
        trial.writes(trial.parent, np.arange(0, sample, 100 // percent))
        yield percent, round((trial.memory.used_bytes - before) * n_pages / sample)


def size_in_pages(size_bytes: int) -> int:
    """The pages that so many bytes need."""
    return -(-size_bytes // FRAME_BYTES)
