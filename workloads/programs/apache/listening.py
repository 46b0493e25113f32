"""The listen queue: where connections wait for a worker, and idle workers for a connection."""

from __future__ import annotations

from collections import deque
from collections.abc import Generator
from typing import Any, Protocol

import simpy

from sim.arrays import IntArray
from sim.machine.clock import Clock


class Connection(Protocol):
    """A client's side of a connection, as the worker that serves it sees it."""

    def sent(self) -> Generator[simpy.Event, Any, bool]:
        """Wait for a request; False if the client closes instead."""

    def take(self, most: int) -> IntArray:
        """Service times of the request sent and of those known to follow each response at once.

        Args:
            most: how many to take at most, at least 1.

        Returns:
            int64 [n], n from 1 to ``most``.
        """

    def answer(self, ends_ns: IntArray, *, close: bool) -> None:
        """The responses to what was taken.

        Args:
            ends_ns: int64 [n], when each response was sent; the last one now.
            close: whether the worker closes the connection.
        """


class ListenQueue:
    """Who comes first is served first, connections as well as workers (as by a blocked accept).

    Attributes:
        closed: happens when no more connections will come.
    """

    def __init__(self, clock: Clock) -> None:
        self.closed = clock.event()
        self._clock = clock
        self._connections: deque[Connection] = deque()
        self._workers: deque[simpy.Event] = deque()

    @property
    def idle_workers(self) -> int:
        """How many workers wait."""
        return len(self._workers)

    def connect(self, connection: Connection) -> None:
        """A connection arrives."""
        if self._workers:
            self._workers.popleft().succeed(connection)
        else:
            self._connections.append(connection)

    def accept(self) -> Generator[simpy.Event, Any, Connection | None]:
        """The next connection, waited for; None once none waits and none will come."""
        if self._connections:
            return self._connections.popleft()
        if self.closed.triggered:
            return None
        worker = self._clock.event()
        self._workers.append(worker)
        connection: Connection | None = yield worker
        return connection

    def close(self) -> None:
        """No more connections will come."""
        self.closed.succeed()
        while self._workers:
            self._workers.popleft().succeed(None)
