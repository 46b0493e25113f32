"""The Redis server: one thread, an event loop, a child now and then."""

from __future__ import annotations

from functools import partial
from typing import Generic

import numpy as np
import simpy

from models.faults.batch import Faults
from models.kernel.kernel import Kernel
from models.kernel.memory_books import NOTES_EVERY_NS
from models.memory.address_space import AddressSpace
from models.memory.slots import count_killed
from sim.arrays import IntArray
from sim.machine.causes import WORK
from sim.machine.clock import NEVER_NS, Activity
from sim.machine.spans import ITERATION, SKIPPED
from sim.machine.tasks import Task
from sim.measures.common_metrics import (
    CYCLE,
    CYCLES,
    DURATION,
    EXTRA_MEMORY,
    LATENCY,
    REQUESTS,
    SNAPSHOT_FORKS,
    SNAPSHOTS_KILLED,
    SNAPSHOTS_NOT_REACHED,
    SNAPSHOTS_REFUSED,
    SNAPSHOTS_UNFINISHED,
    THROUGHPUT,
    WARM_UP,
    per_second,
)
from sim.measures.level import Level
from sim.measures.metrics import Better, Group, Metric, Unit
from sim.measures.recording import Recording
from workloads.programs.redis.config import OpenLoop, RedisConfig
from workloads.programs.redis.cycles import Cycles
from workloads.programs.redis.latencies import Latencies
from workloads.programs.redis.requests import Basis, Iterations, RequestSource
from workloads.programs.redis.sampling import Sampling
from workloads.programs.redis.snapshot_config import SECOND_NS
from workloads.programs.redis.snapshot_schedule import SnapshotSchedule
from workloads.programs.redis.snapshots import SnapshotRow, columns
from workloads.running.faults import LoadedMemory, faults_since_loading
from workloads.running.pages import pages_of

_FIRST_LOOK_NS = 2_000_000
"""How far a server beside others looks at first: some dozens of iterations, about as much as a look
at one costs.
"""
KEYS_WRITTEN = Metric("keys_written", group=Group.DETAILS)
SNAPSHOTS = Metric("snapshots", group=Group.FORKS, family="snapshots")
SNAPSHOT_RUNNING = Metric(
    "snapshot_running_ns", Unit.NANOSECONDS, Better.LESS, "snapshot_running", Group.DETAILS
)
LOCK_HELD = Metric(
    "mm_lock_write_held_ns", Unit.NANOSECONDS, Better.LESS, "mm_lock_write_held", Group.DETAILS
)
"""How long nobody else could fault."""


