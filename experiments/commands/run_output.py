"""How a run is printed, whether it has just been made or is shown again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from experiments.commands.printing import Output, print_json, say_all
from experiments.language.errors import InputError
from results.metrics.names import UnknownMetricError
from results.tables.as_json import to_json
from results.tables.limit_table import LimitRow, in_all, limit_grid, print_limits
from results.tables.limit_table import to_json as limits_to_json
from results.tables.markdown import markdown_heading, markdown_list, markdown_table
from results.tables.run_table import RunTable
from results.tables.terminal import ShownRun, View, print_table


@dataclass(frozen=True)
class RunOutput:
    """What is asked of a run's print.

    Attributes:
        metric: labels or full names, with commas between them.
        every: all metrics and notes.
        notes: every note by itself.
        phases: a table of phases for each point.
        as_json: one JSON object instead.
        markdown: Markdown instead.
    """

    metric: str | None = None
    every: bool = False
    notes: bool = False
    phases: bool = False
    as_json: bool = False
    markdown: bool = False

    @property
    def metrics(self) -> list[str] | None:
        """The names of the metrics that are asked for."""
        return None if self.metric is None else [one.strip() for one in self.metric.split(",")]

    def check(self) -> None:
        """See that the options go together.

        Raises:
            InputError: they do not.
        """
        if self.as_json and self.markdown:
            raise InputError("--json, --markdown: expected one of them")
        if self.metric is not None and self.every:
            raise InputError("--metric, --all: expected one of them")

    def print(
        self,
        table: RunTable,
        *,
        name: str,
        folder: str,
        failed: Sequence[tuple[str, str]],
        untried: Sequence[str],
        limits: Sequence[LimitRow] = (),
    ) -> None:
        """Print a run.

        Args:
            table: of its points that are done.
            name: of the experiment.
            folder: where it is.
            failed: the labels of points that failed, and why.
            untried: the labels of those that nobody tried.
            limits: who meets the limits, if there are any.

        Raises:
            InputError: a metric that is asked for does not exist.
        """
        if self.as_json:
            told = [{"point": point, "reason": reason} for point, reason in failed]
            found: dict[str, Any] = {"points": to_json(table), "failed": told}
            found |= {"untried": list(untried), "limits": limits_to_json(limits)}
            print_json({"name": name, "folder": folder, **found})
        elif table.rows:
            try:
                self._print(table, limits)
            except UnknownMetricError as error:
                raise InputError(f"--metric: {error}") from None

    def _print(self, table: RunTable, limits: Sequence[LimitRow]) -> None:
        view = View(self.metrics, every=self.every, notes=self.notes, phases=self.phases)
        if not self.markdown:
            print_table(table, Output(), view)
            print_limits(limits, Output())
            return
        shown = ShownRun(table, view)
        say_all(markdown_table(shown.grid))
        for name, grid in shown.phases:
            say_all(["", *markdown_heading(name), *markdown_table(grid)])
        say_all(["", *markdown_list(shown.lines)])
        if limits:
            say_all(["", *markdown_table(limit_grid(limits)), ""])
            say_all(markdown_list(in_all(limits)))
