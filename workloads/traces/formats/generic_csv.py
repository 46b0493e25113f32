"""Reader of commands on keys in a CSV of any origin whose columns are named.

The names say what a column is, whatever its case; others are left alone, and
named in the trace's notes:

* the time, needed: `time_ns`, `time_us`, `time_ms`, `time_s`, or `time`, `timestamp`, `unix_time`
  in seconds; decimals, exact to the nanosecond, which must not decrease;
* `key` (also `key_id`, `object`, `object_id`, `obj_id`, `objid`): any text; none if it is empty;
* `op` (also `operation`, `command`, `cmd`): `read` or `write`, `r` or `w`, or a command of Redis or
  memcached; without this column every row is a read;
* `value_bytes` (also `size_bytes`, `value_size`, `size`): what a write stores under the key;
* `request_bytes`: the size of the command, estimated as Redis' clients send it if it is not there;
* `connection` (also `client`, `client_id`): who sends it; all rows are of one sender without it.

A row whose `op` is `further` names one more key that the command of the row above writes.
A file without a header, or with other names in it, is read with names given by the caller.
"""

from __future__ import annotations

from functools import cached_property

from workloads.traces.commands.memcached import OPERATIONS, READS
from workloads.traces.commands.redis import COMMANDS
from workloads.traces.commands.resp import request_bytes
from workloads.traces.kinds.key_trace import FURTHER, KeyColumns, KeyTrace
from workloads.traces.reading.accounting import BLANK, HEADER, LineError, account
from workloads.traces.reading.cells import cell_column, cell_error, decimal_at, decimals, not_read
from workloads.traces.reading.fields import NOTHING_SAID, PLACES, Fields
from workloads.traces.reading.header import Header, names_in
from workloads.traces.reading.text import DEFAULT_LIMITS, ReadLimits, TracePath

LARGEST_BYTES = 2**29
"""A larger value is refused: columns have 32 bits. Redis' own limit is 512 MiB."""

_WITHOUT_UNIT = ("time", "timestamp", "unix_time")
_PLACES = {f"time_{unit}": places for unit, places in PLACES.items()} | dict.fromkeys(
    _WITHOUT_UNIT, PLACES["s"]
)
_COLUMNS = {
    **dict.fromkeys(_PLACES, "time"),
    **dict.fromkeys(("key", "key_id", "object", "object_id", "obj_id", "objid"), "key"),
    **dict.fromkeys(("op", "operation", "command", "cmd"), "op"),
    **dict.fromkeys(("value_bytes", "size_bytes", "value_size", "size"), "value_bytes"),
    "request_bytes": "request_bytes",
    **dict.fromkeys(("connection", "client", "client_id"), "connection"),
}
_FURTHER = FURTHER.encode()
_IS_WRITE: dict[bytes, bool] = {
    **{name.lower(): command.writes for name, command in COMMANDS.items()},
    **{name: name not in READS for name in OPERATIONS},
    **{b"read": False, b"r": False, b"write": True, b"w": True},
}
_LONGEST_KEY_BYTES = 2**20


def looks_like_csv(first_bytes: bytes) -> bool:
    """Whether a text that begins so may be such a CSV: a time and something else are named."""
    names = names_in(first_bytes.lstrip().partition(b"\n")[0])
    roles = {_COLUMNS[name] for name in names if name in _COLUMNS}
    return "time" in roles and len(roles) > 1


def read_csv(
    path: TracePath, limits: ReadLimits = DEFAULT_LIMITS, fields: Fields = NOTHING_SAID
) -> KeyTrace:
    """Read a CSV, plain or compressed, in one pass.

    Args:
        path: The file.
        limits: What of it is accepted.
        fields: Names of all columns in their order, in place of the header's; the first line is
            still taken for a header if there is no number where the time should be. And the unit of
            a time whose name has none: seconds if it is not said.

    Raises:
        TraceError: As `account` does; a line is damaged that has too few or too many cells or
            something else than its column promises, whose time goes backwards, or that is the first
            and names no time.
    """
    rows = _CommandColumns(fields)
    accounting = account(path, limits, "row", rows.take)
    return rows.columns.trace(accounting, rows.resolution_ns, not_read(rows.header.unread))


class _CommandColumns:
    """The growing columns."""

    def __init__(self, fields: Fields) -> None:
        self.columns = KeyColumns()
        self.header = Header(_COLUMNS, ("time",), fields.names)
        self._unit = fields.unit
        self._decimals = 0

    @cached_property
    def _places(self) -> int:
        """How many decimals of the clock's unit a nanosecond is away."""
        name = self.header.name("time")
        if self._unit is not None and name in _WITHOUT_UNIT:
            return PLACES[self._unit]
        return _PLACES[name]

    @property
    def resolution_ns(self) -> int:
        """The tick of a clock with as many decimals as were seen."""
        return int(10 ** max(self._places - self._decimals, 0))

    def take(self, line: bytes) -> str | None:
        if not line.strip():
            return BLANK
        if self.header.is_header(line):
            return HEADER
        self._take_row(line, self.header.cells(line))
        return None

    def _take_row(self, line: bytes, cells: list[bytes]) -> None:
        header = self.header
        key = header.cell(cells, "key")
        if len(key) > _LONGEST_KEY_BYTES:
            raise cell_error(line, header.place("key") or 0, "key", "a name of at most 1 MiB")
        operation = header.cell(cells, "op").lower()
        is_write = operation == _FURTHER or _IS_WRITE.get(operation, None if operation else False)
        if is_write is None:
            expected = "read, write or a command of Redis or memcached"
            raise cell_error(line, header.place("op") or 0, "operation", expected)
        value_bytes = (
            header.whole(line, cells, "value_bytes", LARGEST_BYTES + 1, "size") if is_write else 0
        )
        time = header.place("time") or 0
        time_ns = decimal_at(line, cells, time, self._places, "time")
        if operation == _FURTHER:
            if not len(self.columns) or not key:
                raise LineError(1, "nothing to go further", "a key, and a command in the row above")
            self.columns.add_further(key, value_bytes or 0)
            return
        size_bytes = header.whole(line, cells, "request_bytes", LARGEST_BYTES + 1, "size")
        if size_bytes is None:
            name = b"SET" if is_write else b"GET"
            stored = [value_bytes] if value_bytes else []
            size_bytes = request_bytes([len(name), len(key), *stored])
        self.columns.times.add(time_ns, cell_column(line, time))
        self._decimals = max(self._decimals, decimals(cells[time]))
        self.columns.add(
            key or None,
            is_write=is_write,
            value_bytes=value_bytes or 0,
            request_bytes=size_bytes,
            sender=header.cell(cells, "connection"),
        )
