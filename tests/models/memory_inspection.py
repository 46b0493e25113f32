"""The lazy state spelled out entry by entry, and the invariants of mechanisms.md section 8."""

from collections import Counter
from dataclasses import dataclass

import numpy as np

from models.address_space import AddressSpace
from models.entries import ENTRIES_PER_TABLE, NO_FRAME, Kind
from models.memory import PhysicalMemory


@dataclass(frozen=True)
class Entry:
    """One present entry of a table."""

    frame: int
    zero: bool
    writable: bool
    scattered: bool


def spell_out(memory: PhysicalMemory, content: int) -> dict[int, Entry]:
    """Every present entry of a content by position, from the representation itself."""
    contents = memory.contents
    kind = contents.kind[content]
    if kind == Kind.ROW:
        row = contents.row[content]
        return {
            i: Entry(
                int(contents.rows.frame[row, i]),
                bool(flags & 2),
                bool(contents.rows.epoch[row, i] == contents.protect_epoch[content]),
                bool(flags & 4),
            )
            for i, flags in enumerate(contents.rows.flags[row].tolist())
            if flags
        }
    first = int(contents.block[content]) * ENTRIES_PER_TABLE
    k = int(contents.scattered[content])
    zero = bool(kind == Kind.HUGE_ZERO)
    return {
        i: Entry(
            NO_FRAME if zero else first + i,
            zero,
            bool(contents.writable[content]),
            (i + 1) * k // ENTRIES_PER_TABLE > i * k // ENTRIES_PER_TABLE,
        )
        for i in range(ENTRIES_PER_TABLE)
    }


def map_counts(memory: PhysicalMemory) -> dict[int, int]:
    """For each mapped frame the number of tables that map it."""
    contents = memory.contents
    counts: Counter[int] = Counter()
    for content in contents.live_rows().tolist():
        kind = contents.kind[content]
        if kind == Kind.ROW:
            frames = contents.rows.frame[contents.row[content]]
        elif kind == Kind.HUGE_ZERO:
            continue
        else:
            frames = contents.block[content] * ENTRIES_PER_TABLE + np.arange(ENTRIES_PER_TABLE)
        for frame in frames[frames != NO_FRAME].tolist():
            counts[frame] += int(contents.multiplicity[content])
    return dict(counts)


def check_invariants(memory: PhysicalMemory, spaces: list[AddressSpace]) -> None:
    """I1-I7, and that every count kept beside the entries is what they say."""
    tables, contents, frames = memory.tables, memory.contents, memory.frames
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
    holders: Counter[int] = Counter()
    mapped: Counter[int] = Counter()
    for content, entries in spelled.items():
        assert contents.multiplicity[content] == said_by[content]
        assert contents.present[content] == len(entries)
        assert contents.zero[content] == sum(e.zero for e in entries.values())
        assert contents.writable[content] == sum(e.writable for e in entries.values())
        assert contents.scattered[content] == sum(e.scattered for e in entries.values())
        own = [e.frame for e in entries.values() if not e.zero]
        assert len(set(own)) == len(own), "a frame twice in one table"
        assert all((e.frame == NO_FRAME) == e.zero for e in entries.values())
        assert not any(e.zero and e.writable for e in entries.values())
        holders.update(own)
        for frame in own:
            mapped[frame] += said_by[content]
    assert frames.in_use == len(holders), "I7: a frame in use that nobody maps"
    if holders:
        used = np.array(sorted(holders))
        assert frames.holders(used).tolist() == [holders[f] for f in used.tolist()], "I3"
    assert frames.stock.outstanding == frames.in_use
    assert tables.stock.outstanding == tables.live
    for mm in spaces:
        for slot in mm.slots_with_tables().tolist():
            if not mm.slot_writable[slot]:
                continue
            table = int(mm.slot_table[slot])
            for entry in spelled[int(tables.content[table])].values():
                if entry.writable:
                    assert mapped[entry.frame] == 1, "I4: a writable page that is mapped twice"
                    assert tables.references[table] == 1, "I4"


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
