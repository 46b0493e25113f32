"""When Redis forks to save, and what each snapshot did."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sim.arrays import IntArray
from workloads.programs.redis.config import Snapshot

CRON_NS = 100_000_000
"""Redis looks at its save rules ten times a second (`hz 10`, serverCron)."""
NOT_ENDED = -1


@dataclass
class SnapshotRow:
    """One snapshot.

    Attributes:
        start_ns: when Redis called fork.
        changes: keys written since the one before.
        before_bytes: memory in use before the fork.
        fork_ns: how long the fork blocked Redis.
        end_ns: when the child was gone, or `NOT_ENDED`.
        extra_bytes: memory in use at the child's end beyond ``before_bytes``.
    """

    start_ns: int
    changes: int
    before_bytes: int
    fork_ns: int = 0
    end_ns: int = NOT_ENDED
    extra_bytes: int = 0


class SnapshotRule:
    """The trigger: times to decide at, and the decision.

    Attributes:
        refused: how many listed times fell into a running snapshot, or together with another.
    """

    def __init__(self, snapshot: Snapshot | None) -> None:
        self._listed = list(snapshot.at) if snapshot is not None else []
        self._after_changes = snapshot.after_changes if snapshot is not None else None
        self._after_ns = snapshot.after if snapshot is not None else 0
        self._last_save_ns = 0
        self.refused = 0

    @property
    def not_reached(self) -> int:
        """How many listed times have not come."""
        return len(self._listed)

    def missing_changes(self, changes: int) -> int:
        """How many more changes the rule wants before there is anything to decide."""
        return max(0, (self._after_changes or 0) - changes)

    def next_decision_ns(self, now_ns: int, *, child_alive: bool) -> int | None:
        """When to decide next; at the end of the iteration that this moment falls into."""
        if self._listed:
            return self._listed[0]
        if self._after_changes is None or child_alive:
            return None
        earliest_ns = max(now_ns + 1, self._last_save_ns + self._after_ns)
        return -(-earliest_ns // CRON_NS) * CRON_NS

    def due(self, now_ns: int, changes: int, *, child_alive: bool) -> bool:
        """Whether to fork at this decision."""
        if self._after_changes is not None:
            return not child_alive and self.missing_changes(changes) == 0
        past = [at_ns for at_ns in self._listed if at_ns <= now_ns]
        del self._listed[: len(past)]
        self.refused += len(past) if child_alive else len(past) - 1
        return not child_alive

    def saved(self, now_ns: int) -> None:
        """A snapshot has ended, and its child was not killed."""
        self._last_save_ns = now_ns


def columns(rows: list[SnapshotRow]) -> dict[str, IntArray]:
    """The snapshots as a table of a recording."""
    names = ("start_ns", "fork_ns", "end_ns", "extra_bytes", "changes")
    return {name: np.array([getattr(row, name) for row in rows], np.int64) for name in names}
