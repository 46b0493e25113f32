"""The 512 entries of a PTE table: their states, and rows that spell them out."""

from enum import IntEnum
from typing import ClassVar, NamedTuple

import numpy as np
import numpy.typing as npt

from models.memory.frame_stock import spread_marks
from models.memory.pool import RowPool
from sim.arrays import BoolArray

ENTRIES_PER_TABLE = 512
PRESENT, ZERO, SCATTERED, FORKED = np.uint8(1), np.uint8(2), np.uint8(4), np.uint8(8)
"""Flags of an entry: present at all; maps the zero page; its frame is scattered; a fork has shared
its page (where the whole content's `forked` does not say so)."""
NEVER = -1
"""The epoch of an entry that is not writable whatever happens."""
NO_FRAME = -1

FLAGS_BY_SCATTERED = PRESENT | SCATTERED * spread_marks(
    np.arange(ENTRIES_PER_TABLE + 1), ENTRIES_PER_TABLE
).astype(np.uint8)
"""Flags of 512 entries of which a given number is scattered, shape (513, 512)."""


class Kind(IntEnum):
    """How a content is represented."""

    ROW = 0
    """512 explicit entries."""
    UNIFORM = 1
    """512 present entries on one block of frames, all writable or none."""
    HUGE = 2
    """One 2 MiB page: the table is the deposit kept for a split."""
    HUGE_ZERO = 3
    """The huge zero page, read-only."""


class Entries(NamedTuple):
    """The state of some entries, as arrays of one shape."""

    present: BoolArray
    zero: BoolArray
    writable: BoolArray


class EntryCounts(NamedTuple):
    """How many entries are present (zero page included), zero page, writable, scattered."""

    present: int
    zero: int
    writable: int
    scattered: int


class EntryRows(RowPool):
    """Rows of 512 entries: frame, epoch (see `models.memory.contents`) and flags of each."""

    COLUMNS: ClassVar = {
        "frame": (np.int32, (ENTRIES_PER_TABLE,)),
        "epoch": (np.int32, (ENTRIES_PER_TABLE,)),
        "flags": (np.uint8, (ENTRIES_PER_TABLE,)),
    }
    frame: npt.NDArray[np.int32]
    epoch: npt.NDArray[np.int32]
    flags: npt.NDArray[np.uint8]

    def flat(self) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.int32], npt.NDArray[np.uint8]]:
        """All frames, epochs and flags as long arrays: entry i of row r is at ``512 * r + i``."""
        return self.frame.reshape(-1), self.epoch.reshape(-1), self.flags.reshape(-1)
