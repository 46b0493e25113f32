"""Open-loop clients: requests arrive at their own times, from a rate or from a trace."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from models.faults.batch import Faults
from sim.arrays import BoolArray, IntArray
from workloads.programs.redis.arrivals import (
    PIECE_REQUESTS,
    Arrivals,
    GeneratedArrivals,
    SkippedRequests,
)
from workloads.programs.redis.backlog import Backlog
from workloads.programs.redis.known_arrivals import KnownArrivals
from workloads.programs.redis.requests import (
    READ_BYTES,
    FindFaults,
    Iterations,
    Replies,
    RequestOrder,
    fault_ns,
)

_LEAST_LOOK = 16
_FEW = 16
"""So many requests are looked at faster in plain numbers than in arrays."""
_NO_FAULTS = Faults.none()


@dataclass(frozen=True)
class WaitingRequests:
    """What iterations serve.

    Attributes:
        at_ns: int64 [n], when each request arrived, in order of service.
        service_ns: int64 [n], how long each is served.
        left_behind: whether they are the backlog's; else they are the next to arrive.
    """

    at_ns: IntArray
    service_ns: IntArray
    left_behind: bool


class OpenLoopClients:
    """Requests that wait in sockets until the loop reads them; see `requests.RequestSource`.

    An iteration reads what has arrived when it begins, up to `READ_BYTES` of every connection.
    While that is all there is, requests are served in order of arrival, and how many an iteration
    takes follows from when the one before it ends. From the first iteration that leaves something
    behind on they wait in a `Backlog`, until none does.
    """

    def __init__(self, arrivals: Iterator[Arrivals]) -> None:
        self._arrivals = arrivals
        self._known = KnownArrivals(arrivals)
        self._backlog = Backlog()
        # No iteration begins before this, since what waits had not arrived then.
        self._not_before_ns = 0
        self._look = PIECE_REQUESTS

    def upcoming(
        self, now_ns: int, until_ns: int, find_faults: FindFaults
    ) -> Iterations[WaitingRequests] | None:
        """The next iterations; None once every request is served."""
        known, backlog = self._known, self._backlog
        known.receive(now_ns, backlog.oldest if backlog else known.next_number)
        if not backlog:
            if not known.ahead:
                return None
            few = self._few_iterations(now_ns, until_ns, find_faults)
            if few is not None:
                return few
            self._not_before_ns = int(known.requests.at_ns[known.next])
        start_ns = max(now_ns, self._not_before_ns)
        arrived = int(known.requests.at_ns[known.next :].searchsorted(start_ns, "right"))
        new = slice(known.next, known.next + arrived)
        connections, sizes = known.requests.connection[new], known.requests.size_bytes[new]
        if not backlog and (arrived == 1 or int(sizes.sum()) <= READ_BYTES):
            return self._many_iterations(now_ns, until_ns, arrived, find_faults)
        backlog.arrive(known.next_number, connections, sizes)
        known.next += arrived
        self._not_before_ns = start_ns
        return self._left_behind(start_ns, until_ns, find_faults)

    def _few_iterations(
        self, now_ns: int, until_ns: int, find_faults: FindFaults
    ) -> Iterations[WaitingRequests] | None:
        """`_many_iterations` of a few requests; None if there are more, or a pass leaves some."""
        first, requests, complete = self._known.next, self._known.requests, self._known.complete
        at_ns = requests.at_ns[first : first + _FEW + 1].tolist()
        arrived = bisect_right(at_ns, max(now_ns, at_ns[0]))
        seen = max(arrived, min(self._look, bisect_left(at_ns, until_ns)))
        if seen > _FEW:
            return None
        sizes = requests.size_bytes[first : first + seen].tolist()
        if arrived > 1 and sum(sizes[:arrived]) > READ_BYTES:
            return None
        service_ns = requests.service_ns[first : first + seen].tolist()
        changes = requests.changes[first : first + seen].tolist()
        writes_from = requests.writes_from[first : first + seen + 1].tolist()
        faults, raised_by, cost_ns = _NO_FAULTS, [], []
        if writes_from[-1] > writes_from[0]:
            faults = find_faults(requests.pages[writes_from[0] : writes_from[-1]])
            raised_by, cost_ns = faults.position.tolist(), faults.cost_ns.tolist()
        rows: list[tuple[int, ...]] = []
        end, free_ns, faulted = 0, now_ns, 0
        while end < seen:
            begin, start_ns = end, max(free_ns, at_ns[end])
            end = bisect_right(at_ns, start_ns, begin)
            if rows and (
                free_ns >= until_ns
                or (end >= seen and (seen < len(at_ns) or not complete))
                or (end > begin + 1 and sum(sizes[begin:end]) > READ_BYTES)
            ):
                break
            writes_end = writes_from[end] - writes_from[0]
            fault_end = bisect_left(raised_by, writes_end, faulted)
            busy_ns = sum(service_ns[begin:end]) + sum(cost_ns[faulted:fault_end])
            faulted, free_ns = fault_end, start_ns + busy_ns
            rows.append((start_ns, free_ns, busy_ns, end - begin, sum(changes[:end]), writes_end))
        self._look_less(None)
        starts, ends, busy, counts, changed, written = np.array(rows, np.int64).T
        own_ns = requests.service_ns[first : first + seen]
        waiting = WaitingRequests(requests.at_ns[first : first + seen], own_ns, False)
        order = RequestOrder(own_ns, requests.writes_from[first : first + seen + 1])
        return Iterations(starts, ends, busy, counts, changed, written, faults, waiting, order)

    def _many_iterations(
        self, now_ns: int, until_ns: int, arrived: int, find_faults: FindFaults
    ) -> Iterations[WaitingRequests]:
        """Iterations that each take all that waits when they begin; the first ``arrived`` come."""
        first, requests, ahead = self._known.next, self._known.requests, self._known.ahead
        in_time = int(requests.at_ns[first : first + self._look].searchsorted(until_ns))
        seen = max(arrived, in_time)
        chosen = slice(first, first + seen)
        at_ns = requests.at_ns[chosen]
        writes_from = requests.writes_from[first : first + seen + 1]
        faults = find_faults(requests.pages[writes_from[0] : writes_from[-1]])
        writes_from = writes_from - writes_from[0]
        work_ns = fault_ns(faults, writes_from)
        work_ns[1:] += np.cumsum(requests.service_ns[chosen])
        # When an iteration that begins with request i can begin: once all before it are served (a
        # loop that never idles while something waits: Lindley's recursion, solved), or it arrives.
        begins_ns = work_ns[:-1] + np.maximum.accumulate(np.maximum(at_ns - work_ns[:-1], now_ns))
        starts, ends = _chain(np.searchsorted(at_ns, begins_ns, side="right"))
        start_ns, busy_ns = begins_ns[starts], work_ns[ends] - work_ns[starts]
        # Of a connection with more than a pass reads, and of requests that were not looked at,
        # only a closer look next time can tell.
        long = _leaves_some(ends, requests.connection[chosen], requests.size_bytes[chosen])
        self._look_less(int(ends[np.argmax(long)]) if long.any() else None)
        unclear = long | ((ends == seen) & (seen < ahead or not self._known.complete))
        unclear |= np.append(now_ns, start_ns[:-1] + busy_ns[:-1]) >= until_ns
        unclear[0] = False
        count = int(np.argmax(unclear)) if unclear.any() else len(ends)
        ends, start_ns, busy_ns = ends[:count], start_ns[:count], busy_ns[:count]
        return Iterations(
            start_ns,
            start_ns + busy_ns,
            busy_ns,
            requests=ends - starts[:count],
            changes_end=np.cumsum(requests.changes[chosen])[ends - 1],
            writes_end=writes_from[ends],
            faults=faults,
            basis=WaitingRequests(at_ns, requests.service_ns[chosen], False),
            order=RequestOrder(requests.service_ns[chosen], writes_from),
        )

    def _left_behind(
        self, start_ns: int, until_ns: int, find_faults: FindFaults
    ) -> Iterations[WaitingRequests]:
        """Iterations that serve the backlog, the first of which begins at ``start_ns``."""
        numbers, ends = self._backlog.passes(self._look if until_ns > start_ns else 1)
        requests = self._known.numbered(numbers)
        faults = find_faults(requests.pages)
        work_ns = fault_ns(faults, requests.writes_from)
        work_ns[1:] += np.cumsum(requests.service_ns)
        ends_ns = start_ns + work_ns[ends]
        busy_ns = np.diff(ends_ns, prepend=start_ns)
        starts_ns = ends_ns - busy_ns
        count = self._certain(starts_ns) if len(ends) > 1 else 1
        self._look_less(int(ends[count - 1]) if count < len(ends) else None)
        count = min(count, 1 + int(ends_ns.searchsorted(until_ns)))
        ends = ends[:count]
        return Iterations(
            starts_ns[:count],
            ends_ns[:count],
            busy_ns[:count],
            requests=np.diff(ends, prepend=0),
            changes_end=np.cumsum(requests.changes)[ends - 1],
            writes_end=requests.writes_from[ends],
            faults=faults,
            basis=WaitingRequests(requests.at_ns, requests.service_ns, True),
            order=RequestOrder(requests.service_ns, requests.writes_from),
        )

    def _certain(self, starts_ns: IntArray) -> int:
        """How many of the backlog's next iterations nothing can join that is still to arrive."""
        first, requests = self._known.next, self._known.requests
        at_ns = requests.at_ns[first:]
        at_ns = at_ns[: at_ns.searchsorted(starts_ns[-1], "right")]
        connections = requests.connection[first : first + len(at_ns)]
        # It joins none before the last pass of its connection, and none that begins before it.
        joins = np.maximum(self._backlog.last_passes(connections), starts_ns.searchsorted(at_ns))
        certain = int(joins.min(initial=len(starts_ns)))
        if self._known.complete:
            return certain
        return min(certain, int(starts_ns.searchsorted(requests.at_ns[-1])))

    def _look_less(self, clear: int | None) -> None:
        """Where few requests were clear of those that were looked at, look at less next time."""
        least = 2 * self._look if clear is None else max(4 * clear, _LEAST_LOOK)
        self._look = min(least, PIECE_REQUESTS)

    def served(self, ahead: Iterations[WaitingRequests], ends_ns: IntArray) -> Replies:
        """Take the first iterations as served; their requests' latencies."""
        replied_ns = ends_ns.repeat(ahead.requests[: len(ends_ns)])
        count = len(replied_ns)
        if ahead.basis.left_behind:
            self._backlog.drop(len(ends_ns))
        else:
            self._known.next += count
        latency_ns = replied_ns - ahead.basis.at_ns[:count]
        own_ns = ahead.basis.service_ns[:count]
        return Replies(replied_ns, latency_ns, np.ones(count, np.int64), own_ns)

    def skip(
        self, from_ns: int, until_ns: int, *, faulting: bool
    ) -> Iterator[tuple[int, SkippedRequests]]:
        """Go on at a later moment, while nobody waits; what is sent meanwhile.

        Returns:
            Pieces in order of time, each with its end; none of those of a trace, which are served.
        """
        if not isinstance(self._arrivals, GeneratedArrivals):
            return
        self._known.forget()
        self._arrivals.resume(until_ns)
        while from_ns < until_ns:
            end_ns = min(from_ns + self._arrivals.longest_skip_ns, until_ns)
            yield end_ns, self._arrivals.skipped(end_ns - from_ns, faulting=faulting)
            from_ns = end_ns

    def oldest_ns(self, now_ns: int) -> int:
        """See `requests.RequestSource`."""
        if self._backlog:
            oldest = np.array([self._backlog.oldest])
            return int(self._known.numbered(oldest).at_ns[0])
        if not self._known.ahead:
            return now_ns
        return min(int(self._known.requests.at_ns[self._known.next]), now_ns)


