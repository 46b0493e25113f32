"""What the 512 entries of a PTE table say, shared between tables that say the same."""

from collections.abc import Iterator
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from models.memory.entries import (
    ENTRIES_PER_TABLE,
    FLAGS_BY_SCATTERED,
    FORKED,
    NEVER,
    NO_FRAME,
    PRESENT,
    SCATTERED,
    ZERO,
    Entries,
    EntryRows,
    Kind,
)
from models.memory.frames import ONE, Frames
from models.memory.pool import RowPool
from sim.arrays import BoolArray, IntArray, Rows, run_of

_PORTION = 256


class Contents(RowPool):
    """Contents of PTE tables, by content number.

    Columns: `kind`; `multiplicity`, how many tables say this; `block` (UNIFORM, HUGE) or `row`
    (ROW) of the entries; `protect_epoch`: an entry is writable iff its epoch equals it, so that
    write-protecting all 512 is one addition; counts of `present` (including zero page), `zero`,
    `writable` and `scattered` entries; `forked`, whether a fork has ever shared its pages. A huge
    page counts as 512 entries.

    Content numbers given to one call must be distinct.
    """

    COLUMNS: ClassVar = {
        "kind": (np.uint8, ()),
        "multiplicity": (np.int32, ()),
        "block": (np.int32, ()),
        "row": (np.int32, ()),
        "protect_epoch": (np.int32, ()),
        "present": (np.int32, ()),
        "zero": (np.int32, ()),
        "writable": (np.int32, ()),
        "scattered": (np.int32, ()),
        "forked": (np.bool_, ()),
    }
    kind: npt.NDArray[np.uint8]
    multiplicity: npt.NDArray[np.int32]
    block: npt.NDArray[np.int32]
    row: npt.NDArray[np.int32]
    protect_epoch: npt.NDArray[np.int32]
    present: npt.NDArray[np.int32]
    zero: npt.NDArray[np.int32]
    writable: npt.NDArray[np.int32]
    scattered: npt.NDArray[np.int32]
    forked: npt.NDArray[np.bool_]

    def __init__(self, frames: Frames) -> None:
        super().__init__()
        self.frames = frames
        self.rows = EntryRows()

    def new_empty(self, count: int) -> IntArray:
        """Contents without a present entry."""
        contents = self.new(count, Kind.ROW)
        rows = self.rows.allocate(count)
        self.row[contents] = rows
        self.rows.frame[rows] = NO_FRAME
        self.rows.epoch[rows] = NEVER
        self.rows.flags[rows] = 0
        return contents

    def new_filled(self, kind: Kind, blocks: IntArray, scattered: IntArray) -> IntArray:
        """Contents (UNIFORM or HUGE) that map a fresh block each, writable."""
        contents = self.new(len(blocks), kind)
        fresh = run_of(contents)
        self.block[fresh] = blocks
        self.present[fresh] = ENTRIES_PER_TABLE
        self.writable[fresh] = ENTRIES_PER_TABLE
        self.scattered[fresh] = scattered
        return contents

    def new_huge_zero(self, count: int) -> IntArray:
        """Contents that map the huge zero page."""
        contents = self.new(count, Kind.HUGE_ZERO)
        self.present[contents] = ENTRIES_PER_TABLE
        self.zero[contents] = ENTRIES_PER_TABLE
        return contents

    def entries(self, contents: IntArray, positions: IntArray) -> Entries:
        """The state of entry `positions[j]` of `contents[j]` (repeats allowed)."""
        alike = self.kind[contents] != Kind.ROW
        if not alike.any():
            return self._explicit_entries(contents, positions)
        present = alike.copy()
        zero = self.zero[contents] == ENTRIES_PER_TABLE
        writable = self.writable[contents] == ENTRIES_PER_TABLE
        explicit = np.flatnonzero(~alike)
        found = self._explicit_entries(contents[explicit], positions[explicit])
        present[explicit], zero[explicit], writable[explicit] = found
        return Entries(present, zero, writable)

    def _explicit_entries(self, contents: IntArray, positions: IntArray) -> Entries:
        _, epochs, all_flags = self.rows.flat()
        at = self._flat_places(contents, positions)
        flags = all_flags[at]
        return Entries(flags != 0, flags & ZERO != 0, epochs[at] == self.protect_epoch[contents])

    def flags_at(self, contents: IntArray, positions: IntArray) -> npt.NDArray[np.uint8]:
        """The flags (`models.memory.entries`) of entry `positions[j]` of `contents[j]`."""
        flags: npt.NDArray[np.uint8] = FLAGS_BY_SCATTERED[self.scattered[contents], positions]
        kind = self.kind[contents]
        flags[kind == Kind.HUGE_ZERO] = PRESENT | ZERO
        explicit = np.flatnonzero(kind == Kind.ROW)
        flags[explicit] = self.rows.flags[self.row[contents[explicit]], positions[explicit]]
        return flags

    def frames_at(self, contents: IntArray, positions: IntArray) -> IntArray:
        """The frame of each entry (repeats allowed); -1 where there is none."""
        kind = self.kind[contents]
        found = ENTRIES_PER_TABLE * self.block[contents].astype(np.int64) + positions
        found[kind == Kind.HUGE_ZERO] = NO_FRAME
        explicit = np.flatnonzero(kind == Kind.ROW)
        found[explicit] = self.rows.frame[self.row[contents[explicit]], positions[explicit]]
        return found

    def exclusive(self, contents: IntArray, positions: IntArray) -> BoolArray:
        """Whether the page of each entry (which has one) may be reused: nobody else has it.

        A page of a large folio that a fork has shared is not, whoever is left: what the kernel
        counts references of is the folio (mechanisms.md 1.5; kernels 6.0 to 6.14).
        """
        alone: BoolArray = self.multiplicity[contents] == 1
        if self.frames.all_reusable:
            return alone
        where = np.flatnonzero(alone)
        frames = self.frames_at(contents[where], positions[where])
        large = self.frames.in_large_folios(frames)
        alone[where] = self.frames.holders(frames) == 1
        some = where[large]
        if len(some):
            marked = self.flags_at(contents[some], positions[some]) & FORKED != 0
            alone[some] &= ~(self.forked[contents[some]] | marked)
        return alone

    def exclusive_huge(self, contents: IntArray) -> BoolArray:
        """Whether no page of each HUGE content is mapped by another table."""
        blocks = self.block[contents].astype(np.int64)
        alone: BoolArray = (self.multiplicity[contents] == 1) & (
            self.frames.most_holders(blocks) == 1
        )
        return alone

    def protect(self, contents: Rows) -> None:
        """Write-protect every entry."""
        some = run_of(contents)
        writable = self.writable[some] > 0
        if not writable.all():
            numbers = np.arange(some.start, some.stop) if isinstance(some, slice) else some
            some = numbers[writable]
        self.protect_epoch[some] += 1
        self.writable[some] = 0

    def resident(self, contents: IntArray) -> IntArray:
        """How many entries of each content are present and not the zero page."""
        which = run_of(contents)
        resident: IntArray = (self.present[which] - self.zero[which]).astype(np.int64)
        return resident

    def resident_sum(self, contents: Rows) -> int:
        """The sum of `resident`."""
        which = run_of(contents)
        return int(self.present[which].sum()) - int(self.zero[which].sum())

    def share(self, contents: Rows) -> None:
        """A fork, or the copy of a table: one more table says each of `contents`."""
        which = run_of(contents)
        self.multiplicity[which] += 1
        self.forked[which] = True

    def detach(self, contents: IntArray) -> IntArray:
        """Give one table of each of `contents` explicit entries of its own, ready to be changed.

        Returns:
            The content that the table has from now on: the same if no other table shares it.
        """
        shared = self.multiplicity[contents] > 1
        own = contents[~shared]
        self._make_explicit(own[self.kind[own] != Kind.ROW])
        detached = contents.copy()
        detached[shared] = self._copies(contents[shared])
        return detached

    def drop(self, contents: IntArray) -> int:
        """One table less says each of `contents`; returns the number of frames freed."""
        dropped = run_of(contents)
        self.multiplicity[dropped] -= 1
        dead = contents[self.multiplicity[dropped] == 0]
        if not len(dead):
            return 0
        kind = self.kind[run_of(dead)]
        freed = self.frames.drop_blocks(
            self.block[dead[(kind == Kind.UNIFORM) | (kind == Kind.HUGE)]].astype(np.int64)
        )
        explicit = dead[kind == Kind.ROW]
        freed += self.frames.drop(self.row_frames(explicit))
        self.rows.release(self.row[explicit].astype(np.int64))
        self.release(dead)
        return freed

    def map_frames(
        self,
        contents: IntArray,
        positions: IntArray,
        frames: IntArray,
        scattered: BoolArray,
        *,
        writable: bool = True,
    ) -> int:
        """Map a frame, held for it, at each of some distinct entries of detached contents.

        Entries that are mapped without write permission must have been absent.

        Returns:
            How many frames became free because these entries no longer map them.
        """
        all_frames, all_epochs, all_flags = self.rows.flat()
        at = self._flat_places(contents, positions)
        old_flags, old_frames = all_flags[at], all_frames[at].astype(np.int64)
        flags = PRESENT | (scattered * SCATTERED)
        all_frames[at] = frames
        all_flags[at] = flags
        if writable:
            all_epochs[at] = self.protect_epoch[contents]
            np.add.at(self.writable, contents, ONE)
        self.recount(contents, old_flags, flags)
        return self.frames.drop(old_frames[old_frames != NO_FRAME])

    def map_zero(self, contents: IntArray, positions: IntArray) -> None:
        """Map the zero page at each of some distinct absent entries of detached contents."""
        _, _, all_flags = self.rows.flat()
        at = self._flat_places(contents, positions)
        flags = np.full(len(contents), PRESENT | ZERO, np.uint8)
        self.recount(contents, all_flags[at], flags)
        all_flags[at] = flags

    def allow_writes(self, contents: IntArray, positions: IntArray) -> None:
        """Make distinct present entries of detached contents writable that were not."""
        _, epochs, _ = self.rows.flat()
        epochs[self._flat_places(contents, positions)] = self.protect_epoch[contents]
        np.add.at(self.writable, contents, ONE)

    def allow_huge_writes(self, contents: IntArray) -> None:
        """Make unshared huge pages writable: nobody else has them any more."""
        self.writable[contents] = ENTRIES_PER_TABLE
        self.forked[contents] = False

    def new(self, count: int, kind: Kind) -> IntArray:
        """Contents without a present entry; of kind ROW they have no row yet."""
        contents = self.allocate(count)
        fresh = run_of(contents)
        self.kind[fresh] = kind
        self.multiplicity[fresh] = 1
        self.block[fresh] = self.row[fresh] = NO_FRAME
        self.protect_epoch[fresh] = 0
        self.forked[fresh] = False
        for counts in (self.present, self.zero, self.writable, self.scattered):
            counts[fresh] = 0
        return contents

    def recount(
        self,
        contents: IntArray,
        before: npt.NDArray[np.uint8],
        after: npt.NDArray[np.uint8],
    ) -> None:
        """Account for entries (repeated contents allowed) whose flags changed."""
        for flag, counts in (
            (PRESENT, self.present),
            (ZERO, self.zero),
            (SCATTERED, self.scattered),
        ):
            changed = np.flatnonzero((before ^ after) & flag)
            change = np.where(after[changed] & flag, 1, -1).astype(np.int32)
            np.add.at(counts, contents[changed], change)

    def _copies(self, origins: IntArray) -> IntArray:
        """Explicit copies of contents that several tables share; one table each moves over."""
        copies = self.new(len(origins), Kind.ROW)
        for name in ("protect_epoch", "present", "zero", "writable", "scattered", "forked"):
            column = getattr(self, name)
            column[copies] = column[origins]
        self.row[copies] = self._explicit_rows(origins)
        self.multiplicity[origins] -= 1
        kind = self.kind[origins]
        filled = (kind == Kind.UNIFORM) | (kind == Kind.HUGE)
        self.frames.hold_blocks(self.block[origins[filled]].astype(np.int64))
        self.frames.hold(self.row_frames(origins[kind == Kind.ROW]))
        return copies

    def _make_explicit(self, contents: IntArray) -> None:
        self.row[contents] = self._explicit_rows(contents)
        self.kind[contents] = Kind.ROW
        self.block[contents] = NO_FRAME

    def _explicit_rows(self, contents: IntArray) -> IntArray:
        """New rows that spell out `contents`, whatever their kind."""
        rows = self.rows.allocate(len(contents))
        explicit = self.kind[contents] == Kind.ROW
        for origin, into in _portions(self.row[contents[explicit]], rows[explicit]):
            self.rows.frame[into] = self.rows.frame[origin]
            self.rows.epoch[into] = self.rows.epoch[origin]
            self.rows.flags[into] = self.rows.flags[origin]
        for implied, into in _portions(contents[~explicit], rows[~explicit]):
            huge_zero = self.kind[implied] == Kind.HUGE_ZERO
            first = ENTRIES_PER_TABLE * self.block[implied, np.newaxis]
            frames = first + np.arange(ENTRIES_PER_TABLE, dtype=np.int32)
            frames[huge_zero] = NO_FRAME
            epoch = np.where(self.writable[implied] > 0, self.protect_epoch[implied], NEVER)
            self.rows.frame[into] = frames
            self.rows.epoch[into] = epoch[:, np.newaxis]
            self.rows.flags[into] = self.implied_flags(implied)
        return rows

    def _flat_places(self, contents: IntArray, positions: IntArray) -> IntArray:
        """Where in the rows' long arrays the entries of explicit contents are."""
        return self.row[contents].astype(np.int64) * ENTRIES_PER_TABLE + positions

    def implied_flags(self, contents: IntArray) -> npt.NDArray[np.uint8]:
        """The flags of contents that are not explicit, shape (len(contents), 512)."""
        flags: npt.NDArray[np.uint8] = FLAGS_BY_SCATTERED[self.scattered[contents]]
        flags[self.kind[contents] == Kind.HUGE_ZERO] = PRESENT | ZERO
        return flags

    def row_frames(self, contents: IntArray) -> npt.NDArray[np.int32]:
        """The frames that explicit contents map."""
        frames = self.rows.frame[self.row[contents]].ravel()
        mapped: npt.NDArray[np.int32] = frames[frames != NO_FRAME]
        return mapped


def _portions(
    first: npt.NDArray[np.signedinteger], second: IntArray
) -> Iterator[tuple[npt.NDArray[np.signedinteger], IntArray]]:
    """Two equally long arrays in portions whose 512 entries each stay in cache."""
    for start in range(0, len(first), _PORTION):
        yield first[start : start + _PORTION], second[start : start + _PORTION]
