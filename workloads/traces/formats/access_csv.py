"""Reader of requests to a web server in a CSV, as `forksim trace convert` writes it.

A time (`time_ns`, `_us`, `_ms`, `_s`) that must not decrease, and `status`, are needed; `key` is
the path; `response_bytes`; `service_ns` (`_us`, `_ms`, `_s`). An empty cell is missing. Others are
left alone, and named in the notes. If all times are whole seconds, the clock's tick was a second.
"""

from __future__ import annotations

from array import array

import numpy as np

from workloads.traces.kinds.access_trace import LONGEST_NS, TICK_NS, AccessTrace
from workloads.traces.reading.accounting import BLANK, HEADER, account
from workloads.traces.reading.cells import cell_column, cell_error, decimal_at, not_read
from workloads.traces.reading.columns import MISSING, Ids, Times, frozen
from workloads.traces.reading.fields import NOTHING_SAID, PLACES, Fields
from workloads.traces.reading.header import Header, names_in
from workloads.traces.reading.text import DEFAULT_LIMITS, ReadLimits, TracePath

_TIMES = {f"time_{unit}": places for unit, places in PLACES.items()}
_SERVICES = {f"service_{unit}": places for unit, places in PLACES.items()}
_ROLES = {
    **dict.fromkeys(_TIMES, "time"),
    **dict.fromkeys(_SERVICES, "service"),
    "status": "status",
    "key": "key",
    "response_bytes": "response_bytes",
}


def looks_like_access_csv(first_bytes: bytes) -> bool:
    """Whether a text that begins so may be such a CSV."""
    names = names_in(first_bytes.lstrip().partition(b"\n")[0])
    return {"time", "status"} <= {_ROLES.get(name) for name in names}


def read_access_csv(
    path: TracePath, limits: ReadLimits = DEFAULT_LIMITS, fields: Fields = NOTHING_SAID
) -> AccessTrace:
    """Read such a CSV, plain or compressed, in one pass.

    Args:
        path: The file.
        limits: What of it is accepted.
        fields: Names of all columns in their order, in place of the header's.

    Raises:
        TraceError: As `account` does; a line is damaged that has something else than its columns
            promise, or whose time goes backwards.
    """
    rows = _AccessRows(fields)
    accounting = account(path, limits, "request", rows.take)
    time_ns = frozen(rows.times.column, np.int64)
    return AccessTrace(
        time_ns=time_ns,
        status=frozen(rows.status, np.int16),
        response_bytes=frozen(rows.response_bytes, np.int64),
        service_ns=frozen(rows.service_ns, np.int64),
        resource_id=frozen(rows.resource_id, np.int32),
        resources=len(rows.resources),
        start_unix_ns=rows.times.start_ns,
        out_of_order=0,
        resolution_ns=1 if (time_ns % TICK_NS).any() else TICK_NS,
        accounting=accounting,
        notes=not_read(rows.header.unread),
    )


class _AccessRows:
    """The growing columns."""

    def __init__(self, fields: Fields) -> None:
        self.times = Times()
        self.status = array("h")
        self.response_bytes = array("q")
        self.service_ns = array("q")
        self.resource_id = array("i")
        self.resources = Ids()
        self.header = Header(_ROLES, ("time", "status"), fields.names)

    def take(self, line: bytes) -> str | None:
        if not line:
            return BLANK
        if self.header.is_header(line):
            return HEADER
        cells = self.header.cells(line)
        time = self.header.place("time") or 0
        time_ns = decimal_at(line, cells, time, _TIMES[self.header.name("time")], "time")
        status = self.header.whole(line, cells, "status", 1000)
        response_bytes = self.header.whole(line, cells, "response_bytes", 10**18)
        service_ns = self._service_ns(line, cells)
        self.times.add(time_ns, cell_column(line, time))
        self.status.append(MISSING if status is None else status)
        self.response_bytes.append(response_bytes or 0)
        self.service_ns.append(service_ns)
        key = self.header.cell(cells, "key")
        self.resource_id.append(self.resources.of(key) if key else MISSING)
        return None

    def _service_ns(self, line: bytes, cells: list[bytes]) -> int:
        place = self.header.place("service")
        if place is None or not cells[place]:
            return MISSING
        places = _SERVICES[self.header.name("service")]
        service_ns = decimal_at(line, cells, place, places, "service time")
        if service_ns > LONGEST_NS:
            raise cell_error(line, place, "service time", "less than 30 days")
        return service_ns
