"""A local process that simulates one point at a time, seen from both of its ends."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from contextlib import suppress
from multiprocessing import get_context, parent_process, resource_tracker
from multiprocessing.connection import Connection, wait
from multiprocessing.context import ForkServerContext, SpawnContext
from typing import Literal, TypeAlias

from experiments.execution.executors.attempt import Outcome, attempt, keep
from experiments.execution.executors.interface import PointLimits
from experiments.planning.points import Point
from results.records.store import Store

StartMethod: TypeAlias = Literal["spawn", "forkserver"]

_PATIENCE_S = 5.0
"""How long a process that is told to end may take to clear up."""


class WorkerDiedError(Exception):
    """The process is gone; its text says how, in words that follow "its process"."""


class WorkerProcess:
    """The parent's end of a process that simulates points and writes their records.

    Attributes:
        connection: becomes readable when `take` has something to say.
        place: of the point it has been given.
        given_at: when it could begin with it, by `time.perf_counter`; infinite until then.
    """

    def __init__(self, store: Store, limits: PointLimits, method: StartMethod) -> None:
        context = _context(method)
        self.connection, other_end = context.Pipe()
        self.place = -1
        self.given_at = float("inf")
        self._ready = False
        self._process = context.Process(
            target=_serve, args=(other_end, store, limits), daemon=True, name="forksim worker"
        )
        # Ctrl-C, or its end, reaches every process of the terminal. Only the parent should act on
        # it, so the child inherits blocked signals; a tracker started inside would unblock them.
        resource_tracker.ensure_running()
        before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGHUP})
        try:
            self._process.start()
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)
        other_end.close()

    def give(self, place: int, point: Point) -> None:
        """Hand over a point."""
        self.place = place
        self.given_at = time.perf_counter() if self._ready else float("inf")
        with suppress(OSError):  # the process has died: `take` will say so
            self.connection.send(point)

    def take(self) -> Outcome | None:
        """The outcome of the given point, or None if the process has only come up.

        Raises:
            WorkerDiedError: the process died; it takes no more points.
            OSError: the point's record cannot be written.
        """
        try:
            answer: Outcome | OSError | None = self.connection.recv()
        except (EOFError, OSError):
            self._process.join()
            raise WorkerDiedError(ending(self._process.exitcode)) from None
        if isinstance(answer, OSError):
            raise answer
        if answer is None:
            self._ready = True
            self.given_at = time.perf_counter()
        return answer

    def kill(self) -> None:
        """End the process at once."""
        self._process.kill()
        self._process.join()
        self.connection.close()

    @staticmethod
    def end(workers: list[WorkerProcess]) -> None:
        """Tell the processes to end, let them remove what they half wrote, and wait for them."""
        for worker in workers:
            worker._process.terminate()
        deadline = time.perf_counter() + _PATIENCE_S
        for worker in workers:
            worker._process.join(max(0, deadline - time.perf_counter()))
            worker.kill()


def _context(method: StartMethod) -> SpawnContext | ForkServerContext:
    if method == "spawn":
        return get_context("spawn")
    context = get_context("forkserver")
    context.set_forkserver_preload([__name__])
    return context


def ending(exit_code: int | None) -> str:
    """How a process ended, in words that follow "its process"."""
    if exit_code is not None and exit_code < 0:
        return f"was killed by {_name_of(-exit_code)}"
    return f"ended with exit code {exit_code}"


def _name_of(number: int) -> str:
    """A signal's name; only the first and the last of the real-time ones have one."""
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


def _serve(connection: Connection, store: Store, limits: PointLimits) -> None:
    """Simulate what comes in until the other end is closed."""
    # A signal's handler runs between two steps of Python, so that a write clears up after itself.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit())
    threading.Thread(target=_end_with_parent, daemon=True).start()
    with suppress(EOFError, OSError):
        connection.send(None)
        while True:
            point: Point = connection.recv()
            tried = attempt(point, limits.memory_bytes)
            try:
                answer: Outcome | OSError = keep(tried, point, store)
            except OSError as error:
                answer = error
            connection.send(answer)
    # While Python ends, an exception in a handler would be told, and nobody could act on it.
    signal.signal(signal.SIGTERM, signal.SIG_DFL)


def _end_with_parent() -> None:
    """A killed parent leaves nobody to wait for the point: end, however long it would take."""
    parent = parent_process()
    assert parent is not None  # noqa: S101 - a worker is a child
    wait([parent.sentinel])
    os._exit(1)
