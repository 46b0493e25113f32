"""How regularly a Redis forks: how long a run of whole cycles of snapshots is expected to take."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from sim.machine.clock import NEVER_NS
from workloads.programs.redis.snapshot_config import SECOND_NS, Snapshot
from workloads.programs.redis.snapshot_schedule import CRON_NS


@dataclass(frozen=True)
class Cadence:
    """When forks are expected.

    Attributes:
        first_ns: the first.
        cycle_ns: from the first of a cycle to the first of the next, about.
    """

    first_ns: int
    cycle_ns: int

    def length_ns(self, cycles: int) -> int:
        """How long a run takes up to the end of so many cycles after the first."""
        return self.first_ns + (1 + cycles) * self.cycle_ns


def cadence_of(snapshot: Snapshot, save_ns: int, writes_per_s: float) -> Cadence | None:
    """The cadence; None if there is none.

    Args:
        snapshot: when to fork.
        save_ns: how long a child saves.
        writes_per_s: keys written a second.
    """
    commands = snapshot.commands_ns
    if snapshot.period_ns is not None:
        between_ns = snapshot.period_ns
        # What falls into a save waits for the next command, or for the end of the save.
        late_ns = save_ns if snapshot.scheduled else -(-save_ns // between_ns) * between_ns
        return Cadence(commands[0], max(between_ns, late_ns))
    found = list(_of_rules(snapshot, save_ns, writes_per_s))
    return min(found, key=lambda one: one.cycle_ns) if found and not commands else None


def _of_rules(snapshot: Snapshot, save_ns: int, writes_per_s: float) -> Iterator[Cadence]:
    """What each rule would do alone."""
    for rule in snapshot.rules:
        if rule.after_changes and not writes_per_s:
            continue
        written_ns = 0
        if writes_per_s:
            written_ns = round(min(rule.after_changes / writes_per_s * SECOND_NS, NEVER_NS))
        # Keys that are written during a save count for the next.
        yield Cadence(
            max(rule.after, written_ns) + CRON_NS,
            max(save_ns + rule.after, written_ns) + CRON_NS,
        )
