"""The lines of a block and the bytes in it that delimit something, found at one look.

A reader of blocks takes *plain* lines in columns, many at once, and leaves all others to the reader
of lines, which alone knows what is wrong with them; see `accounting`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cached_property
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from workloads.traces.reading.columns import IntColumn
from workloads.traces.reading.slices import Words, padded, words_of

FEWEST = 16
"""So many plain lines in a row are worth columns."""

Flags = NDArray[np.bool_]

_NEWLINE, _RETURN, _BLANK, _TAB = b"\n\r \t"


def that_stand_out(delimiters: bytes, forbidden: bytes = b"") -> bytes:
    """A table for `BlockLines`: delimiters, and bytes that no plain line has.

    Control characters are forbidden unless they delimit; a carriage return may end a line.
    """
    odd = {*range(32), *delimiters, *forbidden}
    return bytes(byte in odd for byte in range(256))


def lines_until(
    block: bytes, is_so: Callable[[], bool], rest: Callable[[bytes], Iterator[int | bytes]]
) -> Iterator[int | bytes]:
    """Leave lines to the reader of lines until something is so, the ``rest`` to blocks."""
    start = 0
    while start < len(block) and not is_so():
        end = block.find(b"\n", start) + 1 or len(block)
        yield block[start:end]
        start = end
    if start < len(block):
        yield from rest(block[start:] if start else block)


class BlockLines:
    """The lines of a block; arrays have one item a line.

    Args:
        block: whole lines, but that the last may lack its end.
        delimiters: bytes that plain lines may have, whose places are wanted.
        stands_out: of `that_stand_out`, of the same delimiters.

    Attributes:
        text: the block, `padded`.
        words: its `words_of`.
        starts: where a line begins ...
        ends: ... its newline ...
        stops: ... and where it stops, which is before a carriage return.
        plain: whether it has no byte that is forbidden, nor blanks at its end.
        places: where delimiters are; int64 [m].
        codes: which; uint8 [m].
        unfinished: where a last line without an end begins.
    """

    def __init__(self, block: bytes, delimiters: bytes, stands_out: bytes) -> None:
        self.block = block
        self.text = padded(block)
        self.words: Words = words_of(self.text)
        odd = np.flatnonzero(np.frombuffer(block.translate(stands_out), np.bool_))
        code = self.text[odd]
        is_end = code == _NEWLINE
        self.ends: IntColumn = odd[is_end]
        count = len(self.ends)
        self.starts: IntColumn = np.append(0, self.ends + 1)[:count]
        self.unfinished = int(self.ends[-1]) + 1 if count else 0
        before = self.text[self.ends - 1]
        self.stops: IntColumn = self.ends - (before == _RETURN)
        last = self.text[self.stops - 1]
        self.plain: Flags = (self.stops > self.starts) & (last != _BLANK) & (last != _TAB)
        wanted = np.zeros(256, np.bool_)
        wanted[list(delimiters)] = True
        is_place = wanted[code]
        if np.count_nonzero(is_place) + count < len(odd):
            forbidden = odd[~(is_place | is_end)]
            returns = self.text[forbidden] == _RETURN
            forbidden = forbidden[~(returns & (self.text[forbidden + 1] == _NEWLINE))]
            at = np.searchsorted(self.ends, forbidden)
            self.plain[at[at < count]] = False
        self.places: IntColumn = odd[is_place]
        self.codes = code[is_place]

    @cached_property
    def points(self) -> IntColumn:
        """Where decimal points are, and one behind the text."""
        return np.append(np.flatnonzero(self.text == ord(".")), len(self.text))

    def taken(self, plain: Flags, append: Callable[[slice], bool]) -> Iterator[int | bytes]:
        """What a reader of blocks yields: how many plain lines were taken, or another line.

        Args:
            plain: which lines are.
            append: takes a run of them, as a slice of the plain lines alone; False if it does not.
        """
        edges = [0, *(np.flatnonzero(np.diff(plain)) + 1).tolist(), len(plain)]
        rows = 0
        for first, after in pairwise(edges):
            run = slice(rows, rows + after - first)
            if first < after and plain[first]:
                rows = run.stop
                if after - first >= FEWEST and append(run):
                    yield after - first
                    continue
            for number in range(first, after):
                yield self.block[self.starts[number] : self.ends[number] + 1]
        if self.unfinished < len(self.block):
            yield self.block[self.unfinished :]
