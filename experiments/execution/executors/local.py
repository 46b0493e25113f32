"""Points simulated in processes of this machine.

A process that dies takes one point with it, and that point is tried once more; the pools of the
standard library would lose all points that are not done.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from multiprocessing.connection import wait

from experiments.execution.executors.attempt import Attempt, keep
from experiments.execution.executors.interface import (
    Event,
    Events,
    PointEnd,
    PointLimits,
    PointRetry,
    PointStart,
)
from experiments.execution.executors.worker import StartMethod, WorkerDiedError, WorkerProcess
from experiments.planning.points import Point
from results.records.store import Store


class LocalProcesses:
    """An `Executor` with up to ``jobs`` processes at a time.

    They are never forked from this one, so a point finds the same fresh interpreter anywhere.
    """

    def __init__(
        self, jobs: int, limits: PointLimits | None = None, method: StartMethod = "spawn"
    ) -> None:
        self.jobs = jobs
        self._limits = limits or PointLimits()
        self._method = method
        self._staying: list[WorkerProcess] | None = None

    @contextmanager
    def staying(self) -> Iterator[None]:
        """Meanwhile processes without a point wait for the next run, which has the same store."""
        self._staying = []
        try:
            yield
        finally:
            WorkerProcess.end(self._staying)
            self._staying = None

    def run(self, points: Sequence[Point], store: Store) -> Events:
        """See `Executor.run`."""
        crew = _Crew(points, store, self._limits, self._method)
        if self._staying is not None:
            crew.free, self._staying = self._staying, []
        try:
            while True:
                # What is free gets its next point before anybody is told of the last one.
                events = crew.collect() + crew.hand_out(self.jobs)
                if not events and crew.idle:
                    return
                yield from events
        finally:
            if self._staying is not None:
                self._staying, crew.free = crew.free, []
            crew.end()


class _Crew:
    """The processes of a run, and which points they and nobody has.

    Attributes:
        free: those without a point.
    """

    def __init__(
        self, points: Sequence[Point], store: Store, limits: PointLimits, method: StartMethod
    ) -> None:
        self._points = points
        self._store = store
        self._limits = limits
        self._method = method
        self._waiting = deque(range(len(points)))
        self._retried: set[int] = set()
        self._busy: list[WorkerProcess] = []
        self.free: list[WorkerProcess] = []

    @property
    def idle(self) -> bool:
        """Whether nothing is left to do."""
        return not self._busy and not self._waiting

    def hand_out(self, jobs: int) -> list[Event]:
        """Give waiting points to free processes and to new ones."""
        events: list[Event] = []
        while self._waiting and len(self._busy) < jobs:
            place = self._waiting.popleft()
            if not self.free:
                self.free.append(WorkerProcess(self._store, self._limits, self._method))
            worker = self.free.pop()
            self._busy.append(worker)
            worker.give(place, self._points[place])
            events.append(PointStart(place))
        return events

    def collect(self) -> list[Event]:
        """Wait until something happens to a process that is busy, and say what."""
        if not self._busy:
            return []
        deadline = min(map(self._deadline, self._busy))
        rest = None if deadline == float("inf") else max(0.0, deadline - time.perf_counter())
        ready = wait([worker.connection for worker in self._busy], rest)
        events: list[Event] = []
        for worker in list(self._busy):
            if worker.connection in ready:
                events += self._take(worker)
            elif self._deadline(worker) <= time.perf_counter():
                worker.kill()
                self._busy.remove(worker)
                reason = f"was stopped after {self._limits.seconds:g} s (--timeout)"
                events.append(self._failed(worker, reason))
        return events

    def end(self) -> None:
        """End every process."""
        WorkerProcess.end(self._busy + self.free)

    def _deadline(self, worker: WorkerProcess) -> float:
        allowed = self._limits.seconds
        return float("inf") if allowed is None else worker.given_at + allowed

    def _take(self, worker: WorkerProcess) -> list[Event]:
        try:
            outcome = worker.take()
        except WorkerDiedError as death:
            self._busy.remove(worker)
            worker.kill()
            reason = f"its process {death}"
            if worker.place in self._retried:
                return [self._failed(worker, f"{reason}, twice")]
            self._retried.add(worker.place)
            self._waiting.append(worker.place)
            return [PointRetry(worker.place, reason)]
        if outcome is None:
            return []
        self._busy.remove(worker)
        self.free.append(worker)
        return [PointEnd(worker.place, outcome.wall_s, outcome.failure)]

    def _failed(self, worker: WorkerProcess, reason: str) -> PointEnd:
        point = self._points[worker.place]
        seconds = max(0.0, time.perf_counter() - worker.given_at)
        outcome = keep(Attempt(seconds, None, reason), point, self._store)
        return PointEnd(worker.place, outcome.wall_s, outcome.failure)
