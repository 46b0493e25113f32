"""How far a run is, on stderr: a bar on a terminal, plain lines elsewhere."""

from __future__ import annotations

from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from experiments.executors import Outcome
from experiments.points import Point


class Reporter:
    """Tells the user about every point that ends; a context manager around a run."""

    def __init__(self, console: Console, *, of_several: bool = False) -> None:
        """Report on ``console``, which should write to stderr.

        With ``of_several`` the points are of several experiments, so each is told with its own.
        """
        self._console = console
        self._of_several = of_several
        self._total = 0
        self._done = 0
        self._bar: Progress | None = None

    def __enter__(self) -> Self:
        if self._console.is_terminal:
            self._bar = Progress(
                TextColumn("{task.description}"),
                BarColumn(),
                MofNCompleteColumn(),
                TimeElapsedColumn(),
                console=self._console,
                transient=True,
            )
            self._bar.start()
            self._bar.add_task("simulating")
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._bar is not None:
            self._bar.stop()

    def begin(self, total: int, present: int) -> None:
        """There are ``total`` points, ``present`` of them already have their record."""
        self._total, self._done = total, present
        if present:
            self.say(f"{present} of {total} points were simulated before")
        self._draw()

    def end_of(self, point: Point, outcome: Outcome) -> None:
        """A point has ended."""
        self._done += 1
        label = f"{point.name} {point.label}" if self._of_several else point.label
        if outcome.failure is not None:
            self.say(f"point {label} failed: {outcome.failure}")
        elif self._bar is None:
            self.say(f"[{self._done}/{self._total}] {label}: {outcome.wall_s:.1f} s")
        self._draw()

    def say(self, line: str) -> None:
        """One line, above the bar if there is one."""
        self._console.print(line, markup=False, highlight=False, soft_wrap=True)

    def _draw(self) -> None:
        if self._bar is not None:
            for task in self._bar.task_ids:
                self._bar.update(task, total=self._total, completed=self._done)
