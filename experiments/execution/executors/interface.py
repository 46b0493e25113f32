"""What every executor does: it is given points and tells what becomes of them."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeAlias

from experiments.planning.points import Point
from results.records.store import Store


@dataclass(frozen=True)
class PointStart:
    """A point is being simulated.

    Attributes:
        place: which of the given points.
    """

    place: int


@dataclass(frozen=True)
class PointRetry:
    """Who simulated a point has died, so another will.

    Attributes:
        place: which of the given points.
        reason: how it died, in one line.
    """

    place: int
    reason: str


@dataclass(frozen=True)
class PointEnd:
    """A point has its record in the store, or has failed.

    Attributes:
        place: which of the given points.
        wall_s: seconds that it took.
        failure: None, or in one line why there is no record.
    """

    place: int
    wall_s: float
    failure: str | None = None


Event: TypeAlias = PointStart | PointRetry | PointEnd
Events: TypeAlias = Generator[Event, None, None]


@dataclass(frozen=True)
class PointLimits:
    """What a point may use.

    Attributes:
        seconds: of wall time, or None.
        memory_bytes: memory allocated on top of the program's own, or None.
    """

    seconds: float | None = None
    memory_bytes: int | None = None


class Executor(Protocol):
    """Simulates points and leaves their records in a store."""

    def run(self, points: Sequence[Point], store: Store) -> Events:
        """Simulate the points; yields an `PointEnd` for each, and what happens before it.

        Closing the iterator ends everything that it began. A point that fails leaves its
        failure in the store and stops no other.

        Raises:
            OSError: a record cannot be written; the points after it would fare no better.
        """
        ...
