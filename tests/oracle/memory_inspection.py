"""The lazy state spelled out entry by entry, and the invariants of mechanisms.md section 8."""

from collections import Counter
from dataclasses import dataclass

import numpy as np

from models.memory.address_space import AddressSpace
from models.memory.entries import ENTRIES_PER_TABLE, NO_FRAME, PRESENT, SCATTERED, ZERO, Kind
from models.memory.physical import PhysicalMemory
from sim.arrays import BoolArray, IntArray

POSITIONS = np.arange(ENTRIES_PER_TABLE)


@dataclass(frozen=True, eq=False)
class Spelled:
    """The 512 entries of a table, each attribute of shape (512,); `frame` is -1 without one."""

    present: BoolArray
    zero: BoolArray
    writable: BoolArray
    scattered: BoolArray
    frame: IntArray


def spell_out(memory: PhysicalMemory, content: int) -> Spelled:
    """Every entry of a content, from the representation itself."""
    contents = memory.contents
    kind = contents.kind[content]
    if kind == Kind.ROW:
        row = contents.row[content]
        flags = contents.rows.flags[row]
        present = flags & PRESENT != 0
        return Spelled(
            present,
            flags & ZERO != 0,
            present & (contents.rows.epoch[row] == contents.protect_epoch[content]),
            flags & SCATTERED != 0,
            contents.rows.frame[row].astype(np.int64),
        )
    k = int(contents.scattered[content])
    zero = bool(kind == Kind.HUGE_ZERO)
    first = int(contents.block[content]) * ENTRIES_PER_TABLE
    return Spelled(
        np.ones(ENTRIES_PER_TABLE, np.bool_),
        np.full(ENTRIES_PER_TABLE, zero),
        np.full(ENTRIES_PER_TABLE, bool(contents.writable[content])),
        (POSITIONS + 1) * k // ENTRIES_PER_TABLE > POSITIONS * k // ENTRIES_PER_TABLE,
        np.full(ENTRIES_PER_TABLE, NO_FRAME) if zero else first + POSITIONS,
    )


def map_counts(memory: PhysicalMemory) -> dict[int, int]:
    """For each mapped frame the number of tables that map it."""
    counts: Counter[int] = Counter()
    for content in memory.contents.live_rows().tolist():
        frames = spell_out(memory, content).frame
        for frame in frames[frames != NO_FRAME].tolist():
            counts[frame] += int(memory.contents.multiplicity[content])
    return dict(counts)


def check_invariants(
    memory: PhysicalMemory, spaces: list[AddressSpace], cached: IntArray | None = None
) -> dict[int, Spelled]:
    """I1-I5 and I7, and that every count kept beside the entries is what they say.

    Args:
        memory: The machine's memory.
        spaces: All its address spaces.
        cached: Frames that files hold besides those who map them.

    Returns:
        The live contents, spelled out.
    """
    tables, contents, frames = memory.tables, memory.contents, memory.frames
    cached = np.empty(0, np.int64) if cached is None else cached
    pointing: Counter[int] = Counter()
    for mm in spaces:
        for slot in mm.slots_with_tables().tolist():
            table = int(mm.slot_table[slot])
            pointing[table] += 1
            if tables.references[table] > 1:
                assert not mm.slot_writable[slot], "I2: a shared table below a writable slot"
    live_tables = tables.live_rows().tolist()
    assert set(pointing) == set(live_tables), "I7: a live table that no slot points at"
    for table in live_tables:
        assert tables.references[table] == pointing[table], "I1"
    said_by = Counter(int(tables.content[table]) for table in live_tables)
    live_contents = contents.live_rows().tolist()
    assert set(said_by) == set(live_contents)
    spelled = {content: spell_out(memory, content) for content in live_contents}
    held, mapped = [cached], [np.empty(0, np.int64)]
    for content, entries in spelled.items():
        assert contents.multiplicity[content] == said_by[content]
        assert contents.present[content] == entries.present.sum()
        assert contents.zero[content] == entries.zero.sum()
        assert contents.writable[content] == entries.writable.sum()
        assert contents.scattered[content] == entries.scattered.sum()
        own = entries.frame[entries.present & ~entries.zero]
        twice = np.sort(own)[1:][np.diff(np.sort(own)) == 0]
        assert np.isin(twice, cached).all(), "a frame twice in one table that is not a file's"
        assert ((entries.frame == NO_FRAME) == (entries.zero | ~entries.present)).all()
        assert not (entries.zero & entries.writable).any()
        held.append(own)
        mapped.extend([own] * said_by[content])
    holders = np.bincount(np.concatenate(held))
    used = np.flatnonzero(holders)
    assert frames.in_use == len(used), "I7: a frame in use that nobody maps"
    assert (frames.holders(used) == holders[used]).all(), "I3"
    assert frames.stock.outstanding == frames.in_use
    times_mapped = np.bincount(np.concatenate(mapped), minlength=len(holders))
    seen_by = np.zeros(len(holders), np.int64)
    of_files = np.zeros(len(holders), np.bool_)
    of_files[cached] = True
    for mm in spaces:
        for slot in mm.slots_with_tables().tolist():
            table = int(mm.slot_table[slot])
            entries = spelled[int(tables.content[table])]
            np.add.at(seen_by, entries.frame[entries.frame != NO_FRAME], 1)
            if mm.slot_writable[slot]:
                writable = entries.frame[entries.writable]
                alone = (times_mapped[writable] == 1) | of_files[writable]
                assert alone.all(), "I4: a writable page that is mapped twice"
                assert tables.references[table] == 1 or not len(writable), "I4"
    by_tables = np.zeros(len(holders), np.int64)
    for table in live_tables:
        entries = spelled[int(tables.content[table])]
        mapped_frames = entries.frame[entries.frame != NO_FRAME]
        np.add.at(by_tables, mapped_frames, int(tables.references[table]))
    assert (seen_by == by_tables).all(), "I5"
    return spelled


def check_empty(memory: PhysicalMemory) -> None:
    """Nothing is left after all exits."""
    assert memory.tables.live == 0
    assert memory.contents.live == 0
    assert memory.contents.rows.live == 0
    assert memory.frames.in_use == 0
    assert memory.frames.live_blocks == 0
    assert memory.frames.live_rows == 0
    assert memory.frames.stock.outstanding == 0
    assert memory.tables.stock.outstanding == 0
