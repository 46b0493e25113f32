"""Connections of a closed loop whose pipelines a pass always reads whole."""

from __future__ import annotations

import numpy as np

from sim.arrays import IntArray
from sim.machine.streams import Streams
from workloads.programs.redis.config import ClosedLoop, RedisConfig
from workloads.programs.redis.heap import DirtiedPages, RedisHeap
from workloads.programs.redis.passes import Passes, drawn_ahead, iterations_of
from workloads.programs.redis.requests import Replies
from workloads.programs.redis.set_gaps import FARTHEST, geometric_rows

_SETS_AHEAD = 1024
"""Whose pages are found together at least."""


class ShortPipelines:
    """All connections, as one sequence of SETs; see `passes.Connections`.

    An iteration serves every outstanding request of every connection, and all are sent again when
    it replies. So which iteration serves a request follows from its position in its connection's
    sequence, and every latency is the time from reply to reply.
    """

    def __init__(self, config: RedisConfig, clients: ClosedLoop, streams: Streams) -> None:
        self._pipeline, self._count = clients.pipeline, clients.connections
        self._service_ns = config.usual_service_ns
        self._set_ratio = config.set_ratio
        self._heap = RedisHeap(config)
        self._drawn = drawn_ahead(self._heap, self._count)
        numbers = range(self._count)
        self._gaps = [streams.generator(f"workload/redis/sets/{number}") for number in numbers]
        self._keys_of = [streams.generator(f"workload/redis/keys/{number}") for number in numbers]
        self.most_iterations = iterations_of(self._count * self._pipeline * self._set_ratio)
        self._served = 0
        self._replied_ns = 0
        # Each connection's last known SET as a position; the known ones of all from the first
        # unserved one on, as turns (`_turn`), and the keys that they write.
        self._last = np.full(self._count, -1 if self._set_ratio else FARTHEST, np.int64)
        self._turns = np.zeros(0, np.int64)
        self._keys = np.zeros(0, np.int64)
        self._written = DirtiedPages.none()

    def passes(self, count: int) -> Passes:
        """See `passes.Connections`."""
        end = self._served + count
        self._know_until(end * self._pipeline)
        ends = np.arange(self._served + 1, end + 1, dtype=np.int64)
        changes_end = np.searchsorted(self._turns, ends * self._count)
        written = self._written_by(int(changes_end[-1]))
        writes_end = np.append(0, written.ends)[changes_end]
        requests = np.full(count, self._count * self._pipeline, np.int64)
        return Passes(requests, changes_end, writes_end, written.pages[: writes_end[-1]], [])

    def _know_until(self, position: int) -> None:
        """Draw SETs until every connection has one there or later."""
        while len(short := np.flatnonzero(self._last < position)):
            gaps = geometric_rows([self._gaps[n] for n in short], self._set_ratio, self._drawn)
            positions = np.minimum(self._last[short, None] + np.cumsum(gaps, axis=1), FARTHEST)
            self._last[short] = positions[:, -1]
            keys = [self._heap.random(self._keys_of[n], self._drawn) for n in short]
            # A number that orders SETs by iteration, and within it by connection.
            turns = positions // self._pipeline * self._count + short[:, None]
            turns = np.concatenate([self._turns, turns.ravel()])
            order = np.argsort(turns, kind="stable")
            self._turns = turns[order]
            self._keys = np.concatenate([self._keys, *keys])[order]
            self._written = DirtiedPages.none()

    def _written_by(self, sets: int) -> DirtiedPages:
        """What the next so many SETs dirty, and some more."""
        if sets > len(self._written.ends):
            self._written = self._heap.written(self._keys[: max(sets, _SETS_AHEAD)])
        return self._written

    @property
    def oldest_ns(self) -> int:
        """See `passes.Connections`."""
        return self._replied_ns

    def reply(self, passes: Passes, ends_ns: IntArray) -> Replies:
        """See `passes.Connections`."""
        count = len(ends_ns)
        latency_ns = ends_ns - np.concatenate([[self._replied_ns], ends_ns[:-1]])
        self._served += count
        self._replied_ns = int(ends_ns[-1])
        gone = int(passes.changes_end[count - 1])
        self._turns, self._keys = self._turns[gone:], self._keys[gone:]
        self._written = self._written.after(gone)
        weights = passes.requests[:count]
        return Replies(ends_ns, latency_ns, weights, weights * self._service_ns)
