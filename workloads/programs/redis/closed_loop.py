"""Closed-loop clients: connections that keep a fixed number of requests outstanding."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from sim.arrays import IntArray
from sim.machine.streams import Streams
from workloads.programs.redis.arrivals import SkippedRequests
from workloads.programs.redis.config import ClosedLoop, RedisConfig
from workloads.programs.redis.passes import Connections, Passes
from workloads.programs.redis.pipelines import Pipelines
from workloads.programs.redis.requests import READ_BYTES, FindFaults, Iterations, Replies, fault_ns
from workloads.programs.redis.short_pipelines import ShortPipelines


class ClosedLoopClients:
    """All connections of a closed loop; see `workloads.programs.redis.requests.RequestSource`."""

    def __init__(self, config: RedisConfig, clients: ClosedLoop, streams: Streams) -> None:
        self._service_ns = config.usual_service_ns
        drained = clients.pipeline * config.set_bytes <= READ_BYTES
        pipelines = ShortPipelines if drained else Pipelines
        self._connections: Connections = pipelines(config, clients, streams)
        largest = min(clients.pipeline, READ_BYTES // config.get_bytes + 1) * clients.connections
        self._typical_ns = largest * self._service_ns
        self._end_ns = None if config.in_cycles else config.duration

    def upcoming(
        self, now_ns: int, until_ns: int, find_faults: FindFaults
    ) -> Iterations[Passes] | None:
        """The next iterations; None once the clients' time is over."""
        if self._end_ns is not None and now_ns >= self._end_ns:
            return None
        count = (until_ns - now_ns) // self._typical_ns + 2 if until_ns > now_ns else 1
        passes = self._connections.passes(min(count, self._connections.most_iterations))
        faults = find_faults(passes.pages)
        of_faults_ns = fault_ns(faults, np.concatenate([[0], passes.writes_end]))
        busy_ns = passes.requests * self._service_ns + of_faults_ns[1:] - of_faults_ns[:-1]
        ends_ns = now_ns + np.cumsum(busy_ns)
        return Iterations(
            start_ns=ends_ns - busy_ns,
            ends_ns=ends_ns,
            busy_ns=busy_ns,
            requests=passes.requests,
            changes_end=passes.changes_end,
            writes_end=passes.writes_end,
            faults=faults,
            basis=passes,
        )

    def served(self, ahead: Iterations[Passes], ends_ns: IntArray) -> Replies:
        """Take the first iterations as served; their latencies in order of reply."""
        return self._connections.reply(ahead.basis, ends_ns)

    def oldest_ns(self, now_ns: int) -> int:
        """See `requests.RequestSource`."""
        return min(self._connections.oldest_ns, now_ns)

    def skip(
        self, from_ns: int, until_ns: int, *, faulting: bool
    ) -> Iterator[tuple[int, SkippedRequests]]:
        """See `requests.RequestSource`: who waits for answers always waits."""
        del from_ns, until_ns, faulting
        yield from ()
