"""A log of commands on keys, whatever wrote it: one row a command, in columns of integers."""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from workloads.traces.kinds.facts import (
    gap_notes,
    longest_gap,
    percentiles,
    popularity,
    rates,
)
from workloads.traces.kinds.trace import Facts, Table, in_own_unit
from workloads.traces.reading.accounting import Accounting
from workloads.traces.reading.columns import MISSING, Ids, IntColumn, Times, frozen, spread

NO_KEY = MISSING
"""`key_id` of a command that names no key."""

READ, WRITE, FURTHER = "read", "write", "further"
"""Operations as a table names them; a `further` row is one more key that the row above writes."""

LONGEST_SENDER_BYTES = 160
"""The longest sender: sun_path holds 108 bytes, an IPv6 address with zone and port fewer."""


@dataclass(frozen=True, eq=False, kw_only=True)
class KeyTrace:
    """Commands on keys, one row each, in order; all arrays are read-only.

    Attributes:
        time_ns: int64, since the first command; never decreases.
        key_id: int32, the first key that the command writes, or reads if it writes none; dense by
            first appearance (0, 1, ...), `NO_KEY` if it names none. Keys that are only read beside
            it are not recorded.
        is_write: bool, whether the command may change the data set.
        value_bytes: int32, length of what the command stores under its key, as it was sent: the
            value of a SET, the fields and members of a collection's command; 0 if it sends none,
            `MISSING` if it sends one whose length the log does not say.
        request_bytes: int32, size of the command in RESP, as a client of Redis sends it.
        connection: int32, index into `connections`.
        further_command: int64, rows of commands that write further keys, once for each of them;
            never decreases. MSET of three keys is one row here above and two rows here. A command
            that calls a script has all keys that the script writes here.
        further_key_id: int32, that key.
        further_value_bytes: int32, length of what is stored under it, as `value_bytes`.
        keys: Number of distinct keys; ids are below it.
        connections: Sender of each connection.
        start_ns: Time of the first command on the log's own clock (Unix time in most).
        resolution_ns: Tick of the log's clock.
        accounting: Where every line went.
        notes: What was not used, or was assumed, in sentences for people.
    """

    time_ns: NDArray[np.int64]
    key_id: NDArray[np.int32]
    is_write: NDArray[np.bool_]
    value_bytes: NDArray[np.int32]
    request_bytes: NDArray[np.int32]
    connection: NDArray[np.int32]
    further_command: NDArray[np.int64]
    further_key_id: NDArray[np.int32]
    further_value_bytes: NDArray[np.int32]
    keys: int
    connections: tuple[str, ...]
    start_ns: int
    resolution_ns: int
    accounting: Accounting
    notes: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.time_ns)

    @property
    def duration_ns(self) -> int:
        """Time from the first command to the last."""
        return int(self.time_ns[-1])

    def arrival_ns(self) -> NDArray[np.int64]:
        """`time_ns` with equal times spread over the clock's tick, as `columns.spread` does."""
        return spread(self.time_ns, self.resolution_ns)

    @property
    def _writes(self) -> NDArray[np.bool_]:
        """Whether a command, or a script that it calls, may change the data set."""
        writes = self.is_write.copy()
        writes[self.further_command] = True
        return writes

    def facts(self) -> Facts:
        """Rates, share of writes, popularity of keys, sizes of values."""
        first_keys = self.key_id[self.key_id != NO_KEY]
        repeated = {"commands": len(self)} if len(self) > self.accounting.records else {}
        return {
            **repeated,
            **rates(self.time_ns, self.resolution_ns),
            **longest_gap(self.time_ns),
            "write_share": float(self._writes.mean()),
            "connections": len(self.connections),
            **popularity(np.concatenate((first_keys, self.further_key_id)), "keys"),
            **percentiles(
                self.value_bytes[self.is_write & (self.value_bytes != MISSING)],
                "written_value",
                "bytes",
            ),
        }

    def table(self) -> Table:
        """A row a command, each followed by a `further` row for each further key."""
        rows = np.concatenate((np.arange(len(self)), self.further_command))
        order = np.argsort(rows, kind="stable")
        is_further = np.zeros(len(rows), np.bool_)
        is_further[len(self) :] = True
        rows, is_further = rows[order], is_further[order]
        operations = np.where(is_further, FURTHER, np.where(self.is_write[rows], WRITE, READ))

        def both(first: NDArray[np.int32], further: NDArray[np.int32]) -> NDArray[np.int32]:
            return np.concatenate((first, further))[order]

        # In the clock's own unit, so that whoever reads it again has the same clock.
        name, times = in_own_unit(self.time_ns[rows], self.resolution_ns)
        return {
            name: times,
            "key": both(self.key_id, self.further_key_id),
            "op": operations.tolist(),
            "value_bytes": both(self.value_bytes, self.further_value_bytes),
            "request_bytes": np.where(is_further, MISSING, self.request_bytes[rows]),
            "connection": [self.connections[i] for i in self.connection[rows].tolist()],
        }


