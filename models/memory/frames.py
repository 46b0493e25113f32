"""Physical 4 KiB frames, in blocks of 512 whose frames are usually all alike."""

from collections.abc import Iterator
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from models.memory.frame_stock import FrameStock
from models.memory.pool import RowPool
from sim.arrays import BoolArray, IntArray, run_of

FRAME_BYTES = 4096
FRAMES_PER_BLOCK = 512
_ALIKE = -1
_MOST_FRAMES = 2**31
_PORTION = 2**16
_BLOCK_BITS = 9
_IN_BLOCK = FRAMES_PER_BLOCK - 1
ONE = np.int32(1)
"""Of the counts' own type, with which `ufunc.at` is as fast as an assignment."""


class _Blocks(RowPool):
    """Per block: frames in use, holders of each frame if alike, else a row of holder counts.

    `large`: whether its frames belong to folios of more than one page.
    """

    COLUMNS: ClassVar = {
        "in_use": (np.int32, ()),
        "holders": (np.int32, ()),
        "row": (np.int32, ()),
        "large": (np.bool_, ()),
    }
    in_use: npt.NDArray[np.int32]
    holders: npt.NDArray[np.int32]
    row: npt.NDArray[np.int32]
    large: npt.NDArray[np.bool_]


class _HolderRows(RowPool):
    COLUMNS: ClassVar = {"holders": (np.int32, (FRAMES_PER_BLOCK,))}
    holders: npt.NDArray[np.int32]


