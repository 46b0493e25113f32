"""Numbers in slices of a text, many at once, exactly as `cells` reads them one by one."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from workloads.traces.reading.block_lines import BlockLines, Flags
from workloads.traces.reading.columns import IntColumn
from workloads.traces.reading.slices import Words, are_digits, eight_digits

MOST_DIGITS = 18
"""A number of more digits may not fit into 64 bits: it is left to the reader of lines."""

_MOST_EXACT_DIGITS = 15
# By a number of digits: how many bits a word is moved, to have them last, and zeros before them.
_MOVED = np.array([8 * (8 - n) for n in range(9)], np.uint64)
_BEFORE = np.array([0x3030303030303030 & (2 ** (8 * (8 - n)) - 1) for n in range(9)], np.uint64)
_POWERS = 10 ** np.arange(MOST_DIGITS + 1, dtype=np.int64)


def whole_numbers(words: Words, starts: IntColumn, ends: IntColumn) -> tuple[IntColumn, Flags]:
    """The numbers that slices are, and which are one; the others are 0.

    Args:
        words: of the text.
        starts: int64 [n], where each slice begins ...
        ends: ... and ends.
    """
    lengths = ends - starts
    are_numbers = (lengths > 0) & (lengths <= MOST_DIGITS)
    numbers = np.zeros(len(starts), np.int64)
    groups = -(-min(int(lengths.max(initial=1)), MOST_DIGITS) // 8)
    for behind in range(8 * (groups - 1), -1, -8):
        until = lengths - behind
        digits = np.clip(until, 0, 8)
        word = words[starts + np.maximum(until - digits, 0)]
        # A word that is moved by all its bits is not moved by C.
        word = np.where(digits > 0, word << (_MOVED[digits] & np.uint64(63)), np.uint64(0))
        word |= _BEFORE[digits]
        are_numbers &= are_digits(word)
        numbers = numbers * 10**8 + eight_digits(word)
    if not are_numbers.all():
        numbers[~are_numbers] = 0
    return numbers, are_numbers


class Decimals(NamedTuple):
    """Decimals in columns.

    Attributes:
        scaled: int64 [n], times a power of ten, cut.
        digits: int64 [n], how many followed the point.
        are_numbers: which are decimals.
    """

    scaled: IntColumn
    digits: IntColumn
    are_numbers: Flags


def decimal_numbers(lines: BlockLines, starts: IntColumn, ends: IntColumn, places: int) -> Decimals:
    """The decimals that slices are, times ``10**places`` and below 2^63; the others are 0."""
    points = lines.points
    point = np.minimum(points[np.searchsorted(points, starts)], ends)
    whole, are_numbers = whole_numbers(lines.words, starts, point)
    digits = np.maximum(ends - point - 1, 0)
    fractions = point < ends
    if fractions.any():
        fraction, sound = whole_numbers(lines.words, point + 1, ends)
        are_numbers &= sound | ~fractions
        cut = np.clip(digits, 0, MOST_DIGITS)
        more, less = _POWERS[np.maximum(places - cut, 0)], _POWERS[np.maximum(cut - places, 0)]
        fraction = fraction // less * more
    else:
        fraction = np.zeros_like(whole)
    are_numbers &= whole < 2**63 // 10**places
    scaled = np.where(are_numbers, whole, 0) * 10**places + fraction
    return Decimals(scaled, digits, are_numbers)


def decimal_floats(
    lines: BlockLines, starts: IntColumn, ends: IntColumn
) -> tuple[NDArray[np.float64], Flags]:
    """The decimals that slices are as Python reads them, and which are one; the others are 0.

    A quotient of two whole numbers that floats have exactly is rounded as the decimal itself is, so
    only decimals of such numbers are read.
    """
    points = lines.points
    point = np.minimum(points[np.searchsorted(points, starts)], ends)
    whole, are_numbers = whole_numbers(lines.words, starts, point)
    fraction, sound = whole_numbers(lines.words, point + 1, ends)
    are_numbers &= sound | (point == ends)
    digits = np.maximum(ends - point - 1, 0)
    are_numbers &= digits <= _MOST_EXACT_DIGITS
    power = _POWERS[np.where(are_numbers, digits, 0)]
    are_numbers &= whole < 2**53 // power
    scaled = np.where(are_numbers, whole, 0) * power + np.where(are_numbers, fraction, 0)
    return scaled / power, are_numbers
