"""Where frames lie: scattered ones first, then contiguous runs.

A frame is *scattered* when its neighbours belong to someone else, so that reaching its
`struct page` is a full cache miss; in a contiguous run the neighbour's access has prefetched it.
"""

import math

import numpy as np

from sim.arrays import BoolArray, IntArray


class FrameStock:
    """How many of the frames handed out so far are scattered.

    The allocator holds about `capacity` scattered frames; of `u` frames outstanding,
    ``capacity * (1 - exp(-u / capacity))`` are scattered (the shape of figures 2 and 7).
    A capacity below 1 means that every frame lies in a contiguous run.

    Raises:
        ValueError: If `capacity` is negative or not finite.
    """

    def __init__(self, capacity: float) -> None:
        if not (math.isfinite(capacity) and capacity >= 0):
            raise ValueError(f"a stock of frames cannot hold {capacity}")
        self.capacity = capacity
        self.outstanding = 0

    def scattered(self, outstanding: int | IntArray) -> IntArray:
        """The number of scattered frames among `outstanding` ones, rounded (half to even)."""
        counts = np.asarray(outstanding, np.float64)
        if self.capacity < 1:
            return np.zeros(counts.shape, np.int64)
        return np.rint(-self.capacity * np.expm1(-counts / self.capacity)).astype(np.int64)

    def scattered_next(self, frames: int) -> int:
        """How many of the next `frames` frames handed out will be scattered."""
        if self.capacity < 1:
            return 0
        first, last = self.scattered(np.array([self.outstanding, self.outstanding + frames]))
        return int(last - first)

    def take(self, groups: int, frames_each: int) -> IntArray:
        """Hand out `groups` times `frames_each` frames; how many of each group are scattered."""
        steps = self.outstanding + frames_each * np.arange(groups + 1, dtype=np.int64)
        self.outstanding += groups * frames_each
        return np.diff(self.scattered(steps))

    def take_singly(self, frames: int) -> BoolArray:
        """Hand out frames one after the other; which of them are scattered.

        As `take(frames, 1)`, but it computes only where the scattered ones come.
        """
        first = int(self.scattered(self.outstanding))
        last = first + self.scattered_next(frames)
        marks = np.zeros(frames, np.bool_)
        if first < last:
            # The k-th scattered frame is the one with which the law passes k - 1/2.
            passed = (np.arange(first, last) + 0.5) / self.capacity
            passed = np.minimum(passed, np.nextafter(1.0, 0.0))  # the law never reaches 1
            place = np.ceil(-self.capacity * np.log1p(-passed)).astype(np.int64)
            marks[np.minimum(np.maximum(place - self.outstanding - 1, 0), frames - 1)] = True
        self.outstanding += frames
        return marks

    def take_one(self) -> bool:
        """Hand out one frame; whether it is scattered."""
        is_scattered = self.scattered_next(1) > 0
        self.outstanding += 1
        return is_scattered

    def take_anywhere(self, frames: int) -> None:
        """Hand out frames of which nobody asks where they lie."""
        self.outstanding += frames

    def give_back(self, frames: int) -> None:
        """Return `frames` frames to the stock."""
        self.outstanding -= frames


def even_spread(total: int, parts: int, share: float) -> IntArray:
    """Split ``round(share * total)`` over `parts` equal parts as evenly as integers allow."""
    edges = np.rint(np.linspace(0.0, share * total, parts + 1)).astype(np.int64)
    return np.diff(edges)


def spread_marks(marked: IntArray, length: int) -> BoolArray:
    """Mark `marked[j]` of `length` positions evenly, for each j.

    Returns:
        Booleans, shape (len(marked), length): position i of row j is marked iff
        ``(i + 1) * marked[j] // length > i * marked[j] // length``.
    """
    edges = np.arange(length + 1, dtype=np.int64) * marked[:, np.newaxis] // length
    return np.diff(edges, axis=1) > 0
