"""What a Redis server says of itself: how large it is, how busy, how its last save went."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from workloads.traces.kinds.trace import Facts, Table
from workloads.traces.reading.accounting import Accounting

SECOND_NS = 10**9
GIB = 2**30

_FACTS: dict[str, tuple[str, int]] = {
    "used_memory": ("used_memory_bytes", 1),
    "used_memory_rss": ("used_memory_rss_bytes", 1),
    "maxmemory": ("maxmemory_bytes", 1),
    "connected_clients": ("connected_clients", 1),
    "instantaneous_ops_per_sec": ("instantaneous_ops_per_s", 1),
    "latest_fork_usec": ("latest_fork_ns", 1000),
    "rdb_last_bgsave_time_sec": ("last_save_ns", SECOND_NS),
    "rdb_last_cow_size": ("last_save_copied_bytes", 1),
    "aof_last_rewrite_time_sec": ("last_aof_rewrite_ns", SECOND_NS),
    "aof_last_cow_size": ("last_aof_rewrite_copied_bytes", 1),
}
"""Fields that describe a machine and a load: what they are called here, and their unit."""


@dataclass(frozen=True, eq=False, kw_only=True)
class ServerInfo:
    """The output of Redis's INFO: no requests, but what a data set and its saves are like.

    Attributes:
        values: texts by the names of their fields, in order.
        accounting: Where every line went.
    """

    values: Mapping[str, str]
    accounting: Accounting

    def __len__(self) -> int:
        return len(self.values)

    @property
    def duration_ns(self) -> int:
        """How long the server was up; 0 if it does not say."""
        return (self._number("uptime_in_seconds") or 0) * SECOND_NS

    def _number(self, field: str) -> int | None:
        """A field's number; None if it is not there, or means that there was none (-1)."""
        text = self.values.get(field, "")
        return int(text) if text.isascii() and text.isdigit() and len(text) < 16 else None

    def facts(self) -> Facts:
        """Memory, load and saves; and a GiB's share of the fork."""
        numbers = {
            name: value * unit
            for field, (name, unit) in _FACTS.items()
            if (value := self._number(field)) is not None
        }
        facts: dict[str, int | float] = {**numbers}
        fork_ns, resident = facts.get("latest_fork_ns"), facts.get("used_memory_rss_bytes")
        if fork_ns and resident:
            facts["latest_fork_per_gib_ns"] = fork_ns * GIB / resident
        return facts

    @property
    def notes(self) -> tuple[str, ...]:
        """That it is no trace, and how an experiment would describe the server."""
        described = ", ".join(self._described())
        return (
            "INFO has no requests, so that no program can be driven by it; as a workload its "
            f"server would be {{kind: redis, {described}}}",
        )

    def _described(self) -> Iterator[str]:
        size = self._number("used_memory_rss") or self._number("used_memory") or "..."
        yield f"dataset: {size}B"
        rate = self._number("instantaneous_ops_per_sec")
        yield f"clients: {{kind: open, rate: {rate}/s}}" if rate else "clients: {kind: closed}"
        save_s, used = self._number("rdb_last_bgsave_time_sec"), self._number("used_memory")
        if save_s and used:
            yield f"snapshot: {{at: [1s], save_rate: {used // save_s}B}}"
        yield f"duration: {10 + (save_s or 0)}s"

    def table(self) -> Table:
        """All fields; its reader reads them again."""
        return {"field": list(self.values), "value": list(self.values.values())}
