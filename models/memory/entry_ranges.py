"""Runs of entries within one PTE table: what is there, removing, protecting, copying, moving."""

import numpy as np

from models.memory.contents import Contents
from models.memory.entries import (
    ENTRIES_PER_TABLE,
    FORKED,
    NEVER,
    NO_FRAME,
    SCATTERED,
    ZERO,
    EntryCounts,
    Kind,
)
from sim.arrays import BoolArray, IntArray

Range = tuple[int, int]
"""The positions [start, stop) of a table."""
WHOLE: Range = (0, ENTRIES_PER_TABLE)


def count_range(
    contents: Contents, content: int, span: Range, *, in_folios: bool = False
) -> EntryCounts:
    """What there is at some positions of one content; perhaps only of pages of large folios."""
    places = slice(*span)
    if contents.kind[content] == Kind.ROW:
        row = contents.row[content]
        flags = contents.rows.flags[row, places]
        writable = contents.rows.epoch[row, places] == contents.protect_epoch[content]
    else:
        flags = contents.implied_flags(np.array([content]))[0, places]
        writable = np.full(len(flags), contents.writable[content] > 0)
    if in_folios:
        counted = _in_folios(contents, content, span)
        flags, writable = flags[counted], writable[counted]
    present, zero, scattered = (
        int((flags & flag != 0).sum()) for flag in (~np.uint8(0), ZERO, SCATTERED)
    )
    return EntryCounts(present, zero, int(writable.sum()), scattered)


def _in_folios(contents: Contents, content: int, span: Range) -> BoolArray:
    positions = np.arange(*span)
    frames = contents.frames_at(np.full(len(positions), content), positions)
    large: BoolArray = frames != NO_FRAME
    large[large] = contents.frames.in_large_folios(frames[large])
    return large


def clear_range(contents: Contents, content: int, span: Range) -> int:
    """Remove the entries at some positions of a detached content.

    Returns:
        How many frames became free.
    """
    frames = _empty(contents, content, span)
    return contents.frames.drop(frames[frames != NO_FRAME])


def protect_range(contents: Contents, content: int, span: Range) -> None:
    """Write-protect the entries at some positions of a detached content."""
    epochs = contents.rows.epoch[contents.row[content], slice(*span)]
    writable = epochs == contents.protect_epoch[content]
    contents.writable[content] -= int(writable.sum())
    epochs[writable] = NEVER


def copy_ranges(contents: Contents, content: int, spans: list[Range]) -> int:
    """A new content of the entries at some positions of a detached one, all protected.

    The entries are write-protected in both, as a fork does that copies only some of the areas
    that meet in one table.
    """
    copy = int(contents.new_empty(1)[0])
    row = contents.row[copy]
    contents.forked[[content, copy]] = True
    for span in spans:
        protect_range(contents, content, span)
        where = (contents.row[content], slice(*span))
        flags = contents.rows.flags[where]
        contents.rows.flags[row, slice(*span)] = flags
        contents.rows.frame[row, slice(*span)] = contents.rows.frame[where]
        contents.recount(np.full(len(flags), copy), np.zeros_like(flags), flags)
    contents.frames.hold(contents.row_frames(np.array([copy])))
    return copy


def move_range(contents: Contents, content: int, span: Range, into: int, start: int) -> None:
    """Move the entries at some positions of a detached content to absent ones of another.

    Args:
        contents: All contents.
        content: From which.
        span: From where.
        into: Into which, detached.
        start: The first position there.
    """
    for each in (content, into):
        _mark_forked(contents, each)
    source = (contents.row[content], slice(*span))
    target = (contents.row[into], slice(start, start + span[1] - span[0]))
    flags = contents.rows.flags[source].copy()
    writable = contents.rows.epoch[source] == contents.protect_epoch[content]
    frames = _empty(contents, content, span)
    contents.rows.frame[target] = frames
    contents.rows.flags[target] = flags
    contents.rows.epoch[target] = np.where(writable, contents.protect_epoch[into], NEVER)
    contents.writable[into] += int(writable.sum())
    contents.recount(np.full(len(flags), into), np.zeros_like(flags), flags)


def _mark_forked(contents: Contents, content: int) -> None:
    """Say of each entry what is known of all: that a fork has shared its page."""
    if contents.forked[content]:
        flags = contents.rows.flags[contents.row[content]]
        flags[flags != 0] |= FORKED
        contents.forked[content] = False


def _empty(contents: Contents, content: int, span: Range) -> IntArray:
    """Forget the entries at some positions of a detached content; returns their frames or -1."""
    protect_range(contents, content, span)
    where = (contents.row[content], slice(*span))
    flags = contents.rows.flags[where].copy()
    frames: IntArray = contents.rows.frame[where].astype(np.int64)
    contents.recount(np.full(len(flags), content), flags, np.zeros_like(flags))
    contents.rows.flags[where] = 0
    contents.rows.frame[where] = NO_FRAME
    return frames