class Frames:
    """All data frames of a machine, each with the number of *contents* that hold it.

    A frame's number is ``512 * block + position``. A holder is a content
    (`models.memory.contents`) or a shared mapping's object; a frame without a holder is free. A
    block's number is used again when none of its frames is in use. A batch of frames may name one
    repeatedly, as two areas of one process may map the same page of a file; batches of blocks are
    distinct.

    Args:
        stock: The layout of data frames (the movable stock).
    """

    def __init__(self, stock: FrameStock) -> None:
        self.stock = stock
        self.in_use = 0
        self._blocks = _Blocks()
        self._rows = _HolderRows()
        self._open_block = _ALIKE
        self._open_used = FRAMES_PER_BLOCK
        self._further_holders = 0
        self._any_large = False

    @property
    def all_reusable(self) -> bool:
        """Whether no frame has a second holder, and none ever belonged to a large folio."""
        return not (self._further_holders or self._any_large)

    @property
    def live_blocks(self) -> int:
        """Blocks with a frame in use."""
        return self._blocks.live

    @property
    def block_capacity(self) -> int:
        """Blocks that there is room for without growing."""
        return self._blocks.capacity

    @property
    def live_rows(self) -> int:
        """Blocks whose frames have unequal numbers of holders."""
        return self._rows.live

    def allocate_blocks(self, count: int, *, large: bool = False) -> tuple[IntArray, IntArray]:
        """Take `count` whole blocks, one holder a frame.

        Args:
            count: How many.
            large: Whether their frames belong to large folios.

        Returns:
            Block numbers and how many frames of each are scattered, both of shape (count,).

        Raises:
            MemoryError: If the machine would have more than 2**31 frames (8 TiB).
        """
        blocks = self._new_blocks(count, FRAMES_PER_BLOCK, large=large)
        self.in_use += FRAMES_PER_BLOCK * count
        return blocks, self.stock.take(count, FRAMES_PER_BLOCK)

    def allocate(self, count: int) -> tuple[IntArray, int]:
        """Take `count` single frames, one holder each.

        Returns:
            Frame numbers, shape (count,), and how many of them are scattered.
        """
        parts = []
        wanted = count
        if wanted and self._open_used < FRAMES_PER_BLOCK:
            taken = min(wanted, FRAMES_PER_BLOCK - self._open_used)
            parts.append(self._bump(taken))
            wanted -= taken
        whole, rest = divmod(wanted, FRAMES_PER_BLOCK)
        if whole:
            blocks = self._new_blocks(whole, FRAMES_PER_BLOCK)
            parts.append(frames_of_blocks(blocks).ravel())
        if rest:
            self._open_block = int(self._new_blocks(1, 0)[0])
            self._open_used = 0
            parts.append(self._bump(rest))
        self.in_use += count
        scattered = int(self.stock.take(1, count)[0])
        return (np.concatenate(parts) if parts else np.empty(0, np.int64)), scattered

    def take_one(self) -> int:
        """Take a single frame, one holder, wherever it lies."""
        if self._open_used == FRAMES_PER_BLOCK:
            self._open_block = int(self._new_blocks(1, 0)[0])
            self._open_used = 0
        frame = FRAMES_PER_BLOCK * self._open_block + self._open_used
        self._open_used += 1
        self._blocks.in_use[self._open_block] += 1
        self.in_use += 1
        self.stock.take_anywhere(1)
        return frame

    def holders_of(self, frame: int) -> int:
        """The number of contents that hold a frame."""
        row = self._blocks.row.item(frame >> _BLOCK_BITS)
        if row == _ALIKE:
            return self._blocks.holders.item(frame >> _BLOCK_BITS)
        return self._rows.holders.item(row, frame & _IN_BLOCK)

    def in_large_folio(self, frame: int) -> bool:
        """Whether a frame belongs to a folio of more than one page."""
        return self._blocks.large.item(frame >> _BLOCK_BITS)

    def hold_block(self, block: int) -> None:
        """One more content holds every frame of a block, all of which are in use."""
        self._further_holders += FRAMES_PER_BLOCK
        row = self._blocks.row.item(block)
        if row == _ALIKE:
            self._blocks.holders[block] += 1
        else:
            self._rows.holders[row] += 1

    def drop_one(self, frame: int) -> int:
        """One content less holds a frame; returns how many became free, 0 or 1."""
        block, place = frame >> _BLOCK_BITS, frame & _IN_BLOCK
        row = self._blocks.row.item(block)
        if row == _ALIKE:
            row = self._rows.allocate_one()
            self._rows.holders[row] = self._blocks.holders[block]
            self._blocks.row[block] = row
        left = self._rows.holders.item(row, place) - 1
        self._rows.holders[row, place] = left
        if left:
            self._further_holders -= 1
            return 0
        in_use = self._blocks.in_use.item(block) - 1
        self._blocks.in_use[block] = in_use
        if in_use:
            self.in_use -= 1
            self.stock.give_back(1)
        else:
            self._account_freed(1, np.array([block]))
        return 1

    def holders(self, frames: IntArray) -> IntArray:
        """The number of contents that hold each of `frames` (repeats allowed)."""
        blocks = frames >> _BLOCK_BITS
        counts: IntArray = self._blocks.holders[blocks].astype(np.int64)
        rows = self._blocks.row[blocks]
        unlike = np.flatnonzero(rows != _ALIKE)
        counts[unlike] = self._rows.holders[rows[unlike], frames[unlike] & _IN_BLOCK]
        return counts

    def most_holders(self, blocks: IntArray) -> IntArray:
        """The number of holders of the most widely held frame of each of `blocks`."""
        most = self._blocks.holders[blocks].astype(np.int64)
        rows = self._blocks.row[blocks]
        unlike = np.flatnonzero(rows != _ALIKE)
        most[unlike] = self._rows.holders[rows[unlike]].max(axis=1, initial=0)
        return most

    def hold(self, frames: npt.NDArray[np.signedinteger]) -> None:
        """One more content holds each of `frames`, of a repeated one several do."""
        self._further_holders += len(frames)
        for some in _portions(frames):
            places = self._places(some)
            np.add.at(self._counts(), places, ONE)

    def hold_blocks(self, blocks: IntArray) -> None:
        """One more content holds every frame of `blocks`, all of which are in use."""
        self._further_holders += FRAMES_PER_BLOCK * len(blocks)
        rows = self._blocks.row[blocks]
        self._blocks.holders[blocks[rows == _ALIKE]] += 1
        self._rows.holders[rows[rows != _ALIKE]] += 1

    def drop(self, frames: npt.NDArray[np.signedinteger]) -> int:
        """One content less holds each of `frames`; returns how many became free."""
        freed = 0
        for some in _portions(frames):
            places = self._places(some)
            counts = self._counts()
            np.subtract.at(counts, places, ONE)
            free = np.flatnonzero(counts[places] == 0)
            if len(free):
                blocks = some[free[_first_of_each(places[free], counts)]] >> _BLOCK_BITS
                np.subtract.at(self._blocks.in_use, blocks, ONE)
                self._account_freed(len(blocks), blocks)
                freed += len(blocks)
        self._further_holders -= len(frames) - freed
        return freed

    def drop_blocks(self, blocks: IntArray) -> int:
        """One content less holds every frame of `blocks`; returns how many frames became free."""
        if not len(blocks):
            return 0
        rows = self._blocks.row[run_of(blocks)].copy()
        alike = blocks[rows == _ALIKE]
        self._blocks.holders[run_of(alike)] -= 1
        freed = np.zeros(len(blocks), np.int64)
        freed[rows == _ALIKE] = FRAMES_PER_BLOCK * (self._blocks.holders[alike] == 0)
        unlike = rows[rows != _ALIKE]
        self._rows.holders[unlike] -= 1
        freed[rows != _ALIKE] = (self._rows.holders[unlike] == 0).sum(axis=1)
        self._blocks.in_use[blocks] -= freed.astype(np.int32)
        self._account_freed(int(freed.sum()), blocks)
        self._further_holders -= FRAMES_PER_BLOCK * len(blocks) - int(freed.sum())
        return int(freed.sum())

    def in_large_folios(self, frames: IntArray) -> BoolArray:
        """Whether each of `frames` belongs to a folio of more than one page."""
        large: BoolArray = self._blocks.large[frames >> _BLOCK_BITS]
        return large

    def _new_blocks(self, count: int, in_use: int, *, large: bool = False) -> IntArray:
        blocks = self._blocks.allocate(count)
        if count and int(blocks.max()) >= _MOST_FRAMES // FRAMES_PER_BLOCK:
            raise MemoryError("the simulated machine is out of frames (8 TiB)")
        fresh = run_of(blocks)
        self._blocks.in_use[fresh] = in_use
        self._blocks.holders[fresh] = 1
        self._blocks.row[fresh] = _ALIKE
        self._blocks.large[fresh] = large
        self._any_large |= large
        return blocks

    def _bump(self, count: int) -> IntArray:
        """The next `count` frames of the open block, which has room for them."""
        first = FRAMES_PER_BLOCK * self._open_block + self._open_used
        self._open_used += count
        self._blocks.in_use[self._open_block] += count
        return np.arange(first, first + count)

    def _counts(self) -> npt.NDArray[np.int32]:
        """The holder counts of all rows, as one long array."""
        counts: npt.NDArray[np.int32] = self._rows.holders.reshape(-1)
        return counts

    def _places(self, frames: IntArray) -> IntArray:
        """Where in `_counts` the counts of `frames` are; blocks without rows get them."""
        blocks = frames >> _BLOCK_BITS
        rows = self._blocks.row[blocks]
        alike = blocks[rows == _ALIKE]
        if len(alike):
            alike = _distinct(alike)
            new = self._rows.allocate(len(alike))
            # A frame that the open block has not handed out yet counts one holder in advance.
            self._rows.holders[new] = self._blocks.holders[alike, np.newaxis]
            self._blocks.row[alike] = new
            rows = self._blocks.row[blocks]
        places: IntArray = (rows.astype(np.int64) << _BLOCK_BITS) + (frames & _IN_BLOCK)
        return places

    def _account_freed(self, frames: int, blocks: IntArray) -> None:
        """`frames` frames of `blocks` (with repeats) became free; retire the blocks left empty."""
        self.in_use -= frames
        self.stock.give_back(frames)
        empty = _distinct(blocks[self._blocks.in_use[blocks] == 0])
        rows = self._blocks.row[empty]
        self._rows.release(rows[rows != _ALIKE].astype(np.int64))
        self._blocks.release(empty)
        if self._open_block in empty:
            self._open_block = _ALIKE
            self._open_used = FRAMES_PER_BLOCK


def _portions(frames: npt.NDArray[np.signedinteger]) -> Iterator[IntArray]:
    """`frames` in portions whose intermediate arrays stay in cache."""
    for start in range(0, len(frames), _PORTION):
        yield frames[start : start + _PORTION].astype(np.int64, copy=False)


def _first_of_each(places: IntArray, zeros: npt.NDArray[np.int32]) -> BoolArray:
    """Of repeated `places` of an array, at which it is 0, one each; faster than sorting them."""
    order = np.arange(len(places), dtype=np.int32)
    zeros[places] = order
    chosen: BoolArray = zeros[places] == order
    zeros[places] = 0
    return chosen


def _distinct(numbers: IntArray) -> IntArray:
    """The distinct numbers, ascending."""
    if not len(numbers):
        return numbers
    seen = np.zeros(int(numbers.max()) + 1, np.bool_)
    seen[numbers] = True
    return np.flatnonzero(seen)


def frames_of_blocks(blocks: IntArray) -> IntArray:
    """The frame numbers of whole blocks, shape (len(blocks), 512)."""
    first = FRAMES_PER_BLOCK * blocks.astype(np.int64)
    return first[:, np.newaxis] + np.arange(FRAMES_PER_BLOCK)
