"""The search for a capacity: all lines at once, round by round, on stored points."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from experiments.execution.executors.interface import Executor
from experiments.execution.progress import Reporter
from experiments.execution.runner import run
from experiments.language.document import Document
from experiments.language.errors import InputError
from experiments.planning.bracketing import Probing, search
from experiments.planning.points import Plan, Point
from experiments.planning.searched_field import SearchedField, SearchLine
from models.operations.causes import FORK
from results.metrics.capacity import CapacityLine, FieldValue, Found, Probe, Wanted
from results.metrics.limits import MetricLimit
from results.records.record import Record
from results.records.store import Store
from workloads.running.machine_use import core_time

_Row = tuple[SearchLine, FieldValue]


class Ground:
    """Where values are tried: every one an ordinary point with a record in a store.

    Args:
        planned: makes a plan of an experiment.
        store: where records are and go.
        executor: who simulates.
        reporter: told of all that happens.
        limits_of: the limits, by the first record.
    """

    def __init__(
        self,
        planned: Callable[[Document], Plan],
        store: Store,
        executor: Executor,
        reporter: Reporter,
        limits_of: Callable[[Record], Sequence[MetricLimit]],
    ) -> None:
        self.limits: Sequence[MetricLimit] = ()
        self._forks = False
        self._planned = planned
        self._store = store
        self._executor = executor
        self._reporter = reporter
        self._limits_of = limits_of

    def try_all(self, field: SearchedField, rows: Sequence[_Row]) -> list[Probe | str | None]:
        """What becomes of each row: why it could not be simulated, or None if it cannot be asked.

        Raises:
            InputError: a limit is none that results could meet, or nothing ever forks.
        """
        points = self._points(field, rows)
        asked = [point for point in points if point is not None]
        found: dict[str, Record | str] = {}
        for point in asked:
            if (record := self._store.read(point.id)) is not None:
                self._see(record)
                found[point.id] = record
        missing = [point for point in asked if point.id not in found]
        if missing:
            done = run(missing, self._store, self._executor, self._reporter, check=self._see)
            found.update({record.id: record for record in done.records})
            found.update({point.id: reason for point, reason in done.failures})
        if found and not self._forks:
            self._forks = any(not isinstance(one, Record) or _forks(one) for one in found.values())
            if not self._forks:
                raise InputError(
                    "nothing forks, whatever the field is: expected snapshots, workers or other "
                    "children in time"
                )
        return [
            None if point is None else self._probe(value, found[point.id])
            for point, (_, value) in zip(points, rows, strict=True)
        ]

    def _probe(self, value: FieldValue, found: Record | str) -> Probe | str:
        return found if isinstance(found, str) else Probe.of(value, found, self.limits)

    def _see(self, record: Record) -> None:
        if not self.limits:
            self.limits = self._limits_of(record)

    def _points(self, field: SearchedField, rows: Sequence[_Row]) -> list[Point | None]:
        """The point of each row; None of one that cannot be, where an open end has gone so far."""
        try:
            return list(self._planned(field.document_of(rows)).points)
        except InputError:
            if field.is_closed:
                raise
        return [self._point(field, row) for row in rows]

    def _point(self, field: SearchedField, row: _Row) -> Point | None:
        try:
            (point,) = self._planned(field.document_of([row])).points
        except InputError:
            if row[1] == field.stretch.start:
                raise
            return None
        return point


def _forks(record: Record) -> bool:
    """Whether any core ever worked for a fork."""
    return any(one.counters.get(core_time(FORK).name) for one in record.repetitions)


@dataclass
class _Search:
    """A search that goes on, and which values it waits for."""

    line: SearchLine
    probing: Probing
    asked: list[FieldValue]
    found: Found | None = None
    failure: str = ""

    def send(self, probes: Sequence[Probe | str | None]) -> None:
        """What became of the values."""
        failures = [probe for probe in probes if isinstance(probe, str)]
        if failures:
            self.failure, self.asked = failures[0], []
            return
        try:
            self.asked = self.probing.send([p for p in probes if not isinstance(p, str)])
        except StopIteration as end:
            self.found, self.asked = end.value, []


def find(field: SearchedField, ground: Ground, wanted: Wanted | None) -> list[CapacityLine]:
    """Search along every line; what several of them ask for is simulated together.

    Raises:
        InputError: the field does not take its values, or a limit is none.
        OSError: the store cannot be written to; what it holds stays.
    """
    searches = [_begun(line, field, wanted) for line in field.lines]
    while going := [one for one in searches if one.asked]:
        rows = [(one.line, value) for one in going for value in one.asked]
        probes = iter(ground.try_all(field, rows))
        for one in going:
            one.send(_taken(probes, len(one.asked)))
    return [CapacityLine(one.line.label, one.found, one.failure) for one in searches]


def _begun(line: SearchLine, field: SearchedField, wanted: Wanted | None) -> _Search:
    probing = search(field.stretch, wanted)
    return _Search(line, probing, next(probing))


def _taken(probes: Iterator[Probe | str | None], count: int) -> list[Probe | str | None]:
    return [next(probes) for _ in range(count)]
