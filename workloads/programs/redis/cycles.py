"""Whole cycles of snapshots: where they begin, and where a run of them ends."""

from __future__ import annotations

from workloads.programs.redis.config import RedisConfig


class Cycles:
    """The cycles of a run: from a fork, the first of each period, to the next.

    The first cycle is no part of the results: its fork meets a heap that no fork has been through.

    Args:
        config: of the server.

    Attributes:
        starts_ns: when each began.
    """

    def __init__(self, config: RedisConfig) -> None:
        self._least = config.cycles if config.in_cycles else 0
        self._until_ns = config.duration or 0
        snapshot = config.snapshot
        self._commands_ns = snapshot.commands_ns if snapshot is not None else []
        self._period_ns = snapshot.period_ns if snapshot is not None else None
        self._period = -1
        self.starts_ns: list[int] = []

    @property
    def wanted(self) -> bool:
        """Whether the run is one of whole cycles."""
        return self._least > 0

    @property
    def whole(self) -> int:
        """How many after the first are over."""
        return max(len(self.starts_ns) - 2, 0)

    @property
    def measured_ns(self) -> int | None:
        """From when on results count; None before that."""
        return self.starts_ns[1] if len(self.starts_ns) > 1 else None

    @property
    def mean_ns(self) -> int | None:
        """How long a cycle is; None before the second begins."""
        if len(self.starts_ns) < 2:
            return None
        return (self.starts_ns[-1] - self.starts_ns[0]) // (len(self.starts_ns) - 1)

    def fork(self, at_ns: int) -> bool:
        """A fork is due; whether a cycle begins with it."""
        if self._period_ns is not None:
            period = (at_ns - self._commands_ns[0]) // self._period_ns
            if period == self._period:
                return False
            self._period = period
        self.starts_ns.append(at_ns)
        return True

    @property
    def over(self) -> bool:
        """Whether the run is, with the cycle that has just begun."""
        return self.wanted and self.whole >= self._least and self.starts_ns[-1] >= self._until_ns
