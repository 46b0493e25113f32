"""What closed-loop clients tell of iterations: a pass of every connection."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from sim.arrays import IntArray
from workloads.programs.redis.heap import RedisHeap
from workloads.programs.redis.requests import Replies

_MOST_ITERATIONS = 512
"""Looked at together: more do not fit into a core's cache, fewer take longer to call for."""
_MOST_SETS, _MOST_PAGES = 2**17, 2**20
"""Looked at together, and drawn ahead, for all connections: SETs, and pages that they dirty."""


@dataclass(frozen=True)
class Passes:
    """Consecutive iterations that read a pass of every connection.

    Attributes:
        requests: int64 [n], how many each serves.
        changes_end: int64 [n], how many keys are written by its end.
        writes_end: int64 [n], how many pages SETs have dirtied by its end.
        pages: int64 [writes_end[-1]], these pages in order.
        ends: of each connection how far passes serve its sequence of requests, and how far they
            read its bytes; none if that goes without saying.
    """

    requests: IntArray
    changes_end: IntArray
    writes_end: IntArray
    pages: IntArray
    ends: list[tuple[IntArray, IntArray]]


class Connections(Protocol):
    """Connections that send a request for every reply."""

    most_iterations: int
    """To be looked at together."""

    @property
    def oldest_ns(self) -> int:
        """When the oldest of the requests was sent that are not answered."""

    def passes(self, count: int) -> Passes:
        """The next ``count`` iterations."""

    def reply(self, passes: Passes, ends_ns: IntArray) -> Replies:
        """Take the first ``len(ends_ns)`` as served, replying at these times; the latencies."""


def drawn_ahead(heap: RedisHeap, connections: int) -> int:
    """How many SETs of each connection are drawn together."""
    return max(1, min(_MOST_SETS, _MOST_PAGES // heap.pages_of_a_set) // connections)


def iterations_of(sets: float) -> int:
    """How many iterations are looked at together that have so many SETs each."""
    return max(1, int(min(_MOST_ITERATIONS, _MOST_SETS / max(sets, 1))))
