"""Points to records: each simulated once, those already in the store not at all."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, field

from experiments.errors import InputError
from experiments.executors import in_processes, in_this_process
from experiments.points import Point
from experiments.progress import Reporter
from results.record import Record, RecordFormatError
from results.store import Store


@dataclass
class Finished:
    """What a run leaves.

    Attributes:
        points: those that have a record, in their order.
        records: one per such point.
        failures: the others, and why they have none.
    """

    points: list[Point] = field(default_factory=list)
    records: list[Record] = field(default_factory=list)
    failures: list[tuple[Point, str]] = field(default_factory=list)


def run(points: Sequence[Point], store: Store, jobs: int, reporter: Reporter) -> Finished:
    """Simulate what the store lacks and return every point's record.

    Args:
        points: what to simulate; equal ones are simulated once.
        store: where records are and go.
        jobs: processes at a time; 1 means this one.
        reporter: told of every point that ends.

    Raises:
        InputError: the store holds a record that another version of forksim wrote.
    """
    distinct = {point.id: point for point in points}
    found = {id_: _read(store, point) for id_, point in distinct.items()}
    missing = [point for point in distinct.values() if found[point.id] is None]
    failures: dict[str, str] = {}
    reporter.begin(len(distinct), len(distinct) - len(missing))
    alone = jobs == 1 or len(missing) == 1
    outcomes = in_this_process(missing, store) if alone else in_processes(missing, store, jobs)
    with closing(outcomes):
        for place, outcome in outcomes:
            point = missing[place]
            reporter.end_of(point, outcome)
            if outcome.failure is not None:
                failures[point.id] = outcome.failure
    for point in missing:
        found[point.id] = None if point.id in failures else _read(store, point)
    finished = Finished()
    for point in points:
        record = found[point.id]
        if record is None:
            reason = failures.get(point.id, "its record vanished while others were simulated")
            finished.failures.append((point, reason))
        else:
            finished.points.append(point)
            finished.records.append(record)
    return finished


def _read(store: Store, point: Point) -> Record | None:
    try:
        return store.read(point.id)
    except RecordFormatError as error:
        raise InputError(f"{store.file_of(point.id)}: {error}") from None
