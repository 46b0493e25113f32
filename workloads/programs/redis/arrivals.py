"""Requests of an open loop in order of arrival: drawn at a rate, or read from a trace."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, fields

import numpy as np

from sim.arrays import IntArray
from sim.machine.clock import NEVER_NS
from sim.machine.streams import Streams
from workloads.programs.redis.config import OpenLoop, RedisConfig, TraceClients
from workloads.programs.redis.heap import RedisHeap
from workloads.programs.redis.snapshot_config import SECOND_NS
from workloads.traces.kinds.key_trace import KeyTrace
from workloads.traces.reading.columns import MISSING

PIECE_REQUESTS = 16384
"""Most that are drawn at once ..."""
PIECE_PAGES = 2**18
"""... and most pages that they dirty, but for a single one that dirties more."""


SKIPPED_PAGES = 2**19
"""About so many are dirtied at once where nobody looks at requests."""


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
        """The requests with these numbers, in this order."""
        first, lengths = self.writes_from[chosen], self.writes_from[chosen + 1]
        lengths -= first
        ends = np.cumsum(lengths)
        # Number the pages of each chosen request from its first one on.
        pages = self.pages[np.repeat(first - ends + lengths, lengths) + np.arange(lengths.sum())]
        return Arrivals(
            self.at_ns[chosen],
            self.connection[chosen],
            self.size_bytes[chosen],
            self.service_ns[chosen],
            self.changes[chosen],
            np.append(0, ends),
            pages,
        )

    def after(self, count: int) -> Arrivals:
        """These requests but for the first ``count``."""
        first_page = self.writes_from[count]
        return Arrivals(
            self.at_ns[count:],
            self.connection[count:],
            self.size_bytes[count:],
            self.service_ns[count:],
            self.changes[count:],
            self.writes_from[count:] - first_page,
            self.pages[first_page:],
        )

    @classmethod
    def joined(cls, pieces: Iterable[Arrivals]) -> Arrivals:
        """The requests of all pieces, one after the other."""
        none, *parts = cls.none(), *pieces
        columns = {f.name: [getattr(part, f.name) for part in (none, *parts)] for f in fields(cls)}
        pages = np.cumsum([0, *(len(part.pages) for part in parts)])
        for number, before in enumerate(pages[:-1], 1):
            columns["writes_from"][number] = columns["writes_from"][number][1:] + before
        # Columns of many requests that nobody else needs go one by one, as new ones come.
        parts.clear()
        return cls(**{f.name: np.concatenate(columns.pop(f.name)) for f in fields(cls)})


@dataclass(frozen=True)
class SkippedRequests:
    """Requests of a stretch of time of which nothing but what they do is known.

    Attributes:
        requests: how many they are.
        changes: how many keys they write.
        service_ns: how long they are served in all, without their page faults.
        pages: int64, the heap pages that they dirty, in some order.
    """

    requests: int
    changes: int
    service_ns: int
    pages: IntArray


class GeneratedArrivals:
    """Arrivals of an open loop in pieces, until the configured duration, or without end.

    Args:
        config: of the server.
        clients: of its clients.
        streams: random numbers.
    """

    def __init__(self, config: RedisConfig, clients: OpenLoop, streams: Streams) -> None:
        self._config = config
        self._clients = clients
        self._gaps = streams.generator("workload/redis/arrivals")
        self._kinds = streams.generator("workload/redis/sets")
        self._connections = streams.generator("workload/redis/connections")
        self._keys = streams.generator("workload/redis/keys")
        self._skipped = streams.generator("workload/redis/skipped")
        self._heap = RedisHeap(config)
        self._service_ns = config.service_ns(np.full(PIECE_REQUESTS, config.value_bytes))
        self._gap_ns = SECOND_NS / clients.rate
        in_cycles = config.in_cycles or config.duration is None
        self._end_ns = NEVER_NS if in_cycles else config.duration or NEVER_NS
        self._sent, self._last_ns = 0, 0.0
        self._pieces = self._made()

    def __iter__(self) -> Iterator[Arrivals]:
        return self

    def __next__(self) -> Arrivals:
        return next(self._pieces)

    def _made(self) -> Iterator[Arrivals]:
        config, heap = self._config, self._heap
        while self._last_ns < self._end_ns:
            numbers = np.arange(self._sent + 1, self._sent + PIECE_REQUESTS + 1, dtype=np.float64)
            times = self._gap_ns * numbers
            if self._clients.arrivals == "poisson":
                times = self._last_ns + np.cumsum(
                    self._gaps.exponential(self._gap_ns, PIECE_REQUESTS)
                )
            # What comes later is not sent, and the times of some are beyond all bounds.
            times = np.minimum(times, self._end_ns)
            self._last_ns = float(times[-1])
            self._sent += PIECE_REQUESTS
            is_set = self._kinds.random(PIECE_REQUESTS) < config.set_ratio
            connection = self._connections.integers(0, self._clients.connections, PIECE_REQUESTS)
            key = heap.random(self._keys, PIECE_REQUESTS)
            at_ns = np.rint(times).astype(np.int64)
            count = int(np.searchsorted(at_ns, self._end_ns))
            is_set = is_set[:count]
            for start, end in _pieces(count, heap.pages_of_a_set):
                sets = np.flatnonzero(is_set[start:end])
                written = heap.written(key[start:end][sets])
                changes = is_set[start:end].astype(np.int64)
                yield Arrivals(
                    at_ns[start:end],
                    connection[start:end],
                    np.where(changes, config.set_bytes, config.get_bytes),
                    self._service_ns[start:end],
                    changes,
                    np.append(0, written.ends)[np.append(0, np.cumsum(changes))],
                    written.pages,
                )

    def resume(self, at_ns: int) -> None:
        """Nothing more is sent before that moment; what was given is forgotten."""
        # A Poisson process has no memory; a regular one goes on in its step.
        self._sent, self._last_ns = math.ceil(at_ns / self._gap_ns) - 1, float(at_ns)
        self._pieces = self._made()

    @property
    def longest_skip_ns(self) -> int:
        """Up to how long a stretch should be `skipped` at once, for its pages' sake."""
        of_a_set = self._gap_ns / max(self._config.set_ratio, 1e-9)
        return max(1, int(min(of_a_set * SKIPPED_PAGES / self._heap.pages_of_a_set, NEVER_NS)))

    def skipped(self, lasts_ns: int, *, faulting: bool) -> SkippedRequests:
        """The requests of some stretch of so long; with pages if their writes may fault."""
        mean, generator = lasts_ns / self._gap_ns, self._skipped
        poisson = self._clients.arrivals == "poisson"
        requests = int(generator.poisson(mean)) if poisson else round(mean)
        sets = int(generator.binomial(requests, self._config.set_ratio))
        chosen = self._heap.random(generator, sets if faulting else 0)
        pages = self._heap.written(chosen).pages
        return SkippedRequests(requests, sets, requests * int(self._service_ns[0]), pages)


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
    # In pieces, since pages of all requests together take more memory than the trace.
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
    """Requests from one number to before another, few enough for `PIECE_PAGES`."""
    length = max(1, min(PIECE_REQUESTS, PIECE_PAGES // pages_of_a_set))
    for start in range(0, count, length):
        yield start, min(start + length, count)
