"""Last-level page tables (PTE tables): 512 entries, spanning 2 MiB."""

from typing import ClassVar

import numpy as np
import numpy.typing as npt

from models.memory.frame_stock import FrameStock
from models.memory.pool import RowPool
from sim.arrays import IntArray, run_of

NOBODY, EXCLUSIVE = 0, -1
"""Owners of a table that are no address space: see `models.faults.rules.RssAccounting`."""


class Tables(RowPool):
    """PTE tables by table number.

    Columns: `content` (see `models.memory.contents`); `references`, the number of slots that point
    at the table; `scattered`, whether the table's own frame is (`models.memory.frame_stock`);
    `owner`, the number of the address space that accounts for it, `NOBODY` or `EXCLUSIVE`
    (`models.faults.rules`); `physical`, whether it takes a frame (the slot of a hugetlb page needs
    no table).

    Args:
        stock: The layout of page-table frames (the unmovable stock).
    """

    COLUMNS: ClassVar = {
        "content": (np.int64, ()),
        "references": (np.int32, ()),
        "scattered": (np.bool_, ()),
        "owner": (np.int32, ()),
        "physical": (np.bool_, ()),
    }
    content: npt.NDArray[np.int64]
    references: npt.NDArray[np.int32]
    scattered: npt.NDArray[np.bool_]
    owner: npt.NDArray[np.int32]
    physical: npt.NDArray[np.bool_]

    def __init__(self, stock: FrameStock) -> None:
        super().__init__()
        self.stock = stock

    @property
    def frames(self) -> int:
        """How many frames the tables take."""
        return self.stock.outstanding

    def new(self, contents: IntArray, *, physical: bool = True) -> IntArray:
        """A table for each of `contents`, pointed at by one slot."""
        tables = self.allocate(len(contents))
        fresh = run_of(tables)
        self.content[fresh] = contents
        self.references[fresh] = 1
        self.owner[fresh] = NOBODY
        self.physical[fresh] = physical
        self.scattered[fresh] = self.stock.take_singly(len(contents)) if physical else False
        return tables

    def new_one(self, content: int) -> int:
        """A table for a content, pointed at by one slot."""
        table = self.allocate_one()
        self.content[table] = content
        self.references[table] = 1
        self.owner[table] = NOBODY
        self.physical[table] = True
        self.scattered[table] = self.stock.take_one()
        return table

    def free(self, tables: IntArray) -> None:
        """Give tables back that no slot points at any more."""
        self.stock.give_back(int(self.physical[run_of(tables)].sum()))
        self.release(tables)
