"""Which accesses of a batch can fault: by what the tables say now, and by what comes first.

The most frequent question of a simulation (hundreds of millions of accesses in table 4), so what is
true of a whole slot settles the accesses to it, and single entries are looked up for the rest.
"""

import numpy as np
import numpy.typing as npt

from models.memory.address_space import NO_TABLE, AddressSpace
from models.memory.areas import PAGES_PER_SLOT
from sim.arrays import BoolArray, IntArray, ascending

_NEVER, _ALWAYS, _BY_ENTRY = range(3)
"""Whether accesses of a kind (read, write) to a slot fault."""


def candidates(mm: AddressSpace, pages: IntArray, writes: BoolArray) -> IntArray:
    """Indices of the accesses to 4 KiB entries that fault in the present state, ascending.

    The same page may be among them repeatedly.

    Args:
        mm: The address space.
        pages: Page accessed each time, in order; inside the areas of `mm`.
        writes: Whether each access writes.
    """
    slots = pages // PAGES_PER_SLOT
    lowest, highest = int(slots.min()), int(slots.max())
    if len(pages) <= highest - lowest:
        asked, of = slots, np.arange(len(pages))
    else:
        asked, of = np.arange(lowest, highest + 1), slots - lowest
    faulting = _faulting(mm, asked)
    if not faulting[:, 1].any() and writes.all():
        # So are most batches: whatever the last fork protected is settled.
        return np.zeros(0, np.int64)
    by_access = faulting.ravel().take(2 * of + writes)
    found = np.flatnonzero(by_access)
    unsure = np.flatnonzero(by_access[found] == _BY_ENTRY)
    if not len(unsure):
        return found
    at = found[unsure] if len(unsure) < len(pages) else slice(None)
    kept = np.ones(len(found), np.bool_)
    kept[unsure] = _entries_fault(mm, asked, of[at], pages[at] % PAGES_PER_SLOT, writes[at])
    return found[kept]


def _faulting(mm: AddressSpace, slots: IntArray) -> npt.NDArray[np.uint8]:
    """What each slot says of reads and writes, shape (len(slots), 2)."""
    memory, tables = mm.memory, mm.slot_table[slots]
    mapped = np.flatnonzero(tables != NO_TABLE)
    content = memory.tables.content[tables[mapped]]
    faulting = np.full((len(slots), 2), _ALWAYS, np.uint8)
    faulting[mapped, 0] = _KIND_BY_COUNT[memory.contents.present[content]]
    writable = _KIND_BY_COUNT[memory.contents.writable[content]]
    faulting[mapped, 1] = np.where(mm.slot_writable[slots[mapped]], writable, _ALWAYS)
    return faulting


_KIND_BY_COUNT = np.full(PAGES_PER_SLOT + 1, _BY_ENTRY, np.uint8)
"""By how many entries of a table allow the access."""
_KIND_BY_COUNT[0], _KIND_BY_COUNT[-1] = _ALWAYS, _NEVER


def _entries_fault(
    mm: AddressSpace, slots: IntArray, of: IntArray, entries: IntArray, writes: BoolArray
) -> BoolArray:
    """Of accesses to entry `entries[j]` of `slots[of[j]]`, which only some allow: those that fault.

    Other slots may be among `slots`.
    """
    contents = mm.memory.contents
    # Any table stands for those of slots that have none.
    content = mm.memory.tables.content[np.maximum(mm.slot_table[slots], 0)]
    _, epochs, flags = contents.rows.flat()
    # Such contents are explicit; of others the place means nothing.
    first = contents.row[content] * np.int64(PAGES_PER_SLOT)
    places = first[of] + entries
    faulting: BoolArray = epochs[places] != contents.protect_epoch[content][of]
    if not writes.all():
        reads = np.flatnonzero(~writes)
        faulting[reads] = flags[places[reads]] == 0
    return faulting


def first_accesses(keys: IntArray, writes: BoolArray) -> tuple[IntArray, BoolArray]:
    """The accesses that can fault when the first write or read of a key settles it.

    Args:
        keys: What is accessed (pages, or slots of huge pages), with repeats.
        writes: Whether each access writes.

    Returns:
        Ascending indices: the first write of each key, and its first read if that comes before;
        and for each whether it is a write that such a read precedes.
    """
    written, first_write = _firsts(keys, np.flatnonzero(writes))
    if len(written) and writes.all():
        return ascending(first_write), np.zeros(len(written), np.bool_)
    read, first_read = _firsts(keys, np.flatnonzero(~writes))
    _, of_written, of_read = np.intersect1d(written, read, assume_unique=True, return_indices=True)
    read_first = first_read[of_read] < first_write[of_written]
    after_read = np.zeros(len(written), np.bool_)
    after_read[of_written[read_first]] = True
    matters = np.ones(len(read), np.bool_)
    matters[of_read[~read_first]] = False
    indices = np.concatenate((first_write, first_read[matters]))
    after_read = np.concatenate((after_read, np.zeros(int(matters.sum()), np.bool_)))
    order = np.argsort(indices)
    return indices[order], after_read[order]


def _firsts(keys: IntArray, accesses: IntArray) -> tuple[IntArray, IntArray]:
    """The distinct keys of some accesses, ascending, and the first of those accesses for each."""
    # Sorting key and index packed into one number is several times faster than an argsort.
    bits = len(keys).bit_length()
    packed = ascending(keys[accesses] << bits | accesses)
    key = packed >> bits
    leads = np.ones(len(key), np.bool_)
    leads[1:] = key[1:] != key[:-1]
    return key[leads], packed[leads] & ((1 << bits) - 1)
