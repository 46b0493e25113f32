"""Redis as one would write it down: a loop that handles one request after the other.

What the blocks of `workloads.programs.redis` must give, by nothing but lists and loops. It runs on
the same machine and memory, which have tests of their own, and keeps to the same rules:

* an iteration reads what has arrived when it begins, a pass of each connection, and decides then
  what its writes find in memory;
* whoever is served is answered at the iteration's end, after a fork if one is due then;
* ten times a second the save rules are looked at, as Redis's serverCron does: in sleep at that
  moment, else at the end of the iteration that it falls into, which does no more than notice the
  end of a child that lived when it began;
* a BGSAVE that falls into sleep is done at its moment, else at the iteration's end.

What a request waited for is what the server did from its sending to its answer: looked up in a list
of all that it did, one after the other, a request's writes before its service.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from models.faults.actions import PageAction, TableAction
from models.kernel.kernel import Kernel
from models.memory.address_space import AddressSpace
from sim.arrays import IntArray
from sim.machine.clock import Activity
from sim.machine.streams import Streams
from sim.machine.tasks import Burst
from workloads.programs.redis.arrivals import Arrivals
from workloads.programs.redis.config import ClosedLoop, RedisConfig
from workloads.programs.redis.heap import RedisHeap
from workloads.programs.redis.requests import READ_BYTES
from workloads.programs.redis.snapshot_config import Snapshot
from workloads.running.pages import pages_of

NEVER_NS = 2**62
CRON_NS = 10**8

Sojourns = Counter[tuple[int, int]]
"""How many requests were answered at this time after so many nanoseconds."""


@dataclass
class Request:
    """One request: when it was sent, by whom, its length, what it needs, and what it writes."""

    sent_ns: int
    connection: int
    size_bytes: int
    service_ns: int
    changes: int
    pages: list[int]


@dataclass
class Doing:
    """A stretch of work: a fault of some kind or a request's service."""

    start_ns: int
    end_ns: int
    cause: str


ELSEWHERE = "elsewhere"
"""Time in which a request waited and the server did no work for anybody."""

_NOBODY = Request(NEVER_NS, 0, 0, 0, 0, [])


class PlainClients(Protocol):
    """Who sends requests."""

    def next_ns(self) -> int:
        """When the first request that waits was sent; `NEVER_NS` if there will be none."""

    def read(self, now_ns: int) -> list[Request]:
        """Take away what the server reads in an iteration that begins now, in order."""

    def answered(self, requests: Iterable[Request], now_ns: int) -> None:
        """These requests have their replies now."""


class PlainOpenLoop:
    """Requests that come at their own times."""

    def __init__(self, arrivals: Arrivals) -> None:
        from_page = arrivals.writes_from.tolist()
        self._waiting: list[Request] = []
        self._later = [
            Request(at, connection, size, service, changes, arrivals.pages[first:after].tolist())
            for at, connection, size, service, changes, first, after in zip(
                arrivals.at_ns.tolist(),
                arrivals.connection.tolist(),
                arrivals.size_bytes.tolist(),
                arrivals.service_ns.tolist(),
                arrivals.changes.tolist(),
                from_page[:-1],
                from_page[1:],
                strict=True,
            )
        ][::-1]

    def next_ns(self) -> int:
        return (self._waiting[:1] or self._later[-1:] or [_NOBODY])[0].sent_ns

    def read(self, now_ns: int) -> list[Request]:
        while self._later and self._later[-1].sent_ns <= now_ns:
            self._waiting.append(self._later.pop())
        rooms: dict[int, int] = {}
        read: list[Request] = []
        left: list[Request] = []
        for request in self._waiting:
            room = rooms.get(request.connection, READ_BYTES)
            # A request longer than a pass is served as if it fitted, if it is alone.
            if request.size_bytes <= room or room == READ_BYTES:
                rooms[request.connection] = room - request.size_bytes
                read.append(request)
            else:
                rooms[request.connection] = -1  # what follows on this connection waits as well
                left.append(request)
        self._waiting = left
        return read

    def answered(self, requests: Iterable[Request], now_ns: int) -> None:
        pass


