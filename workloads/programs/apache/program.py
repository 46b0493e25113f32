"""The Apache program as an experiment runs it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from models.kernel.kernel import Kernel
from sim.machine.streams import Streams
from sim.measures.recording import Recording
from workloads.programs.apache.clients import Clients
from workloads.programs.apache.closed_loop import ClientThreads
from workloads.programs.apache.config import ApacheConfig, ClosedLoop, TraceClients
from workloads.programs.apache.open_loop import TracedClients
from workloads.programs.apache.pool import Outgrown, WorkerPool
from workloads.running.demands import LOADED, SHARED, Demand
from workloads.running.pages import SLOT_BYTES
from workloads.running.program import Program, play
from workloads.running.setup import Setup
from workloads.traces.kinds.access_trace import AccessTrace
from workloads.traces.reading.columns import MISSING
from workloads.traces.registry import open_as
from workloads.workload import Scope, Workload, check_fit


class Apache(Workload):
    """Apache: a prefork web server whose workers take their first page faults as they serve."""

    name = "apache"
    Config = ApacheConfig
    scope = Scope(
        "The prefork MPM: a parent forks workers, more while too few are idle; each serves one "
        "connection at a time and pays its first page faults on its first request. Clients are "
        "wrk's, or an access log's at its times.",
        "Workers that exit when idle or after many requests (MaxConnectionsPerChild), files, the "
        "network, and other MPMs.",
    )
    example = "{kind: apache, parent: 64MiB, workers: 8, clients: {kind: closed}, duration: 2s}"
    trace = AccessTrace

    def start(
        self, config: ApacheConfig, kernel: Kernel, streams: Streams, *, alone: bool = False
    ) -> Program:
        """Fork the workers, serve the clients until they are done, and say what they saw.

        ``alone`` on the machine it is simulated faster, with the same results; but it may end with
        `Outgrown`, when it has turned out that there will be more workers than it was hoped.
        """
        most = config.max_workers if config.spare else config.workers
        if alone and isinstance(config.clients, TraceClients):
            most = _most_hoped(most, config, kernel)
        clients = _clients(config, kernel, streams, alone=alone)
        pool = WorkerPool(config, kernel, clients, streams, most)
        return Program([pool.live()], pool.recording, at_once=1 + most + _busy_threads(config))

    def demands(self, config: Mapping[str, Any]) -> Iterator[Demand]:
        """See `Workload.demands`."""
        parent, first_bytes = config["parent"], config["first_pages"] * SLOT_BYTES
        yield Demand(LOADED, "parent", parent)
        yield Demand(SHARED, "max_workers", config["max_workers"] * min(first_bytes, parent))

    def most_at_once(self, config: Mapping[str, Any]) -> int:
        """See `Workload.most_at_once`; workers that have a connection, and threads of clients.

        Of a trace's connections nothing is known, so they are as many as the first workers.
        """
        clients = config["clients"]
        if clients["kind"] == "trace":
            return int(config["workers"])
        workers = config["max_workers" if config["spare"] else "workers"]
        threads = clients["threads"] if clients["work"] else 0
        return int(min(workers, clients["connections"]) + threads)

    def check(self, config: ApacheConfig, setup: Setup) -> None:
        """Look whether the trace is sent and served in a time that can be simulated."""
        del setup
        clients = config.clients
        if isinstance(clients, TraceClients):
            trace = open_as(AccessTrace, clients.path, clients.reading)
            count = len(clients.send_ns(trace.time_ns, config.duration))
            own_ns = trace.service_ns[:count]
            longest_ns = np.where(own_ns == MISSING, config.service.quantiles_ns[-1], own_ns)
            served_ns = float(longest_ns.sum(dtype=np.float64))
            check_fit(("service",), "to serve the trace", served_ns)

    def run(self, config: ApacheConfig, setup: Setup) -> Recording:
        """See `Workload.run`."""
        try:
            return self._played(config, setup, alone=True)
        except Outgrown:
            return self._played(config, setup, alone=False)

    def _played(self, config: ApacheConfig, setup: Setup, *, alone: bool) -> Recording:
        kernel = setup.kernel()
        (recording,) = play(kernel, self.start(config, kernel, setup.streams(), alone=alone))
        return recording


def _most_hoped(most: int, config: ApacheConfig, kernel: Kernel) -> int:
    """Most workers of a trace with which to try first: as many as have cores beside the parent.

    Not if spans or the use of memory are watched, since then the trace is played anyhow.
    """
    with_cores = len(kernel.machine.scheduler.cores) - 1
    watched = kernel.machine.scheduler.spans is not None or kernel.books.memory_bytes is not None
    return most if watched or config.workers > with_cores else min(most, with_cores)


def _busy_threads(config: ApacheConfig) -> int:
    """Threads of the clients that ever want a core."""
    clients = config.clients
    return clients.threads if isinstance(clients, ClosedLoop) and clients.work else 0


def _clients(config: ApacheConfig, kernel: Kernel, streams: Streams, *, alone: bool) -> Clients:
    clients = config.clients
    if isinstance(clients, ClosedLoop):
        return ClientThreads(config, clients, kernel, streams, alone=alone)
    trace = open_as(AccessTrace, clients.path, clients.reading)
    return TracedClients(config, clients, trace, kernel, streams, alone=alone)
