"""Connections of a closed loop whose pipelines may be longer than a pass reads."""

from __future__ import annotations

import numpy as np

from sim.arrays import IntArray
from sim.machine.streams import Streams
from workloads.programs.redis.config import ClosedLoop, RedisConfig
from workloads.programs.redis.heap import DirtiedPages, RedisHeap
from workloads.programs.redis.passes import Passes, drawn_ahead, iterations_of
from workloads.programs.redis.requests import READ_BYTES, Replies
from workloads.programs.redis.set_gaps import geometric

_FARTHEST_BYTE = 2**62
_MOST_PASSES = 2**15
"""Looked at together, of all connections."""


class PipelinedConnection:
    """One connection's endless sequence of requests, and how far it has been read.

    Request i is sent when request ``i - pipeline`` is answered (the first ones at time 0), so
    positions in the sequence are all there is to know. The server reads the sequence as a byte
    stream, `READ_BYTES` in a pass, and serves what has arrived whole.
    """

    def __init__(
        self,
        config: RedisConfig,
        clients: ClosedLoop,
        heap: RedisHeap,
        streams: Streams,
        number: int,
    ) -> None:
        self._pipeline = clients.pipeline
        self._service_ns = config.usual_service_ns
        self._get_bytes = config.get_bytes
        self._set_bytes = config.set_bytes
        self._set_ratio = config.set_ratio
        self._heap = heap
        self._gaps = streams.generator(f"workload/redis/sets/{number}")
        self._keys = streams.generator(f"workload/redis/keys/{number}")
        self.served = 0
        self._read_bytes = 0
        # Where no SET is reached, and bytes up to there can still be counted.
        self._last = _FARTHEST_BYTE // config.get_bytes
        # The known SETs from the first unserved one on: position, end in the byte stream, and how
        # many pages they and those before have dirtied.
        self._sets = np.zeros(0, np.int64)
        self._set_ends = np.zeros(0, np.int64)
        self._written = DirtiedPages.none()
        self._drawn = drawn_ahead(heap, clients.connections)
        self._sets_before = 0
        # Ends of the latest passes as positions and times; they hold the sending of every
        # outstanding request.
        self._past = np.zeros(1, np.int64)
        self._past_ns = np.zeros(1, np.int64)

    def passes(self, count: int) -> tuple[IntArray, IntArray]:
        """How far the next ``count`` passes serve the sequence and read the byte stream.

        Every pass finds all outstanding requests arrived, since replies of one iteration are
        answered with new requests before the next.
        """
        if (
            self._pipeline * self._get_bytes >= READ_BYTES + self._set_bytes
        ):  # never drained: a pass reads all it may
            read = self._read_bytes + READ_BYTES * np.arange(1, count + 1, dtype=np.int64)
            return self._whole_requests(read), read
        return self._passes_one_by_one(count)

    def _passes_one_by_one(self, count: int) -> tuple[IntArray, IntArray]:
        served, read = np.empty(count, np.int64), np.empty(count, np.int64)
        at, position = self.served, self._read_bytes
        for number in range(count):
            sent = self._end_of(np.array([at + self._pipeline - 1]))[0]
            position = min(position + READ_BYTES, int(sent))
            at = int(self._whole_requests(np.array([position]))[0])
            served[number], read[number] = at, position
        return served, read

    def _whole_requests(self, read: IntArray) -> IntArray:
        """How many requests end within the first ``read`` bytes (ascending) of the stream."""
        while self._set_ends.size == 0 or self._set_ends[-1] <= read[-1]:
            if not self._draw_sets():
                return read // self._get_bytes
        sets = np.searchsorted(self._set_ends, read, side="right")
        extra = (self._set_bytes - self._get_bytes) * (self._sets_before + sets)
        # Beyond the last whole SET come GETs up to the next SET, which is not whole.
        whole: IntArray = np.minimum((read - extra) // self._get_bytes, self._sets[sets])
        return whole

    def _end_of(self, positions: IntArray) -> IntArray:
        """Where in the byte stream the requests at ``positions`` (ascending) end."""
        while self._sets.size == 0 or self._sets[-1] <= positions[-1]:
            if not self._draw_sets():
                break
        sets = self._sets_before + np.searchsorted(self._sets, positions, side="right")
        ends: IntArray = (positions + 1) * self._get_bytes + sets * (
            self._set_bytes - self._get_bytes
        )
        return ends

    def _draw_sets(self) -> bool:
        """Extend the known SETs; False if there are none in the whole sequence."""
        if self._set_ratio == 0:
            return False
        last = self._sets[-1] if self._sets.size else self.served - 1
        sets = last + np.cumsum(geometric(self._gaps, self._set_ratio, self._drawn))
        sets = np.minimum(sets, self._last)
        known = self._sets_before + self._sets.size
        before = np.arange(known + 1, known + self._drawn + 1, dtype=np.int64)
        ends = (sets + 1) * self._get_bytes + before * (self._set_bytes - self._get_bytes)
        self._sets = np.concatenate([self._sets, sets])
        self._set_ends = np.concatenate([self._set_ends, ends])
        keys = self._heap.random(self._keys, self._drawn)
        self._written = self._written.then(self._heap.written(keys))
        return True

    def writes(self, served: IntArray) -> tuple[IntArray, IntArray, IntArray]:
        """What the passes that serve up to ``served`` write.

        Returns:
            How many SETs there are up to each one's end, how many pages each dirties, the pages.
        """
        while (self._sets.size == 0 or self._sets[-1] < served[-1]) and self._draw_sets():
            pass
        sets = np.searchsorted(self._sets, served)
        ends = np.append(0, self._written.ends)[sets]
        return sets, np.diff(ends, prepend=0), self._written.pages[: ends[-1]]

    @property
    def oldest_ns(self) -> int:
        """When the oldest of its requests was sent that are not answered."""
        return int(self._past_ns[0])

    def reply(self, served: IntArray, read: IntArray, ends_ns: IntArray) -> Replies:
        """Take the passes as served, replying at ``ends_ns``; the latencies of their requests."""
        positions = np.concatenate([self._past, served])
        times = np.concatenate([self._past_ns, ends_ns])
        # Between two neighbours of these positions all requests are answered in one iteration and
        # were sent after one iteration.
        sent_after = positions[positions + self._pipeline > self.served] + self._pipeline
        edges = _merged(np.append(self.served, served), sent_after[sent_after < served[-1]])
        starts = edges[:-1]
        replied_ns = times[np.searchsorted(positions, starts, side="right")]
        asked = np.searchsorted(positions, starts - self._pipeline, side="right")
        sent_ns = np.where(starts < self._pipeline, 0, times[asked])
        counts = np.diff(edges)
        own_ns = counts * self._service_ns
        replies = Replies(replied_ns, replied_ns - sent_ns, counts, own_ns)

        self.served, self._read_bytes = int(served[-1]), int(read[-1])
        keep = max(
            int(np.searchsorted(positions, self.served - self._pipeline, side="right")) - 1, 0
        )
        self._past, self._past_ns = positions[keep:], times[keep:]
        gone = int(np.searchsorted(self._sets, self.served))
        self._sets_before += gone
        self._sets, self._set_ends = self._sets[gone:], self._set_ends[gone:]
        self._written = self._written.after(gone)
        return replies


class Pipelines:
    """All connections, each with a byte stream of its own; see `passes.Connections`."""

    def __init__(self, config: RedisConfig, clients: ClosedLoop, streams: Streams) -> None:
        heap = RedisHeap(config)
        self._connections = [
            PipelinedConnection(config, clients, heap, streams, number)
            for number in range(clients.connections)
        ]
        requests = min(clients.pipeline, READ_BYTES // config.get_bytes + 1)
        sets = clients.connections * requests * config.set_ratio
        most = max(1, _MOST_PASSES // clients.connections)
        self.most_iterations = min(most, iterations_of(sets))

    def passes(self, count: int) -> Passes:
        """See `passes.Connections`."""
        ends = [connection.passes(count) for connection in self._connections]
        served = [served for served, _ in ends]
        before = sum(connection.served for connection in self._connections)
        requests = np.diff(np.sum(served, axis=0), prepend=before)
        writes = [c.writes(s) for c, s in zip(self._connections, served, strict=True)]
        changes_end = np.sum([sets for sets, _, _ in writes], axis=0)
        pages, writes_end = _by_pass([(counts, own) for _, counts, own in writes])
        return Passes(requests, changes_end, writes_end, pages, ends)

    def reply(self, passes: Passes, ends_ns: IntArray) -> Replies:
        """See `passes.Connections`; latencies are in order of reply."""
        count = len(ends_ns)
        parts = [
            connection.reply(served[:count], read[:count], ends_ns)
            for connection, (served, read) in zip(self._connections, passes.ends, strict=True)
        ]
        at_ns = np.concatenate([part.at_ns for part in parts])
        order = np.argsort(at_ns, kind="stable")
        latency_ns = np.concatenate([part.latency_ns for part in parts])[order]
        weights = np.concatenate([part.weights for part in parts])[order]
        own_ns = np.concatenate([part.own_ns for part in parts])[order]
        return Replies(at_ns[order], latency_ns, weights, own_ns)

    @property
    def oldest_ns(self) -> int:
        """See `passes.Connections`."""
        return min(connection.oldest_ns for connection in self._connections)


def _merged(one: IntArray, other: IntArray) -> IntArray:
    """The distinct numbers of two ascending arrays, ascending."""
    # A stable sort merges what is in order already.
    merged = np.sort(np.concatenate([one, other]), kind="stable")
    leads = np.ones(len(merged), np.bool_)
    leads[1:] = merged[1:] != merged[:-1]
    return merged[leads]


def _by_pass(written: list[tuple[IntArray, IntArray]]) -> tuple[IntArray, IntArray]:
    """The pages that connections write, by pass and within it by connection.

    Args:
        written: of each connection how many pages each pass writes, and the pages of all passes.

    Returns:
        All pages, and how many of them are written by the end of each pass.
    """
    counts = np.array([count for count, _ in written])
    writes_end = np.cumsum(counts.sum(axis=0))
    pages = np.empty(writes_end[-1], np.int64)
    # Where each connection's pages of a pass begin among all, less where they begin in its own.
    shift = writes_end - counts[::-1].cumsum(axis=0)[::-1] - counts.cumsum(axis=1) + counts
    for (count, own), by in zip(written, shift, strict=True):
        pages[np.arange(len(own)) + np.repeat(by, count)] = own
    return pages, writes_end
