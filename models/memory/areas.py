"""Areas of an address space (the kernel's VMAs), and what a process is refused."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from models.memory.entries import ENTRIES_PER_TABLE
from models.memory.files import File
from models.memory.lockable import Lockable

PAGES_PER_SLOT = ENTRIES_PER_TABLE


class SegmentationFault(ValueError):  # noqa: N818 - the name that everybody knows it by
    """An access outside the areas of an address space, or a write to a read-only one."""


class BusError(RuntimeError):
    """An access that the machine has no page for: the kernel kills the process (SIGBUS)."""


class Refusal(ValueError):  # noqa: N818 - what the kernel does
    """A change of memory that this scheme's kernel refuses, as others do not (EINVAL, ENOMEM)."""


@dataclass(eq=False)
class Vma(Lockable):
    """An area of consecutive pages with one set of rights.

    Attributes:
        start_page: Its first page.
        n_pages: Its length.
        writable: Whether writes are allowed.
        file: The pages behind it; None for anonymous private memory.
        offset: The page of `file` at `start_page`.
        private: Whether writes stay its own (MAP_PRIVATE).
        heap: Whether it is the area that brk moves.
        inherited: Whether another process has mapped it, and this one was forked with it.
        has_anon_vma: Whether a page of it was ever written (a private area without is not copied).
    """

    lock_kind: ClassVar[str] = "area"

    start_page: int
    n_pages: int
    writable: bool = True
    file: File | None = None
    offset: int = 0
    private: bool = True
    heap: bool = False
    inherited: bool = False
    has_anon_vma: bool = False

    @property
    def end_page(self) -> int:
        """The page after its last one."""
        return self.start_page + self.n_pages

    @property
    def first_slot(self) -> int:
        """The slot of its first page."""
        return self.start_page // PAGES_PER_SLOT

    @property
    def end_slot(self) -> int:
        """The slot after that of its last page."""
        return -(-self.end_page // PAGES_PER_SLOT)

    @property
    def copied_at_fork(self) -> bool:
        """Whether fork has to look at its pages (the filter of copy_page_range)."""
        return self.private and self.has_anon_vma
