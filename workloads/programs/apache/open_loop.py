"""Clients of a recorded access log: each request comes at its time, over its own connection."""

from __future__ import annotations

from collections.abc import Generator, Iterator

import numpy as np

from sim.arrays import IntArray
from sim.machine.clock import Clock, steps
from sim.machine.streams import Streams
from workloads.programs.apache.clients import Clients
from workloads.programs.apache.config import ApacheConfig, TraceClients
from workloads.programs.apache.listening import Acceptor
from workloads.traces.kinds.access_trace import AccessTrace
from workloads.traces.reading.columns import MISSING

_ROWS = 1 << 14
"""Rows of a trace that are plain integers at once."""


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
        self._at_ns = clients.send_ns(trace.arrival_ns(), config.sending_ns)
        drawn_ns = config.service.draw(streams.generator("workload/apache/service"), len(trace))
        self._service_ns = np.where(trace.service_ns == MISSING, drawn_ns, trace.service_ns)
        self._go_on = steps(self._arrivals())

    def _begin(self) -> None:
        self.clock.next(self._go_on)

    def _requests(self) -> Iterator[tuple[int, int]]:
        for start in range(0, len(self._at_ns), _ROWS):
            rows = slice(start, start + _ROWS)
            at_ns, service_ns = self._at_ns[rows].tolist(), self._service_ns[rows].tolist()
            yield from zip(at_ns, service_ns, strict=False)

    def _arrivals(self) -> Generator[None, None, None]:
        for at_ns, service_ns in self._requests():
            wait_ns = self.began_ns + at_ns - self.clock.now
            if wait_ns:
                self.clock.later(wait_ns, self._go_on)
                yield
            self.queue.connect(_Request(self, service_ns))
        self.queue.close()


class _Request:
    """A connection for a single request, which is sent as it comes."""

    __slots__ = ("_clients", "_sent_ns", "_service_ns", "awaited_by", "outstanding", "over")

    def __init__(self, clients: TracedClients, service_ns: int) -> None:
        self._clients = clients
        self._service_ns = service_ns
        self._sent_ns = clients.clock.now
        self.outstanding, self.over = True, False
        self.awaited_by: Acceptor | None = None

    def take(self) -> int:
        """See `Connection.take`."""
        return self._service_ns

    def take_known(self, most: int) -> IntArray:
        """See `Connection.take_known`: nothing follows."""
        del most
        return np.array([self._service_ns])

    def answer(self, *, close: bool, earlier_ns: IntArray | None = None) -> None:
        """See `Connection.answer`."""
        self.outstanding, self.over = False, True
        self._clients.note(self._sent_ns)
