"""The inputs of one fuzzer: how long each runs and which pages it writes."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from models.memory.areas import Vma
from sim.arrays import IntArray
from sim.machine.streams import Streams
from workloads.programs.afl.config import Fuzzing

BLOCK = 1024
"""So many inputs are drawn at a time, fewer if they write many pages."""

_MOST_PAGES_DRAWN = 2**20


class Inputs:
    """Inputs in order; what they are does not depend on how many are looked at together.

    Args:
        config: of the fuzzing.
        heap: of the target, whose pages they write.
        run_ns: from numbers of inputs (from 0) to their run times, slow inputs aside.
        streams: what chance draws from.
        fuzzer: number of the fuzzer, which has streams of its own.
    """

    def __init__(
        self,
        config: Fuzzing,
        heap: Vma,
        run_ns: Callable[[IntArray], IntArray],
        streams: Streams,
        fuzzer: int,
    ) -> None:
        self._config = config
        self._heap = heap
        self._base_ns = run_ns
        self._page, self._is_slow, self._slower = (
            streams.generator(f"workload/afl/{what}/{fuzzer}")
            for what in ("pages", "slow", "slow-run")
        )
        self._block = max(1, min(BLOCK, _MOST_PAGES_DRAWN // max(config.pages, 1)))
        self._next = self._drawn = 0
        self._run_ns = np.zeros(0, np.int64)
        self._pages = np.zeros((0, config.pages), np.int64)

    def ahead(self, count: int) -> tuple[IntArray, IntArray]:
        """The next inputs: run times, shape (n,), and pages, shape (n, pages of one).

        ``count`` of them, or fewer if they write many pages.
        """
        count = min(count, self._block)
        while len(self._run_ns) - self._next < count:
            self._draw()
        following = slice(self._next, self._next + count)
        return self._run_ns[following], self._pages[following]

    def done(self, count: int) -> None:
        """So many of the next inputs are past."""
        self._next += count

    def _draw(self) -> None:
        block = self._block
        numbers = np.arange(self._drawn, self._drawn + block)
        run_ns = self._base_ns(numbers)
        slow = self._config.slow
        if slow is not None:
            extra_ns = np.rint(slow.run * self._slower.standard_exponential(block))
            run_ns = run_ns + (self._is_slow.random(block) < slow.share) * extra_ns.astype(np.int64)
        shape = (block, self._config.pages)
        pages = self._heap.start_page + self._page.integers(0, self._heap.n_pages, shape)
        self._run_ns = np.concatenate((self._run_ns[self._next :], run_ns))
        self._pages = np.concatenate((self._pages[self._next :], pages))
        self._drawn += block
        self._next = 0
