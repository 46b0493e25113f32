"""Clients of a recorded access log: each request comes at its time, over its own connection."""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from itertools import accumulate

import numpy as np

from models.kernel.kernel import Kernel
from sim.arrays import IntArray
from sim.machine.causes import WORK, Cause
from sim.machine.clock import steps
from sim.machine.streams import Streams
from workloads.programs.apache.causes import NO_WORKER
from workloads.programs.apache.clients import Clients
from workloads.programs.apache.config import ApacheConfig, TraceClients
from workloads.programs.apache.first_free import FirstFree
from workloads.programs.apache.listening import Acceptor
from workloads.programs.apache.looks import Looks
from workloads.traces.kinds.access_trace import AccessTrace
from workloads.traces.reading.columns import MISSING

_ROWS = 1 << 14
"""Rows of a trace that are plain integers at once."""


class TracedClients(Clients):
    """The requests of a trace, up to the configured duration.

    Where each worker has served, on a core that nobody else uses, and only requests happen, it
    follows from the requests alone who serves which, and when. So all of them are resolved at once
    up to the next look that finds too few idle workers, but for the first ones, which find workers
    that have not served yet, and the last ones, which find some that exit.

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
        unwatched = kernel.books.memory_bytes is None and self._scheduler.spans is None
        self._by_themselves = alone and unwatched
        self._at_ns = clients.send_ns(trace.arrival_ns(), config.sending_ns)
        drawn_ns = config.service.draw(streams.generator("workload/apache/service"), len(trace))
        self._service_ns = np.where(trace.service_ns == MISSING, drawn_ns, trace.service_ns)
        self._workers: Sequence[Acceptor] = ()
        self._looks = Looks(config.spare)
        self._at_home = 0
        self._not_before_ns = 0
        self._go_on = steps(self._arrivals())

    def _begin(self, workers: Sequence[Acceptor], looks: Looks) -> None:
        self._workers, self._looks = workers, looks
        self.clock.next(self._go_on)

    @property
    def _last(self) -> int:
        """The first of the last ones: as many as workers, so that all have one behind them."""
        return max(len(self._at_ns) - len(self._workers), 0)

    def _comes_ns(self, number: int) -> int:
        return self.began_ns + int(self._at_ns[number])

    def _rows(self, first: int, end: int) -> Iterator[tuple[int, list[int], list[int]]]:
        """Requests in parts: the number of the first, when each comes, its service time."""
        for start in range(first, end, _ROWS):
            rows = slice(start, min(start + _ROWS, end))
            at_ns = self._at_ns[rows] + self.began_ns
            yield start, at_ns.tolist(), self._service_ns[rows].tolist()

    def _arrivals(self) -> Generator[None, None, None]:
        sent = 0
        if self._by_themselves and self._scheduler.suffices:
            while sent < self._last:
                sent = yield from self._send(sent, self._last, self._follow_from_requests)
                if sent < self._last:
                    sent = yield from self._resolve(sent, self._last)
        yield from self._send(sent, len(self._at_ns))
        self.queue.close()

    def _send(
        self, first: int, end: int, enough: Callable[[], bool] | None = None
    ) -> Generator[None, None, int]:
        """Send requests at their times, until it is enough; returns the first that was not sent."""
        number = first
        for _, at_ns, service_ns in self._rows(first, end):
            for moment_ns, request_ns in zip(at_ns, service_ns, strict=True):
                if moment_ns > self.clock.now:
                    self.clock.later(moment_ns - self.clock.now, self._go_on)
                    yield
                    if enough is not None and enough():
                        return number
                self.queue.connect(_Request(self, moment_ns, request_ns))
                number += 1
        return number

    def _follow_from_requests(self) -> bool:
        """Whether that is so of those from now on."""
        if self.clock.now < self._not_before_ns or self.queue.waiting:
            return False
        while self._at_home < len(self._workers):
            if not self._workers[self._at_home].is_at_home:
                return False
            self._at_home += 1  # and will be: there are cores for all
        return self._looks.next_ns > self.clock.now

    def _resolve(self, first: int, end: int) -> Generator[None, None, int]:
        """Serve requests by themselves, if it is worth it; returns the first that was not served.

        Comes back just before that is begun, or before a look that finds too few idle workers. By
        then all have served what they had before, so each of them waits.
        """
        idle = self.queue.idle()
        busy = [worker for worker in self._workers if worker not in idle]
        busy.sort(key=lambda worker: worker.free_ns)
        # Some are free since a later moment than their last burst: requests may take no time.
        free_ns = list(accumulate((worker.free_ns for worker in [*idle, *busy]), max))
        ends_ns = free_ns[len(idle) :]
        if len(set(ends_ns)) < len(ends_ns):  # who of them began first is not known any more
            self._not_before_ns = ends_ns[-1]
            return (yield from self._send(first, first + 1))
        free = list(zip(free_ns, [*idle, *busy], strict=True))
        serving, latencies_ns = FirstFree(free), array("q")
        served, until_ns = self._serve(serving, first, end, latencies_ns)
        next_ns = until_ns + 1
        if self._comes_ns(served) == next_ns == self._looks.first_from(next_ns):
            # Which is first, look or request, follows from when the request before it came.
            before = int(self._at_ns.searchsorted(self._at_ns[served - 1]))
            serving, latencies_ns = FirstFree(free), array("q")
            served, until_ns = self._serve(serving, first, max(before, first), latencies_ns)
        if until_ns <= max(self.clock.now, free_ns[-1]):
            self._not_before_ns = until_ns
            return (yield from self._send(first, first + 1))
        self._note_resolved(first, np.frombuffer(latencies_ns, np.int64))
        self.clock.later(until_ns - self.clock.now, self._go_on)
        yield
        begun = serving.busy(until_ns)
        left_ns = sum(free_at_ns - until_ns for _, free_at_ns in begun)
        self._scheduler.worked_apart(int(self._service_ns[first:served].sum()) - left_ns)
        for worker, free_at_ns in begun:
            self.queue.occupy(worker, _Rest(self, free_at_ns - until_ns))
        self.queue.line_up(serving.idle(until_ns))
        return served

    def _note_resolved(self, first: int, latencies_ns: IntArray) -> None:
        """Count requests from one on as answered after these times; nobody waited for a core."""
        rows = slice(first, first + len(latencies_ns))
        ends_ns, own_ns = self._at_ns[rows] + self.began_ns + latencies_ns, self._service_ns[rows]
        self.note_all(ends_ns, latencies_ns, {NO_WORKER: latencies_ns - own_ns, WORK: own_ns})

    def _serve(
        self, serving: FirstFree[Acceptor], first: int, end: int, latencies_ns: array[int]
    ) -> tuple[int, int]:
        """Serve requests until one of them finds too few idle workers; adds their latencies.

        Returns:
            The first that was not served, and a moment before it is begun, or before the look.
        """
        look_ns = self._looks.next_ns
        for start, at_ns, service_ns in self._rows(first, end):
            done = 0
            while True:
                rows = slice(done, bisect_left(at_ns, look_ns, done))
                requests = zip(at_ns[rows], service_ns[rows], strict=True)
                found_ns = serving.latencies_ns(requests, look_ns)
                latencies_ns.extend(found_ns)
                done += len(found_ns)
                if done == len(at_ns):
                    break
                if not self._finds_enough(serving, look_ns, at_ns[done]):
                    return start + done, look_ns - 1
                look_ns = self._looks.first_from(max(at_ns[done], look_ns + 1))
        begins_ns = serving.begins_ns(self._comes_ns(end))
        while look_ns <= begins_ns:
            if not self._finds_enough(serving, look_ns, begins_ns):
                return end, look_ns - 1
            look_ns = self._looks.first_from(max(begins_ns, look_ns + 1))
        return end, begins_ns - 1

    def _finds_enough(self, serving: FirstFree[Acceptor], look_ns: int, next_ns: int) -> bool:
        """Whether enough workers are idle at a look, if the next request is begun at it or later.

        Who is free at that very moment is seen too late, who comes is seen.
        """
        coming = 0
        if next_ns == look_ns:
            from_ns = look_ns - self.began_ns
            coming = int(np.subtract(*self._at_ns.searchsorted([from_ns + 1, from_ns])))
        return serving.idle_before(look_ns) - coming >= self._looks.enough


class _Request:
    """A connection for a single request, which is sent as it comes."""

    __slots__ = (
        "_clients",
        "_sent_ns",
        "_service_ns",
        "_taken_ns",
        "awaited_by",
        "outstanding",
        "over",
    )

    def __init__(self, clients: TracedClients, sent_ns: int, service_ns: int) -> None:
        self._clients = clients
        self._service_ns = service_ns
        self._sent_ns = self._taken_ns = sent_ns
        self.outstanding, self.over = True, False
        self.awaited_by: Acceptor | None = None

    def take(self) -> int:
        """See `Connection.take`."""
        self._taken_ns = self._clients.clock.now
        return self._service_ns

    def take_known(self, most: int) -> IntArray:
        """See `Connection.take_known`: nothing follows."""
        del most
        self._taken_ns = self._clients.clock.now
        return np.array([self._service_ns])

    def answer(self, service_ns: int, besides_ns: Mapping[Cause, int], *, close: bool) -> None:
        """See `Connection.answer`."""
        del close
        self.outstanding, self.over = False, True
        self._clients.note(self._sent_ns, self._taken_ns, service_ns, besides_ns)

    def answer_known(
        self, ends_ns: IntArray, spent_ns: Mapping[Cause, IntArray], *, close: bool
    ) -> None:
        """See `Connection.answer_known`: it is one."""
        del ends_ns
        besides_ns = {cause: int(ns.sum()) for cause, ns in spent_ns.items()}
        self.answer(besides_ns.pop(WORK), besides_ns, close=close)


class _Rest(_Request):
    """The rest of a request whose latency is known."""

    def __init__(self, clients: TracedClients, service_ns: int) -> None:
        super().__init__(clients, clients.clock.now, service_ns)

    def answer(self, service_ns: int, besides_ns: Mapping[Cause, int], *, close: bool) -> None:
        """See `Connection.answer`: it was counted."""
        del service_ns, besides_ns, close
        self.outstanding, self.over = False, True
