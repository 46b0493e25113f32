"""Reader of requests to a web server in a file of cells whose columns are named.

A time, needed unless a rate is said: `time_ns` (`_us`, `_ms`, `_s`), or `time`, `timestamp` and the
like, which are dates or Unix time in seconds. `status`; `path` or `request`; `response_bytes`; the
service time (`service_ms`, `duration_us` ..., or without a unit, if somebody says which). An empty
cell, or `-`, is missing. Others are left alone, and named in the notes.

Of converted logs that are older than the names of units, whose times are all in ns, a clock of
seconds is told by whole seconds.
"""

from __future__ import annotations

import numpy as np

from workloads.traces.formats.access_csv_blocks import AccessRowBlocks
from workloads.traces.kinds.access_trace import (
    BYTES_BELOW,
    STATUS_BELOW,
    AccessColumns,
    AccessTrace,
    ServiceError,
    resource_at,
    resource_of,
    service_ns,
)
from workloads.traces.reading.about import About
from workloads.traces.reading.accounting import BLANK, HEADER, LineError, account
from workloads.traces.reading.columns import MISSING
from workloads.traces.reading.fields import NOTHING_SAID, Fields
from workloads.traces.reading.header import Header, names_in
from workloads.traces.reading.naming import Column, Columns, roles_of
from workloads.traces.reading.rated import RatedTimes
from workloads.traces.reading.text import DEFAULT_LIMITS, ReadLimits, TracePath

ACCESS_CSV = About(
    "time, path, status, size; the service time, if its name ends in a unit, or `unit` says it",
    "columns of other names, which are named",
    "a time without a unit is a date or Unix time in seconds; if all of `time_ns` are "
    "whole seconds, the clock ticks in seconds",
)

COLUMNS: Columns = {
    "time": Column(
        ("time", "timestamp", "datetime", "date", "unix_time", "msec", "time_local",
         "time_iso8601", "@timestamp", "ts", "start_time"),
        time=True, unit="s", asked=False, dated=True,
    ),
    "status": Column(("status", "status_code", "response_code", "responsecode"), number=True),
    "path": Column(
        ("path", "key", "request_uri", "uri", "url", "target", "request_path"),
        instead_of="request",
    ),
    "request": Column(("request", "request_line"), instead_of="path"),
    "response_bytes": Column(
        ("response_bytes", "body_bytes_sent", "bytes_sent", "bytes", "size", "response_size"),
        number=True,
    ),
    "service": Column(
        ("service", "request_time", "duration", "elapsed", "response_time", "latency",
         "time_taken", "upstream_response_time"),
        time=True,
    ),
}  # fmt: skip
"""What a request's columns are called; keys of JSON logs are called the same."""


def fits_access_csv(names: list[str]) -> bool:
    """Whether columns of these names make such a trace."""
    roles = roles_of(COLUMNS, names)
    return "status" in roles and len(roles) > 1


def looks_like_access_csv(first_bytes: bytes) -> bool:
    """Whether a text that begins so may be such a trace."""
    names = names_in(first_bytes.lstrip().partition(b"\n")[0])
    return {"time", "status"} <= roles_of(COLUMNS, names).keys()


def read_access_csv(
    path: TracePath, limits: ReadLimits = DEFAULT_LIMITS, fields: Fields = NOTHING_SAID
) -> AccessTrace:
    """Read such a file, plain or compressed, in one pass.

    Args:
        path: The file.
        limits: What of it is accepted.
        fields: Names of its columns, the unit of a service time whose name has none, and the rate
            of a file without times.

    Raises:
        TraceError: As `account` does; a line is damaged that has something else than its columns
            promise.
    """
    rows = _AccessRows(fields)
    accounting = account(path, limits, "request", rows.take, rows.blocks.take_block)
    if (
        rows.all_ns
        and rows.blocks.all_ns
        and not (np.frombuffer(rows.columns.unix_ns, np.int64) % 10**9).any()
    ):
        rows.columns.tick_ns = 10**9
    return rows.columns.trace(accounting, (*rows.header.notes, *rows.no_service_times()))


class _AccessRows:
    """The growing columns."""

    def __init__(self, fields: Fields) -> None:
        self.columns = AccessColumns()
        self._rated = RatedTimes(fields.rate)
        self.header = Header(COLUMNS, ("time",), fields, rated=True)
        self.blocks = AccessRowBlocks(self.columns, self.header)
        self.all_ns = True

    def take(self, line: bytes) -> str | None:
        header = self.header
        if not line:
            return BLANK
        if header.is_header(line):
            return HEADER
        cells = [b"" if cell == b"-" else cell for cell in header.cells(line)]
        if header.has("time"):
            unix_ns, tick_ns = header.time(line, cells, "time")
            self.all_ns &= tick_ns == 1
        status = header.whole(line, cells, "status", STATUS_BELOW)
        response_bytes = header.whole(line, cells, "response_bytes", BYTES_BELOW)
        service = self._service_ns(line, cells)
        if path := header.cell(cells, "path"):
            resource = resource_at(path)
        else:
            resource = resource_of(header.cell(cells, "request"))
        if not header.has("time"):
            unix_ns, tick_ns = self._rated.next_ns(), self._rated.tick_ns
            if unix_ns >= 2**63:
                raise LineError(1, "time is beyond the year 2262", "a higher rate")
            self.all_ns = False
        self.columns.add(
            unix_ns,
            tick_ns,
            status=status,
            response_bytes=response_bytes,
            service_ns=service,
            resource=resource,
        )
        return None

    def _service_ns(self, line: bytes, cells: list[bytes]) -> int:
        if not self.header.has("service"):
            return MISSING
        try:
            return service_ns(self.header.cell(cells, "service"), self.header.places("service"))
        except ServiceError as error:
            raise LineError(self.header.column(line, "service"), *error.args) from None

    def no_service_times(self) -> tuple[str, ...]:
        """The note that no service times were read; none if they were."""
        if self.header.has("service"):
            return ()
        return ("no service times: no column is said to be one, with its unit",)