class KeyColumns:
    """The growing columns of a `KeyTrace`; arrays of machine integers, so 25 bytes a command.

    A reader appends to `times` first, which may refuse the line, then calls `add`, then
    `add_further` for each further key.
    """

    def __init__(self) -> None:
        self.times = Times()
        self.keys = Ids()
        self.connections = Ids(LONGEST_SENDER_BYTES)
        self._key_id = array("i")
        self._is_write = array("b")
        self._value_bytes = array("i")
        self._request_bytes = array("i")
        self._connection = array("i")
        self._connection_of = np.zeros(0, np.int32)
        self._further_command = array("q")
        self._further_key_id = array("i")
        self._further_value_bytes = array("i")

    def __len__(self) -> int:
        return len(self._key_id)

    def add(
        self,
        key: bytes | None,
        *,
        is_write: bool,
        value_bytes: int,
        request_bytes: int,
        sender: bytes,
    ) -> None:
        """Append the command whose time was appended last."""
        self._key_id.append(NO_KEY if key is None else self.keys.of(key))
        self._is_write.append(is_write)
        self._value_bytes.append(value_bytes)
        self._request_bytes.append(request_bytes)
        self._connection.append(self.connections.of(sender))

    def extend(
        self,
        with_key: IntColumn,
        keys: IntColumn,
        *,
        is_write: NDArray[np.bool_],
        value_bytes: IntColumn,
        request_bytes: IntColumn,
        sender: IntColumn,
        senders: Sequence[bytes],
    ) -> None:
        """Append the n commands whose times were appended last.

        Args:
            with_key: int64 [k], which of them have a key.
            keys: int64 [k], its number in `keys`.
            is_write: bool [n], as in `add`.
            value_bytes: int64 [n], as in `add`.
            request_bytes: int64 [n], as in `add`.
            sender: int64 [n], index into ``senders``, which may only grow between calls.
            senders: Names.
        """
        key_id = np.full(len(sender), NO_KEY, np.int32)
        key_id[with_key] = keys
        if len(senders) > len(self._connection_of):
            more = np.full(len(senders) - len(self._connection_of), MISSING, np.int32)
            self._connection_of = np.append(self._connection_of, more)
        connection = self._connection_of[sender]
        # Connections get their numbers as they appear.
        for new in dict.fromkeys(sender[connection == MISSING].tolist()):
            self._connection_of[new] = self.connections.of(senders[new])
        for column, values in (
            (self._key_id, key_id),
            (self._is_write, is_write.view(np.int8)),
            (self._value_bytes, value_bytes.astype(np.int32)),
            (self._request_bytes, request_bytes.astype(np.int32)),
            (self._connection, self._connection_of[sender]),
        ):
            column.frombytes(values.tobytes())

    def add_further(self, key: bytes, value_bytes: int) -> None:
        """Append one more key that the last command writes."""
        self._further_command.append(len(self) - 1)
        self._further_key_id.append(self.keys.of(key))
        self._further_value_bytes.append(value_bytes)

    def trace(
        self, accounting: Accounting, resolution_ns: int, notes: tuple[str, ...] = ()
    ) -> KeyTrace:
        """The columns as read-only arrays on the same memory."""
        time_ns = frozen(self.times.column, np.int64)
        return KeyTrace(
            time_ns=time_ns,
            key_id=frozen(self._key_id, np.int32),
            is_write=frozen(self._is_write, np.bool_),
            value_bytes=frozen(self._value_bytes, np.int32),
            request_bytes=frozen(self._request_bytes, np.int32),
            connection=frozen(self._connection, np.int32),
            further_command=frozen(self._further_command, np.int64),
            further_key_id=frozen(self._further_key_id, np.int32),
            further_value_bytes=frozen(self._further_value_bytes, np.int32),
            keys=len(self.keys),
            connections=self.connections.names(),
            start_ns=self.times.start_ns,
            resolution_ns=resolution_ns,
            accounting=accounting,
            notes=(*notes, *gap_notes(time_ns)),
        )
