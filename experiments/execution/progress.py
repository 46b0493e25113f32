"""How far a run is, on stderr: a bar on a terminal, plain lines elsewhere."""

from __future__ import annotations

import time
from collections.abc import Iterator
from types import TracebackType
from typing import Self

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.text import Text

from experiments.execution.event_log import EventLog
from experiments.execution.executors.interface import Event, PointEnd, PointRetry, PointStart
from experiments.planning.points import Point
from sim.printable import printable

_SHOWN = 8
"""Running points that the bar names; a cluster has more than a terminal has lines."""


class Reporter:
    """Tells the user about every point; a context manager around a run."""

    def __init__(
        self, console: Console, *, of_several: bool = False, log: EventLog | None = None
    ) -> None:
        """Report on ``console``, which should write to stderr, and to ``log``.

        With ``of_several`` the points are of several experiments, so each is told with its own.
        """
        self._console = console
        self._of_several = of_several
        self._log = log
        self._began = 0.0
        self._total = 0
        self._present = 0
        self._ended = 0
        self._running: dict[str, tuple[str, float]] = {}
        self._bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TextColumn("{task.fields[left]}"),
        )
        self._task = self._bar.add_task("simulating", total=None, left="")
        self._live: Live | None = None

    def __enter__(self) -> Self:
        if self._console.is_terminal:
            self._live = Live(console=self._console, transient=True, get_renderable=self._picture)
            self._live.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._live is not None:
            self._live.stop()

    def begin(self, total: int, present: int) -> None:
        """There are ``total`` points, ``present`` of them already have their record."""
        self._began = time.monotonic()
        self._total, self._present, self._ended = total, present, 0
        self._running = {}
        if present:
            self.say(f"{present} of {total} points were simulated before")
        if self._log is not None:
            self._log.begin(total, present)

    def hear(self, point: Point, event: Event) -> None:
        """Something has happened to a point."""
        label = f"{point.name} {point.label}" if self._of_several else point.label
        if isinstance(event, PointEnd):
            self._running.pop(point.id, None)
            self._ended += 1
        if self._log is not None:
            self._log.write(point, label, event, self.seconds_left)
        if isinstance(event, PointStart):
            self._running[point.id] = label, time.monotonic()
        elif isinstance(event, PointRetry):
            self._running.pop(point.id, None)
            self.say(f"point {label}: {event.reason}; it is tried once more")
        elif event.failure is not None:
            self.say(f"point {label} failed: {event.failure}")
        elif self._live is None:
            done = f"[{self._present + self._ended}/{self._total}]"
            left = self.seconds_left
            rest = f", {spoken(left)} left" if left else ""
            self.say(f"{done} {label}: {event.wall_s:.1f} s{rest}")

    def end(self) -> None:
        """No more points will be simulated."""
        self._running = {}
        if self._log is not None:
            self._log.end()

    @property
    def seconds_left(self) -> float | None:
        """Until all points have ended, if the rest take as long as those of this run did."""
        rest = self._total - self._present - self._ended
        if self._ended == 0:
            return None if rest else 0.0
        return (time.monotonic() - self._began) / self._ended * rest

    def say(self, line: str) -> None:
        """One line, above the bar if there is one."""
        self._console.print(printable(line), markup=False, highlight=False, soft_wrap=True)

    def _picture(self) -> RenderableType:
        left = self.seconds_left
        self._bar.update(
            self._task,
            total=self._total or None,
            completed=self._present + self._ended,
            left=f"{spoken(left)} left" if left else "",
        )
        return Group(self._bar.get_renderable(), *self._running_points())

    def _running_points(self) -> Iterator[Text]:
        now = time.monotonic()
        running = list(self._running.values())
        for label, since in running[:_SHOWN]:
            line = printable(f"  {label} ({now - since:.0f} s)")
            yield Text(line, overflow="ellipsis", no_wrap=True)
        if len(running) > _SHOWN:
            yield Text(f"  and {len(running) - _SHOWN} more")


def spoken(seconds: float) -> str:
    """A span as people say it: ``45 s``, ``12 min``, ``3.5 h``."""
    if seconds < 99.5:
        return f"{seconds:.0f} s"
    if seconds < 99.5 * 60:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.1f} h"
