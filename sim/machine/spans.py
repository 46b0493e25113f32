"""Spans: who ran on which core or waited for what, for a timeline; kept only if somebody asks."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Hashable, Iterable, Iterator, Mapping
from dataclasses import dataclass

from sim.arrays import IntArray
from sim.machine.causes import WORK, Cause
from sim.machine.tasks import Burst, Task
from sim.units import LARGEST

MOST_SPANS = 1_000_000
"""Kept of a window; beyond them it ends earlier."""

RUN, SWITCH_TO, WAIT = "run", "switch", "wait"
"""What a task does: runs on a core, is switched to on one, waits for one."""

LOCK, HOLD = "lock", "hold"
"""It waits for a lock, it holds one; which and how follows."""

FORKS, CHILD, FAULT = "fork", "child", "fault"
"""Besides: it forks, it lives as a child, it has page faults ..."""

ITERATION, SKIPPED = "iteration", "skipped"
"""... its loop goes round once, or for a while as ever, which is not looked at one by one."""


def wait_for_lock(kind: str, mode: str) -> str:
    """What a task does that waits for a lock of a kind, to hold it in a mode."""
    return f"{LOCK} {kind}/{mode}"


def hold_of_lock(kind: str, mode: str) -> str:
    """What a task does that holds a lock of a kind in a mode."""
    return f"{HOLD} {kind}/{mode}"


@dataclass(frozen=True, slots=True)
class Span:
    """One stretch of time of one task.

    Attributes:
        task: the task's name.
        what: ``run``, ``switch`` or ``wait``; of a lock ``lock mm/write`` while it waits for it and
            ``hold mm/write`` while it has it; ``fork``, ``child``, ``fault``,
            ``iteration``, ``skipped``.
        core: on which core, from 0, if it runs or is switched to; all others say what it does
            meanwhile.
        cause: name of the cause; of faults their kind.
        start_ns: when it begins ...
        end_ns: ... and ends, as a clock shows: contention is in it.
        of: which lock, named after who took it first: ``mm of redis``.
        count: as how many it stands for: faults of a kind that a stretch of work had.
    """

    task: str
    what: str
    core: int | None
    cause: str
    start_ns: int
    end_ns: int
    of: str = ""
    count: int = 1

    @property
    def doing(self) -> str:
        """What it does, whichever lock it is: ``run``, ..., `LOCK` or `HOLD`."""
        return self.what.partition(" ")[0]

    @property
    def mode(self) -> str:
        """Of a lock, how it is wanted or held: ``read`` or ``write``."""
        return self.what.rpartition("/")[2]

    @property
    def kind_of_cause(self) -> str:
        """The cause's name within its family: of a fault, what it does to its page."""
        return self.cause.rpartition("/")[2]


@dataclass(slots=True)
class _Doing:
    start_ns: int
    end_ns: int
    task: Task
    what: str
    core: int | None
    cause: Cause
    of: str = ""
    count: int = 1


_Part = tuple[int, int, Cause]
"""From when to when something that a task ran as `WORK` was for a cause."""


