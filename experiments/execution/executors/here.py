"""Points simulated in this process, one after the other."""

from __future__ import annotations

from collections.abc import Sequence

from experiments.execution.executors.attempt import attempt, keep
from experiments.execution.executors.interface import Events, PointEnd, PointStart
from experiments.planning.points import Point
from results.records.store import Store


class InThisProcess:
    """An `Executor` without processes of its own: nothing to start, but what kills it kills all."""

    def run(self, points: Sequence[Point], store: Store) -> Events:
        """See `Executor.run`."""
        for place, point in enumerate(points):
            yield PointStart(place)
            outcome = keep(attempt(point), point, store)
            yield PointEnd(place, outcome.wall_s, outcome.failure)
