"""The pages of a file or of shared memory: one set, seen by every process that maps it."""

import numpy as np

from models.memory.entries import NO_FRAME
from models.memory.frames import Frames
from sim.arrays import IntArray


class File:
    """Pages that areas map, allocated when first touched, freed when the last area is gone.

    Args:
        frames: The machine's frames.
        n_pages: Size of the file.
    """

    def __init__(self, frames: Frames, n_pages: int) -> None:
        self.n_pages = n_pages
        self._frames = frames
        self._frame = np.full(n_pages, NO_FRAME, np.int64)
        self._areas = 0

    def add_area(self) -> None:
        """One more area maps the file."""
        self._areas += 1

    def remove_area(self) -> int:
        """One area less maps the file; returns the frames freed, if it was the last."""
        self._areas -= 1
        if self._areas:
            return 0
        freed = self._frames.drop(self._frame[self._frame != NO_FRAME])
        self._frame[:] = NO_FRAME
        return freed

    def bring(self, offsets: IntArray) -> IntArray:
        """The frames of the pages at distinct `offsets`, in memory from now on."""
        missing = offsets[self._frame[offsets] == NO_FRAME]
        self._frame[missing], _ = self._frames.allocate(len(missing))
        found: IntArray = self._frame[offsets]
        return found

    def hold(self, offsets: IntArray) -> IntArray:
        """As `bring`, each frame held once more for the caller."""
        found = self.bring(offsets)
        self._frames.hold(found)
        return found
