"""Which parts of a cycle are served request by request, and for how much each of them stands."""

from __future__ import annotations

import numpy as np

from sim.arrays import IntArray, distinct
from sim.machine.clock import NEVER_NS
from workloads.programs.redis.snapshot_config import SECOND_NS

WINDOW_REQUESTS = 8192
"""So many are served one by one at a time."""
SHARE = 8
"""What a window stands for is at most this part of the time since a fork, or a child's end: what a
write finds in memory changes with the logarithm of that time."""
WHOLE_NS = 2 * SECOND_NS
"""Right after these everything is served."""
PATIENCE = 64
"""So many iterations are served one by one until one leaves nobody waiting."""
SPARSE = 32
"""Of a heap of so many times as many pages as are written, these are sorted faster than marked."""
RUN_IN = 4
"""This part of a window is served before it and not counted: the queue is then as it would be."""
LEAST_WINDOWS = 3
"""A shorter block is served whole."""
_KEPT = 12
"""Latest changes of the weight; who is answered now was not sent before them."""


class Sampling:
    """Blocks of time, each a window that is served and a gap that it stands for as well.

    A block is as long as what is known not to change anything allows, so right after a fork and
    where somebody always waits there are no gaps.

    Args:
        rate_per_s: of all requests.
        heap_pages: how many pages their writes can dirty.

    Attributes:
        until_ns: up to when it is known what is served.
        measured: whether latencies count by now; before that a block is as long as it can be.
    """

    def __init__(self, rate_per_s: float, heap_pages: int) -> None:
        self._window_ns = max(1, round(min(WINDOW_REQUESTS * SECOND_NS / rate_per_s, NEVER_NS)))
        # From when on a request counts how often, in order of time.
        self._from_ns = [-1]
        self._weights = [1]
        self._heap_pages = heap_pages
        self._patience = PATIENCE
        self.measured = False
        self.change(0)

    def change(self, at_ns: int) -> None:
        """A fork returned, or a child ended."""
        self._changed_ns = self._block_end_ns = at_ns
        self.until_ns = at_ns + WHOLE_NS
        # New ones are zero by themselves where nobody looks.
        self._dirtied = np.zeros(self._heap_pages, np.bool_)

    def skip(self, now_ns: int, certain_ns: int, *, quiet: bool) -> int:
        """Up to when nothing is served from now on, not before `until_ns`; now if everything is.

        A block begins and a window ends while nobody waits. If somebody does, `until_ns` stays for
        some iterations, after each of which this is asked again.

        Args:
            now_ns: now.
            certain_ns: up to when nothing can happen but requests.
            quiet: whether nobody waits.
        """
        if not quiet and self._patience:
            self._patience -= 1
            return now_ns
        self._patience = PATIENCE
        self.until_ns = now_ns + self._window_ns
        if now_ns < self._block_end_ns:
            self.until_ns = self._block_end_ns if quiet else min(self.until_ns, self._block_end_ns)
            run_in_ns = self._window_ns // RUN_IN
            return max(self._block_end_ns - run_in_ns, now_ns) if quiet else now_ns
        lasts_ns = certain_ns - now_ns
        if self.measured:
            lasts_ns = min(lasts_ns, (now_ns - self._changed_ns) // SHARE)
        windows = lasts_ns // self._window_ns
        if quiet and windows >= LEAST_WINDOWS:
            self._block_end_ns = now_ns + windows * self._window_ns
            self._from_ns = [*self._from_ns, now_ns, self.until_ns, self._block_end_ns][-_KEPT:]
            self._weights = [*self._weights, windows, 0, 1][-_KEPT:]
        return now_ns

    def weights(self, sent_ns: IntArray) -> IntArray | int:
        """For how many requests each stands that was sent then, or each of them.

        Args:
            sent_ns: int64 [n].
        """
        places = np.searchsorted(self._from_ns, (int(sent_ns.min()), int(sent_ns.max())), "right")
        if places[0] == places[1]:
            return self._weights[max(int(places[0]) - 1, 0)]
        found = np.searchsorted(self._from_ns, sent_ns, "right") - 1
        weights: IntArray = np.array(self._weights)[np.maximum(found, 0)]
        return weights

    def first_writes(self, pages: IntArray) -> IntArray:
        """Those pages, ascending, that were not given before, since a fork or a child's end.

        Only a first write can fault.
        """
        if len(self._dirtied) > SPARSE * len(pages):
            some = distinct(pages[~self._dirtied[pages]])
            self._dirtied[some] = True
            return some
        first = np.zeros_like(self._dirtied)
        first[pages] = True
        first &= ~self._dirtied
        self._dirtied |= first
        return np.flatnonzero(first)
