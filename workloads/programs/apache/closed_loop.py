"""Closed-loop clients: each connection sends its next request once it has the response."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence

import numpy as np

from models.kernel.kernel import Kernel
from sim.arrays import IntArray
from sim.machine.causes import Cause
from sim.machine.streams import Streams
from sim.machine.tasks import Task
from workloads.programs.apache.causes import NO_WORKER
from workloads.programs.apache.clients import Clients
from workloads.programs.apache.config import SECOND_NS, ApacheConfig, ClosedLoop
from workloads.programs.apache.listening import Acceptor
from workloads.programs.apache.looks import Looks

MOST_AT_ONCE = 100
"""Requests that a worker takes at most in one go, if it knows that they come."""


class ClientThreads(Clients):
    """Threads with connections each, for a time.

    Args:
        config: of the server.
        clients: of the clients.
        kernel: of the machine, which both share.
        streams: what chance draws from.
        alone: whether nothing else runs on the machine.
    """

    def __init__(
        self,
        config: ApacheConfig,
        clients: ClosedLoop,
        kernel: Kernel,
        streams: Streams,
        *,
        alone: bool = False,
    ) -> None:
        super().__init__(kernel.machine.clock)
        self._books = kernel.books
        self._scheduler = kernel.machine.scheduler
        # Workers alone with their clients have cores to themselves although, when there are no
        # clients any more, there may be more of them than cores: one a connection, and the parent.
        self._has_cores = alone and clients.connections < len(self._scheduler.cores)
        self._works = clients.work > 0
        self._sending_ns = config.sending_ns or SECOND_NS
        self.threads = [
            Thread(self, kernel.machine.task(f"wrk-{number}"), clients.work)
            for number in range(clients.threads)
        ]
        # A stream per connection: its n-th request takes as long under every fork.
        self._connections = [
            ClosedConnection(
                self,
                self.threads[number % clients.threads],
                config,
                streams.generator(f"workload/apache/service/{number}"),
            )
            for number in range(clients.connections)
        ]
        self._open = len(self._connections)

    @property
    def end_ns(self) -> int:
        """From when on nothing is sent."""
        return self.began_ns + self._sending_ns

    @property
    def looks_ahead(self) -> bool:
        """See `Clients.looks_ahead`; nothing follows at once if a thread works on the response."""
        has_core = self._has_cores or self._scheduler.suffices
        return has_core and not self._works and self._books.memory_bytes is None

    def _begin(self, workers: Sequence[Acceptor], looks: Looks) -> None:
        del workers, looks
        for connection in self._connections:
            connection.send()

    def leave(self) -> None:
        """A connection has its last response."""
        self._open -= 1
        if not self._open:
            self.queue.close()


class Thread:
    """A thread of the client; works on one response after the other, if that takes any time."""

    def __init__(self, clients: ClientThreads, task: Task, work_ns: int) -> None:
        self.work_ns = work_ns
        self._clock = clients.clock
        self._task = task
        self._responses: deque[ClosedConnection] = deque()

    def receive(self, connection: ClosedConnection) -> None:
        """A response has come."""
        if not self.work_ns:
            connection.proceed()
            return
        self._responses.append(connection)
        if len(self._responses) == 1:
            self._clock.next(self._work)

    def _work(self) -> None:
        self._task.begin(self.work_ns, self._worked)

    def _worked(self) -> None:
        self._responses[0].proceed()
        self._responses.popleft()
        if self._responses:
            self._work()


class ClosedConnection:
    """One connection; connects again whenever the server has closed it."""

    def __init__(
        self,
        clients: ClientThreads,
        thread: Thread,
        config: ApacheConfig,
        generator: np.random.Generator,
    ) -> None:
        self.outstanding = False
        self.over = False
        self.awaited_by: Acceptor | None = None
        self._clients = clients
        self._thread = thread
        self._service = config.service
        self._generator = generator
        self._drawn_ns = np.zeros(0, np.int64)
        self._taken = 0
        self._sent_ns = self._taken_ns = 0
        self._connected = False

    def send(self) -> None:
        """Send the next request, over a new connection if there is none."""
        self._sent_ns = self._clients.clock.now
        self.outstanding = True
        if not self._connected:
            self._connected = True
            self._clients.queue.connect(self)
        self._wake_worker()

    def proceed(self) -> None:
        """Go on after a response: send again, or close if it is time."""
        if self._clients.clock.now < self._clients.end_ns:
            self.send()
        else:
            self.over = True
            self._wake_worker()
            self._clients.leave()

    def _wake_worker(self) -> None:
        if self.awaited_by is not None:
            self._clients.clock.soon(self.awaited_by.resume)
            self.awaited_by = None

    def take(self) -> int:
        """See `Connection.take`."""
        self._taken_ns = self._clients.clock.now
        if self._taken == len(self._drawn_ns):
            self._draw()
        self._taken += 1
        return self._drawn_ns.item(self._taken - 1)

    def take_known(self, most: int) -> IntArray:
        """See `Connection.take_known`."""
        self._taken_ns = self._clients.clock.now
        most = min(most, MOST_AT_ONCE)
        while self._taken + most > len(self._drawn_ns):
            self._draw()
        known_ns = self._drawn_ns[self._taken : self._taken + most]
        follow_ns = self._taken_ns + known_ns[:-1].cumsum()
        taken = 1 + int(follow_ns.searchsorted(self._clients.end_ns))
        self._taken += taken
        return known_ns[:taken]

    def answer(self, service_ns: int, besides_ns: Mapping[Cause, int], *, close: bool) -> None:
        """See `Connection.answer`."""
        self._clients.note(self._sent_ns, self._taken_ns, service_ns, besides_ns)
        self._receive(close=close)

    def answer_known(
        self, ends_ns: IntArray, spent_ns: Mapping[Cause, IntArray], *, close: bool
    ) -> None:
        """See `Connection.answer_known`."""
        waited_ns = np.zeros(len(ends_ns), np.int64)
        waited_ns[0] = self._taken_ns - self._sent_ns
        latencies_ns = np.diff(ends_ns, prepend=self._sent_ns)
        self._clients.note_all(ends_ns, latencies_ns, {NO_WORKER: waited_ns, **spent_ns})
        self._receive(close=close)

    def _receive(self, *, close: bool) -> None:
        self.outstanding = False
        self._connected = not close
        self._thread.receive(self)

    def _draw(self) -> None:
        more_ns = self._service.draw(self._generator, MOST_AT_ONCE)
        self._drawn_ns = np.concatenate([self._drawn_ns[self._taken :], more_ns])
        self._taken = 0
