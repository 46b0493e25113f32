"""What happens in a run as JSON lines, one object an event, for programs that watch it."""

from __future__ import annotations

import json
import time
from typing import TextIO

from experiments.execution.executors.interface import Event, PointEnd, PointRetry, PointStart
from experiments.planning.points import Point


class EventLog:
    """Writes a line as soon as something happens.

    Every object has ``event`` and ``time`` (seconds since the epoch); ``begin`` has ``total`` and
    ``present`` (points, and those simulated before); ``started``, ``retried``, ``finished`` and
    ``failed`` have the point's ``id`` and ``point`` (its label), the last three what came of it;
    ``end`` has ``finished`` and ``failed``, points of this run; if these are fewer than were
    missing, it was stopped. A run that ends without ``end`` was killed.
    """

    def __init__(self, stream: TextIO) -> None:
        """Write to ``stream``."""
        self._stream = stream
        self._finished = 0
        self._failed = 0

    def begin(self, total: int, present: int) -> None:
        """There are ``total`` points, ``present`` of them already have their record."""
        self._say("begin", total=total, present=present)

    def write(self, point: Point, label: str, event: Event, seconds_left: float | None) -> None:
        """Something has happened to a point; the rest should take ``seconds_left``."""
        of_point = {"id": point.id, "point": label}
        if isinstance(event, PointStart):
            self._say("started", **of_point)
        elif isinstance(event, PointRetry):
            self._say("retried", **of_point, reason=event.reason)
        else:
            self._ended(event, of_point, seconds_left)

    def end(self) -> None:
        """No more points will be simulated."""
        self._say("end", finished=self._finished, failed=self._failed)

    def _ended(self, event: PointEnd, of_point: dict[str, str], seconds_left: float | None) -> None:
        left = None if seconds_left is None else round(seconds_left, 3)
        took = {"wall_s": round(event.wall_s, 3), "seconds_left": left}
        if event.failure is None:
            self._finished += 1
            self._say("finished", **of_point, **took)
        else:
            self._failed += 1
            self._say("failed", **of_point, **took, reason=event.failure)

    def _say(self, event: str, **more: object) -> None:
        line = json.dumps({"event": event, "time": round(time.time(), 3), **more})
        self._stream.write(f"{line}\n")
        self._stream.flush()
