"""What Redis allocates for a key and its value, and what jemalloc takes for it: int64, bytes.

Sizes are those of Redis 6 and 7: `dictEntry` (dict.h), `robj` (server.h), the headers of `sds.h`,
the shortest string that is not embedded in its object (object.c), and the size classes of the
jemalloc that Redis brings along (quantum 8: deps/Makefile).
"""

from __future__ import annotations

import numpy as np

from sim.arrays import BoolArray, IntArray

ENTRY_BYTES = 24
"""A key's entry in the hash table: its key, its value, the next of its bucket."""
VALUE_OF_ENTRY = 8
"""Where in an entry the pointer lies that a SET writes."""
OBJECT_BYTES = 16
"""The header of a value (`robj`)."""
BUCKET_BYTES = 8
_LONGEST_EMBEDDED = 44
"""A value up to this length lies in one allocation with its object (EMBSTR)."""
_QUANTUM = 8
_SHORT, _TINY = 256, 32
_HEADERS = (1, 3, 5, 9)
"""Of strings below 32 bytes (keys alone), 256, 64 KiB, and of longer ones."""


def allocations(key_length: int, value_lengths: IntArray) -> IntArray:
    """What keys with values of these lengths [n] are made of: allocations [m], in any order."""
    apart = int((~is_embedded(value_lengths)).sum())
    one_each = np.array([ENTRY_BYTES, int(key_bytes(np.array(key_length)))], np.int64)
    return np.concatenate(
        [
            np.repeat(one_each, len(value_lengths)),
            np.full(apart, OBJECT_BYTES, np.int64),
            value_bytes(value_lengths),
        ]
    )


def memory_of_key(key_length: int, value_length: int) -> int:
    """What the only key of a Redis takes: its allocations and one bucket."""
    taken = size_class(allocations(key_length, np.array([value_length], np.int64)))
    return int(taken.sum()) + BUCKET_BYTES


def size_class(n_bytes: IntArray) -> IntArray:
    """What jemalloc takes for an allocation: four classes a doubling, multiples of 8 at least."""
    _, exponent = np.frexp(np.maximum(n_bytes - 1, 1).astype(np.float64))
    step = np.maximum(_QUANTUM, np.left_shift(1, np.maximum(exponent.astype(np.int64) - 3, 0)))
    classes: IntArray = np.maximum(-(-n_bytes // step), 1) * step
    return classes


def key_bytes(length: IntArray) -> IntArray:
    """What a key of this length needs: header, text, a zero."""
    return _string(length, _HEADERS[0])


def is_embedded(length: IntArray) -> BoolArray:
    """Whether a value of this length lies in one allocation with its object."""
    return length <= _LONGEST_EMBEDDED


def value_bytes(length: IntArray) -> IntArray:
    """What a value of this length needs, with its object if it is embedded."""
    return _string(length, _HEADERS[1]) + OBJECT_BYTES * is_embedded(length)


def _string(length: IntArray, tiny_header: int) -> IntArray:
    header = np.select(
        [length < _TINY, length < _SHORT, length < 2**16],
        [tiny_header, *_HEADERS[1:3]],
        _HEADERS[3],
    )
    needed: IntArray = header + length + 1
    return needed
