"""Reader of commands on keys in a file of cells of any origin whose columns are named.

The names say what a column is, whatever its case; others are left alone, and
named in the trace's notes:

* the time, needed unless a rate is said: `time_ns`, `time_us`, `time_ms`, `time_s`, or `time`,
  `timestamp`, `unix_time`, which are dates or seconds; decimals, exact to the nanosecond, that
  must not decrease. Records without times come one after the other, at the rate that is said;
* `key` (also `key_id`, `object`, `object_id`, `obj_id`, `objid`): any text; none if it is empty;
* `op` (also `operation`, `command`, `cmd`): `read` or `write`, `r` or `w`, a command of Redis or
  memcached, or a code whose meaning somebody says; without this column every row is a read;
* `value_bytes` (also `size_bytes`, `value_size`, `obj_size`, `size`): what a write stores;
* `key_bytes` (also `key_size`): the key's length, where the key itself is shortened or a number;
* `op_count` (also `repeats`): so many commands alike;
* `request_bytes`: the size of the command, estimated as Redis' clients send it if it is not there;
* `connection` (also `client`, `client_id`): who sends it; all rows are of one sender without it.

A row whose `op` is `further` names one more key that the command of the row above writes.
A file without a header, or with other names in it, is read with names given by the caller. Cells
are separated by commas, tabs, semicolons, bars or blanks, as the first line shows.
"""

from __future__ import annotations

from workloads.traces.commands.operations import BY_NAME, Operation, by_codes
from workloads.traces.commands.resp import request_bytes
from workloads.traces.formats.csv_blocks import (
    LARGEST_BYTES,
    LONGEST_KEY_BYTES,
    CommandBlocks,
)
from workloads.traces.kinds.key_trace import FURTHER, KeyColumns, KeyTrace
from workloads.traces.reading.about import About
from workloads.traces.reading.accounting import BLANK, HEADER, LineError, account
from workloads.traces.reading.columns import MISSING
from workloads.traces.reading.fields import NOTHING_SAID, Fields, SaidError
from workloads.traces.reading.header import Header, names_in
from workloads.traces.reading.naming import Column, Columns, roles_of
from workloads.traces.reading.rated import RatedTimes
from workloads.traces.reading.text import DEFAULT_LIMITS, ReadLimits, TracePath, trace_error

CSV = About(
    "time, key, operation, sizes, connection, by their names (`objid`, `obj_id`, `object` "
    "... are keys); `op_count` repeats",
    "columns of other names, which are named",
    "without an operation all rows are reads, without a size a value has the program's; a "
    "time without a unit is a date or in seconds unless `unit` says otherwise; the clock "
    "ticks with the last decimal; records without times come at `rate`",
)

COLUMNS: Columns = {
    "time": Column(
        ("time", "timestamp", "unix_time", "op_time", "datetime"), time=True, unit="s", dated=True
    ),
    "key": Column(("key", "key_id", "object", "object_id", "obj_id", "objid", "obj")),
    "op": Column(("op", "operation", "command", "cmd")),
    "value_bytes": Column(
        ("value_bytes", "size_bytes", "value_size", "obj_size", "object_size", "size"), number=True
    ),
    "key_bytes": Column(("key_bytes", "key_size"), number=True),
    "op_count": Column(("op_count", "repeats"), number=True),
    "request_bytes": Column(("request_bytes",), number=True),
    "connection": Column(("connection", "client", "client_id")),
}
_FURTHER = FURTHER.encode()
_WITHOUT = BY_NAME["read"]


def fits_csv(names: list[str]) -> bool:
    """Whether columns of these names make such a trace."""
    roles = roles_of(COLUMNS, names).keys()
    return len(roles) > 1 and bool(roles & {"time", "key"})


def looks_like_csv(first_bytes: bytes) -> bool:
    """Whether a text that begins so may be such a file: a time or key, and something else."""
    return fits_csv(names_in(first_bytes.lstrip().partition(b"\n")[0]))


