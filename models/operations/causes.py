"""What the time of the kernel's operations and of faults is spent on."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from models.faults.actions import Action, PageAction, TableAction
from models.faults.batch import Faults
from sim.arrays import IntArray
from sim.machine.causes import Cause

FORK = Cause("fork", "fork")
TABLE_COPY = Cause("table_copy", "copies of page tables")
"""By whoever owes them, besides a fork and faults."""
TEARDOWN = Cause("teardown", "teardown of memory")
FILL = Cause("fill", "filling memory")
SHOOTDOWN = Cause("shootdown", "TLB flushes of other cores")


FAULTS = Cause("fault", "page faults")
"""Of whatever kind, where they are not told apart."""


def _of_fault(action: Action) -> Cause:
    words = action.label.replace("_", " ")
    return Cause(f"fault/{action.label}", f"faults ({words})")


OF_PAGES = {action: _of_fault(action) for action in PageAction}
"""What faults do to pages."""
OF_TABLES = {action: _of_fault(action) for action in TableAction if action > TableAction.ALLOC}
"""What they do to the tables above, where that has a price."""


@dataclass(frozen=True)
class FaultPart:
    """The part that a cause has in some faults.

    Attributes:
        cause: The cause.
        faults: Which faults.
        from_ns: int64 [n], how long after its beginning it comes in each ...
        ns: ... and how long it takes.
    """

    cause: Cause
    faults: IntArray | slice
    from_ns: IntArray
    ns: IntArray


def parts_of(faults: Faults) -> Iterator[FaultPart]:
    """What faults, at least one, take their time for: for the table first, then for the page."""
    tables, pages, table_ns = faults.table_action, faults.page_action, faults.table_ns
    if (settles := tables > TableAction.ALLOC).any():
        for number in np.flatnonzero(np.bincount(tables[settles])).tolist():
            chosen = np.flatnonzero(tables == number)
            spent_ns = table_ns[chosen]
            yield FaultPart(
                OF_TABLES[TableAction(number)], chosen, np.zeros_like(spent_ns), spent_ns
            )
    page_ns = faults.cost_ns - table_ns
    numbers = np.flatnonzero(np.bincount(pages)).tolist()
    for number in numbers:
        those = slice(None) if len(numbers) == 1 else np.flatnonzero(pages == number)
        yield FaultPart(OF_PAGES[PageAction(number)], those, table_ns[those], page_ns[those])


def sums_by_cause(faults: Faults) -> dict[Cause, int]:
    """The time of faults by cause; what takes none is left out."""
    if not len(faults):
        return {}
    sums_ns = {part.cause: int(part.ns.sum()) for part in parts_of(faults)}
    return {cause: ns for cause, ns in sums_ns.items() if ns}


def counts_by_cause(faults: Faults) -> dict[Cause, int]:
    """How many faults took time for each cause."""
    if not len(faults):
        return {}
    return {part.cause: len(part.ns) for part in parts_of(faults)}
