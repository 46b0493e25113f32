"""Clients of a recorded access log: each request comes at its time, over its own connection."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Sequence
from itertools import accumulate

import numpy as np

from models.kernel.kernel import Kernel
from sim.arrays import IntArray
from sim.machine.clock import steps
from sim.machine.streams import Streams
from workloads.programs.apache.clients import Clients
from workloads.programs.apache.config import ApacheConfig, TraceClients
from workloads.programs.apache.first_free import FirstFree
from workloads.programs.apache.listening import Acceptor
from workloads.traces.kinds.access_trace import AccessTrace
from workloads.traces.reading.columns import MISSING

_ROWS = 1 << 14
"""Rows of a trace that are plain integers at once."""


class TracedClients(Clients):
    """The requests of a trace, up to the configured duration.

    Where workers are as many as there will ever be, each has run on a core that nobody else uses,
    and only requests happen, it follows from the requests alone who serves which, and when. So all
    of them are resolved at once, but for the first ones, which find workers that have not served
    yet, and the last ones, which find some that exit.

    Args:
        config: of the server.
        clients: of the clients.
        trace: what they send.
        kernel: of the machine, which both share.
        streams: what chance draws from.
        alone: whether nothing else runs on the machine.
    """

    def __init__(
        self,
        config: ApacheConfig,
        clients: TraceClients,
        trace: AccessTrace,
        kernel: Kernel,
        streams: Streams,
        *,
        alone: bool = False,
    ) -> None:
        super().__init__(kernel.machine.clock)
        self._scheduler = kernel.machine.scheduler
        fixed = not config.spare or config.workers == config.max_workers
        unwatched = kernel.books.memory_bytes is None and self._scheduler.spans is None
        self._by_themselves = alone and fixed and unwatched
        self._at_ns = clients.send_ns(trace.arrival_ns(), config.sending_ns)
        drawn_ns = config.service.draw(streams.generator("workload/apache/service"), len(trace))
        self._service_ns = np.where(trace.service_ns == MISSING, drawn_ns, trace.service_ns)
        self._workers: Sequence[Acceptor] = ()
        self._go_on = steps(self._arrivals())

    def _begin(self, workers: Sequence[Acceptor]) -> None:
        self._workers = workers
        self.clock.next(self._go_on)

    def _requests(self, first: int, end: int) -> Iterator[tuple[int, int]]:
        for start in range(first, end, _ROWS):
            rows = slice(start, min(start + _ROWS, end))
            at_ns = self._at_ns[rows] + self.began_ns
            yield from zip(at_ns.tolist(), self._service_ns[rows].tolist(), strict=True)

    def _arrivals(self) -> Generator[None, None, None]:
        sent = 0
        # The last ones: as many as workers, so that none of them is idle when no more will come.
        last = len(self._at_ns) - len(self._workers)
        if self._by_themselves and self._scheduler.suffices:
            sent = yield from self._send(0, last, self._follow_from_requests)
            if sent < last:
                yield from self._resolve(sent, last)
                sent = last
        yield from self._send(sent, len(self._at_ns))
        self.queue.close()

    def _send(
        self, first: int, end: int, enough: Callable[[int], bool] | None = None
    ) -> Generator[None, None, int]:
        """Send requests at their times, until it is enough; returns the first that was not sent."""
        number = first
        for at_ns, service_ns in self._requests(first, end):
            if at_ns > self.clock.now:
                self.clock.later(at_ns - self.clock.now, self._go_on)
                yield
                if enough is not None and enough(end):
                    break
            self.queue.connect(_Request(self, at_ns, service_ns))
            number += 1
        return number

    def _follow_from_requests(self, end: int) -> bool:
        """Whether that is so of those from now on, and all workers will be free before the end."""
        return (
            not self.queue.waiting
            and all(worker.is_at_home for worker in self._workers)
            and self._free_by_ns() < self.began_ns + int(self._at_ns[end])
        )

    def _free_by_ns(self) -> int:
        return max(worker.free_by_ns for worker in self._workers)

    def _resolve(self, first: int, end: int) -> Generator[None, None, None]:
        """Serve requests by themselves; come back at the moment at which the next one is begun."""
        self.clock.later(max(self._free_by_ns() + 1 - self.clock.now, 0), self._go_on)
        yield
        idle = self.queue.idle()
        # Some are free since a later moment than their last burst: requests may take no time.
        free_ns = accumulate((worker.free_ns for worker in idle), max)
        serving = FirstFree(zip(free_ns, idle, strict=True))
        for start in range(first, end, _ROWS):
            rows = self._requests(start, min(start + _ROWS, end))
            self.note_all(np.array(serving.latencies_ns(rows), np.int64))
        begins_ns = serving.begins_ns(self.began_ns + int(self._at_ns[end]))
        self.clock.later(begins_ns - self.clock.now, self._go_on)
        yield
        for worker, until_ns in serving.busy(begins_ns):
            self.queue.occupy(worker, _Rest(self, until_ns - begins_ns))
        self.queue.line_up(serving.idle(begins_ns))


class _Request:
    """A connection for a single request, which is sent as it comes."""

    __slots__ = ("_clients", "_sent_ns", "_service_ns", "awaited_by", "outstanding", "over")

    def __init__(self, clients: TracedClients, sent_ns: int, service_ns: int) -> None:
        self._clients = clients
        self._service_ns = service_ns
        self._sent_ns = sent_ns
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


class _Rest(_Request):
    """The rest of a request whose latency is known."""

    def __init__(self, clients: TracedClients, service_ns: int) -> None:
        super().__init__(clients, clients.clock.now, service_ns)

    def answer(self, *, close: bool, earlier_ns: IntArray | None = None) -> None:
        """See `Connection.answer`."""
        self.outstanding, self.over = False, True
        self._clients.ended_ns = self._clients.clock.now