class PlainClosedLoop:
    """Connections that send a request for every reply."""

    MOST = 20_000
    """SETs known of each connection."""

    def __init__(self, config: RedisConfig, clients: ClosedLoop, seed: Streams) -> None:
        self._sizes = (config.get_bytes, config.set_bytes)
        self._heap = RedisHeap(config)
        self._service_ns = config.usual_service_ns
        self._sets: list[dict[int, int]] = []
        for number in range(clients.connections):
            gaps = seed.generator(f"workload/redis/sets/{number}")
            positions = np.cumsum(gaps.geometric(config.set_ratio, self.MOST)) - 1
            keys = seed.generator(f"workload/redis/keys/{number}")
            drawn = keys.integers(0, self._heap.reached, self.MOST)
            self._sets.append(dict(zip(positions.tolist(), drawn.tolist(), strict=True)))
        self._sent_ns = [[0] * clients.pipeline for _ in range(clients.connections)]
        self._read = [0] * clients.connections
        self._partly_read = [0] * clients.connections

    def next_ns(self) -> int:
        return 0

    def read(self, now_ns: int) -> list[Request]:
        return [r for number in range(len(self._sets)) for r in self._pass(number)]

    def _pass(self, connection: int) -> list[Request]:
        """What a pass reads of a connection's stream of bytes."""
        sets, sent_ns, read = self._sets[connection], self._sent_ns[connection], []
        room = READ_BYTES
        while self._read[connection] < len(sent_ns):
            number = self._read[connection]
            size = self._sizes[number in sets]
            need = size - self._partly_read[connection]
            if need > room:
                self._partly_read[connection] += room
                break
            room -= need
            self._partly_read[connection] = 0
            self._read[connection] += 1
            written = np.array([sets[number]] if number in sets else [], np.int64)
            pages = self._heap.written(written).pages.tolist()
            read.append(
                Request(sent_ns[number], connection, size, self._service_ns, len(written), pages)
            )
        return read

    def answered(self, requests: Iterable[Request], now_ns: int) -> None:
        for request in requests:
            self._sent_ns[request.connection].append(now_ns)


class PlainSaves:
    """Redis's books of its saves, looked at ten times a second.

    Attributes:
        dirty: keys written since the last save.
        refused: how many BGSAVE have found a child.
    """

    def __init__(self, snapshot: Snapshot | None, end_ns: int) -> None:
        self._rules: list[tuple[int, int]] = []
        self._bgsave: list[int] = []
        self._schedule = False
        if snapshot is not None:
            self._rules = [(rule.after, rule.after_changes) for rule in snapshot.rules]
            every = range(snapshot.every, end_ns + 1, snapshot.every) if snapshot.every else ()
            self._bgsave = [*snapshot.at, *every]
            self._schedule = snapshot.scheduled
        self._bgsave_scheduled = False
        self._lastsave_ns = 0
        self._dirty_before_bgsave = 0
        self._cron_ns = CRON_NS
        self.child_alive = False
        self.dirty = 0
        self.refused = 0

    def next_ns(self) -> int:
        """When something happens next."""
        return min([self._cron_ns, *self._bgsave[:1]])

    def fork_wanted(self, now_ns: int, *, beside_child: bool) -> bool:
        """Whether to fork, after an iteration (that began beside a child) or in sleep."""
        wanted = False
        while self._bgsave and self._bgsave[0] <= now_ns:
            del self._bgsave[0]
            if not self.child_alive and not wanted:
                wanted = True
            elif self._schedule and self.child_alive and not self._bgsave_scheduled:
                self._bgsave_scheduled = True
            else:
                self.refused += 1
        cron_ns = None
        while self._cron_ns <= now_ns:
            cron_ns = self._cron_ns
            self._cron_ns += CRON_NS
        if wanted or cron_ns is None or beside_child or self.child_alive:
            return wanted
        for after_ns, changes in self._rules:
            if self.dirty >= changes and cron_ns - self._lastsave_ns > after_ns:
                return True
        if self._bgsave_scheduled:
            self._bgsave_scheduled = False
            return True
        return False

    def forked(self, now_ns: int) -> None:
        """A child lives from now on; looks that the fork has kept waiting find it."""
        self.child_alive = True
        self._dirty_before_bgsave = self.dirty
        while self._cron_ns <= now_ns:
            self._cron_ns += CRON_NS

    def saved(self, now_ns: int) -> None:
        """The child has saved everything."""
        self.child_alive = False
        self.dirty -= self._dirty_before_bgsave
        self._lastsave_ns = now_ns


