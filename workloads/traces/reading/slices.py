"""Slices of a text in columns: many short pieces numbered by what they say, all at once."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from workloads.traces.reading.columns import IntColumn

PADDING = bytes(32)
"""What a text must be followed by, since its last slices are read in whole words."""

Text = NDArray[np.uint8]
Words = NDArray[np.uint64]

_WORD = 8
_MOST_WORDS = 8
# The first n bytes of a word, in the order of memory.
_FIRST_BYTES = np.array([2 ** (8 * n) - 1 for n in range(_WORD + 1)], np.uint64)
_MULTIPLIER = np.uint64(0x9E3779B97F4A7C15)
_ZEROS = np.uint64(0x3030303030303030)
_HIGH_HALVES = np.uint64(0xF0F0F0F0F0F0F0F0)
_TO_SIXTEEN = np.uint64(0x0606060606060606)


def padded(block: bytes) -> Text:
    """The bytes of a block, which `PADDING` follows."""
    return np.frombuffer(block + PADDING, np.uint8)


def words_of(text: Text) -> Words:
    """The eight bytes from each place on, the first in the lowest bits; uint64 [n - 7]."""
    return np.ndarray(len(text) - _WORD + 1, "<u8", text, strides=(1,))


def are_digits(words: Words) -> NDArray[np.bool_]:
    """Whether all eight bytes of a word are decimal digits."""
    sixes_more = words + _TO_SIXTEEN
    digits: NDArray[np.bool_] = (words & _HIGH_HALVES) == _ZEROS
    digits &= (sixes_more & _HIGH_HALVES) == _ZEROS
    return digits


def eight_digits(words: Words) -> IntColumn:
    """The number that eight digits are, by adding neighbours up in pairs, fours and eights."""
    numbers = words - _ZEROS
    for width, mask in ((8, 0x00FF00FF00FF00FF), (16, 0x0000FFFF0000FFFF), (32, 0xFFFFFFFF)):
        numbers = (numbers * np.uint64(10 ** (width // 8)) + (numbers >> np.uint64(width))) & (
            np.uint64(mask)
        )
    return numbers.astype(np.int64)


def differ_from_before(words: Words, starts: IntColumn, length: int) -> NDArray[np.bool_]:
    """Which slices of ``length`` bytes, at least 8, are not as the one before; the first is not."""
    differ = np.zeros(len(starts), np.bool_)
    differ[:1] = True
    last = len(words) - 1
    for offset in {*range(0, length - _WORD, _WORD), length - _WORD}:
        column = words[np.minimum(starts + offset, last)]
        differ[1:] |= column[1:] != column[:-1]
    return differ


class Numbering:
    """Numbers for slices by what they say, remembered so that most need no look at each.

    The number of a slice seen lately is found in a table with one place for every hash, in which
    whole slices are compared; any other is asked for by name, in order.

    Args:
        numbers_of: the numbers of names, each in its context; those of the same name are the same.
        places: of the table, a power of two; each takes 16 bytes, and 8 for 8 bytes of a slice.
    """

    def __init__(
        self, numbers_of: Callable[[list[bytes], list[int]], list[int]], places: int
    ) -> None:
        self._numbers_of = numbers_of
        self._shift = np.uint64(65 - places.bit_length())
        self._numbers = np.zeros(places, np.int64)
        self._kinds = np.zeros(places, np.int64)
        self._words: list[Words] = []

    def of_all(
        self, text: Text, starts: IntColumn, lengths: IntColumn, contexts: IntColumn
    ) -> IntColumn:
        """The numbers of slices, each in its context.

        Args:
            text: `padded`.
            starts: int64 [n], where each slice begins.
            lengths: int64 [n], how long each is.
            contexts: int64 [n], at least 0.
        """
        short = lengths <= _WORD * _MOST_WORDS
        columns = self._columns(text, starts, lengths)
        kinds = (contexts << 8) + lengths + 1  # 0 is an empty place
        hashes = kinds.astype(np.uint64)
        for column in columns:
            hashes = (hashes ^ column) * _MULTIPLIER
            hashes ^= hashes >> np.uint64(32)
        place = ((hashes * _MULTIPLIER) >> self._shift).astype(np.int64)
        known = short & (self._kinds[place] == kinds)
        for column, remembered in zip(columns, self._words, strict=False):
            known &= remembered[place] == column
        numbers = self._numbers[place]
        if known.all():
            return numbers
        missing = np.flatnonzero(~known)
        data, begins = text.data, starts[missing]
        places = zip(begins.tolist(), (begins + lengths[missing]).tolist(), strict=True)
        names = [bytes(data[start:end]) for start, end in places]
        numbers[missing] = self._numbers_of(names, contexts[missing].tolist())
        missing = missing[short[missing]]
        place = place[missing]
        self._numbers[place], self._kinds[place] = numbers[missing], kinds[missing]
        for column, remembered in zip(columns, self._words, strict=False):
            remembered[place] = column[missing]
        return numbers

    def _columns(self, text: Text, starts: IntColumn, lengths: IntColumn) -> list[Words]:
        """The slices in words, as many as the longest has (or as are compared), zeros behind."""
        words, columns = words_of(text), []
        longest = min(int(lengths.max(initial=0)), _WORD * _MOST_WORDS)
        last = len(words) - 1
        for start in range(0, longest, _WORD):
            left = np.clip(lengths - start, 0, _WORD)
            columns.append(words[np.minimum(starts + start, last)] & _FIRST_BYTES[left])
        while len(self._words) < len(columns):
            self._words.append(np.zeros(len(self._numbers), np.uint64))
        return columns
