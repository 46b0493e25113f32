"""What faults cost, by what they find in cache."""

from __future__ import annotations

import numpy as np

from models.address_space import PAGES_PER_SLOT, AddressSpace
from models.costs import Costs, FloatArray
from models.faults import ActionArray, TableAction
from models.pool import BoolArray, IntArray


def in_cache(
    mm: AddressSpace, page: IntArray, table_action: ActionArray
) -> tuple[BoolArray, BoolArray]:
    """What faults find in cache, in the order in which they are raised.

    Returns:
        Whether each is sequential: the fault before was that of the page before; and warm: below
        the table that was copied last, the fault that copied it excepted.
    """
    slot = page // PAGES_PER_SLOT
    copies = table_action == TableAction.COPY
    sequential: BoolArray = page == np.concatenate(([mm.last_fault_page], page[:-1])) + 1
    # By the number of tables copied up to each fault; 0 is the one copied before the batch.
    copied = np.concatenate(([mm.last_copied_slot], slot[copies]))
    warm: BoolArray = (copied[np.cumsum(copies)] == slot) & ~copies
    return sequential, warm


def remember(mm: AddressSpace, page: IntArray, table_action: ActionArray) -> None:
    """Where faults (at least one, in order) were handled last: what `in_cache` goes by."""
    mm.last_fault_page = int(page[-1])
    copied = np.flatnonzero(table_action == TableAction.COPY)
    if len(copied):
        mm.last_copied_slot = int(page[copied[-1]]) // PAGES_PER_SLOT


def table_copies_ns(mm: AddressSpace, slots: IntArray, costs: Costs) -> FloatArray:
    """What copying the tables of `slots`, each of which has one, would cost; not rounded."""
    said = mm.memory.tables.content[mm.slot_table[slots]]
    contents = mm.memory.contents
    counts = (contents.present[said], contents.writable[said], contents.scattered[said])
    return costs.table_copies_ns(*(count.astype(np.int64) for count in counts))
