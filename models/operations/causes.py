"""What the time of the kernel's operations and of faults is spent on."""

from __future__ import annotations

from collections.abc import Iterator

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


def _of_fault(action: Action) -> Cause:
    words = action.label.replace("_", " ")
    return Cause(f"fault/{action.label}", f"faults ({words})")


OF_PAGES = {action: _of_fault(action) for action in PageAction}
"""What faults do to pages."""
OF_TABLES = {action: _of_fault(action) for action in TableAction if action > TableAction.ALLOC}
"""What they do to the tables above, where that has a price."""


def by_cause(faults: Faults) -> Iterator[tuple[Cause, IntArray | slice]]:
    """The causes of the time of faults, at least one, and which faults are of each."""
    tables, pages = faults.table_action, faults.page_action
    settles = tables > TableAction.ALLOC
    if settles.any():
        for number in np.flatnonzero(np.bincount(tables[settles])).tolist():
            yield OF_TABLES[TableAction(number)], np.flatnonzero(tables == number)
        rest = np.flatnonzero(~settles)
        for number in np.flatnonzero(np.bincount(pages[rest])).tolist():
            yield OF_PAGES[PageAction(number)], rest[pages[rest] == number]
        return
    numbers = np.flatnonzero(np.bincount(pages)).tolist()
    for number in numbers:
        alone = len(numbers) == 1
        yield (
            OF_PAGES[PageAction(number)],
            slice(None) if alone else np.flatnonzero(pages == number),
        )
