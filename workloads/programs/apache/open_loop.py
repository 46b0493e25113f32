"""Clients of a recorded access log: each request comes at its time, over its own connection."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

import numpy as np
import simpy

from sim.arrays import IntArray
from sim.machine.clock import Activity, Clock
from sim.machine.streams import Streams
from workloads.programs.apache.clients import Clients
from workloads.programs.apache.config import ApacheConfig, TraceClients
from workloads.traces.kinds.access_trace import AccessTrace
from workloads.traces.reading.columns import MISSING


class TracedClients(Clients):
    """The requests of a trace, up to the configured duration."""

    def __init__(
        self,
        config: ApacheConfig,
        clients: TraceClients,
        trace: AccessTrace,
        clock: Clock,
        streams: Streams,
    ) -> None:
        super().__init__(clock)
        at_ns = clients.send_ns(trace.arrival_ns(), config.sending_ns)
        drawn_ns = config.service.draw(streams.generator("workload/apache/service"), len(trace))
        service_ns = np.where(trace.service_ns == MISSING, drawn_ns, trace.service_ns)
        self._requests = list(zip(at_ns.tolist(), service_ns.tolist(), strict=False))

    def _begin(self) -> None:
        self.clock.process(self._arrivals())

    def _arrivals(self) -> Activity:
        for at_ns, service_ns in self._requests:
            wait_ns = self.began_ns + at_ns - self.clock.now
            if wait_ns:
                yield self.clock.timeout(wait_ns)
            self.queue.connect(_Request(self, service_ns))
        self.queue.close()


class _Request:
    """A connection for a single request."""

    def __init__(self, clients: TracedClients, service_ns: int) -> None:
        self._clients = clients
        self._service_ns = service_ns
        self._sent_ns = np.array([clients.clock.now])
        self._answered = False

    def sent(self) -> Generator[simpy.Event, Any, bool]:
        """See `Connection.sent`."""
        return not self._answered
        yield  # makes it a generator, although it never waits

    def take(self, most: int) -> IntArray:
        """See `Connection.take`."""
        del most
        return np.array([self._service_ns])

    def answer(self, ends_ns: IntArray, *, close: bool) -> None:
        """See `Connection.answer`."""
        del close
        self._answered = True
        self._clients.note(self._sent_ns, ends_ns)