def read_csv(
    path: TracePath, limits: ReadLimits = DEFAULT_LIMITS, fields: Fields = NOTHING_SAID
) -> KeyTrace:
    """Read such a file, plain or compressed, in one pass.

    Args:
        path: The file.
        limits: What of it is accepted; of its commands, too, where a row is several.
        fields: Names of its columns; if names are given in place of the header's, the first line is
            still taken for a header if there is no number where one should be. The unit of
            a time whose name has none: seconds if it is not said. What codes of operations mean,
            and the rate of records without times.

    Raises:
        TraceError: As `account` does; a line is damaged that has too few or too many cells or
            something else than its column promises, whose time goes backwards, or that is the first
            and names no time. Or a code is said to mean something that is not known.
    """
    try:
        rows = _CommandColumns(fields, limits.max_lines)
    except SaidError as error:
        raise trace_error(path, 1, 1, error.what, error.expected) from None
    accounting = account(path, limits, "row", rows.take, rows.blocks.take_block)
    return rows.columns.trace(accounting, rows.resolution_ns, rows.header.notes)


class _CommandColumns:
    """The growing columns."""

    def __init__(self, fields: Fields, most_commands: int) -> None:
        self.columns = KeyColumns()
        self.header = Header(COLUMNS, ("time",), fields, rated=True)
        self._operations = by_codes(dict(fields.operations))
        self._rated = RatedTimes(fields.rate)
        self._most_commands = most_commands
        self._tick_ns = 10**9
        self.blocks = CommandBlocks(
            self.columns, self.header, self._operations, self._rated, most_commands
        )

    @property
    def resolution_ns(self) -> int:
        """The tick of a clock with as many decimals as were seen."""
        tick_ns = min(self._tick_ns, self.blocks.tick_ns)
        return tick_ns if self.header.has("time") else self._rated.tick_ns

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
        if len(key) > LONGEST_KEY_BYTES:
            raise header.error(line, "key", "key", "a name of at most 1 MiB")
        name = header.cell(cells, "op").lower()
        further = name == _FURTHER
        operation = BY_NAME["write"] if further else self._operation(line, name)
        value_bytes = self._stored(line, cells, operation)
        timed = header.has("time")
        time_ns, tick_ns = header.time(line, cells, "time") if timed else (0, self._tick_ns)
        if further:
            if not len(self.columns) or not key:
                raise LineError(1, "nothing to go further", "a key, and a command in the row above")
            self.columns.add_further(key, value_bytes)
            return
        size_bytes = self._request_bytes(line, cells, key, operation, value_bytes)
        repeats = self._repeats(line, cells)
        for _ in range(repeats):
            if timed:
                self.columns.times.add(time_ns, header.column(line, "time"))
            else:
                self.columns.times.add(self._rated.next_ns())
            self.columns.add(
                key or None,
                is_write=operation.writes,
                value_bytes=value_bytes,
                request_bytes=size_bytes,
                sender=header.cell(cells, "connection"),
            )
        self._tick_ns = min(self._tick_ns, tick_ns)

    def _operation(self, line: bytes, name: bytes) -> Operation:
        operation = self._operations.get(name) if name else _WITHOUT
        if operation is None:
            expected = "read, write or a command of Redis or memcached, or operations that say it"
            raise self.header.error(line, "op", "operation", expected)
        return operation

    def _stored(self, line: bytes, cells: list[bytes], operation: Operation) -> int:
        """Bytes that an operation stores; `MISSING` if the row does not say."""
        if not operation.stores:
            return 0
        size = self.header.whole(line, cells, "value_bytes", LARGEST_BYTES + 1, "size")
        return MISSING if size is None else size

    def _request_bytes(
        self,
        line: bytes,
        cells: list[bytes],
        key: bytes,
        operation: Operation,
        value_bytes: int,
    ) -> int:
        said = self.header.whole(line, cells, "request_bytes", LARGEST_BYTES + 1, "size")
        if said is not None:
            return said
        key_bytes = self.header.whole(line, cells, "key_bytes", LARGEST_BYTES + 1, "size")
        stored = [value_bytes] if value_bytes > 0 else []
        name = len("SET" if operation.writes else "GET")
        return request_bytes([name, len(key) if key_bytes is None else key_bytes, *stored])

    def _repeats(self, line: bytes, cells: list[bytes]) -> int:
        if not self.header.has("op_count"):
            return 1
        repeats = self.header.whole(line, cells, "op_count", 2**63)
        if repeats is None:
            return 1
        if not 1 <= repeats <= self._most_commands - len(self.columns):
            expected = f"at least 1, and {self._most_commands} commands in all at most"
            raise self.header.error(line, "op_count", "op_count", expected)
        return repeats