class PlainServer:
    """The event loop.

    Attributes:
        sojourns: of all requests that were answered.
        forks: when each fork was called, and how long it took.
        saves: what it knows of them.
        causes_ns: what all requests together waited for, their own service apart from others'.
        ends_ns: when each child was gone.
        faults_ns: when each iteration began whose writes have faulted.
    """

    def __init__(self, config: RedisConfig, kernel: Kernel, clients: PlainClients) -> None:
        self._config = config
        self._kernel = kernel
        self._clock = kernel.machine.clock
        self._clients = clients
        self._task = kernel.machine.task("redis")
        self._mm = kernel.start_program()
        self._heap = self._mm.map(pages_of(config.dataset))
        kernel.load(self._mm, self._heap, scattered_share=config.scattered)
        self.saves = PlainSaves(config.snapshot, config.duration or 0)
        self.sojourns: Sojourns = Counter()
        self.forks: list[tuple[int, int]] = []
        self.causes_ns: Counter[str] = Counter()
        self._doings: list[Doing] = []
        self.ends_ns: list[int] = []
        self.faults_ns: list[int] = []

    def live(self) -> Activity:
        """The server's process, to the end of its time."""
        end_ns = self._config.duration
        assert end_ns is not None
        closed = isinstance(self._config.clients, ClosedLoop)
        while not closed or self._clock.now < end_ns:
            now_ns = self._clock.now
            start_ns = max(now_ns, self._clients.next_ns())
            wake_ns = self.saves.next_ns()
            if start_ns >= NEVER_NS and wake_ns >= end_ns:
                yield self._clock.timeout(max(end_ns - now_ns, 0))
                return
            if start_ns >= wake_ns:
                yield self._clock.timeout(max(wake_ns - now_ns, 0))
                yield from self._decide(beside_child=False)
            elif start_ns > now_ns:
                yield self._clock.timeout(start_ns - now_ns)
            else:
                yield from self._iterate()

    def _iterate(self) -> Activity:
        beside_child = self.saves.child_alive
        began_ns = self._clock.now
        requests = self._clients.read(began_ns)
        # Page by page and request by request: what one write does to memory the next one finds.
        parts: list[tuple[int, str]] = []
        for request in requests:
            parts += [part for page in request.pages for part in self._write(page)]
            parts.append((request.service_ns, "service"))
        self.saves.dirty += sum(request.changes for request in requests)
        if requests:
            burst = yield from self._task.run(compute_ns=sum(length for length, _ in parts))
            self._note(parts, burst)
        if any(cause != "service" for _, cause in parts):
            self.faults_ns.append(began_ns)
        yield from self._decide(beside_child=beside_child)
        for request in requests:
            self.sojourns[self._clock.now, self._clock.now - request.sent_ns] += 1
        self._blame(requests)
        self._clients.answered(requests, self._clock.now)

    def _write(self, page: int) -> list[tuple[int, str]]:
        """Write a page; how long what takes."""
        faults = self._kernel.touch(self._mm, np.array([self._heap.start_page + page]))
        parts: list[tuple[int, str]] = []
        for number in range(len(faults)):
            table_ns = int(faults.table_ns[number])
            table = TableAction(int(faults.table_action[number]))
            parts.append((table_ns, f"fault/{table.label}"))
            page = PageAction(int(faults.page_action[number]))
            parts.append((int(faults.cost_ns[number]) - table_ns, f"fault/{page.label}"))
        return parts

    def _note(self, parts: list[tuple[int, str]], burst: Burst | None) -> None:
        """Find out when each part was done, in the stretches in which the server had a core."""
        if burst is None:
            return
        stretches = [[end_ns - ran_ns, end_ns] for end_ns, ran_ns in burst.passes]
        for length_ns, cause in parts:
            left_ns = length_ns
            while left_ns:
                start_ns, end_ns = stretches[0]
                done_ns = min(left_ns, end_ns - start_ns)
                self._doings.append(Doing(start_ns, start_ns + done_ns, cause))
                left_ns -= done_ns
                stretches[0][0] += done_ns
                if stretches[0][0] == end_ns:
                    del stretches[0]

    def _blame(self, requests: list[Request]) -> None:
        """Look up what requests waited for that are answered now."""
        for sent_ns, count in Counter(request.sent_ns for request in requests).items():
            rest_ns = self._clock.now - sent_ns
            for doing in reversed(self._doings):
                if doing.end_ns <= sent_ns:
                    break
                behind_ns = doing.end_ns - max(doing.start_ns, sent_ns)
                cause = "others" if doing.cause == "service" else doing.cause
                self.causes_ns[cause] += count * behind_ns
                rest_ns -= behind_ns
            self.causes_ns[ELSEWHERE] += count * rest_ns
        own_ns = sum(request.service_ns for request in requests)
        self.causes_ns["others"] -= own_ns
        self.causes_ns["service"] += own_ns

    def _decide(self, *, beside_child: bool) -> Activity:
        now_ns = self._clock.now
        if not self.saves.fork_wanted(now_ns, beside_child=beside_child):
            return
        child = yield from self._kernel.fork(self._task, self._mm)
        self.forks.append((now_ns, self._clock.now - now_ns))
        self.saves.forked(self._clock.now)
        self._clock.process(self._save(child))

    def _save(self, child: AddressSpace) -> Activity:
        assert self._config.snapshot is not None
        task = self._kernel.machine.task("redis-save")
        save_ns = self._config.dataset * 10**9 // self._config.snapshot.save_rate
        yield from task.run(compute_ns=save_ns)
        yield from self._kernel.exit(task, child)
        self.saves.saved(self._clock.now)
        self.ends_ns.append(self._clock.now)

    def phases(self, second_ns: int) -> Counter[str]:
        """How many requests met which phase of a fork, by looking at all that has happened.

        Args:
            second_ns: how long the second after a call is.
        """
        calls = [(start_ns, start_ns + took_ns) for start_ns, took_ns in self.forks]
        settled_ns = [self._settled_ns(number, second_ns) for number in range(len(calls))]
        ends_ns = [*self.ends_ns, *[NEVER_NS] * len(calls)]
        counted: Counter[str] = Counter()
        for (at_ns, latency_ns), count in self.sojourns.items():
            sent_ns = at_ns - latency_ns
            before = [number for number, call in enumerate(calls) if call[1] <= sent_ns]
            if any(sent_ns < end_ns and at_ns > start_ns for start_ns, end_ns in calls):
                met = "fork"
            elif not before:
                met = "between"
            elif sent_ns < calls[before[-1]][1] + second_ns:
                met = "first_second"
            elif sent_ns < ends_ns[before[-1]]:
                met = "during"
            else:
                met = "after" if sent_ns <= settled_ns[before[-1]] else "between"
            counted[met] += count
        return counted

    def _settled_ns(self, number: int, second_ns: int) -> int:
        """The last fault of a call's after its child, or answer to whom it has kept waiting."""
        starts_ns = [start_ns for start_ns, _ in self.forks]
        returned_ns = sum(self.forks[number])
        child_ns = [*self.ends_ns, *[NEVER_NS] * len(starts_ns)][number]
        lull_ns = max(child_ns, returned_ns + second_ns)
        next_ns = [*starts_ns, NEVER_NS][number + 1]
        faults_ns = [fault_ns for fault_ns in self.faults_ns if lull_ns <= fault_ns < next_ns]
        kept_ns = [at for at, latency in self.sojourns if at - latency < returned_ns]
        return max([-1, *faults_ns, *kept_ns])


def sojourns_of(at_ns: IntArray, latency_ns: IntArray, weights: IntArray) -> Sojourns:
    """Columns of replies, counted."""
    counted: Sojourns = Counter()
    columns = (at_ns.tolist(), latency_ns.tolist(), weights.tolist())
    for at, latency, weight in zip(*columns, strict=True):
        counted[at, latency] += weight
    return counted
