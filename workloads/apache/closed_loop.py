"""Closed-loop clients: each connection sends its next request once it has the response."""

from __future__ import annotations

from collections import deque
from collections.abc import Generator
from typing import Any

import numpy as np
import simpy

from models.kernel import Kernel
from sim.clock import Activity
from sim.cores import Task
from sim.recording import IntArray
from sim.streams import Streams
from workloads.apache.clients import Clients
from workloads.apache.config import SECOND_NS, ClosedLoop, Config

MOST_AT_ONCE = 100
"""Requests that a worker takes at most in one go, if it knows that they come.

On a shared core the last of them may come to lie behind the end of the experiment: its client would
not have sent them any more. They are not counted; the core has worked on them.
"""


class ClosedLoopClients(Clients):
    """Threads with connections each, for a time."""

    def __init__(
        self, config: Config, clients: ClosedLoop, kernel: Kernel, streams: Streams
    ) -> None:
        super().__init__(kernel.machine.clock)
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

    def _begin(self) -> None:
        for connection in self._connections:
            connection.send()

    def leave(self) -> None:
        """A connection has its last response."""
        self._open -= 1
        if not self._open:
            self.queue.close()


class Thread:
    """A thread of the client; works on one response after the other, if that takes any time."""

    def __init__(self, clients: ClosedLoopClients, task: Task, work_ns: int) -> None:
        self.work_ns = work_ns
        self._clients = clients
        self._task = task
        self._responses: deque[ClosedConnection] = deque()

    def receive(self, connection: ClosedConnection) -> None:
        """A response has come."""
        if not self.work_ns:
            connection.proceed()
            return
        self._responses.append(connection)
        if len(self._responses) == 1:
            self._clients.clock.process(self._work())

    def _work(self) -> Activity:
        while self._responses:
            yield from self._task.run(compute_ns=self.work_ns)
            self._responses[0].proceed()
            self._responses.popleft()


class ClosedConnection:
    """One connection; connects again whenever the server has closed it."""

    def __init__(
        self,
        clients: ClosedLoopClients,
        thread: Thread,
        config: Config,
        generator: np.random.Generator,
    ) -> None:
        self._clients = clients
        self._thread = thread
        self._service = config.service
        self._generator = generator
        self._drawn_ns = np.zeros(0, np.int64)
        self._sent_ns = 0
        self._outstanding = False
        self._connected = False
        self._over = False
        self._wake: simpy.Event | None = None

    def send(self) -> None:
        """Send the next request, over a new connection if there is none."""
        self._sent_ns = self._clients.clock.now
        self._outstanding = True
        if not self._connected:
            self._connected = True
            self._clients.queue.connect(self)
        self._wake_worker()

    def proceed(self) -> None:
        """Go on after a response: send again, or close if it is time."""
        if self._clients.clock.now < self._clients.end_ns:
            self.send()
        else:
            self._over = True
            self._wake_worker()
            self._clients.leave()

    def _wake_worker(self) -> None:
        if self._wake is not None:
            self._wake.succeed()
            self._wake = None

    def sent(self) -> Generator[simpy.Event, Any, bool]:
        """See `Connection.sent`."""
        if not self._outstanding and not self._over:
            self._wake = self._clients.clock.event()
            yield self._wake
        return self._outstanding

    def take(self, most: int) -> IntArray:
        """See `Connection.take`."""
        if not len(self._drawn_ns):
            self._drawn_ns = self._service.draw(self._generator, MOST_AT_ONCE)
        known_ns = self._drawn_ns[: 1 if self._thread.work_ns else most]
        follow_ns = self._clients.clock.now + known_ns[:-1].cumsum()
        taken = 1 + int(follow_ns.searchsorted(self._clients.end_ns))
        self._drawn_ns = self._drawn_ns[taken:]
        return known_ns[:taken].copy()

    def answer(self, ends_ns: IntArray, *, close: bool) -> None:
        """See `Connection.answer`."""
        # The first was sent before the end.
        count = 1 + int(ends_ns[:-1].searchsorted(self._clients.end_ns))
        sent_ns = np.array([self._sent_ns, *ends_ns[: count - 1]])
        self._clients.note(sent_ns, ends_ns[:count])
        self._outstanding = False
        self._connected = not close
        self._thread.receive(self)
