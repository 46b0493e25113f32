"""When requests came to a web server, what they got, and how long it took."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from workloads.traces.kinds.facts import percentiles, popularity, rates
from workloads.traces.kinds.trace import Facts, Table
from workloads.traces.reading.accounting import Accounting
from workloads.traces.reading.columns import MISSING, spread

TICK_NS = 10**9
"""The clock of these logs shows seconds."""

LONGEST_NS = 30 * 86400 * 10**9
"""A longer service time is taken for another quantity, or a mistake in the unit."""


@dataclass(frozen=True, eq=False, kw_only=True)
class AccessTrace:
    """The requests of an access log, one row each, in order of time; all arrays are read-only.

    Attributes:
        time_ns: int64, since the first; never decreases. Whole seconds in a log: see `arrival_ns`.
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
    resolution_ns: int = TICK_NS
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
            "client_error_share": float((self.status // 100 == 4).mean()),
            "server_error_share": float((self.status // 100 == 5).mean()),
            **popularity(self.resource_id[self.resource_id != MISSING], "resources"),
            **percentiles(self.response_bytes, "response", "bytes"),
            **percentiles(self.service_ns[self.service_ns != MISSING], "service", "ns"),
            "lines_out_of_order": self.out_of_order,
        }

    def table(self) -> Table:
        """All columns."""
        return {
            "time_ns": self.time_ns,
            "key": self.resource_id,
            "status": self.status,
            "response_bytes": self.response_bytes,
            "service_ns": self.service_ns,
        }
