"""What a kernel does about PTE tables that several slots point at: the rules, one by one.

A slot whose table is shared, or was and has not been settled since, has no write permission. What
else differs between the forks that share tables is said here (mechanisms.md 3, 4, 6 and 10).
"""

from dataclasses import dataclass
from enum import Enum

from models.faults.actions import TableAction


class RssAccounting(Enum):
    """Which processes count the pages below a shared table as resident (their RSS)."""

    VIEW = "every process that sees them"
    COPIER = "whoever copies the table adds them; only the last to leave a table subtracts them"
    OWNER = "the one owner of the table, until it copies or leaves it"


@dataclass(frozen=True)
class Sharing:
    """The rules for slots without write permission.

    Attributes:
        last_sharer: What a fault does to a table that this slot alone points at: `REUSE`, `RENEW`,
            or, where such tables are owed to a child, `SYNC`.
        accounting: Whose RSS the pages below a shared table are part of.
        scans_left: Leaving a shared table reads all its entries, as exit and munmap do.
        copies_below_read_only: A fault in an area without write permission settles the table as
            any other; else it maps into the shared table.
        protect_settles: mprotect settles the tables that it changes; else it leaves shared ones.
        flushes: Copying a table flushes the TLB of every core that runs the process.
        protects_both: A table and its copy are both write-protected; else the copy alone, and the
            other must never be reused (mechanisms.md N1).
        closes_read_only: Fork takes the write permission of slots below read-only areas too
            (mechanisms.md B1).
        cuts_before_zap: Removing a part of what a shared table maps copies the table first
            (mechanisms.md D3).
    """

    last_sharer: TableAction = TableAction.REUSE
    accounting: RssAccounting = RssAccounting.VIEW
    scans_left: bool = True
    copies_below_read_only: bool = True
    protect_settles: bool = True
    flushes: bool = False
    protects_both: bool = True
    closes_read_only: bool = True
    cuts_before_zap: bool = True


UNSHARED = Sharing()
"""For schemes that never share a table: nothing of it applies."""