class SpanWindow:
    """Keeps what happens from a moment on up to another one.

    Whoever simulates many things as one tells of each, so nothing is simulated otherwise because
    somebody watches.

    Args:
        from_ns: when it begins.
        to_ns: when it ends.
        most: how many spans it keeps. Where there are more it ends earlier, so that what is left
            is complete.

    Attributes:
        from_ns: see above.
        to_ns: when it ends, or has turned out to end: early if it is full or the run is over.
        full: whether it ends earlier for there being too many spans.
    """

    def __init__(self, from_ns: int = 0, to_ns: int = LARGEST, most: int = MOST_SPANS) -> None:
        self.from_ns = from_ns
        self.to_ns = to_ns
        self.full = False
        self._most = most
        self._rows: list[_Doing] = []
        self._parts: dict[Task, list[_Part]] = {}
        self._open: dict[Hashable, tuple[Task, str, Cause, int, str]] = {}
        self._count = 0

    def record(
        self,
        task: Task,
        what: str,
        cause: Cause,
        start_ns: int,
        end_ns: int,
        *,
        core: int | None = None,
        of: str = "",
        count: int = 1,
    ) -> None:
        """What a task did from a moment to another one; nothing if it took no time."""
        if start_ns < end_ns and start_ns < self.to_ns and end_ns > self.from_ns:
            self._rows.append(_Doing(start_ns, end_ns, task, what, core, cause, of, count))
            self._grow(1)

    def begin(
        self, key: Hashable, task: Task, what: str, cause: Cause, now_ns: int, *, of: str = ""
    ) -> None:
        """A task does something from now on, until its `end` or that of the simulation.

        Args:
            key: what `end` will call it; of what nobody else does meanwhile.
            task: who.
            what: see `Span.what`.
            cause: what for.
            now_ns: since when.
            of: see `Span.of`.
        """
        self._open[key] = task, what, cause, now_ns, of

    def end(self, key: Hashable, now_ns: int) -> None:
        """What has begun is over; nothing if nobody has heard of it."""
        if (begun := self._open.pop(key, None)) is not None:
            task, what, cause, began_ns, of = begun
            self.record(task, what, cause, began_ns, now_ns, of=of)

    def each(
        self, task: Task, what: str, cause: Cause, starts_ns: IntArray, ends_ns: IntArray
    ) -> None:
        """What a task did again and again, in order (int64 [n] both)."""
        seen = self._seen(starts_ns, ends_ns)
        for start_ns, end_ns in zip(starts_ns[seen].tolist(), ends_ns[seen].tolist(), strict=True):
            self.record(task, what, cause, start_ns, end_ns)

    def ran(self, task: Task, core: int, starts_ns: IntArray, ends_ns: IntArray) -> None:
        """Stretches of work of a task on a core, in order (int64 [n] both)."""
        seen = self._seen(starts_ns, ends_ns)
        for start_ns, end_ns in zip(starts_ns[seen].tolist(), ends_ns[seen].tolist(), strict=True):
            self.record(task, RUN, WORK, start_ns, end_ns, core=core)

    def attribute(self, task: Task, starts_ns: IntArray, ends_ns: IntArray, cause: Cause) -> None:
        """Of what a task ran as `WORK` some stretches in order (int64 [n] both) had a cause."""
        seen = self._seen(starts_ns, ends_ns)
        for start_ns, end_ns in zip(starts_ns[seen].tolist(), ends_ns[seen].tolist(), strict=True):
            self._part(task, start_ns, end_ns, cause)

    def attribute_burst(
        self,
        burst: Burst,
        parts_ns: Iterable[tuple[Cause, int]],
        after_ns: int = 0,
        faults: Mapping[Cause, int] | None = None,
    ) -> None:
        """Of a burst that is done some parts, one after the other, had causes.

        Args:
            burst: the burst.
            parts_ns: the cause of each part, and how long it took.
            after_ns: how much was done before.
            faults: how many page faults are in the parts of a cause.
        """
        for cause, ns in parts_ns:
            stretches = list(burst.stretches_ns(after_ns, after_ns + ns))
            for start_ns, end_ns, _ in stretches:
                self._part(burst.task, start_ns, end_ns, cause)
            if stretches and (count := (faults or {}).get(cause, 0)):
                first_ns, last_ns = stretches[0][0], stretches[-1][1]
                self.record(burst.task, FAULT, cause, first_ns, last_ns, count=count)
            after_ns += ns

    def met_by(self, starts_ns: IntArray) -> range:
        """Which of some things (int64 [n], when each begins) that follow each other it shows."""
        first = int(starts_ns.searchsorted(self.from_ns, "right")) - 1
        return range(max(first, 0), int(starts_ns.searchsorted(self.to_ns)))

    def close(self, now_ns: int) -> None:
        """Nothing happens from now on; what was told in advance has not come."""
        for key in list(self._open):
            self.end(key, now_ns)
        if now_ns < self.to_ns:
            self._end_at(max(now_ns, self.from_ns))

    def spans(self) -> list[Span]:
        """What was kept, cut to the window, in order of when it began."""
        parts = {task: _joined(found) for task, found in self._parts.items()}
        found = []
        for row in self._rows:
            own = parts.get(row.task) if row.what == RUN and row.cause is WORK else None
            start_ns, end_ns = max(row.start_ns, self.from_ns), min(row.end_ns, self.to_ns)
            pieces = _pieces(start_ns, end_ns, row.cause, own or []) if start_ns < end_ns else ()
            for first_ns, last_ns, cause in pieces:
                doing = row.task.name, row.what, row.core, cause.name
                found.append(Span(*doing, first_ns, last_ns, row.of, row.count))
        found.sort(key=_place)
        return found

    def _seen(self, starts_ns: IntArray, ends_ns: IntArray) -> slice:
        first = int(ends_ns.searchsorted(self.from_ns, "right"))
        return slice(first, int(starts_ns.searchsorted(self.to_ns)))

    def _part(self, task: Task, start_ns: int, end_ns: int, cause: Cause) -> None:
        if start_ns < end_ns and start_ns < self.to_ns and end_ns > self.from_ns:
            self._parts.setdefault(task, []).append((start_ns, end_ns, cause))
            self._grow(2)  # it divides one span into up to three

    def _grow(self, spans: int) -> None:
        self._count += spans
        while self._count > self._most:
            self.full = True
            starts_ns = [row.start_ns for row in self._rows]
            starts_ns += [start_ns for parts in self._parts.values() for start_ns, _, _ in parts]
            # Some more will come of before the new end: not all is told in order.
            at_ns = sorted(starts_ns)[len(starts_ns) * 9 // 10]
            self._end_at(max(at_ns, self.from_ns))

    def _end_at(self, to_ns: int) -> None:
        self.to_ns = to_ns
        self._rows = [row for row in self._rows if row.start_ns < to_ns]
        for task, parts in self._parts.items():
            self._parts[task] = [part for part in parts if part[0] < to_ns]
        self._count = len(self._rows) + 2 * sum(map(len, self._parts.values()))


def _place(span: Span) -> tuple[int, int, int, str, str, str]:
    core = -1 if span.core is None else span.core
    return span.start_ns, span.end_ns, core, span.task, span.what, span.cause


def _joined(parts: list[_Part]) -> list[_Part]:
    """The parts in order, those in one that follow each other for the same cause."""
    joined: list[_Part] = []
    for start_ns, end_ns, cause in sorted(parts, key=lambda part: part[:2]):
        if joined and joined[-1][1] == start_ns and joined[-1][2] is cause:
            joined[-1] = joined[-1][0], end_ns, cause
        else:
            joined.append((start_ns, end_ns, cause))
    return joined


def _pieces(start_ns: int, end_ns: int, cause: Cause, parts: list[_Part]) -> Iterator[_Part]:
    """A stretch of time, divided by the parts of it that have other causes."""
    place = bisect_right(parts, start_ns, key=lambda part: part[1])
    while place < len(parts) and parts[place][0] < end_ns:
        first_ns, last_ns, own = parts[place]
        first_ns, last_ns, place = max(first_ns, start_ns), min(last_ns, end_ns), place + 1
        if start_ns < first_ns:
            yield start_ns, first_ns, cause
        yield first_ns, last_ns, own
        start_ns = last_ns
    if start_ns < end_ns:
        yield start_ns, end_ns, cause
