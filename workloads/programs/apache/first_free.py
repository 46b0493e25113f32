"""Requests that are served by the worker that is free first, resolved without a clock."""

from __future__ import annotations

from collections.abc import Iterable
from heapq import heapify, heapreplace
from itertools import count
from typing import Generic, TypeVar

Worker = TypeVar("Worker")

_BEFORE_ALL = 1 << 62
"""More than there are requests."""


class FirstFree(Generic[Worker]):
    """Workers of which each has a core to itself; who is free for longest takes who comes first.

    Kiefer's and Wolfowitz's recursion: a request is begun when it comes, or when the first of the
    workers is free.

    Args:
        free: since when each worker is free, and who it is, in the order in which they became so.
    """

    def __init__(self, free: Iterable[tuple[int, Worker]]) -> None:
        self._numbers = count()
        # When each is free, the number of its last request for an order among equals, who it is.
        self._workers = [(free_ns, next(self._numbers), worker) for free_ns, worker in free]
        heapify(self._workers)

    def latencies_ns(self, requests: Iterable[tuple[int, int]], before_ns: int) -> list[int]:
        """How long each of the next requests takes, up to the first that is begun too late.

        Args:
            requests: when each comes, and its service time.
            before_ns: when that is.
        """
        workers, numbers = self._workers, self._numbers
        latencies_ns: list[int] = []
        for at_ns, service_ns in requests:
            free_ns, number, worker = workers[0]
            begin_ns = at_ns if at_ns > free_ns else free_ns
            if begin_ns >= before_ns:
                break
            end_ns = begin_ns + service_ns
            if service_ns:
                number = next(numbers)
            elif at_ns > free_ns:
                # Whoever has nothing to do is free again before others that end at this moment.
                number = next(numbers) - _BEFORE_ALL
            heapreplace(workers, (end_ns, number, worker))
            latencies_ns.append(end_ns - at_ns)
        return latencies_ns

    def begins_ns(self, at_ns: int) -> int:
        """When a request is begun that comes next."""
        return max(at_ns, self._workers[0][0])

    def idle_before(self, time_ns: int) -> int:
        """How many are free before a moment, if nothing else comes."""
        return sum(free_ns < time_ns for free_ns, _, _ in self._workers)

    def idle(self, now_ns: int) -> list[Worker]:
        """Who is free, in the order in which they became so."""
        return [worker for free_ns, _, worker in sorted(self._workers) if free_ns <= now_ns]

    def busy(self, now_ns: int) -> list[tuple[Worker, int]]:
        """Who is not free, and until when, in the order in which they began."""
        begun = sorted(self._workers, key=lambda entry: entry[1])
        return [(worker, free_ns) for free_ns, _, worker in begun if free_ns > now_ns]
