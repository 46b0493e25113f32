"""What the time of the kernel's operations and of faults is spent on."""

from __future__ import annotations

from models.faults.actions import Action, PageAction, TableAction
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
