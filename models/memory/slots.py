"""The one writer of slots, of what processes are said to have (RSS), and of counts.

What kernels do to tables is put together from these changes; whoever only wants to know reads the
columns of `AddressSpace` and `Tables`.
"""

from __future__ import annotations

from models.memory.address_space import NO_TABLE, AddressSpace
from models.memory.physical import PhysicalMemory
from models.memory.tables import NOBODY
from sim.arrays import IntArray, Rows, run_of


def put_tables(mm: AddressSpace, slots: Rows, contents: IntArray, *, physical: bool = True) -> None:
    """Give distinct slots new writable tables of their own, whatever they pointed at before.

    Args:
        mm: The address space.
        slots: Which.
        contents: What each table says.
        physical: Whether the tables take frames.
    """
    if not len(contents):
        return
    mm.slot_table[slots] = mm.memory.tables.new(contents, physical=physical)
    mm.slot_writable[slots] = True
    mm.memory.counts.tables_alloc += physical * len(contents)


def put_table(mm: AddressSpace, slot: int, content: int) -> None:
    """Give one slot a new writable table of its own, whatever it pointed at before."""
    mm.slot_table[slot] = mm.memory.tables.new_one(content)
    mm.slot_writable[slot] = True
    mm.memory.counts.tables_alloc += 1


def point_at(mm: AddressSpace, slots: Rows, tables: IntArray) -> None:
    """Let empty slots point at tables of another process: one sharer more of each."""
    mm.slot_table[slots] = tables
    mm.memory.tables.references[run_of(tables)] += 1
    mm.memory.counts.tables_shared += len(tables)


def rewrite(memory: PhysicalMemory, tables: IntArray | int, contents: IntArray | int) -> None:
    """Let tables say something else; what they said before is the caller's to drop."""
    memory.tables.content[tables] = contents


def leave(memory: PhysicalMemory, tables: IntArray | int) -> None:
    """One slot less points at each of some shared tables."""
    memory.tables.references[tables] -= 1


def free(memory: PhysicalMemory, tables: IntArray) -> None:
    """Give back tables that no slot points at any more; what they said another one says now."""
    memory.tables.free(tables)
    memory.counts.tables_freed += len(tables)


def empty(mm: AddressSpace, slots: Rows) -> None:
    """Let slots point at nothing."""
    mm.slot_table[slots] = NO_TABLE
    mm.slot_writable[slots] = True


def shift(mm: AddressSpace, slot: int, into: int) -> None:
    """Let an empty slot have the table of another, which is empty then."""
    mm.slot_table[into], mm.slot_table[slot] = mm.slot_table[slot], NO_TABLE


def close(mm: AddressSpace, slots: Rows) -> None:
    """Take the write permission of slots (PMD.RW)."""
    mm.slot_writable[slots] = False


def reopen(mm: AddressSpace, slots: Rows | int) -> None:
    """Give slots their write permission back."""
    mm.slot_writable[slots] = True


def drop_tables(mm: AddressSpace, tables: IntArray) -> int:
    """Give back tables that no slot points at any more, with what they map; the frames freed.

    The pages are no longer its own that the process was said to have of them.
    """
    if not len(tables):
        return 0
    memory = mm.memory
    at = run_of(tables)
    account(mm, -memory.contents.resident_sum(memory.tables.content[at]))
    memory.counts.tables_freed += int(memory.tables.physical[at].sum())
    freed = memory.free_tables(tables)
    memory.counts.pages_freed += freed
    return freed


def account(mm: AddressSpace, pages: int) -> None:
    """The kernel says of the process that it has so many more pages (RSS)."""
    mm.accounted_pages += pages


def own(mm: AddressSpace, tables: IntArray) -> None:
    """The process is the one that accounts for some tables."""
    mm.memory.tables.owner[tables] = mm.number


def disown(memory: PhysicalMemory, tables: IntArray, owner: int = NOBODY) -> None:
    """Nobody accounts for some tables; or they are marked (`EXCLUSIVE`)."""
    memory.tables.owner[tables] = owner


def hold_huge(memory: PhysicalMemory, pages: int) -> None:
    """So many huge pages more are in use."""
    memory.huge_pages += pages


def count_faults(mm: AddressSpace, faults: int) -> None:
    """Count faults, for the machine and for the process."""
    mm.memory.counts.faults += faults
    mm.counts.faults += faults


def count_action(mm: AddressSpace, action: str, times: int) -> None:
    """Count what was done to pages or tables, for the machine and for the process.

    Args:
        mm: The process.
        action: The name of the count; empty for what is not counted.
        times: How often.
    """
    if action and times:
        mm.memory.counts.actions[action] += times
        mm.counts.actions[action] += times


def count(
    memory: PhysicalMemory,
    *,
    ptes_copied: int = 0,
    ptes_zapped: int = 0,
    ptes_scanned: int = 0,
    pages_freed: int = 0,
    huge_zapped: int = 0,
) -> None:
    """Count what happened in a memory; see `Counts`."""
    counts = memory.counts
    counts.ptes_copied += ptes_copied
    counts.ptes_zapped += ptes_zapped
    counts.ptes_scanned += ptes_scanned
    counts.pages_freed += pages_freed
    counts.huge_zapped += huge_zapped


def count_killed(memory: PhysicalMemory) -> None:
    """Count a process that is killed because the machine has no huge page for it."""
    memory.counts.children_killed += 1
