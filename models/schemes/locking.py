"""Which locks a kernel takes besides that of the address space, or instead of it."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np

from models.memory.address_space import AddressSpace, areas_in
from models.memory.areas import Vma
from models.memory.lockable import Lockable
from models.operations.steps import Mode

Taken: TypeAlias = tuple[tuple[Mode, Lockable], ...]

PAGES_PER_GIB = 2**18
"""What a table of the level above the last (PMD) spans."""


class OneLock:
    """That of the address space, for everything (mmap_sem, 5.6)."""

    def of_fault(self, mm: AddressSpace, page: int) -> Taken:
        """The locks that a fault takes; a second one guards the question of its table alone."""
        del page
        return (("read", mm),)

    def of_change(self, mm: AddressSpace, start_page: int, end_page: int) -> tuple[Vma, ...]:
        """The areas that are locked for writing too when a range changes."""
        del mm, start_page, end_page
        return ()


class AreaLocks(OneLock):
    """One for each area, which is all that a fault takes (6.4 and later)."""

    def of_fault(self, mm: AddressSpace, page: int) -> Taken:
        """See `OneLock.of_fault`."""
        return (("read", mm.vmas[int(mm.vma_numbers(np.array([page]))[0])]),)

    def of_change(self, mm: AddressSpace, start_page: int, end_page: int) -> tuple[Vma, ...]:
        """See `OneLock.of_change`."""
        return areas_in(mm, start_page, end_page)


class GibLocks(OneLock):
    """For faults also that of the PMD table, which spans 1 GiB (On-demand-fork, 2021)."""

    def of_fault(self, mm: AddressSpace, page: int) -> Taken:
        """See `OneLock.of_fault`."""
        pmd_table = mm.pmd_tables.setdefault(page // PAGES_PER_GIB, Lockable())
        return (*super().of_fault(mm, page), ("write", pmd_table))
