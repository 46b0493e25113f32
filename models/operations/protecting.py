"""Changing what may be written: mprotect (change_pte_range, mechanisms.md 3.3 and 4.3)."""

from models.faults.rules import Rules
from models.faults.settling import make_own
from models.memory.address_space import AddressSpace
from models.memory.areas import PAGES_PER_SLOT
from models.memory.entry_ranges import WHOLE, count_range, protect_range


def set_writable(
    mm: AddressSpace,
    start_page: int,
    end_page: int,
    rules: Rules,
    *,
    writable: bool,
) -> int:
    """Allow or refuse writes to [start_page, end_page), at whose ends areas begin or end.

    Permission that is given changes no entry: the first write of each page faults.

    Returns:
        The cost in ns.
    """
    for vma in mm.vmas:
        if start_page <= vma.start_page and vma.end_page <= end_page:
            vma.writable = writable
    slots = mm.slots_around(start_page, end_page)
    own_ns = make_own(mm, slots, rules) if rules.sharing.protect_settles else 0
    changed = 0
    for slot in slots[mm.slot_writable[slots]].tolist():
        base = slot * PAGES_PER_SLOT
        span = max(start_page - base, 0), min(end_page - base, PAGES_PER_SLOT)
        changed += _count(mm, slot, span) if writable else _protect(mm, slot, span)
    costs = rules.costs
    return own_ns + round(changed * costs.entry_protect_ns + costs.tlb_flush_ns)


def _count(mm: AddressSpace, slot: int, span: tuple[int, int]) -> int:
    content = int(mm.memory.tables.content[mm.slot_table[slot]])
    return count_range(mm.memory.contents, content, span).present


def _protect(mm: AddressSpace, slot: int, span: tuple[int, int]) -> int:
    """Write-protect some entries of a slot with a table of its own; returns how many there are."""
    memory = mm.memory
    table = mm.slot_table[slot : slot + 1]
    content = int(memory.tables.content[table[0]])
    present = count_range(memory.contents, content, span).present
    if span == WHOLE:
        memory.contents.protect(memory.tables.content[table])
    elif memory.contents.writable[content]:
        protect_range(memory.contents, int(memory.detach(table)[0]), span)
    return present
