"""The listen queue: where connections wait for a worker, and idle workers for a connection."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping
from typing import Protocol

from sim.arrays import IntArray
from sim.machine.causes import Cause
from sim.machine.clock import Clock, Step


class Acceptor(Protocol):
    """Whoever serves connections.

    Attributes:
        resume: goes on with what it waited for.
        connection: what it has accepted; None if none will come.
        is_at_home: whether it has served and waits, and nobody else has used its core since.
        free_ns: when it has served or will have served, if nobody disturbs it, what it had last.
    """

    resume: Step
    connection: Connection | None

    @property
    def is_at_home(self) -> bool:
        """See above."""

    @property
    def free_ns(self) -> int:
        """See above."""


class Connection(Protocol):
    """A client's side of a connection, as the worker that serves it sees it.

    Attributes:
        outstanding: whether a request was sent that has no response yet.
        over: whether its client has closed it.
        awaited_by: who is to be resumed when either of them becomes so.
    """

    outstanding: bool
    over: bool
    awaited_by: Acceptor | None

    def take(self) -> int:
        """Service time of the request that was sent."""

    def take_known(self, most: int) -> IntArray:
        """Service times of it and of those that are known to follow each response at once.

        Args:
            most: how many to take at most, at least 1.

        Returns:
            int64 [n], n from 1 to ``most``.
        """

    def answer(self, service_ns: int, besides_ns: Mapping[Cause, int], *, close: bool) -> None:
        """The response comes now.

        Args:
            service_ns: how long the request was served.
            besides_ns: what else time was spent on since it was taken.
            close: whether the worker closes the connection.
        """

    def answer_known(
        self, ends_ns: IntArray, spent_ns: Mapping[Cause, IntArray], *, close: bool
    ) -> None:
        """The last of the responses comes now to requests that were known.

        Args:
            ends_ns: int64 [n], when each came.
            spent_ns: what time was spent on from the one before, or from when they were taken.
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
        self._workers: deque[Acceptor] = deque()

    @property
    def idle_workers(self) -> int:
        """How many workers wait."""
        return len(self._workers)

    @property
    def waiting(self) -> int:
        """How many connections wait."""
        return len(self._connections)

    def idle(self) -> list[Acceptor]:
        """Which workers wait, the next one first."""
        return list(self._workers)

    def occupy(self, worker: Acceptor, connection: Connection) -> None:
        """Give a connection to a certain worker that waits."""
        self._workers.remove(worker)
        worker.connection = connection
        self._clock.soon(worker.resume)

    def line_up(self, workers: Iterable[Acceptor]) -> None:
        """Put those that wait into another order."""
        self._workers = deque(workers)

    def connect(self, connection: Connection) -> None:
        """A connection arrives."""
        if self._workers:
            worker = self._workers.popleft()
            worker.connection = connection
            self._clock.soon(worker.resume)
        else:
            self._connections.append(connection)

    def accept(self, worker: Acceptor) -> bool:
        """Give a worker the next connection, or None if none will come; whether it must wait."""
        worker.connection = None
        if self._connections:
            worker.connection = self._connections.popleft()
        elif not self.closed.triggered:
            self._workers.append(worker)
            return True
        return False

    def close(self) -> None:
        """No more connections will come."""
        self.closed.succeed()
        while self._workers:
            self._clock.soon(self._workers.popleft().resume)
