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

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

import numpy as np

from models.faults.batch import Faults
from sim.arrays import IntArray
from workloads.programs.redis.arrivals import SkippedRequests

READ_BYTES = 16 * 1024
"""What Redis reads from a connection in one pass of its event loop (PROTO_IOBUF_LEN)."""


Basis = TypeVar("Basis")
"""What a source needs to take the iterations that it has shown as served."""


@dataclass(frozen=True)
class RequestOrder:
    """What is done in which order in iterations: one request after the other, its writes first.

    Attributes:
        service_ns: int64 [n], how long each request is served, without its page faults.
        writes_from: int64 [n + 1], which write is the first of each request.
    """

    service_ns: IntArray
    writes_from: IntArray


@dataclass(frozen=True)
class Iterations(Generic[Basis]):
    """Consecutive iterations of the event loop, looked at but not yet served. Arrays are int64 [n].

    Attributes:
        start_ns: when each begins (the loop may have slept before it) ...
        ends_ns: ... and ends, if nobody else uses its core.
        busy_ns: what it needs of a core: service and page faults.
        requests: how many requests it serves.
        changes_end: how many keys are written by its end.
        writes_end: how many pages SETs have dirtied by its end.
        faults: of all these writes.
        basis: their source's own.
        order: of what is done in each; None if nothing is sent but when one ends.
    """

    start_ns: IntArray
    ends_ns: IntArray
    busy_ns: IntArray
    requests: IntArray
    changes_end: IntArray
    writes_end: IntArray
    faults: Faults
    basis: Basis
    order: RequestOrder | None = None

    def faults_at(self, count: int) -> tuple[IntArray, IntArray]:
        """In which of the first iterations each of their faults falls, and how long into it."""
        ends = self.writes_end[:count]
        position = self.faults.position
        position = position[: position.searchsorted(ends[-1])]
        iteration = ends.searchsorted(position, "right")
        cost_ns = self.faults.cost_ns[: len(position)]
        before_ns = cost_ns.cumsum() - cost_ns
        # Less what was before the first of the same iteration.
        leads = np.append(True, iteration[1:] != iteration[:-1])
        into_ns: IntArray = before_ns - np.maximum.accumulate(before_ns * leads)
        several = np.flatnonzero(self.requests[iteration] > 1)
        if self.order is not None and len(several):
            writes_from = self.order.writes_from
            ordered = writes_from.searchsorted(position[several] + writes_from[0], "right") - 1
            end = self.requests[: iteration[-1] + 1].cumsum()
            begun = (end - self.requests[: len(end)])[iteration[several]]
            served_ns = np.append(0, self.order.service_ns[: end[-1]].cumsum())
            into_ns[several] += served_ns[ordered] - served_ns[begun]
        return iteration, into_ns


@dataclass(frozen=True)
class Replies:
    """Latencies of served requests: ``weights[i]`` requests took ``latency_ns[i]``.

    ``at_ns`` (ascending) is when their replies were written; for ``own_ns[i]`` of the time they
    were served themselves, all of them together.
    """

    at_ns: IntArray
    latency_ns: IntArray
    weights: IntArray
    own_ns: IntArray


FindFaults = Callable[[IntArray], Faults]
"""The faults that writes of these heap pages would raise, in this order and now; changes nothing.
"""


def fault_ns(faults: Faults, ends: IntArray) -> IntArray:
    """Page-fault time of the first ``ends[i]`` writes, for each i."""
    total_ns = np.append(0, np.cumsum(faults.cost_ns))
    return total_ns[np.searchsorted(faults.position, ends)]


class RequestSource(Protocol[Basis]):
    """A source of requests. `upcoming` looks ahead; `served` takes what was looked at."""

    def upcoming(
        self, now_ns: int, until_ns: int, find_faults: FindFaults
    ) -> Iterations[Basis] | None:
        """The next iterations of a loop that is free from ``now_ns`` on; None if there are none.

        At least one; as many as are worth looking at of those that end before ``until_ns``.
        """

    def oldest_ns(self, now_ns: int) -> int:
        """Before when no request was sent that is not answered now."""

    def served(self, ahead: Iterations[Basis], ends_ns: IntArray) -> Replies:
        """The first ``len(ends_ns)`` iterations of the latest look, replied at these times."""

    def skip(
        self, from_ns: int, until_ns: int, *, faulting: bool
    ) -> Iterator[tuple[int, SkippedRequests]]:
        """Go on at a later moment, while nobody waits; what is sent meanwhile, in pieces.

        In order of time, each with its end; none if nothing may be skipped.

        Args:
            from_ns: now.
            until_ns: that moment.
            faulting: whether it is of interest which pages they dirty.
        """
