"""The server: a parent that forks workers, and the workers, which serve a connection at a time."""

from __future__ import annotations

from collections.abc import Generator, Mapping

import numpy as np
import simpy

from models.faults.batch import Faults
from models.kernel.kernel import Kernel
from models.memory.address_space import AddressSpace
from models.operations.causes import counts_by_cause, sums_by_cause
from sim.machine.causes import WORK, Cause
from sim.machine.clock import NEVER_NS, Activity, Step, steps
from sim.machine.ledger import History
from sim.machine.streams import Streams
from sim.machine.tasks import Burst
from sim.measures.common_metrics import (
    DURATION,
    FORK_TIME,
    LATENCY,
    REQUESTS,
    THROUGHPUT,
    per_second,
)
from sim.measures.histogram import Histogram
from sim.measures.metrics import Group, Metric
from sim.measures.recording import Recording
from workloads.programs.apache.clients import Clients
from workloads.programs.apache.config import SECOND_NS, ApacheConfig
from workloads.programs.apache.listening import Connection
from workloads.programs.apache.looks import Looks
from workloads.programs.shared.phases import add_phases
from workloads.running.faults import LoadedMemory, faults_since_loading

MOST_FORKED_AT_ONCE = 32
"""Apache's MAX_SPAWN_RATE."""

_WORTH_LOOKING = 3
"""Requests that a connection is good for yet, for which it is quicker to look ahead."""

WORKERS = Metric("workers", group=Group.DETAILS)


class Outgrown(Exception):  # noqa: N818 - it is no error, but the end of an attempt
    """There are to be more workers than the pool was made for."""


