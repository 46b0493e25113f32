"""Points to records: each simulated once, those already in the store not at all."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field

from experiments.execution.executors.interface import Events, Executor, PointEnd
from experiments.execution.progress import Reporter
from experiments.planning.points import Point
from results.records.record import Record
from results.records.store import Store


@dataclass
class RunOutcome:
    """What a run leaves.

    Attributes:
        points: those that have a record, in their order.
        records: one per such point.
        failures: those that were tried in vain, and why they have none.
        untried: those that were left when the run stopped at its first failure.
    """

    points: list[Point] = field(default_factory=list)
    records: list[Record] = field(default_factory=list)
    failures: list[tuple[Point, str]] = field(default_factory=list)
    untried: list[Point] = field(default_factory=list)


def run(
    points: Sequence[Point],
    store: Store,
    executor: Executor,
    reporter: Reporter,
    *,
    fail_fast: bool = False,
    check: Callable[[Record], object] = lambda _: None,
) -> RunOutcome:
    """Simulate what the store lacks and return every point's record.

    Args:
        points: what to simulate; equal ones are simulated once, one whose record is there only
            if spans of it are wanted that are not.
        store: where records are and go.
        executor: who simulates.
        reporter: told of all that happens.
        fail_fast: stop at the first failure.
        check: sees the first record that is there; what it raises ends the run.

    Raises:
        OSError: the store cannot be written to; what it holds stays.
    """
    distinct = {point.id: point for point in points}
    present = set(store.ids())
    found = {id_: store.read(id_) for id_ in distinct}
    missing = [
        point
        for point in distinct.values()
        if found[point.id] is None or not _has_spans(point, store)
    ]
    damaged = sum(point.id in present and found[point.id] is None for point in missing)
    if damaged:
        reporter.say(f"simulated anew, for damaged records or of another layout: {damaged}")
    first = _FirstRecord(check)
    for record in found.values():
        first.see(record)
    reporter.begin(len(distinct), len(distinct) - len(missing))
    failures: dict[str, str | None] = {}
    try:
        if missing:
            store.make_ready()
            with closing(executor.run(missing, store)) as events:
                for point, end in _ends(events, missing, reporter):
                    failures[point.id] = end.failure
                    if end.failure is None:
                        first.see_of(point, store)
                    elif fail_fast:
                        break
    finally:
        reporter.end()
    for point in missing:
        found[point.id] = None if failures.get(point.id) else store.read(point.id)
    finished = RunOutcome()
    for point in points:
        record = found[point.id]
        if record is not None:
            finished.points.append(point)
            finished.records.append(record)
        elif point.id in failures:
            reason = failures[point.id] or "its record vanished while others were simulated"
            finished.failures.append((point, reason))
        else:
            finished.untried.append(point)
    return finished


class _FirstRecord:
    """Has the first record that is there checked."""

    def __init__(self, check: Callable[[Record], object]) -> None:
        self._check = check
        self._seen = False

    def see(self, record: Record | None) -> None:
        """A record, if it is there."""
        if record is not None and not self._seen:
            self._seen = True
            self._check(record)

    def see_of(self, point: Point, store: Store) -> None:
        """The record of a point that was simulated."""
        if not self._seen:
            self.see(store.read(point.id))


def _ends(
    events: Events, points: Sequence[Point], reporter: Reporter
) -> Iterator[tuple[Point, PointEnd]]:
    """Tell all that happens; which points end, and how."""
    for event in events:
        point = points[event.place]
        reporter.hear(point, event)
        if isinstance(event, PointEnd):
            yield point, event


def _has_spans(point: Point, store: Store) -> bool:
    """Whether all spans are there that are wanted of a point."""
    return point.watched is None or store.has_spans(point.id, point.watched)
