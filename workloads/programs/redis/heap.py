"""Where in Redis's heap keys and values lie, and which pages a SET dirties."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sim.arrays import BoolArray, FloatArray, IntArray
from sim.machine.streams import Streams
from workloads.programs.redis.config import RedisConfig
from workloads.programs.redis.objects import (
    BUCKET_BYTES,
    ENTRY_BYTES,
    OBJECT_BYTES,
    VALUE_OF_ENTRY,
    allocations,
    is_embedded,
    size_class,
    value_bytes,
)
from workloads.running.pages import PAGE_SHIFT


@dataclass(frozen=True)
class DirtiedPages:
    """What SETs dirty: the i-th the pages ``pages[ends[i - 1]:ends[i]]``. All int64.

    Attributes:
        pages: counted from the start of the heap.
        ends: [n], how many pages the SETs up to and with each have dirtied.
    """

    pages: IntArray
    ends: IntArray

    @classmethod
    def none(cls) -> DirtiedPages:
        """No SETs."""
        return cls(np.zeros(0, np.int64), np.zeros(0, np.int64))

    def then(self, later: DirtiedPages) -> DirtiedPages:
        """These SETs and then ``later`` ones."""
        ends = np.append(self.ends, later.ends + len(self.pages))
        return DirtiedPages(np.append(self.pages, later.pages), ends)

    def after(self, count: int) -> DirtiedPages:
        """These SETs but for the first ``count``."""
        if not count:
            return self
        return DirtiedPages(
            self.pages[self.ends[count - 1] :], self.ends[count:] - self.ends[count - 1]
        )


class RedisHeap:
    """A heap full of keys, its allocations sorted by size as jemalloc's slabs sort them.

    All allocations of a size class lie side by side, those of one key at the same share of every
    class. A SET of a key that exists writes its entry in the hash table, a new object and a new
    value (the allocator hands out what the SET before it has freed: another random one). Nothing
    of the table's buckets and of the key's own text is written; but the text's class may be
    the entry's, and lies between the entries then.

    Attributes:
        keys: how many keys fill it.
        reached: how many of them are written.
        pages_of_a_set: at most, of one with the longest value.
    """

    def __init__(self, config: RedisConfig, lengths: IntArray | None = None) -> None:
        """Fill a data set with keys.

        Args:
            config: the data set, the keys' length, and that of values if there are no ``lengths``.
            lengths: of the values that some of the keys hold, int64.

        Raises:
            ValueError: no key with the longest of these values fits.
        """
        self._length = config.value_bytes
        if lengths is None or not lengths.size:
            lengths = np.array([config.value_bytes], np.int64)
        self._classes, counts = np.unique(
            size_class(allocations(config.key_bytes, lengths)), return_counts=True
        )
        # Whole numbers if one length is all there is: they are multiplied faster than fractions.
        self._per_key: IntArray | FloatArray = (
            counts if len(lengths) == 1 else counts / len(lengths)
        )
        self.keys = keys_that_fill(config.dataset, float((self._classes * self._per_key).sum()))
        self.pages_of_a_set = 4 + (int(lengths.max()) >> PAGE_SHIFT)
        self.reached = max(1, round(config.keys.share * self.keys))
        self._slots = np.maximum(1, (self.keys * self._per_key).astype(np.int64))
        # Large classes are whole pages and come first, so that they begin on one.
        taken = (self._classes * self._slots)[::-1]
        starts = (np.cumsum(taken) - taken)[::-1]
        # The one slot of a class that few keys have may find no room behind the others.
        self._starts = np.minimum(starts, config.dataset - self._classes * self._slots)
        if not self.keys or self._starts.min() < 0:
            raise ValueError(
                f"a value of {lengths.max()} bytes: expected values that fit into the dataset, "
                f"{config.dataset} bytes"
            )

    def random(self, generator: np.random.Generator, count: int) -> IntArray:
        """``count`` keys drawn uniformly from those that are written."""
        return generator.integers(0, self.reached, count)

    def placed(self, streams: Streams, keys: int) -> IntArray:
        """The places of ``keys`` keys that fill the reached ones in random order."""
        order = streams.generator("workload/redis/placement").permutation(keys)
        places: IntArray = order * self.reached // max(keys, 1)
        return places

    def written(self, keys: IntArray, lengths: IntArray | None = None) -> DirtiedPages:
        """What SETs of these keys dirty, in order.

        Args:
            keys: int64 [n].
            lengths: int64 [n], of the values; by default all have the configured one. Who stores
                nothing writes the key's entry alone.
        """
        everyone = np.ones(1, np.bool_)
        stored = everyone if lengths is None else lengths > 0
        if lengths is None:
            lengths = np.array([self._length], np.int64)
        needed = value_bytes(lengths)
        begins = self._begins(keys, needed)
        parts = [_pages(begins, begins + needed, stored)]
        if (apart := stored & ~is_embedded(lengths)).any():
            begins = self._begins(keys, np.array([OBJECT_BYTES]))
            parts.append(_pages(begins, begins + OBJECT_BYTES, apart))
        begins = self._begins(keys, np.array([ENTRY_BYTES])) + VALUE_OF_ENTRY
        parts.append(_pages(begins, begins + 1, everyone))
        firsts, counts = (np.stack(columns, axis=-1) for columns in zip(*parts, strict=True))
        ends = np.cumsum(counts)
        pages = np.repeat(firsts.ravel() + counts.ravel() - ends, counts.ravel())
        return DirtiedPages(pages + np.arange(len(pages)), ends[len(parts) - 1 :: len(parts)])

    def _begins(self, keys: IntArray, n_bytes: IntArray) -> IntArray:
        """Where in the heap keys' allocations of ``n_bytes`` begin."""
        place = np.searchsorted(self._classes, size_class(n_bytes))
        slots = (keys * self._per_key[place]).astype(np.int64, copy=False)
        slots = np.minimum(slots, self._slots[place] - 1)
        begins: IntArray = slots * self._classes[place] + self._starts[place]
        return begins


def _pages(begins: IntArray, ends: IntArray, chosen: BoolArray) -> tuple[IntArray, IntArray]:
    """The first page of each of these parts of the heap, and how many; 0 if it is not chosen."""
    firsts, lasts = begins >> PAGE_SHIFT, (ends - 1) >> PAGE_SHIFT
    return firsts, np.where(chosen, lasts - firsts + 1, 0)


def keys_that_fill(dataset: int, key_bytes: float) -> int:
    """How many keys a data set holds, a hash table of a power of two of buckets beside them.

    Args:
        dataset: bytes.
        key_bytes: what each takes, on average.
    """
    powers = 2 ** np.arange(48, dtype=np.int64)
    fit = np.minimum(powers, (dataset - BUCKET_BYTES * powers) / key_bytes)
    return int(max(fit.max(), 0))
