"""Named random streams: independent of each other, of the order of use and of the fork scheme."""

from __future__ import annotations

import hashlib

import numpy as np


class Streams:
    """Random generators by name.

    The generator of ``workload/redis/keys`` depends on the experiment's seed, the repetition and
    that name alone. So every fork scheme meets the same arrivals and keys (common random numbers),
    and a new stream somewhere changes no other.
    """

    def __init__(self, seed: int, repetition: int = 0, prefix: str = "") -> None:
        self._seed = seed
        self._repetition = repetition
        self._prefix = prefix

    def within(self, name: str) -> Streams:
        """Streams of the same names for one of several programs, independent of the others'."""
        return Streams(self._seed, self._repetition, f"{self._prefix}{name}/")

    def generator(self, name: str) -> np.random.Generator:
        """A new generator at the start of the stream ``name``."""
        digest = hashlib.sha256((self._prefix + name).encode()).digest()
        words = tuple(int.from_bytes(digest[i : i + 4], "little") for i in range(0, 16, 4))
        sequence = np.random.SeedSequence(self._seed, spawn_key=(self._repetition, *words))
        return np.random.Generator(np.random.PCG64(sequence))
