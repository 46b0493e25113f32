"""What a MONITOR log becomes: one row a command, in columns of machine integers."""

from __future__ import annotations

from array import array
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from workloads.traces.redis_commands import NOTHING, UNKNOWN, Command, command_of

NO_KEY = -1
"""`key_id` of a command that names no key."""

MAX_UNKNOWN_NAMES = 1000
"""Distinct unknown commands counted by name; more are counted together, as `(others)`."""

_Integer = TypeVar("_Integer", np.int64, np.int32, np.bool_)


@dataclass(frozen=True, slots=True)
class Accounting:
    """Where every line of the file went.

    Attributes:
        lines: Lines in the file; `commands + ok + blank`.
        commands: Lines that hold a command, all of which are in the trace.
        ok: Replies to MONITOR itself.
        blank: Lines of white space.
        unknown: How many of the commands have a name that the command table lacks, by name in
            upper case, in order of appearance. They count as reads without a key.
    """

    lines: int
    commands: int
    ok: int
    blank: int
    unknown: dict[str, int]


@dataclass(frozen=True, eq=False)
class MonitorTrace:
    """The commands of a MONITOR log, one row each, in order; all arrays are read-only.

    Attributes:
        time_ns: int64, since the first command; never decreases.
        key_id: int32, the first key that the command writes, or reads if it writes none; dense by
            first appearance (0, 1, ...), `NO_KEY` if it names none. The same name in another data
            base is another key. Keys that are only read beside it are not recorded.
        is_write: bool, whether the command may change the data set.
        value_bytes: int32, length of what the command stores under its key, as it was sent: the
            value of a SET, the fields and members of a collection's command; 0 if it sends none.
        request_bytes: int32, size of the command in RESP, as a client sends it.
        connection: int32, index into `connections`.
        further_command: int64, rows of commands that write more than one key, once for each further
            key; never decreases. MSET of three keys is one row here above and two rows here.
        further_key_id: int32, that key.
        further_value_bytes: int32, length of what is stored under it.
        keys: Number of distinct keys; ids are below it.
        connections: Sender of each connection, e.g. `127.0.0.1:57750`, `unix:/run/redis.sock`, or
            `lua` for all calls by scripts.
        start_unix_ns: Time of the first command.
        accounting: Where every line went.
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
    start_unix_ns: int
    accounting: Accounting

    def __len__(self) -> int:
        return len(self.time_ns)

    @property
    def duration_ns(self) -> int:
        """Time from the first command to the last."""
        return int(self.time_ns[-1])


def _bulk_bytes(size_bytes: int) -> int:
    """Size of a RESP bulk string: `$`, its length in digits, CR LF, the string, CR LF."""
    return 5 + len(str(size_bytes)) + size_bytes


# Most arguments are short, and a look-up costs a third of the computation.
_SHORT_BULK_BYTES = tuple(_bulk_bytes(size) for size in range(4096))


def _request_bytes(arguments: Sequence[bytes]) -> int:
    """Size of a command in RESP: `*`, the number of arguments, CR LF, each as a bulk string."""
    size_bytes = 3 + len(str(len(arguments)))
    for argument in arguments:
        length = len(argument)
        size_bytes += _SHORT_BULK_BYTES[length] if length < 4096 else _bulk_bytes(length)
    return size_bytes


class Columns:
    """The growing columns of a trace; arrays of machine integers, so 25 bytes a command."""

    def __init__(self) -> None:
        self.time_ns = array("q")
        self.key_id = array("i")
        self.is_write = array("b")
        self.value_bytes = array("i")
        self.request_bytes = array("i")
        self.connection = array("i")
        self.further_command = array("q")
        self.further_key_id = array("i")
        self.further_value_bytes = array("i")
        self.unknown: Counter[str] = Counter()
        self.keys = 0
        self._key_ids: defaultdict[bytes, dict[bytes, int]] = defaultdict(dict)
        self._connection_ids: dict[bytes, int] = {}

    def add(self, time_ns: int, database: bytes, sender: bytes, arguments: Sequence[bytes]) -> None:
        """Append one command."""
        command = command_of(arguments)
        if command is None:
            self._count_unknown(arguments[0])
            command = UNKNOWN
        position = command.key
        key_id = NO_KEY
        value_bytes = 0
        if 0 < position < len(arguments):
            key_id = self._key_id(database, arguments[position])
            if command.value is not NOTHING:
                value_bytes = sum(map(len, arguments[command.value]))
            if command.further is not NOTHING:
                self._add_further(command, database, arguments)
        self.time_ns.append(time_ns)
        self.key_id.append(key_id)
        self.is_write.append(command.writes)
        self.value_bytes.append(value_bytes)
        self.request_bytes.append(_request_bytes(arguments))
        self.connection.append(self._connection_ids.setdefault(sender, len(self._connection_ids)))

    def _add_further(self, command: Command, database: bytes, arguments: Sequence[bytes]) -> None:
        """Append the keys that the command about to be added writes beside its first."""
        for position in range(*command.further.indices(len(arguments))):
            stored = arguments[position + 1 : position + 2] if command.paired else ()
            self.further_command.append(len(self.time_ns))
            self.further_key_id.append(self._key_id(database, arguments[position]))
            self.further_value_bytes.append(sum(map(len, stored)))

    def _key_id(self, database: bytes, key: bytes) -> int:
        # A long key is kept as its digest: keys may be of any length, and memory is bounded.
        name = key if len(key) <= 64 else blake2b(key).digest()
        key_id = self._key_ids[database].setdefault(name, self.keys)
        if key_id == self.keys:
            self.keys += 1
        return key_id

    def _count_unknown(self, name: bytes) -> None:
        text = name[:64].upper().decode("ascii", "backslashreplace")
        if text not in self.unknown and len(self.unknown) >= MAX_UNKNOWN_NAMES:
            text = "(others)"
        self.unknown[text] += 1

    def trace(self, start_unix_ns: int, accounting: Accounting) -> MonitorTrace:
        """The columns as read-only NumPy arrays on the same memory."""
        return MonitorTrace(
            time_ns=_frozen(self.time_ns, np.int64),
            key_id=_frozen(self.key_id, np.int32),
            is_write=_frozen(self.is_write, np.bool_),
            value_bytes=_frozen(self.value_bytes, np.int32),
            request_bytes=_frozen(self.request_bytes, np.int32),
            connection=_frozen(self.connection, np.int32),
            further_command=_frozen(self.further_command, np.int64),
            further_key_id=_frozen(self.further_key_id, np.int32),
            further_value_bytes=_frozen(self.further_value_bytes, np.int32),
            keys=self.keys,
            connections=tuple(
                sender.decode("utf-8", "backslashreplace") for sender in self._connection_ids
            ),
            start_unix_ns=start_unix_ns,
            accounting=accounting,
        )


def _frozen(column: array[int], dtype: type[_Integer]) -> NDArray[_Integer]:
    values = np.frombuffer(column, dtype=dtype)
    values.flags.writeable = False
    return values
