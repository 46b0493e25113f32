"""What clients give the event loop: iterations to serve, and the replies' latencies.

Many iterations are looked at and served together. That is exact, not an approximation, up to the
earliest of: the next event of anybody else on the machine's clock, the next decision to fork, and
the iteration that changes as many keys as a decision waits for. Until then nobody but the server
acts, so nothing that an iteration depends on can change: its core is its own (looked at together
only if an idle core was the server's last), what a write finds in memory follows from the writes
before it, and what has arrived from arrivals alone. The iteration in which the bound falls is
played through the scheduler by itself; what its writes find is decided when it begins.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from sim.arrays import IntArray

READ_BYTES = 16 * 1024
"""What Redis reads from a connection in one pass of its event loop (PROTO_IOBUF_LEN)."""


@dataclass(frozen=True)
class Iterations:
    """Consecutive iterations of the event loop, looked at but not yet served. All int64 [n].

    Attributes:
        start_ns: when each begins (the loop may have slept before it) ...
        ends_ns: ... and ends, if nobody else uses its core.
        busy_ns: what it needs of a core: service and page faults.
        requests: how many requests it serves.
        writes_end: how many of ``write_pages`` are written by its end.
        write_pages: int64 [writes], the heap pages that SETs dirty, in order.
    """

    start_ns: IntArray
    ends_ns: IntArray
    busy_ns: IntArray
    requests: IntArray
    writes_end: IntArray
    write_pages: IntArray


@dataclass(frozen=True)
class Replies:
    """Latencies of served requests: ``weights[i]`` requests took ``latency_ns[i]``.

    ``at_ns`` (ascending) is when their replies were written.
    """

    at_ns: IntArray
    latency_ns: IntArray
    weights: IntArray


FaultCosts = Callable[[IntArray, IntArray], IntArray]
"""Page-fault time of the first ``ends[i]`` (ascending) writes, for each i, if these pages were
written in this order now; changes nothing."""


class RequestSource(Protocol):
    """A source of requests. `upcoming` looks ahead; `served` takes what was looked at."""

    def upcoming(self, now_ns: int, until_ns: int, costs: FaultCosts) -> Iterations | None:
        """The next iterations of a loop that is free from ``now_ns`` on; None if there are none.

        At least one; as many as are worth looking at of those that end before ``until_ns``.
        """

    def served(self, ends_ns: IntArray) -> Replies:
        """Of the iterations last looked at, the first ``len(ends_ns)`` replied at these times."""
