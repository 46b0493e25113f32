"""The table of a run as people read it: a handful of metrics, and what there is to say of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from rich.console import Console

from results.metrics import formatting
from results.metrics.causes import LargestCause
from results.metrics.names import asked_for
from results.records.fork_labels import with_whole_forks
from results.tables.cells import NOTHING, SIGNS, Signs, cells, signs_of
from results.tables.grid import Grid, print_grid
from results.tables.memory_sentences import sentence
from results.tables.notes import by_text, summed_up
from results.tables.phase_tables import phase_table
from results.tables.run_table import PROGRAM, Row, RunTable, shown_metrics
from results.tables.words import print_words
from sim.measures.metrics import Metric

_FEW_ROWS = 4
"""So many rows are named one by one."""


@dataclass(frozen=True)
class View:
    """What of a run is shown.

    Attributes:
        metrics: these, by labels or full names; None for the headlines that differ.
        every: all metrics that a terminal has room for, and every note by itself.
        notes: every note by itself.
        phases: a table of the phases of forks for each point as well.
    """

    metrics: Sequence[str] | None = None
    every: bool = False
    notes: bool = False
    phases: bool = False


@dataclass(frozen=True)
class ShownRun:
    """A run as it is shown: its table, tables of phases, lines below them."""

    table: RunTable
    view: View
    signs: Signs = SIGNS

    @cached_property
    def grid(self) -> Grid:
        """A row per point and program; what tells them apart first.

        Raises:
            UnknownMetricError: a metric that is asked for does not exist.
        """
        columns = [self._columns[metric] for metric in self._metrics]
        headings = [*self._leading, *(metric.heading for metric in self._metrics)]
        rows = [
            [*names, *(column[place] for column in columns)]
            for place, names in enumerate(self._names)
        ]
        return Grid([headings, *rows], names=len(self._leading))

    @property
    def phases(self) -> Iterator[tuple[str, Grid]]:
        """If asked for, the phases of each point that has some, with the point's name."""
        for row in self.table.rows if self.view.phases else ():
            grid = phase_table(row.metrics, self.signs)
            if grid is not None:
                yield self._named(row), grid

    @property
    def lines(self) -> Iterator[str]:
        """What is said below the tables: what all have, what is late for which cause, doubts."""
        if self.view.phases and not any(True for _ in self.phases):
            yield "no phases: nothing here forks while it serves"
        yield from self._alike()
        yield from self._largest_causes()
        yield from self.needs
        yield from self.doubts
        yield from self._left_out()

    @cached_property
    def _metrics(self) -> list[Metric]:
        """Those that have a column."""
        known = self._candidates
        differing = [metric for metric in known if not self._is_alike(metric)]
        return differing or known

    @cached_property
    def _candidates(self) -> list[Metric]:
        if self.view.metrics is not None:
            return asked_for(self.view.metrics, self.table.metrics)
        if self.view.every or len(self.table.rows) == 1:
            return shown_metrics(self.table)
        return list(self.table.headlines)

    def _is_alike(self, metric: Metric) -> bool:
        """Whether a headline looks the same in all of several rows."""
        unasked = self.view.metrics is None and not self.view.every
        return unasked and len(self.table.rows) > 1 and len(set(self._columns[metric])) == 1

    @cached_property
    def _columns(self) -> dict[Metric, list[str]]:
        return {
            metric: cells([row.metrics.get(metric.name) for row in self.table.rows], self.signs)
            for metric in self._candidates
        }

    @cached_property
    def _labels(self) -> list[dict[str, str]]:
        """Per row what tells it from others, a fork with its options."""
        labels = with_whole_forks([row.labels for row in self.table.rows])
        if self.table.leading == self.table.swept:
            return labels
        return [
            {**label, PROGRAM: row.program or NOTHING}
            for label, row in zip(labels, self.table.rows, strict=True)
        ]

    @cached_property
    def _leading(self) -> list[str]:
        known = {path for label in self._labels for path in label}
        return [path for path in self.table.leading if path in known]

    @cached_property
    def _names(self) -> list[list[str]]:
        return [[label.get(path, NOTHING) for path in self._leading] for label in self._labels]

    def _named(self, row: Row) -> str:
        place = next(place for place, other in enumerate(self.table.rows) if other is row)
        values = self._names[place]
        return " ".join(value for value in values if value != NOTHING) or " ".join(values)

    def _alike(self) -> Iterator[str]:
        same = [metric for metric in self._candidates if metric not in self._metrics]
        if same:
            values = ", ".join(f"{metric.heading} {self._columns[metric][0]}" for metric in same)
            yield f"the same in all: {values}"

    def _left_out(self) -> Iterator[str]:
        more = len(shown_metrics(self.table)) - len(self._candidates)
        if self.view.metrics is None and more > 0:
            yield f"{more} more metrics with --all"

    def _largest_causes(self) -> Iterator[str]:
        """A line for each cause that is the largest somewhere, with the points where it is."""
        said = [
            (f"{one.above} and above: {_share(one)} of the latency is due to {one.label}", row)
            for row in self.table.rows
            for one in row.largest
        ]
        yield from (f"{self._whose(rows)}{text}" for text, rows in summed_up(said))

    @property
    def needs(self) -> Iterator[str]:
        """The memory that each needs whose forks cost some."""
        said = [
            (sentence(row.need), row)
            for row in self.table.rows
            if row.need is not None and (row.need.copied_bytes or row.need.at_least)
        ]
        each = self.view.notes or self.view.every
        for text, rows in by_text(said) if each else summed_up(said):
            yield f"{self._whose(rows)}{text}"

    @property
    def doubts(self) -> Iterator[str]:
        """A line for each doubt, with the points that have it."""
        said = [(doubt, row) for row in self.table.rows for doubt in row.doubts]
        each = self.view.notes or self.view.every
        for text, rows in by_text(said) if each else summed_up(said):
            yield f"note: {self._whose(rows)}{text}"

    def _whose(self, rows: Sequence[Row]) -> str:
        """What tells these rows from others, before what is said of them; of many, how many."""
        if not self._leading:
            return ""
        if len(rows) <= _FEW_ROWS:
            return f"{', '.join(map(self._named, rows))}: "
        what = "points" if self.table.leading == self.table.swept else "rows"
        if len(rows) == len(self.table.rows):
            return f"all {len(rows)} {what}: "
        return f"{len(rows)} of {len(self.table.rows)} {what}, such as {self._named(rows[0])}: "


def _share(cause: LargestCause) -> str:
    return formatting.share(cause.share)


def print_table(table: RunTable, console: Console, view: View | None = None) -> None:
    """Print a run as wide as the console is at most: tables, then lines of words.

    Raises:
        UnknownMetricError: a metric that is asked for does not exist.
    """
    shown = ShownRun(table, view or View(), signs_of(console))
    print_grid(shown.grid, console)
    for name, grid in shown.phases:
        console.print()
        if name:
            print_words(name, console)
        print_grid(grid, console)
    lines = list(shown.lines)
    if lines:
        console.print()
    for line in lines:
        print_words(line, console)
