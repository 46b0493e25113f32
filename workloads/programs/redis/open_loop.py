"""Open-loop clients: requests arrive at their own times, from a rate or from a trace."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from sim.arrays import IntArray
from sim.machine.streams import Streams
from workloads.programs.redis.config import OpenLoop, RedisConfig, TraceClients
from workloads.programs.redis.heap import RedisHeap
from workloads.programs.redis.requests import READ_BYTES, FindFaults, Iterations, Replies, fault_ns
from workloads.traces.kinds.key_trace import KeyTrace
from workloads.traces.reading.columns import MISSING

MOST_REQUESTS = 16384
_LEAST_LOOK = 256
_MOST_PAGES = 2**18
"""Written by the requests that are held ahead, or by one."""


@dataclass(frozen=True)
class Arrivals:
    """Requests in order of arrival. All int64 [n].

    Attributes:
        at_ns: when each arrives.
        connection: by which connection.
        size_bytes: how long it is on the wire.
        service_ns: how long it is served, without its page faults.
        changes: how many keys it writes.
        writes_from: for request i, its pages are ``pages[writes_from[i] : writes_from[i + 1]]`` ...
        pages: ... the heap pages that requests dirty, in order.
    """

    at_ns: IntArray
    connection: IntArray
    size_bytes: IntArray
    service_ns: IntArray
    changes: IntArray
    writes_from: IntArray
    pages: IntArray

    @classmethod
    def none(cls) -> Arrivals:
        """No requests."""
        nothing = np.zeros(0, np.int64)
        return cls(nothing, nothing, nothing, nothing, nothing, np.zeros(1, np.int64), nothing)

    def __len__(self) -> int:
        return len(self.at_ns)

    def take(self, chosen: IntArray) -> Arrivals:
        """The requests with these numbers (ascending)."""
        lengths = np.diff(self.writes_from)[chosen]
        ends = np.cumsum(lengths)
        # Number the pages of each chosen request from its first one on.
        within = np.arange(lengths.sum()) - np.repeat(ends - lengths, lengths)
        pages = self.pages[np.repeat(self.writes_from[:-1][chosen], lengths) + within]
        return Arrivals(
            self.at_ns[chosen],
            self.connection[chosen],
            self.size_bytes[chosen],
            self.service_ns[chosen],
            self.changes[chosen],
            np.append(0, ends),
            pages,
        )

    def between(self, start: int, end: int) -> Arrivals:
        """The requests from number ``start`` to before number ``end``."""
        first_page, end_page = self.writes_from[start], self.writes_from[end]
        return Arrivals(
            self.at_ns[start:end],
            self.connection[start:end],
            self.size_bytes[start:end],
            self.service_ns[start:end],
            self.changes[start:end],
            self.writes_from[start : end + 1] - first_page,
            self.pages[first_page:end_page],
        )

    def then(self, later: Arrivals) -> Arrivals:
        """These requests and then ``later`` ones."""
        return Arrivals(
            np.append(self.at_ns, later.at_ns),
            np.append(self.connection, later.connection),
            np.append(self.size_bytes, later.size_bytes),
            np.append(self.service_ns, later.service_ns),
            np.append(self.changes, later.changes),
            np.append(self.writes_from, later.writes_from[1:] + self.writes_from[-1]),
            np.append(self.pages, later.pages),
        )


def generated_arrivals(
    config: RedisConfig, clients: OpenLoop, streams: Streams
) -> Iterator[Arrivals]:
    """Arrivals of an open loop in pieces, until the configured duration."""
    gaps = streams.generator("workload/redis/arrivals")
    kinds = streams.generator("workload/redis/sets")
    connections = streams.generator("workload/redis/connections")
    keys = streams.generator("workload/redis/keys")
    heap = RedisHeap(config)
    service_ns = config.service_ns(np.full(MOST_REQUESTS, config.value_bytes))
    gap_ns = 1e9 / clients.rate
    sent, last_ns = 0, 0.0
    assert config.duration is not None  # noqa: S101 - only a trace can do without
    while last_ns < config.duration:
        numbers = np.arange(sent + 1, sent + MOST_REQUESTS + 1, dtype=np.float64)
        times = gap_ns * numbers
        if clients.arrivals == "poisson":
            times = last_ns + np.cumsum(gaps.exponential(gap_ns, MOST_REQUESTS))
        # What comes later is not sent, and the times of some are beyond all bounds.
        times = np.minimum(times, config.duration)
        last_ns = float(times[-1])
        sent += MOST_REQUESTS
        is_set = kinds.random(MOST_REQUESTS) < config.set_ratio
        connection = connections.integers(0, clients.connections, MOST_REQUESTS)
        key = heap.random(keys, MOST_REQUESTS)
        at_ns = np.rint(times).astype(np.int64)
        count = int(np.searchsorted(at_ns, config.duration))
        is_set = is_set[:count]
        for start, end in _pieces(count, heap.pages_of_a_set):
            sets = np.flatnonzero(is_set[start:end])
            written = heap.written(key[start:end][sets])
            changes = is_set[start:end].astype(np.int64)
            yield Arrivals(
                at_ns[start:end],
                connection[start:end],
                np.where(changes, config.set_bytes, config.get_bytes),
                service_ns[start:end],
                changes,
                np.append(0, written.ends)[np.append(0, np.cumsum(changes))],
                written.pages,
            )


def traced_arrivals(
    config: RedisConfig, clients: TraceClients, trace: KeyTrace, streams: Streams
) -> Iterator[Arrivals]:
    """The commands of a trace at its times, up to the configured duration."""
    at_ns = clients.send_ns(trace.arrival_ns(), config.duration)
    count = len(at_ns)
    first = np.flatnonzero(trace.is_write[:count] & (trace.key_id[:count] >= 0))
    further = int(np.searchsorted(trace.further_command, count))
    command = np.append(first, trace.further_command[:further])
    order = np.argsort(command, kind="stable")
    key = np.append(trace.key_id[first], trace.further_key_id[:further])[order]
    stored = np.append(trace.value_bytes[first], trace.further_value_bytes[:further])
    lengths = stored[order].astype(np.int64)
    lengths[lengths == MISSING] = config.value_bytes
    heap = RedisHeap(config, lengths[lengths > 0])
    place = heap.placed(streams, trace.keys)[key]
    keys_from = np.append(0, np.cumsum(np.bincount(command, minlength=count)))
    request_bytes = trace.request_bytes[:count].astype(np.int64)
    request_bytes[request_bytes == MISSING] = config.get_bytes
    connection = trace.connection[:count].astype(np.int64)
    service_ns = config.service_ns(value_lengths(config, trace, count))
    # In pieces, since those who take requests away leave a copy of the rest.
    for start, end in _pieces(count, heap.pages_of_a_set):
        keys = slice(keys_from[start], keys_from[end])
        written = heap.written(place[keys], lengths[keys])
        yield Arrivals(
            at_ns[start:end],
            connection[start:end],
            request_bytes[start:end],
            service_ns[start:end],
            np.diff(keys_from[start : end + 1]),
            np.append(0, written.ends)[keys_from[start : end + 1] - keys_from[start]],
            written.pages,
        )


def value_lengths(config: RedisConfig, trace: KeyTrace, count: int) -> IntArray:
    """How long the value is that each of the first ``count`` commands stores or reads; int64.

    What is read was stored by the last command before that stored something under the key, or has
    the configured length.
    """
    stored = trace.value_bytes[:count].astype(np.int64)
    stored[stored == MISSING] = config.value_bytes
    by_key = np.argsort(trace.key_id[:count], kind="stable")
    key = trace.key_id[by_key]
    last = np.maximum.accumulate(np.where(stored[by_key] > 0, np.arange(count), 0))
    known = (stored[by_key[last]] > 0) & (key[last] == key) & (key >= 0)
    lengths = np.empty(count, np.int64)
    lengths[by_key] = np.where(known, stored[by_key[last]], config.value_bytes)
    return lengths


def _pieces(count: int, pages_of_a_set: int) -> Iterator[tuple[int, int]]:
    """Requests from one number to before another, few enough for `_MOST_PAGES`."""
    length = max(1, min(MOST_REQUESTS, _MOST_PAGES // pages_of_a_set))
    for start in range(0, count, length):
        yield start, min(start + length, count)


class OpenLoopClients:
    """Requests that wait in sockets until the loop reads them; see `requests.RequestSource`.

    An iteration reads what has arrived when it begins, up to `READ_BYTES` of every connection.
    """

    def __init__(self, arrivals: Iterator[Arrivals]) -> None:
        self._more = arrivals
        self._all_known = False
        self._waiting = Arrivals.none()
        self._look = MOST_REQUESTS

    def upcoming(
        self, now_ns: int, until_ns: int, find_faults: FindFaults
    ) -> Iterations[Arrivals] | None:
        """The next iterations; None once every request is served."""
        self._receive(now_ns)
        if not len(self._waiting):
            return None
        start_ns = max(now_ns, int(self._waiting.at_ns[0]))
        arrived = int(np.searchsorted(self._waiting.at_ns, start_ns, side="right"))
        chosen = self._first_pass(arrived)
        if chosen is not None:
            return self._one_iteration(start_ns, chosen, find_faults)
        return self._many_iterations(now_ns, until_ns, arrived, find_faults)

    def _receive(self, now_ns: int) -> None:
        """Hold enough requests to look ahead, and all that have arrived."""
        while not self._all_known and self._knows_too_little(now_ns):
            later = next(self._more, None)
            if later is None:
                self._all_known = True
                return
            self._waiting = self._waiting.then(later)

    def _knows_too_little(self, now_ns: int) -> bool:
        waiting = self._waiting
        if not len(waiting) or waiting.at_ns[-1] <= max(now_ns, waiting.at_ns[0]):
            return True
        return len(waiting) < MOST_REQUESTS and len(waiting.pages) < _MOST_PAGES

    def _first_pass(self, arrived: int) -> IntArray | None:
        """Which of the first ``arrived`` requests an iteration reads; None if all of them."""
        waiting = self._waiting
        if int(waiting.size_bytes[:arrived].sum()) <= READ_BYTES:
            return None
        connection = waiting.connection[:arrived]
        by_connection = np.argsort(connection, kind="stable")
        sizes = np.cumsum(waiting.size_bytes[:arrived][by_connection])
        first = np.searchsorted(connection[by_connection], connection[by_connection])
        read = sizes - np.append(0, sizes)[first]
        # A request longer than a pass takes several; it is served as if it fitted alone.
        fits = (read <= READ_BYTES) | (np.arange(arrived) == first)
        return None if fits.all() else np.sort(by_connection[fits])

    def _one_iteration(
        self, start_ns: int, chosen: IntArray, find_faults: FindFaults
    ) -> Iterations[Arrivals]:
        """An iteration that leaves some of what waits behind."""
        rest = np.setdiff1d(np.arange(len(self._waiting)), chosen, assume_unique=True)
        served = self._waiting.take(chosen)
        writes = len(served.pages)
        faults = find_faults(served.pages)
        busy_ns = int(served.service_ns.sum()) + faults.total_ns
        return Iterations(
            start_ns=np.array([start_ns]),
            ends_ns=np.array([start_ns + busy_ns]),
            busy_ns=np.array([busy_ns]),
            requests=np.array([len(chosen)]),
            changes_end=np.array([int(served.changes.sum())]),
            writes_end=np.array([writes]),
            faults=faults,
            basis=served.then(self._waiting.take(rest)),
        )

    def _many_iterations(
        self, now_ns: int, until_ns: int, arrived: int, find_faults: FindFaults
    ) -> Iterations[Arrivals]:
        """Iterations that each take all that waits when they begin; the first ``arrived`` come."""
        waiting = self._waiting
        seen = max(arrived, min(self._look, int(np.searchsorted(waiting.at_ns, until_ns))))
        at_ns, writes_from = waiting.at_ns[:seen], waiting.writes_from[: seen + 1]
        faults = find_faults(waiting.pages[: writes_from[-1]])
        work_ns = fault_ns(faults, writes_from)
        work_ns[1:] += np.cumsum(waiting.service_ns[:seen])
        # When an iteration that begins with request i can begin: once all before it are served (a
        # loop that never idles while something waits: Lindley's recursion, solved), or it arrives.
        begins_ns = work_ns[:-1] + np.maximum.accumulate(np.maximum(at_ns - work_ns[:-1], now_ns))
        starts, ends = _chain(np.searchsorted(at_ns, begins_ns, side="right"))
        start_ns, busy_ns = begins_ns[starts], work_ns[ends] - work_ns[starts]
        # Of a connection with more than a pass reads, and of requests that were not looked at,
        # only a closer look next time can tell.
        sizes = np.append(0, np.cumsum(waiting.size_bytes[:seen]))
        long = (sizes[ends] - sizes[starts] > READ_BYTES) & (ends - starts > 1)
        # Where little of what was looked at was clear, less is looked at next.
        little = max(_LEAST_LOOK, 4 * int(ends[np.argmax(long)]))
        self._look = min(little, MOST_REQUESTS) if long.any() else MOST_REQUESTS
        unclear = long | (ends == seen) & (seen < len(waiting) or not self._all_known)
        unclear |= np.append(now_ns, start_ns[:-1] + busy_ns[:-1]) >= until_ns
        unclear[0] = False
        count = int(np.argmax(unclear)) if unclear.any() else len(ends)
        ends, start_ns, busy_ns = ends[:count], start_ns[:count], busy_ns[:count]
        return Iterations(
            start_ns,
            start_ns + busy_ns,
            busy_ns,
            requests=ends - starts[:count],
            changes_end=np.cumsum(waiting.changes[:seen])[ends - 1],
            writes_end=writes_from[ends],
            faults=faults,
            basis=waiting,
        )

    def served(self, ahead: Iterations[Arrivals], ends_ns: IntArray) -> Replies:
        """Take the first iterations as served; their requests' latencies."""
        in_order = ahead.basis
        replied_ns = np.repeat(ends_ns, ahead.requests[: len(ends_ns)])
        count = len(replied_ns)
        latency_ns = replied_ns - in_order.at_ns[:count]
        self._waiting = in_order.between(count, len(in_order))
        return Replies(replied_ns, latency_ns, np.ones(count, np.int64))


def _chain(ends_of: IntArray) -> tuple[IntArray, IntArray]:
    """The iterations from request 0 on, each beginning where the one before it ended.

    Args:
        ends_of: int64 [n], above i each, where an iteration ends that begins with request i.

    Returns:
        int64 [k] each, their first requests, and the first ones after them.
    """
    first, ends, following = 0, [0], ends_of.tolist()
    count = len(following)
    while first < count:
        first = following[first]
        ends.append(first)
    chain = np.array(ends, np.int64)
    return chain[:-1], chain[1:]
