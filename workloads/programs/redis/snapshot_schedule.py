"""When Redis forks to save: by its own rules, and when others send BGSAVE."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from sim.arrays import IntArray
from sim.machine.clock import NEVER_NS
from workloads.programs.redis.snapshot_config import SaveRule, Snapshot

CRON_NS = 100_000_000
"""Redis looks at its save rules ten times a second (`hz 10`, serverCron)."""
RETRY_NS = 5_000_000_000
"""After a save that failed Redis waits longer than this (CONFIG_BGSAVE_RETRY_DELAY)."""

_NOTHING = np.zeros(0, np.int64)


class SaveCommands:
    """When others send BGSAVE: at listed times, and again after every period if there is one."""

    def __init__(self, listed_ns: Sequence[int], period_ns: int | None) -> None:
        self._listed_ns = list(listed_ns)
        self._period_ns = period_ns
        self._taken = 0

    @property
    def next_ns(self) -> int:
        """When the next is sent, or `NEVER_NS`."""
        if self._period_ns is not None:
            periods, number = divmod(self._taken, len(self._listed_ns))
            return self._listed_ns[number] + periods * self._period_ns
        return self._listed_ns[self._taken] if self.to_come else NEVER_NS

    @property
    def to_come(self) -> int:
        """How many listed ones have not been sent; of those that recur none."""
        return 0 if self._period_ns is not None else len(self._listed_ns) - self._taken

    def take(self, now_ns: int) -> int:
        """How many were sent up to now, and not taken before."""
        before = self._taken
        if self._period_ns is not None:
            period_ns = self._period_ns
            self._taken = sum(
                max(0, (now_ns - at_ns) // period_ns + 1) for at_ns in self._listed_ns
            )
        else:
            self._taken = int(np.searchsorted(self._listed_ns, now_ns, side="right"))
        return self._taken - before


class SnapshotSchedule:
    """What Redis knows of its saves, and when the next is due.

    It looks at its rules while it sleeps, and at the end of an iteration into which the moment of
    a look falls, unless the iteration began beside a child: then it notices the child's end.

    Attributes:
        changes: keys written since the last successful save (`dirty`).
        refused: how many commands fell into a running snapshot, or together with another.
    """

    def __init__(self, snapshot: Snapshot | None) -> None:
        self._commands = SaveCommands(
            snapshot.commands_ns if snapshot else [], snapshot.period_ns if snapshot else None
        )
        self._rules: Sequence[SaveRule] = snapshot.rules if snapshot else []
        self._scheduled = snapshot is not None and snapshot.scheduled
        self._waits = False
        self._child = False
        self._changes_at_fork = 0
        self._last_try_ns = 0
        self._last_save_ns = 0
        self._retry_ns = 0
        self.changes = 0
        self.refused = 0

    @property
    def not_reached(self) -> int:
        """How many of those asked for have not come."""
        return self._commands.to_come + self._waits

    @property
    def waits_for_child(self) -> bool:
        """Whether the end of a child makes another fork due earlier than nothing else would."""
        return self._child and (self._waits or bool(self._rules))

    def next_ns(
        self, now_ns: int, starts_ns: IntArray = _NOTHING, changes_end: IntArray = _NOTHING
    ) -> int:
        """When a fork may be due next: nothing is due before that moment.

        Args:
            now_ns: from when on.
            starts_ns: when the next iterations begin (ascending) ...
            changes_end: ... and how many keys are written by the end of each. Of what is written
                later nothing is known.
        """
        moments = [self._commands.next_ns]
        if not self._child:
            earliest_ns = max(now_ns, self._retry_ns)
            moments += [_look_after(earliest_ns)] if self._waits else []
            for rule in self._rules:
                from_ns = max(earliest_ns, self._last_save_ns + rule.after)
                missing = rule.after_changes - self.changes
                if missing > 0:
                    enough = int(np.searchsorted(changes_end, missing))
                    if enough == len(changes_end):
                        continue
                    # A look before this iteration finds too few keys written.
                    from_ns = max(from_ns, int(starts_ns[enough]))
                moments.append(_look_after(from_ns))
        return min(moments)

    def certain_ns(self, now_ns: int, writes_per_ns: float) -> int:
        """Up to when no fork is due, if keys are written at random at this rate.

        Of a rule the last tenth is left to who counts what is written, and ten standard deviations.
        """
        moments = [self.next_ns(now_ns)]
        for rule in () if self._child else self._rules:
            missing = rule.after_changes - self.changes
            if missing > 0 and writes_per_ns:
                sure = max(0.9 * missing - 10 * math.sqrt(missing), 0)
                moments.append(now_ns + int(min(sure / writes_per_ns, NEVER_NS)))
        return min(moments)

    def due(self, now_ns: int) -> bool:
        """Whether to fork, at a moment of `next_ns` or at the end of what it falls into."""
        sent = self._commands.take(now_ns)
        if sent and not self._child:
            self.refused += sent - 1
            return True
        if sent:
            keeps = self._scheduled and not self._waits
            self._waits |= keeps
            self.refused += sent - keeps
        look_ns = now_ns // CRON_NS * CRON_NS
        if self._child or look_ns <= self._retry_ns:
            return False
        if any(self._is_met(rule, look_ns) for rule in self._rules):
            return True
        waited, self._waits = self._waits, False
        return waited

    def _is_met(self, rule: SaveRule, look_ns: int) -> bool:
        return self.changes >= rule.after_changes and look_ns - self._last_save_ns > rule.after

    def forked(self, now_ns: int) -> None:
        """A child begins to save."""
        self._child = True
        self._changes_at_fork = self.changes
        self._last_try_ns = now_ns

    def ended(self, now_ns: int, *, saved: bool) -> None:
        """The child is gone; it has saved everything, or was killed."""
        self._child = False
        if saved:
            self.changes -= self._changes_at_fork
            self._last_save_ns = now_ns
        self._retry_ns = 0 if saved else self._last_try_ns + RETRY_NS


def _look_after(moment_ns: int) -> int:
    """The first look at the rules after a moment."""
    return (moment_ns // CRON_NS + 1) * CRON_NS
