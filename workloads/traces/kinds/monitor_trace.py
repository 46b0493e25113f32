"""What a MONITOR log becomes: a trace of commands on keys, and the commands nobody knows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from workloads.traces.commands.redis import NOTHING, UNKNOWN, Command, command_of
from workloads.traces.commands.resp import request_bytes
from workloads.traces.kinds.key_trace import KeyColumns, KeyTrace
from workloads.traces.kinds.trace import Facts
from workloads.traces.reading.accounting import Accounting

MAX_UNKNOWN_NAMES = 1000
"""Distinct unknown commands counted by name; more are counted together, as `(others)`."""

NAMES_IN_NOTE = 20
"""So many unknown commands, the most frequent ones, are named for people."""

SCRIPT = b"lua"
"""The sender of what scripts call."""

TICK_NS = 1000
"""MONITOR prints microseconds."""


@dataclass(frozen=True, eq=False, kw_only=True)
class MonitorTrace(KeyTrace):
    """The commands of a MONITOR log.

    The same name in another data base is another key. Connections are senders: `127.0.0.1:57750`,
    `unix:/run/redis.sock`.

    Attributes:
        unknown: How many of the commands, those that scripts call among them, have a name that the
            command table lacks, by name in upper case, in order of appearance. They count as reads
            without a key.
    """

    unknown: dict[str, int]

    def facts(self) -> Facts:
        """What is known of any trace on keys, and how many commands are unknown."""
        return {**super().facts(), "unknown_commands": sum(self.unknown.values())}


class MonitorColumns(KeyColumns):
    """The growing columns of a MONITOR log."""

    def __init__(self) -> None:
        super().__init__()
        self._unknown: Counter[str] = Counter()

    def add_command(self, database: bytes, sender: bytes, arguments: Sequence[bytes]) -> None:
        """Append the command whose time was appended last."""
        command = command_of(arguments)
        if command is None:
            self._count_unknown(arguments[0])
            command = UNKNOWN
        position = command.key
        has_key = 0 < position < len(arguments)
        stored = has_key and command.value is not NOTHING
        self.add(
            _name(database, arguments[position]) if has_key else None,
            is_write=command.writes,
            value_bytes=sum(map(len, arguments[command.value])) if stored else 0,
            request_bytes=request_bytes([*map(len, arguments)]),
            sender=sender,
        )
        if has_key and command.further is not NOTHING:
            self._add_further_keys(command, database, arguments)

    def add_called(self, database: bytes, arguments: Sequence[bytes]) -> None:
        """Append what a script calls to the last command, which called the script."""
        command = command_of(arguments)
        if command is None:
            self._count_unknown(arguments[0])
        elif command.writes and 0 < command.key < len(arguments):
            value = sum(map(len, arguments[command.value]))
            self.add_further(_name(database, arguments[command.key]), value)
            self._add_further_keys(command, database, arguments)

    def _add_further_keys(
        self, command: Command, database: bytes, arguments: Sequence[bytes]
    ) -> None:
        for further in range(*command.further.indices(len(arguments))):
            paired = arguments[further + 1 : further + 2] if command.paired else ()
            self.add_further(_name(database, arguments[further]), sum(map(len, paired)))

    def _count_unknown(self, name: bytes) -> None:
        text = name[:64].upper().decode("ascii", "backslashreplace")
        if text not in self._unknown and len(self._unknown) >= MAX_UNKNOWN_NAMES:
            text = "(others)"
        self._unknown[text] += 1

    def monitor_trace(self, accounting: Accounting) -> MonitorTrace:
        """The columns as read-only arrays on the same memory."""
        trace = self.trace(accounting, TICK_NS, _note(self._unknown))
        return MonitorTrace(**vars(trace), unknown=dict(self._unknown))


def _note(unknown: Counter[str]) -> tuple[str, ...]:
    """The note about unknown commands, the most frequent first; none if there are none."""
    if not unknown:
        return ()
    named = unknown.most_common(NAMES_IN_NOTE)
    shown = ", ".join(f"{name!r} ({count})" for name, count in named)
    more = len(unknown) - len(named)
    rest = f" and {more} more" if more else ""
    return (f"commands that are not known, taken for reads without a key: {shown}{rest}",)


def _name(database: bytes, key: bytes) -> bytes:
    """A key's name among those of all data bases; a number holds no space."""
    return database + b" " + key