class Server(Generic[Basis]):
    """Serves clients until they are done.

    An iteration reads what has arrived, serves it in order, forks if a snapshot is due, and then
    writes its replies. Iterations before the next moment at which anything else can reach them
    are resolved together: nothing they depend on changes meanwhile, so the outcome is the same as
    one by one. That moment is the next event of anybody; or, where cores suffice for everybody,
    the next decision to fork and the child's next act: others can only take the server's core
    while it sleeps, which ends its timetable.
    """

    def __init__(self, config: RedisConfig, kernel: Kernel, clients: RequestSource[Basis]) -> None:
        self._config = config
        self._kernel = kernel
        self._clock = kernel.machine.clock
        self._clients = clients
        self._task = kernel.machine.task("redis")
        self._mm = kernel.start_program()
        heap = self._mm.map(pages_of(config.dataset))
        kernel.load(self._mm, heap, scattered_share=config.scattered)
        self._heap_start = heap.start_page
        self._loaded = LoadedMemory(self._mm.memory)
        self._schedule = SnapshotSchedule(config.snapshot)
        self._snapshots: list[SnapshotRow] = []
        self._children = Level(self._clock)
        self._save_process: simpy.Process | None = None
        self._child_acts_ns = NEVER_NS
        self._planned: Iterations[Basis] | None = None
        self._look_ns = _FIRST_LOOK_NS
        self._requests = 0
        self._cycles = Cycles(config)
        self._end_ns = None if self._cycles.wanted else config.duration
        self._sampling: Sampling | None = None
        self._failed = 0
        self._keys_written = 0
        self._latencies = Latencies(config, kernel.machine.scheduler, self._task)

    def live(self) -> Activity:
        """The server's process."""
        self._sampling = self._sampled_alone()
        while not self._cycles.over:
            now_ns = self._clock.now
            planned = self._can_plan()
            bound_ns = self._reachable_ns() if planned else self._quiet_until_ns()
            undisturbed = bound_ns > now_ns
            if (sampling := self._sampling) is not None:
                bound_ns = min(bound_ns, max(sampling.until_ns, now_ns))
            look_ns = min(bound_ns, self._schedule.next_ns(now_ns))
            ahead = self._clients.upcoming(now_ns, look_ns, self._find_faults)
            if ahead is None:
                yield from self._idle()
                return
            if sampling is not None and sampling.until_ns <= now_ns:
                quiet = undisturbed and int(ahead.start_ns[0]) > now_ns
                skip_ns = sampling.skip(now_ns, self._certain_ns(), quiet=quiet)
                if skip_ns > now_ns:
                    yield from self._skip(sampling, skip_ns)
                if sampling.until_ns > now_ns:
                    continue
            until_ns = self._schedule.next_ns(now_ns, ahead.start_ns, ahead.changes_end)
            together = int(np.searchsorted(ahead.ends_ns, min(bound_ns, until_ns)))
            if together and self._kernel.books.memory_bytes is not None:
                together = min(together, self._fitting(ahead))
            if together and planned:
                yield from self._serve_by_timetable(ahead, together)
            elif together:
                yield from self._serve_together(ahead, together)
            elif ahead.start_ns[0] >= until_ns:
                yield from self._sleep_and_decide(until_ns)
            else:
                if planned:
                    self._look_farther()
                yield from self._serve_one(ahead, until_ns)

    def _sampled_alone(self) -> Sampling | None:
        """How it is sampled; beside others everything is served."""
        config = self._config
        alone = len(self._kernel.books.memories) == 1
        if not (alone and self._cycles.wanted and config.sampled):
            return None
        if not isinstance(config.clients, OpenLoop):
            return None
        return Sampling(config.clients.rate, pages_of(config.dataset))

    def _idle(self) -> Activity:
        """The clients are done: go on to the end of the time that was asked for."""
        end_ns = self._end_ns
        while end_ns is not None and self._clock.now < end_ns:
            decision_ns = self._schedule.next_ns(self._clock.now)
            if decision_ns < end_ns:
                yield from self._sleep_and_decide(decision_ns)
            else:
                yield from self._sleep(end_ns)

    def _sleep_and_decide(self, decision_ns: int) -> Activity:
        """Sleep up to a moment at which a fork may be due, and decide then."""
        yield from self._sleep(decision_ns)
        if self._clock.now >= decision_ns:
            yield from self._decide()

    def _sleep(self, until_ns: int) -> Activity:
        """Sleep so long, or until a child ends whose end may make another fork due earlier."""
        end = self._clock.timeout(max(until_ns - self._clock.now, 0))
        if self._save_process is not None and self._schedule.waits_for_child:
            yield end | self._save_process
        else:
            yield end

    def _quiet_until_ns(self) -> int:
        """Up to when nothing but this server does anything; now if it must share its core."""
        if not self._kernel.machine.scheduler.undisturbed(self._task):
            return self._clock.now
        event_ns, end_ns = self._clock.quiet_until_ns, self._end_ns
        return min(bound for bound in (event_ns, end_ns, NEVER_NS) if bound is not None)

    def _can_plan(self) -> bool:
        """Whether others can only take the server's core while it sleeps."""
        scheduler = self._kernel.machine.scheduler
        return (
            scheduler.suffices
            and len(self._kernel.books.memories) > 1  # else the next event is as far away
            and self._child_acts_ns > self._clock.now
            and scheduler.undisturbed(self._task)
        )

    def _certain_ns(self) -> int:
        """Up to when nothing happens for certain but requests and what they write."""
        writes_per_ns = self._config.writes_per_s / SECOND_NS
        return min(self._child_acts_ns, self._schedule.certain_ns(self._clock.now, writes_per_ns))

    def _skip(self, sampling: Sampling, until_ns: int) -> Activity:
        """Do what requests do up to a moment, without looking at each."""
        # Before the first fork no write faults.
        faulting = bool(self._snapshots)
        for end_ns, skipped in self._clients.skip(self._clock.now, until_ns, faulting=faulting):
            faults = self._find_faults(sampling.first_writes(skipped.pages))
            self._kernel.apply(self._mm, faults)
            busy_ns, began_ns = skipped.service_ns + faults.total_ns, self._clock.now
            # Who watches is told one burst, faults behind the rest.
            burst = yield from self._task.run(compute_ns=busy_ns)
            self._kernel.attribute(self._task, faults, burst, skipped.service_ns)
            yield self._clock.timeout(max(end_ns - self._clock.now, 0))
            if (spans := self._kernel.machine.scheduler.spans) is not None:
                spans.record(self._task, SKIPPED, WORK, began_ns, self._clock.now)
            if len(faults):
                self._latencies.phases.fault(self._clock.now)
            self._requests += skipped.requests
            self._keys_written += skipped.changes
            self._schedule.changes += skipped.changes
        self._latencies.forget(self._clock.now)

    def _reachable_ns(self) -> int:
        """Up to when nobody but who takes its core reaches the server; at most as far as to look.

        Looking pays if not much of what was seen is thrown away for others' sake.
        """
        end_ns = self._end_ns or NEVER_NS
        return min(self._child_acts_ns, end_ns, self._clock.now + self._look_ns)

    @staticmethod
    def _taken_bytes(ahead: Iterations[Basis]) -> IntArray:
        """What the writes up to each iteration's take of memory."""
        taken = np.append(0, ahead.faults.kept_bytes.cumsum())
        taken_bytes: IntArray = taken[ahead.faults.position.searchsorted(ahead.writes_end)]
        return taken_bytes

    def _fitting(self, ahead: Iterations[Basis]) -> int:
        """How many iterations find memory for sure; who does not is found one by one."""
        room_bytes = self._kernel.books.room_bytes()
        return int(self._taken_bytes(ahead).searchsorted(room_bytes, "right"))

    def _serve_by_timetable(self, ahead: Iterations[Basis], count: int) -> Activity:
        self._planned, began_ns = ahead, self._clock.now
        starts_ns, ends_ns = ahead.start_ns[:count], ahead.ends_ns[:count]
        taken_bytes = self._taken_bytes(ahead)[:count]
        self._kernel.books.plan(self._mm.memory, starts_ns, taken_bytes)
        done = yield from self._kernel.machine.scheduler.follow(self._task, starts_ns, ends_ns)
        self._carry_out(done, done)
        if done == count:
            self._look_farther()
        else:
            self._look_ns = max(2 * (self._clock.now - began_ns), _FIRST_LOOK_NS)

    def _look_farther(self) -> None:
        self._look_ns = min(2 * self._look_ns, NEVER_NS)

    def _carry_out(self, begun: int, done: int) -> None:
        """Make the writes of planned iterations that have begun; answer those that are done."""
        ahead, self._planned = self._planned, None
        assert ahead is not None  # noqa: S101 - it was planned
        books, memory = self._kernel.books, self._mm.memory
        books.carry_out(memory)
        first = 0
        while first < begun:
            # Up to the one at which memory is noted.
            noted_ns = books.next_note_ns(self._mm, NOTES_EVERY_NS)
            end = min(int(np.searchsorted(ahead.start_ns[:begun], noted_ns)) + 1, begun)
            end = max(end, first + 1)
            before = int(ahead.writes_end[first - 1]) if first else 0
            faults = ahead.faults.between(before, int(ahead.writes_end[end - 1]))
            self._kernel.apply(self._mm, faults, at_ns=int(ahead.start_ns[end - 1]))
            first = end
        if done:
            self._schedule.changes += int(ahead.changes_end[done - 1])
            self._latencies.fault(ahead, done)
            self._reply(ahead, ahead.ends_ns[:done])
            self._tell(ahead.start_ns[:done], ahead.ends_ns[:done])

    def _find_faults(self, pages: IntArray) -> Faults:
        """See `requests.FindFaults`."""
        return self._kernel.scheme.classify(self._mm, pages + self._heap_start, True)

    def _serve_together(self, ahead: Iterations[Basis], count: int) -> Activity:
        self._write(ahead, count)
        busy_ns = int(ahead.busy_ns[:count].sum())
        slept_ns = int(ahead.ends_ns[count - 1]) - self._clock.now - busy_ns
        scheduler = self._kernel.machine.scheduler
        core = scheduler.core_for(self._task)
        yield from self._task.run(compute_ns=busy_ns, told=False)
        if slept_ns:
            yield self._clock.timeout(slept_ns)
        if scheduler.spans is not None and core is not None:
            scheduler.spans.ran(
                self._task, core.number, ahead.start_ns[:count], ahead.ends_ns[:count]
            )
        self._latencies.fault(ahead, count)
        self._reply(ahead, ahead.ends_ns[:count])
        self._tell(ahead.start_ns[:count], ahead.ends_ns[:count])

    def _serve_one(self, ahead: Iterations[Basis], until_ns: int) -> Activity:
        start_ns = int(ahead.start_ns[0])
        if start_ns > self._clock.now:
            # A child may change what writes find while the server sleeps.
            has_child = self._child_acts_ns != NEVER_NS
            yield from self._sleep(start_ns)
            if has_child or self._clock.now < start_ns or self._has_time(int(ahead.ends_ns[0])):
                return
        self._write(ahead, 1)
        began_ns = self._clock.now
        burst = yield from self._task.run(compute_ns=int(ahead.busy_ns[0]))
        self._latencies.fault(ahead, 1, burst, began_ns)
        if self._clock.now >= until_ns:
            yield from self._decide()
        self._reply(ahead, np.array([self._clock.now]))
        self._tell(np.array([began_ns]), np.array([self._clock.now]))

    def _tell(self, starts_ns: IntArray, ends_ns: IntArray) -> None:
        """Tell who watches of iterations that are done."""
        if (spans := self._kernel.machine.scheduler.spans) is not None:
            spans.each(self._task, ITERATION, WORK, starts_ns, ends_ns)

    def _has_time(self, end_ns: int) -> bool:
        """Whether there may be time for more than the iteration that ends then."""
        return self._can_plan() or self._quiet_until_ns() > end_ns

    def _write(self, ahead: Iterations[Basis], count: int) -> None:
        """Dirty the pages of the SETs in the first ``count`` iterations."""
        faults = ahead.faults
        if len(faults):
            faults = faults.until(int(ahead.writes_end[count - 1]))
        self._kernel.apply(self._mm, faults)
        self._schedule.changes += int(ahead.changes_end[count - 1])

    def _reply(self, ahead: Iterations[Basis], ends_ns: IntArray) -> None:
        """Answer iterations that ended; what a killed server did not answer, it has not served."""
        self._requests += int(ahead.requests[: len(ends_ns)].sum())
        self._keys_written += int(ahead.changes_end[len(ends_ns) - 1])
        replies = self._clients.served(ahead, ends_ns)
        if not len(replies.at_ns):
            return  # the pass read a part of a long request
        oldest_ns = partial(self._clients.oldest_ns, int(ends_ns[-1]))
        stands_for: IntArray | int = 1
        if self._sampling is not None:
            stands_for = self._sampling.weights(replies.at_ns - replies.latency_ns)
        self._latencies.add(replies, oldest_ns, stands_for)
        if self._latencies.many:
            self._latencies.forget(oldest_ns())

    def _decide(self) -> Activity:
        """Fork a child that saves the data set, if that is due."""
        start_ns = self._clock.now
        if not self._schedule.due(start_ns):
            return
        if self._cycles.fork(start_ns):
            if self._cycles.over:
                return
            if self._cycles.wanted and self._cycles.measured_ns == start_ns:
                self._latencies.begin(start_ns)
                if self._sampling is not None:
                    self._sampling.measured = True
        snapshot = SnapshotRow(start_ns, self._schedule.changes, self._mm.memory.used_bytes)
        self._child_acts_ns = start_ns
        phases = self._latencies.phases
        phases.begin(start_ns)
        child = yield from self._kernel.fork(self._task, self._mm)
        phases.finish(self._clock.now)
        if self._sampling is not None:
            self._sampling.change(self._clock.now)
        snapshot.fork_ns = self._clock.now - start_ns
        self._snapshots.append(snapshot)
        self._schedule.forked(start_ns)
        self._children.set(1)
        task = self._kernel.machine.task(f"{self._task.name}-save-{len(self._snapshots)}")
        self._save_process = self._kernel.process(child, self._save(task, child, snapshot))

    def _save(self, task: Task, mm: AddressSpace, snapshot: SnapshotRow) -> Activity:
        """The child: walk the data set and write it, exit."""
        assert self._config.snapshot is not None  # noqa: S101 - who else would have forked it
        yield from self._kernel.start(task, mm)
        save_ns = self._config.dataset * SECOND_NS // self._config.snapshot.save_rate
        self._child_acts_ns = self._clock.now + save_ns
        yield from task.run(compute_ns=save_ns)
        lost = self._kernel.scheme.has_lost(mm)
        if lost:
            self._failed += 1
            count_killed(mm.memory)
        self._measure(snapshot)
        yield from self._kernel.exit(task, mm)
        snapshot.end_ns = self._clock.now
        self._latencies.phases.end(self._clock.now)
        if self._sampling is not None:
            self._sampling.change(self._clock.now)
        self._child_acts_ns = NEVER_NS
        self._schedule.ended(self._clock.now, saved=not lost)
        self._children.set(0)

    def _measure(self, snapshot: SnapshotRow) -> None:
        """Note the memory a snapshot has cost; nothing is given back while its child lives."""
        snapshot.extra_bytes = self._mm.memory.used_bytes - snapshot.before_bytes

    def recording(self) -> Recording:
        """What happened so far."""
        elapsed_ns = max(self._clock.now, 1)
        if self._planned is not None:  # killed
            begun, done = (
                int(np.searchsorted(moments, self._clock.now, "right"))
                for moments in (self._planned.start_ns, self._planned.ends_ns)
            )
            self._carry_out(begun, done)
        if self._children.value:
            self._measure(self._snapshots[-1])
        warmup_ns, recording = self._latencies.recording(elapsed_ns)
        requests, steady_ns = self._requests, elapsed_ns
        if warmup_ns:
            requests = recording.histograms[LATENCY.name].count
            steady_ns = max(elapsed_ns - warmup_ns, 1)
        extra_bytes = max((s.extra_bytes for s in self._snapshots), default=0)
        return recording.add(
            counters={
                REQUESTS: self._requests,
                KEYS_WRITTEN: self._keys_written,
                SNAPSHOTS: len(self._snapshots),
                SNAPSHOTS_KILLED: self._failed,
                SNAPSHOTS_REFUSED: self._schedule.refused,
                SNAPSHOTS_NOT_REACHED: self._schedule.not_reached,
                SNAPSHOTS_UNFINISHED: self._children.value,
                **faults_since_loading(self._loaded),
            },
            series={SNAPSHOT_FORKS: columns(self._snapshots)},
            levels={
                DURATION: elapsed_ns,
                THROUGHPUT: per_second(requests, steady_ns),
                EXTRA_MEMORY: extra_bytes,
                SNAPSHOT_RUNNING: round(self._children.mean() * elapsed_ns),
                LOCK_HELD: self._kernel.locks.of(self._mm).use["write"].held_ns,
                **({WARM_UP: warmup_ns} if warmup_ns or self._config.warmup is not None else {}),
                **self._of_cycles(),
            },
        )

    def _of_cycles(self) -> dict[Metric, int]:
        """How long a cycle of snapshots is, if they come regularly, and of how many results are."""
        if self._config.cadence is None:
            return {}
        known = {CYCLE: self._cycles.mean_ns or self._config.cadence.cycle_ns}
        return {**known, CYCLES: self._cycles.whole} if self._cycles.wanted else known
