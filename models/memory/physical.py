"""The physical memory of a program and its forks: their frames and page tables."""

from __future__ import annotations

from models.memory.contents import Contents
from models.memory.counts import Counts
from models.memory.frame_stock import FrameStock
from models.memory.frames import FRAME_BYTES, Frames
from models.memory.tables import Tables
from sim.arrays import IntArray


class PhysicalMemory:
    """Frames, tables and what the tables say, for a program's address space and its forks'.

    Args:
        movable_stock: Scattered frames that the allocator holds for data pages.
        unmovable_stock: The same for page tables.

    Attributes:
        counts: What happened so far.
        huge_pages: Huge pages in use, whole ones.
    """

    def __init__(self, movable_stock: float = 0, unmovable_stock: float = 0) -> None:
        self.frames = Frames(FrameStock(movable_stock))
        self.contents = Contents(self.frames)
        self.tables = Tables(FrameStock(unmovable_stock))
        self.counts = Counts()
        self.huge_pages = 0
        self._address_spaces = 0

    def next_number(self) -> int:
        """The number of a new address space, from 1."""
        self._address_spaces += 1
        return self._address_spaces

    @property
    def resident_bytes(self) -> int:
        """Bytes of data frames in use."""
        return FRAME_BYTES * self.frames.in_use

    @property
    def table_bytes(self) -> int:
        """Bytes of PTE tables in use."""
        return FRAME_BYTES * self.tables.frames

    @property
    def used_bytes(self) -> int:
        """Bytes of data frames and tables in use."""
        return FRAME_BYTES * (self.frames.in_use + self.tables.stock.outstanding)

    def detach(self, tables: IntArray) -> IntArray:
        """Give each of some distinct tables explicit entries of its own; returns its content."""
        contents = self.contents.detach(self.tables.content[tables])
        self.tables.content[tables] = contents
        return contents

    def free_tables(self, tables: IntArray) -> int:
        """Free tables that no slot points at, with what they map; returns the frames freed."""
        freed = self.contents.drop(self.tables.content[tables])
        self.tables.free(tables)
        return freed
