"""Points to records: each simulated once, those already in the store not at all."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, field

from experiments.execution.executors.interface import Executor, PointEnd
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
) -> RunOutcome:
    """Simulate what the store lacks and return every point's record.

    Args:
        points: what to simulate; equal ones are simulated once, one whose record is there only
            if spans of it are wanted that are not.
        store: where records are and go.
        executor: who simulates.
        reporter: told of all that happens.
        fail_fast: stop at the first failure.

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
    reporter.begin(len(distinct), len(distinct) - len(missing))
    failures: dict[str, str] = {}
    tried: set[str] = set()
    try:
        if missing:
            store.make_ready()
            with closing(executor.run(missing, store)) as events:
                for event in events:
                    point = missing[event.place]
                    reporter.hear(point, event)
                    if isinstance(event, PointEnd):
                        tried.add(point.id)
                        if event.failure is not None:
                            failures[point.id] = event.failure
                            if fail_fast:
                                break
    finally:
        reporter.end()
    for point in missing:
        found[point.id] = None if point.id in failures else store.read(point.id)
    finished = RunOutcome()
    for point in points:
        record = found[point.id]
        if record is not None:
            finished.points.append(point)
            finished.records.append(record)
        elif point.id in tried:
            reason = failures.get(point.id, "its record vanished while others were simulated")
            finished.failures.append((point, reason))
        else:
            finished.untried.append(point)
    return finished


def _has_spans(point: Point, store: Store) -> bool:
    """Whether all spans are there that are wanted of a point."""
    return point.watched is None or store.has_spans(point.id, point.watched)
