"""Where in Redis's heap keys lie."""

from __future__ import annotations

import numpy as np

from sim.arrays import IntArray
from sim.machine.streams import Streams
from workloads.programs.redis.config import RedisConfig
from workloads.running.pages import pages_of


class HeapPages:
    """The pages that SETs dirty, counted from the start of the heap.

    An allocator that keeps size classes apart lays what SETs write (table entries and values of a
    size) side by side, so the written part of the heap is one range.
    """

    def __init__(self, config: RedisConfig) -> None:
        self.total = pages_of(config.dataset)
        self.written = max(1, round(config.keys.share * self.total))

    def random(self, generator: np.random.Generator, count: int) -> IntArray:
        """The pages of ``count`` keys drawn uniformly from the written range."""
        return generator.integers(0, self.written, count)

    def placed(self, streams: Streams, keys: int) -> IntArray:
        """The page of each of ``keys`` keys that fill the written range in random order."""
        order = streams.generator("workload/redis/placement").permutation(keys)
        pages: IntArray = order * self.written // max(keys, 1)
        return pages
