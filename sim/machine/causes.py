"""What time passes for."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, eq=False, slots=True)
class Cause:
    """What a stretch of a task's time is spent on, or waited for.

    Attributes:
        name: in records: lower case, parts of a family behind a slash, such as ``fault/cow_copy``.
        label: in sentences, as what somebody waits behind or for, such as ``page copies``.
    """

    name: str
    label: str


WORK = Cause("service", "its own work")
"""What a program does for whom it serves; all that names nothing else."""

CORE_WAIT = Cause("core_wait", "waiting for a core")
SWITCH = Cause("switch", "switches of a core")
LOCK_WAIT = Cause("lock_wait", "waiting for the memory's lock")
LOCK_HOLD = Cause("lock_hold", "holding the memory's lock")
"""What nobody spends: others' waiting is for it."""
IDLE = Cause("idle", "nothing to do")
CONTENTION = Cause("contention", "others that use the memory at the same time")
"""By how much work on memory takes longer than alone."""
