"""What the writes of a fork server's round meet in memory, as far as it matters to what they take.

What is met is written down as 32-bit numbers, column by column: each column is one of all pages.
Two rounds that meet the same take the same.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from models.memory.address_space import NO_TABLE, AddressSpace
from models.memory.areas import PAGES_PER_SLOT
from models.memory.one_entry import flags_of
from sim.arrays import BoolArray, IntArray

MOST_PAGES = 16
"""Rounds that write more pages hardly ever meet the same twice."""

_WRITABLE = 0
"""The column that says how many entries of the tables are writable."""


def met_by_each(mm: AddressSpace, pages: IntArray, *, copies_tables: bool) -> list[bytes]:
    """What each of some rounds would meet now; empty if that is not worth comparing.

    Args:
        mm: The address space of the server.
        pages: What each round writes, in order, shape (rounds, pages of a round).
        copies_tables: Whether faults may copy tables; else it is all the same how many frames of a
            table are scattered, as long as they are as many in all.
    """
    memory = mm.memory
    slots = pages // PAGES_PER_SLOT
    tables = mm.slot_table[slots]
    if pages.shape[1] > MOST_PAGES or (tables == NO_TABLE).any():
        return []
    contents, content = memory.contents, memory.tables.content[tables]
    flags = contents.flags_at(content.ravel(), pages.ravel() % PAGES_PER_SLOT)
    met: tuple[npt.NDArray[Any], ...] = (
        contents.writable[content],
        contents.kind[content],
        contents.present[content],
        contents.scattered[content] * copies_tables,
        memory.tables.references[tables],
        mm.slot_writable[slots],
        flags.reshape(pages.shape),
        # Which of them meet the same page or table, and which the page after another's.
        *_apart(pages, 0),
        *_apart(slots, 0),
        *_apart(pages, 1),
    )
    rows = np.concatenate([column.astype(np.int32) for column in met], axis=1)
    return [row.tobytes() for row in rows]


def met_by_one(mm: AddressSpace, pages: list[int], *, copies_tables: bool) -> bytes | None:
    """The same of one round; None if it is not worth comparing."""
    if len(pages) > MOST_PAGES:
        return None
    memory = mm.memory
    contents = memory.contents
    slots = [page // PAGES_PER_SLOT for page in pages]
    tables = list(map(mm.slot_table.item, slots))
    if NO_TABLE in tables:
        return None
    content = list(map(memory.tables.content.item, tables))
    met = array("i")
    for column in (contents.writable, contents.kind, contents.present):
        met.extend(map(column.item, content))
    met.extend(map(contents.scattered.item, content) if copies_tables else [0] * len(content))
    met.extend(map(memory.tables.references.item, tables))
    met.extend(map(mm.slot_writable.item, slots))
    for number, page in zip(content, pages, strict=True):
        met.append(flags_of(contents, number, page % PAGES_PER_SLOT))
    for numbers, distance in ((pages, 0), (slots, 0), (pages, 1)):
        for place, number in enumerate(numbers):
            met.extend([before + distance == number for before in numbers[:place]])
    return met.tobytes()


def newly_protected(before: bytes, after: bytes | None, pages: int) -> tuple[int, ...] | None:
    """Which of a round's pages lie below tables that have lost their writable entries.

    Args:
        before: What the round met.
        after: What it would meet now.
        pages: How many it writes.

    Returns:
        None if anything else is different now.
    """
    if after is None:
        return None
    then, now = array("i", before), array("i", after)
    different = [at for at, (old, new) in enumerate(zip(then, now, strict=True)) if old != new]
    at_writable = range(_WRITABLE * pages, (_WRITABLE + 1) * pages)
    if any(at not in at_writable or now[at] for at in different):
        return None
    return tuple(at - at_writable.start for at in different)


def _apart(numbers: IntArray, distance: int) -> Iterator[BoolArray]:
    """For each column which of those before are so much smaller, row by row."""
    for column in range(1, numbers.shape[1]):
        yield numbers[:, :column] + distance == numbers[:, column, np.newaxis]
