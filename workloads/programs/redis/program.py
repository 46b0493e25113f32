"""The Redis program as an experiment runs it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from models.kernel.kernel import Kernel
from sim.machine.streams import Streams
from workloads.programs.redis.arrivals import GeneratedArrivals, traced_arrivals, value_lengths
from workloads.programs.redis.closed_loop import ClosedLoopClients
from workloads.programs.redis.config import ClosedLoop, OpenLoop, RedisConfig, TraceClients
from workloads.programs.redis.demands import demands_of
from workloads.programs.redis.open_loop import OpenLoopClients
from workloads.programs.redis.remarks import remarks
from workloads.programs.redis.requests import RequestSource
from workloads.programs.redis.server import Server
from workloads.running.demands import Demand
from workloads.running.program import Program
from workloads.running.setup import Setup
from workloads.traces.kinds.key_trace import KeyTrace
from workloads.traces.registry import open_as
from workloads.workload import Scope, Workload, check_fit


class Redis(Workload):
    """Redis: an event loop that answers clients and forks to save snapshots."""

    name = "redis"
    Config = RedisConfig
    scope = Scope(
        "The event loop: each iteration reads what clients have sent, 16 KiB of a connection at "
        "most, serves it in order, forks if a save is due, then answers. SETs dirty the pages of "
        "their keys, whose copies the server pays for while a child saves; the child goes through "
        "the data set and exits. Clients are open or closed loops, or a recorded trace.",
        "The network and its stack, I/O threads, AOF and its fsync, replication, expiry, "
        "eviction, values that grow, commands other than reads and writes of a key.",
    )
    example = (
        "{kind: redis, dataset: 1GiB, clients: {kind: open, rate: 20k/s}, set_ratio: 20%, "
        "service: 14us, snapshot: {every: 5s}}"
    )
    trace = KeyTrace

    def start(self, config: RedisConfig, kernel: Kernel, streams: Streams) -> Program:
        """Load the data set, serve the clients until they are done, and say what they saw."""
        server = Server(config, kernel, _clients(config, streams))
        at_once = 1 if config.snapshot is None else 2  # the server, and a child that saves
        return Program([server.live()], server.recording, at_once=at_once)

    def beside_others(self, config: RedisConfig) -> RedisConfig:
        """See `Workload.beside_others`: what others do ends when it was said to."""
        return config if config.duration is None else config.model_copy(update={"cycles": 0})

    def check(self, config: RedisConfig, setup: Setup) -> None:
        """Look whether the trace is sent and served in a time that can be simulated."""
        del setup
        clients = config.clients
        if isinstance(clients, TraceClients):
            trace = open_as(KeyTrace, clients.path, clients.reading)
            count = len(clients.send_ns(trace.time_ns, config.duration))
            served_ns = config.service_ns(value_lengths(config, trace, count))
            check_fit(("service",), "to serve the trace", float(served_ns.sum(dtype=np.float64)))

    def demands(self, config: Mapping[str, Any]) -> Iterator[Demand]:
        """See `Workload.demands`."""
        return demands_of(config)

    def most_at_once(self, config: Mapping[str, Any]) -> int:
        """See `Workload.most_at_once`; the server, and a child that saves."""
        return 1 if config["snapshot"] is None else 2

    def remarks(self, config: Mapping[str, Any]) -> Iterator[str]:
        """See `Workload.remarks`."""
        return remarks(config)


def _clients(config: RedisConfig, streams: Streams) -> RequestSource[Any]:
    clients = config.clients
    if isinstance(clients, ClosedLoop):
        return ClosedLoopClients(config, clients, streams)
    if isinstance(clients, OpenLoop):
        return OpenLoopClients(GeneratedArrivals(config, clients, streams))
    trace = open_as(KeyTrace, clients.path, clients.reading)
    return OpenLoopClients(traced_arrivals(config, clients, trace, streams))
