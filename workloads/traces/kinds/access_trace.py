"""When requests came to a web server, what they got, and how long it took."""

from __future__ import annotations

import re
from array import array
from dataclasses import dataclass
from typing import TypeVar

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
from workloads.traces.reading.cells import decimal
from workloads.traces.reading.columns import MISSING, Ids, IntColumn, frozen, spread

_Integer = TypeVar("_Integer", np.int64, np.int32, np.int16)
_TARGET = re.compile(rb"[A-Z]+ ([^ ?#]+)")
_PATH = re.compile(rb"[^ ?#]+")
_TIMES_OF_SERVERS = re.compile(rb"(?:, ?| : )")

STATUS_BELOW, BYTES_BELOW = 1000, 10**18
"""What a status and a response's size are below; what is not is taken for another quantity."""

LONGEST_NS = 30 * 86400 * 10**9
"""A longer service time is taken for another quantity, or a mistake in the unit."""


@dataclass(frozen=True, eq=False, kw_only=True)
class AccessTrace:
    """The requests of an access log, one row each, in order of time; all arrays are read-only.

    Attributes:
        time_ns: int64, since the first; never decreases. Whole ticks of a clock: see `arrival_ns`.
        status: int16, of the response; `MISSING` where the log says `-`.
        response_bytes: int64, without headers; 0 where the log says `-`.
        service_ns: int64, how long the request took, of its server and its network; `MISSING` if
            the line does not say.
        resource_id: int32, which path was asked for, without its query; dense by first appearance
            in the file, `MISSING` if the request line names none.
        resources: Number of distinct paths.
        start_unix_ns: Time of the first request.
        out_of_order: Lines whose time lies before that of a line above.
        accounting: Where every line went.
        resolution_ns: Tick of the log's clock.
        notes: What was not used, or was assumed, in sentences for people.
    """

    time_ns: NDArray[np.int64]
    status: NDArray[np.int16]
    response_bytes: NDArray[np.int64]
    service_ns: NDArray[np.int64]
    resource_id: NDArray[np.int32]
    resources: int
    start_unix_ns: int
    out_of_order: int
    accounting: Accounting
    resolution_ns: int = 10**9
    notes: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.time_ns)

    @property
    def duration_ns(self) -> int:
        """Time from the first request to the last."""
        return int(self.time_ns[-1])

    def arrival_ns(self) -> NDArray[np.int64]:
        """`time_ns` with the requests of a tick spread over it, as `columns.spread` does."""
        return spread(self.time_ns, self.resolution_ns)

    def facts(self) -> Facts:
        """Rates, failures, popularity of paths, sizes and times."""
        return {
            **rates(self.time_ns, self.resolution_ns),
            **longest_gap(self.time_ns),
            "client_error_share": float((self.status // 100 == 4).mean()),
            "server_error_share": float((self.status // 100 == 5).mean()),
            **popularity(self.resource_id[self.resource_id != MISSING], "resources"),
            **percentiles(self.response_bytes, "response", "bytes"),
            **percentiles(self.service_ns[self.service_ns != MISSING], "service", "ns"),
            "lines_out_of_order": self.out_of_order,
        }

    def table(self) -> Table:
        """All columns."""
        # In the clock's own unit, so that whoever reads it again has the same clock.
        name, times = in_own_unit(self.time_ns, self.resolution_ns)
        return {
            name: times,
            "key": self.resource_id,
            "status": self.status,
            "response_bytes": self.response_bytes,
            "service_ns": self.service_ns,
        }


class AccessColumns:
    """The growing columns of an `AccessTrace`, in order of lines.

    Attributes:
        unix_ns: when requests came.
        tick_ns: the finest tick of the clock that was seen.
        resources: numbers of the paths.
    """

    def __init__(self) -> None:
        self.unix_ns = array("q")
        self.tick_ns = 10**9
        self._status = array("h")
        self._response_bytes = array("q")
        self._service_ns = array("q")
        self._resource_id = array("i")
        self.resources = Ids()

    def __len__(self) -> int:
        return len(self.unix_ns)

    def add(
        self,
        unix_ns: int,
        tick_ns: int,
        *,
        status: int | None,
        response_bytes: int | None,
        service_ns: int,
        resource: bytes | None,
    ) -> None:
        """Append a request; what its line does not say is None, a service time `MISSING`.

        Args:
            unix_ns: when it came.
            tick_ns: of the clock that said so.
            status: of the response.
            response_bytes: without headers.
            service_ns: as the function of that name has it.
            resource: as `resource_of` and `resource_at` have it.
        """
        self.unix_ns.append(unix_ns)
        self.tick_ns = min(self.tick_ns, tick_ns)
        self._status.append(MISSING if status is None else status)
        self._response_bytes.append(response_bytes or 0)
        self._service_ns.append(service_ns)
        self._resource_id.append(self.resources.of(resource) if resource else MISSING)

    def extend(
        self,
        unix_ns: IntColumn,
        tick_ns: IntColumn,
        *,
        status: IntColumn,
        response_bytes: IntColumn,
        service_ns: IntColumn,
        resource: IntColumn,
    ) -> None:
        """Append n requests as `add` does; their resources are numbers of `resources`, or none."""
        self.tick_ns = min(self.tick_ns, int(tick_ns.min()))
        for column, values in (
            (self.unix_ns, unix_ns),
            (self._status, status.astype(np.int16)),
            (self._response_bytes, response_bytes),
            (self._service_ns, service_ns),
            (self._resource_id, resource.astype(np.int32)),
        ):
            column.frombytes(values.tobytes())

    def trace(self, accounting: Accounting, notes: tuple[str, ...]) -> AccessTrace:
        """The columns in order of time, as read-only arrays; they must not grow any more."""
        unix_ns = frozen(self.unix_ns, np.int64)
        order = np.argsort(unix_ns, kind="stable")
        start_ns = int(unix_ns[order[0]])
        time_ns = _read_only(unix_ns[order] - start_ns)
        return AccessTrace(
            time_ns=time_ns,
            status=_read_only(frozen(self._status, np.int16)[order]),
            response_bytes=_read_only(frozen(self._response_bytes, np.int64)[order]),
            service_ns=_read_only(frozen(self._service_ns, np.int64)[order]),
            resource_id=_read_only(frozen(self._resource_id, np.int32)[order]),
            resources=len(self.resources),
            start_unix_ns=start_ns,
            out_of_order=int((unix_ns < np.maximum.accumulate(unix_ns)).sum()),
            accounting=accounting,
            resolution_ns=self.tick_ns,
            notes=(*notes, *gap_notes(time_ns)),
        )


def _read_only(column: NDArray[_Integer]) -> NDArray[_Integer]:
    column.flags.writeable = False
    return column


def resource_of(request: bytes) -> bytes | None:
    """The path that a request's line asks for, without its query; None if it names none."""
    match = _TARGET.match(request)
    return match[1] if match else None


def resource_at(target: bytes) -> bytes | None:
    """The path of a request's target, without its query; None if there is none (`-`)."""
    match = _PATH.match(target)
    return match[0] if match and target != b"-" else None


class ServiceError(ValueError):
    """A text that is no service time; its arguments are what is wrong, and what was expected."""


def service_ns(text: bytes, places: int) -> int:
    """The service time in ns that a text says; `MISSING` if it is none (`-`, or empty).

    Of several times, as NGINX writes them when it has asked several servers in turn (`0.1, 0.2`),
    it is the sum.

    Args:
        text: one number or several.
        places: ns in their unit, as a power of ten.

    Raises:
        ServiceError: It is no number, or above `LONGEST_NS`.
    """
    if text in (b"", b"-"):
        return MISSING
    time_ns = decimal(text, places)
    if time_ns is None:
        parts = [
            0 if part == b"-" else decimal(part, places) for part in _TIMES_OF_SERVERS.split(text)
        ]
        if len(parts) < 2 or None in parts:
            raise ServiceError("bad service time", "a number, quoted or not, or '-'")
        time_ns = sum(part for part in parts if part is not None)
    if time_ns > LONGEST_NS:
        raise ServiceError("service time too long", "a time below 30 days")
    return time_ns
