"""One entry of a content, or one content: what `Contents` does for many, without arrays."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from models.memory.contents import Contents
from models.memory.entries import (
    ENTRIES_PER_TABLE,
    FLAGS_BY_SCATTERED,
    FORKED,
    NEVER,
    NO_FRAME,
    PRESENT,
    SCATTERED,
    ZERO,
    Kind,
)

_PRESENT, _ZERO, _SCATTERED, _FORKED = (int(f) for f in (PRESENT, ZERO, SCATTERED, FORKED))
_POSITIONS = np.arange(ENTRIES_PER_TABLE, dtype=np.int32)
_COPIED = ("protect_epoch", "present", "zero", "writable", "scattered", "forked")


class Entry(NamedTuple):
    """The state of an entry."""

    present: bool
    zero: bool
    writable: bool


def flags_of(contents: Contents, content: int, position: int) -> int:
    """The flags (`models.memory.entries`) of an entry."""
    kind = contents.kind.item(content)
    if kind == Kind.ROW:
        return contents.rows.flags.item(contents.row.item(content), position)
    if kind == Kind.HUGE_ZERO:
        return _PRESENT | _ZERO
    return FLAGS_BY_SCATTERED.item(contents.scattered.item(content), position)


def is_writable(contents: Contents, content: int, position: int) -> bool:
    """Whether an entry allows writes."""
    writable = contents.writable.item(content)
    if contents.kind.item(content) != Kind.ROW or writable in (0, ENTRIES_PER_TABLE):
        return bool(writable == ENTRIES_PER_TABLE)
    epoch = contents.rows.epoch.item(contents.row.item(content), position)
    return bool(epoch == contents.protect_epoch.item(content))


def entry_of(contents: Contents, content: int, position: int) -> Entry:
    """The state of an entry."""
    flags = flags_of(contents, content, position)
    writable = is_writable(contents, content, position)
    return Entry(flags != 0, flags & _ZERO != 0, writable)


def frame_of(contents: Contents, content: int, position: int) -> int:
    """The frame of an entry; -1 where there is none."""
    kind = contents.kind.item(content)
    if kind == Kind.ROW:
        return contents.rows.frame.item(contents.row.item(content), position)
    if kind == Kind.HUGE_ZERO:
        return NO_FRAME
    return ENTRIES_PER_TABLE * contents.block.item(content) + position


def is_exclusive(contents: Contents, content: int, position: int) -> bool:
    """Whether the page of an entry (which has one) may be reused; see `Contents.exclusive`."""
    frames, frame = contents.frames, frame_of(contents, content, position)
    if contents.multiplicity.item(content) > 1 or frames.holders_of(frame) > 1:
        return False
    if not frames.in_large_folio(frame):
        return True
    marked = flags_of(contents, content, position) & _FORKED
    return not (contents.forked.item(content) or marked)


def new_empty(contents: Contents) -> int:
    """A content without a present entry."""
    content = _new(contents)
    row = contents.rows.allocate_one()
    contents.row[content] = row
    contents.rows.frame[row] = NO_FRAME
    contents.rows.epoch[row] = NEVER
    contents.rows.flags[row] = 0
    return content


def protect(contents: Contents, content: int) -> None:
    """Write-protect every entry."""
    if contents.writable.item(content):
        contents.protect_epoch[content] += 1
        contents.writable[content] = 0


def share(contents: Contents, content: int) -> None:
    """One more table says a content."""
    contents.multiplicity[content] += 1
    contents.forked[content] = True


def detach(contents: Contents, content: int) -> int:
    """Give one table of a content explicit entries of its own; see `Contents.detach`."""
    if contents.multiplicity.item(content) > 1:
        return _copy(contents, content)
    if contents.kind.item(content) != Kind.ROW:
        contents.row[content] = _spelled_out(contents, content)
        contents.kind[content] = Kind.ROW
        contents.block[content] = NO_FRAME
    return content


def map_frame(
    contents: Contents, content: int, position: int, frame: int, *, scattered: bool
) -> int:
    """Map a frame, held for it, at a protected or absent entry of a detached content.

    Returns:
        How many frames became free because the entry no longer maps them.
    """
    row = contents.row.item(content)
    old_frame = contents.rows.frame.item(row, position)
    _flag(contents, content, position, _PRESENT | (_SCATTERED if scattered else 0))
    contents.rows.frame[row, position] = frame
    allow_writes(contents, content, position)
    return 0 if old_frame == NO_FRAME else contents.frames.drop_one(old_frame)


def map_zero(contents: Contents, content: int, position: int) -> None:
    """Map the zero page at an absent entry of a detached content."""
    _flag(contents, content, position, _PRESENT | _ZERO)


def allow_writes(contents: Contents, content: int, position: int) -> None:
    """Make an entry of a detached content writable that was not."""
    epoch = contents.protect_epoch.item(content)
    contents.rows.epoch[contents.row.item(content), position] = epoch
    contents.writable[content] += 1


def _flag(contents: Contents, content: int, position: int, flags: int) -> None:
    """Set an entry's flags, and count it anew."""
    row = contents.row.item(content)
    before = contents.rows.flags.item(row, position)
    contents.rows.flags[row, position] = flags
    changed = before ^ flags
    for flag, counts in (
        (_PRESENT, contents.present),
        (_ZERO, contents.zero),
        (_SCATTERED, contents.scattered),
    ):
        if changed & flag:
            counts[content] += 1 if flags & flag else -1


def _new(contents: Contents) -> int:
    """An explicit content without a present entry, which has no row yet."""
    content = contents.allocate_one()
    contents.kind[content] = Kind.ROW
    contents.multiplicity[content] = 1
    contents.block[content] = contents.row[content] = NO_FRAME
    contents.protect_epoch[content] = 0
    contents.forked[content] = False
    for counts in (contents.present, contents.zero, contents.writable, contents.scattered):
        counts[content] = 0
    return content


def _copy(contents: Contents, origin: int) -> int:
    """An explicit copy of a content that several tables share; one table moves over."""
    copy = _new(contents)
    for name in _COPIED:
        column = getattr(contents, name)
        column[copy] = column[origin]
    contents.row[copy] = _spelled_out(contents, origin)
    contents.multiplicity[origin] -= 1
    kind = contents.kind.item(origin)
    if kind == Kind.ROW:
        contents.frames.hold(contents.row_frames(np.array([origin])))
    elif kind != Kind.HUGE_ZERO:
        contents.frames.hold_block(contents.block.item(origin))
    return copy


def _spelled_out(contents: Contents, content: int) -> int:
    """A new row that spells out a content, whatever its kind."""
    into = contents.rows.allocate_one()
    rows, kind = contents.rows, contents.kind.item(content)
    if kind == Kind.ROW:
        row = contents.row.item(content)
        rows.frame[into] = rows.frame[row]
        rows.epoch[into] = rows.epoch[row]
        rows.flags[into] = rows.flags[row]
        return into
    writable = contents.writable.item(content) > 0
    rows.epoch[into] = contents.protect_epoch.item(content) if writable else NEVER
    if kind == Kind.HUGE_ZERO:
        rows.frame[into] = NO_FRAME
        rows.flags[into] = _PRESENT | _ZERO
    else:
        rows.frame[into] = _POSITIONS + ENTRIES_PER_TABLE * contents.block.item(content)
        rows.flags[into] = FLAGS_BY_SCATTERED[contents.scattered.item(content)]
    return into