def _leaves_some(ends: IntArray, connections: IntArray, sizes: IntArray) -> BoolArray:
    """Which iterations find more of a connection than a pass reads.

    Args:
        ends: int64 [k], by which request each ends, the last of all.
        connections: int64 [n], of the requests, in order of service.
        sizes: int64 [n], bytes.
    """
    counts = np.diff(ends, prepend=0)
    long = (np.add.reduceat(sizes, ends - counts) > READ_BYTES) & (counts > 1)
    if not long.any():
        return long
    iteration = np.repeat(np.arange(len(ends)), counts)
    chosen = np.flatnonzero(long[iteration])
    order = chosen[np.lexsort((connections[chosen], iteration[chosen]))]
    iteration, connections = iteration[order], connections[order]
    leads = np.append(
        True, (iteration[1:] != iteration[:-1]) | (connections[1:] != connections[:-1])
    )
    passes = np.flatnonzero(leads)
    # A request longer than a pass takes several; it is served as if it fitted alone.
    more_than_one = np.diff(passes, append=len(order)) > 1
    more = (np.add.reduceat(sizes[order], passes) > READ_BYTES) & more_than_one
    found = np.zeros(len(ends), np.bool_)
    found[iteration[passes[more]]] = True
    return found


def _chain(ends_of: IntArray) -> tuple[IntArray, IntArray]:
    """The iterations from request 0 on, each beginning where the one before it ended.

    Args:
        ends_of: int64 [n], above i each, where an iteration ends that begins with request i.

    Returns:
        int64 [k] each, their first requests, and the first ones after them.
    """
    count = len(ends_of)
    several = np.flatnonzero(ends_of - np.arange(count) > 1)
    over, firsts = 0, []
    # Where an iteration serves one request, the next one begins with the next.
    for first, end in zip(several.tolist(), ends_of[several].tolist(), strict=True):
        if first >= over:
            firsts.append(first)
            over = end
    change = np.zeros(count + 1, np.int8)
    change[np.array(firsts, np.int64) + 1] += 1
    change[ends_of[firsts]] -= 1
    begun = np.flatnonzero(change[:-1].cumsum(dtype=np.int8) == 0)
    return begun, ends_of[begun]
