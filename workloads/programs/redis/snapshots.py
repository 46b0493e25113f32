"""What each snapshot did."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sim.arrays import IntArray

NOT_ENDED = -1


@dataclass
class SnapshotRow:
    """One snapshot.

    Attributes:
        start_ns: when Redis called fork.
        changes: keys written since the last one that succeeded.
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


def columns(rows: list[SnapshotRow]) -> dict[str, IntArray]:
    """The snapshots as a table of a recording."""
    names = ("start_ns", "fork_ns", "end_ns", "extra_bytes", "changes")
    return {name: np.array([getattr(row, name) for row in rows], np.int64) for name in names}