class WorkerPool:
    """The parent process, from its start to the end of the last worker.

    Args:
        config: of the server.
        kernel: of the machine.
        clients: whom it serves.
        streams: what chance draws from.
        most_workers: beyond which it raises `Outgrown`.
    """

    def __init__(
        self,
        config: ApacheConfig,
        kernel: Kernel,
        clients: Clients,
        streams: Streams,
        most_workers: int,
    ) -> None:
        self.config = config
        self.kernel = kernel
        self.clients = clients
        self._streams = streams
        self._most_workers = most_workers
        self._looks = Looks(config.spare)
        self._clock = kernel.machine.clock
        self._task = kernel.machine.task("apache")
        self._mm = kernel.start_program()
        self.heap = self._mm.map(config.parent_pages)
        kernel.load(self._mm, self.heap, scattered_share=config.scattered)
        self._loaded = LoadedMemory(self._mm.memory)
        self._workers: list[Worker] = []
        self._processes: list[simpy.Process] = []
        self._fork_ns: list[int] = []

    def live(self) -> Activity:
        """Fork the first workers, let the clients come, keep some workers idle, wait for all."""
        yield from self._fork(self.config.workers, serves=False)
        self.clients.begin(self._workers, self._looks)
        if self.config.spare:
            yield from self._keep_spare()
        yield self._clock.all_of(self._processes)
        yield from self.kernel.exit(self._task, self._mm)

    def _fork(self, count: int, *, serves: bool) -> Activity:
        if len(self._workers) + count > self._most_workers:
            raise Outgrown
        for _ in range(count):
            asked_ns = self._clock.now
            if serves:
                self.clients.phases.begin(asked_ns)
            mm = yield from self.kernel.fork(self._task, self._mm)
            self._fork_ns.append(self._clock.now - asked_ns)
            if serves:
                self.clients.phases.finish(self._clock.now, stays=True)
            number = len(self._workers)
            pages = self._streams.generator(f"workload/apache/pages/{number}")
            worker = Worker(self, mm, number, pages)
            self._workers.append(worker)
            self._processes.append(self.kernel.process(mm, worker.live()))

    def _keep_spare(self) -> Activity:
        """Once a second fork 1 worker, then 2, 4, ..., while too few are idle.

        What perform_idle_server_maintenance does; too many idle workers are left alive.
        """
        rate = 1
        while True:
            sleep_ns = self._next_look_ns()
            if len(self._workers) < self.config.max_workers:
                self._looks.next_ns = self._clock.now + sleep_ns
            else:
                self._looks.next_ns = NEVER_NS
            yield self._clock.timeout(sleep_ns) | self.clients.queue.closed
            if self.clients.queue.closed.triggered:
                return
            if self.clients.queue.idle_workers >= self.config.spare:
                rate = 1
                continue
            count = min(rate, self.config.max_workers - len(self._workers))
            yield from self._fork(count, serves=True)
            rate = min(2 * rate, MOST_FORKED_AT_ONCE)

    def _next_look_ns(self) -> int:
        """Until it looks again: a second, or all those in which it would find the same."""
        quiet_ns = self._clock.quiet_until_ns
        if quiet_ns is None or self.clients.queue.idle_workers < self.config.spare:
            return SECOND_NS
        return max((quiet_ns - self._clock.now - 1) // SECOND_NS, 1) * SECOND_NS

    def recording(self) -> Recording:
        """What the clients saw, and what it took."""
        forks = Histogram()
        forks.add(np.array(self._fork_ns, np.int64))
        by_phase = self.clients.latencies()
        sums = by_phase.whole()
        latencies = sums.latencies
        requests = latencies.count
        duration_ns = self.clients.ended_ns - self.clients.began_ns
        recording = Recording().add(
            histograms={LATENCY: latencies, FORK_TIME: forks},
            counters={
                REQUESTS: requests,
                WORKERS: len(self._workers),
                **faults_since_loading(self._loaded),
            },
            levels={DURATION: duration_ns, THROUGHPUT: per_second(requests, duration_ns)},
            causes={LATENCY: sums},
            by_second={LATENCY: sums.by_second},
        )
        if self.clients.phases.forks:
            began_ns, ended_ns = self.clients.began_ns, self.clients.ended_ns
            add_phases(recording, by_phase, self.clients.phases, began_ns, ended_ns)
        return recording


_NOTHING: Mapping[Cause, int] = {}


class Worker:
    """One forked process of the pool."""

    def __init__(
        self, pool: WorkerPool, mm: AddressSpace, number: int, pages: np.random.Generator
    ) -> None:
        self._pool = pool
        self._mm = mm
        self._pages = pages
        self._task = pool.kernel.machine.task(f"apache-{number}")
        self._clock = pool.kernel.machine.clock
        self._fresh = True
        self._served = self._clock.event()
        self._burst: Burst | None = None
        self._told_ns: dict[Cause, int] = {}
        self.connection: Connection | None = None
        self._serving = self._serve_all()
        self.resume: Step = steps(self._serving)

    @property
    def is_at_home(self) -> bool:
        """See `Acceptor.is_at_home`."""
        number, cores = self._task.last_core, self._pool.kernel.machine.scheduler.cores
        if self._burst is None or not self._burst.passes or number is None:
            return False
        return cores[number].last_task is self._task

    @property
    def free_ns(self) -> int:
        """See `Acceptor.free_ns`."""
        burst = self._burst
        assert burst is not None  # noqa: S101 - it has served
        return burst.passes[-1][0] if burst.passes else burst.queued_ns + burst.compute_ns

    def live(self) -> Activity:
        """Serve connection after connection, then exit."""
        yield from self._pool.kernel.start(self._task, self._mm)
        self._told_ns = self._task.ledger.waited_ns.copy()
        self.resume()
        try:
            yield self._served
        except simpy.Interrupt:
            self._serving.close()
            raise
        yield from self._pool.kernel.exit(self._task, self._mm)

    def _serve_all(self) -> Generator[None, None, None]:
        queue = self._pool.clients.queue
        while True:
            if queue.accept(self):
                yield
            if self.connection is None:
                break
            yield from self._serve(self.connection)
        self._clock.happens(self._served)

    def _serve(self, connection: Connection) -> Generator[None, None, None]:
        clients = self._pool.clients
        left = self._pool.config.requests_per_connection
        while left:
            if not connection.outstanding and not connection.over:
                connection.awaited_by = self
                yield
            if not connection.outstanding:
                return
            if left >= _WORTH_LOOKING and clients.looks_ahead and self._begins_at_once():
                left -= yield from self._serve_known(connection, left)
                continue
            left -= 1
            service_ns, besides_ns, counts = connection.take(), _NOTHING, None
            if self._fresh:
                faults = self._first_faults()
                besides_ns, counts = sums_by_cause(faults), counts_by_cause(faults)
            if work_ns := service_ns + sum(besides_ns.values()):
                began_ns = self._clock.now
                self._burst = self._task.begin(work_ns, self.resume)
                yield
                if besides_ns:
                    scheduler = self._pool.kernel.machine.scheduler
                    scheduler.attribute(self._task, besides_ns)
                    if scheduler.spans is not None:
                        scheduler.spans.attribute_burst(
                            self._burst, besides_ns.items(), faults=counts
                        )
                if self._clock.now - began_ns != work_ns:
                    besides_ns = {**besides_ns, **self._waited_ns()}
            connection.answer(service_ns, besides_ns, close=not left)

    def _waited_ns(self) -> dict[Cause, int]:
        """What it has waited for since it was asked last, or began to serve."""
        before_ns, self._told_ns = self._told_ns, self._task.ledger.waited_ns.copy()
        return {cause: ns - before_ns.get(cause, 0) for cause, ns in self._told_ns.items()}

    def _serve_known(self, connection: Connection, most: int) -> Generator[None, None, int]:
        """Serve all requests of a connection that are known, in one burst; returns how many."""
        known_ns = connection.take_known(most)
        done_ns = known_ns.cumsum()
        began_ns = self._clock.now
        # Others may still need its core for a moment, as a worker that is forked.
        self._task.ledger.history = history = History()
        self._burst = burst = self._task.begin(done_ns.item(-1), self.resume)
        yield
        self._task.ledger.history = None
        self._told_ns = self._task.ledger.waited_ns.copy()
        ends_ns = burst.moments_ns(done_ns)
        spent_ns = {WORK: known_ns}
        if len(history):
            taken_ns = np.concatenate([[began_ns], ends_ns[:-1]])
            met_ns = history.between(taken_ns, ends_ns)
            spent_ns.update({cause: ns.dense() for cause, ns in met_ns.items()})
        connection.answer_known(ends_ns, spent_ns, close=len(known_ns) == most)
        return len(known_ns)

    def _begins_at_once(self) -> bool:
        """Whether the next request takes its service time alone: no faults, no switch of a core."""
        return not self._fresh and self._pool.kernel.machine.scheduler.undisturbed(self._task)

    def _first_faults(self) -> Faults:
        """Write the pages of the first request; the caller spends the time."""
        self._fresh = False
        heap = self._pool.heap
        written = self._pages.choice(heap.n_pages, self._pool.config.first_pages, replace=False)
        return self._pool.kernel.touch(self._mm, heap.start_page + written)
