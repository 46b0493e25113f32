"""Where points are simulated: in this process one after the other, or in several of its own.

A point's record is written where it was simulated, so it is safe before anyone hears of it. A
process that dies takes one point with it: the standard pool would lose all that are not done.
"""

from __future__ import annotations

import signal
import time
import traceback
from collections import deque
from collections.abc import Callable, Generator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing import get_context, resource_tracker
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnProcess
from typing import TypeAlias

from experiments.points import Point
from experiments.simulation import simulate
from results.record import Record
from results.store import Store

Simulate: TypeAlias = Callable[[Point], Record]


@dataclass(frozen=True)
class Outcome:
    """How a point ended.

    Attributes:
        wall_s: seconds it took.
        failure: None, or in one line why there is no record.
    """

    wall_s: float
    failure: str | None = None


Outcomes: TypeAlias = Generator[tuple[int, Outcome], None, None]
"""Places of points, each with its outcome."""


def in_this_process(points: Sequence[Point], store: Store, run: Simulate = simulate) -> Outcomes:
    """Simulate the points in order; yields each one's place in ``points`` with its outcome."""
    for place, point in enumerate(points):
        yield place, attempt(point, store, run)


def in_processes(
    points: Sequence[Point], store: Store, jobs: int, run: Simulate = simulate
) -> Outcomes:
    """Simulate the points in up to ``jobs`` processes; yields outcomes as they come.

    Processes are spawned, not forked, so a point finds the same fresh interpreter anywhere.
    ``run`` must be importable by them. Closing the iterator ends them.
    """
    waiting = deque(enumerate(points))
    busy: dict[Connection, tuple[_Worker, int]] = {}
    workers: list[_Worker] = []
    try:
        while waiting and len(workers) < jobs:
            workers.append(_Worker(store, run))
            busy[workers[-1].connection] = workers[-1], workers[-1].give(waiting.popleft())
        while busy:
            ready = wait(list(busy))
            for connection in [c for c in busy if c in ready]:
                worker, place = busy.pop(connection)
                outcome, alive = worker.take()
                if waiting:
                    if not alive:
                        worker = _Worker(store, run)
                        workers.append(worker)
                    busy[worker.connection] = worker, worker.give(waiting.popleft())
                yield place, outcome
    finally:
        for worker in workers:
            worker.end()


def attempt(point: Point, store: Store, run: Simulate) -> Outcome:
    """Simulate one point and write its record; an exception becomes the outcome's failure.

    The traceback is kept beside where the record would be, if anything can be written there.
    """
    start = time.perf_counter()
    trouble = store.path / f"{point.id}.failed.txt"
    try:
        store.write(run(point))
        seconds = time.perf_counter() - start
        store.write_wall(point.id, seconds)
        trouble.unlink(missing_ok=True)
    except Exception as error:
        reason = " ".join(f"{type(error).__name__}: {error}".split())
        with suppress(OSError):
            store.path.mkdir(parents=True, exist_ok=True)
            trouble.write_text(traceback.format_exc())
            reason += f" (traceback in {trouble})"
        return Outcome(time.perf_counter() - start, reason)
    return Outcome(seconds)


class _Worker:
    """A process that simulates one point at a time."""

    def __init__(self, store: Store, run: Simulate) -> None:
        context = get_context("spawn")
        self.connection, other_end = context.Pipe()
        self._process: SpawnProcess = context.Process(
            target=_serve, args=(other_end, store, run), daemon=True
        )
        self._given_at = 0.0
        # Ctrl-C reaches every process of the terminal. Only the parent should act on it, so the
        # child inherits a blocked signal; a tracker started inside would unblock it again.
        resource_tracker.ensure_running()
        before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        try:
            self._process.start()
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)
        other_end.close()

    def give(self, task: tuple[int, Point]) -> int:
        """Hand over a point; returns its place."""
        place, point = task
        self._given_at = time.perf_counter()
        with suppress(OSError):  # the process has died: `take` will say so
            self.connection.send(point)
        return place

    def take(self) -> tuple[Outcome, bool]:
        """The outcome of the given point, and whether the process can take another."""
        try:
            outcome: Outcome = self.connection.recv()
        except (EOFError, OSError):
            self._process.join()
            seconds = time.perf_counter() - self._given_at
            return Outcome(seconds, f"its process {_ending(self._process.exitcode)}"), False
        return outcome, True

    def end(self) -> None:
        """Stop the process, whatever it is doing."""
        self.connection.close()
        self._process.terminate()
        self._process.join()


def _ending(exit_code: int | None) -> str:
    if exit_code is not None and exit_code < 0:
        return f"was killed by {signal.Signals(-exit_code).name}"
    return f"ended with exit code {exit_code}"


def _serve(connection: Connection, store: Store, run: Simulate) -> None:
    """Simulate what comes in until the other end is closed."""
    with suppress(EOFError, BrokenPipeError):
        while True:
            point: Point = connection.recv()
            connection.send(attempt(point, store, run))
