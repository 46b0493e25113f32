"""The page of a run, put together and rendered."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from importlib import resources
from typing import Any

from jinja2 import Environment, StrictUndefined
from markupsafe import Markup

from models.costs.profile import Profile
from results.figures import blame as blame_figure
from results.figures import run as run_figure
from results.page.answer import answer
from results.page.inline_svg import inline_svg
from results.page.question import fork_words, machine, question
from results.records.run_folder import Run
from results.tables.blame_table import blame_grid, blame_table
from results.tables.grid import Grid
from results.tables.run_table import run_table
from results.tables.terminal import ShownRun, View
from sim.printable import printable


@dataclass(frozen=True)
class PageTable:
    """A table of a page: what it is of, headings, rows, how many first columns hold names."""

    title: str
    headings: Sequence[str]
    rows: Sequence[Sequence[str]]
    names: int = 1

    @classmethod
    def of(cls, grid: Grid, title: str = "") -> PageTable:
        """A grid of one line of headings."""
        headings, *rows = ([printable(cell) for cell in row] for row in grid.rows)
        return cls(printable(title), headings, rows, grid.names)


@dataclass(frozen=True)
class PageFigure:
    """A figure of a page: an ``svg`` element, and what it shows."""

    svg: Markup
    caption: str


@dataclass(frozen=True)
class RunPage:
    """What a page says besides what follows from the run.

    Attributes:
        name: of the experiment.
        experiment: its YAML, to run it again; empty if it is not there.
        command: that does so.
        profile: the machine's; None if it cannot be read any more.
        profile_name: what it is called.
        limits: the verdicts on limits, if there are any.
        limit_lines: what they come to, in sentences.
    """

    name: str
    experiment: str
    command: str
    profile: Profile | None
    profile_name: str
    limits: Grid | None = None
    limit_lines: Sequence[str] = field(default_factory=list)

    def render(self, run: Run) -> bytes:
        """The page of a run that has results, as UTF-8."""
        table = run_table(run.records, run.written)
        shown = ShownRun(table, View(phases=True))
        blame = blame_table(run)
        values: dict[str, Any] = {
            "page": self,
            "title": printable(self.name),
            "answer": _plain(answer(run, table, blame)),
            "question": _plain(question(run)),
            "forks": [tuple(map(printable, pair)) for pair in fork_words(run)],
            "machine": _plain(machine(run)),
            "kinds": _kinds(self.profile),
            "table": PageTable.of(shown.grid),
            "figures": list(_figures(run, blame)),
            "phases": [PageTable.of(grid, name) for name, grid in shown.phases],
            "blame": [
                PageTable.of(
                    blame_grid(row, blame.shown),
                    f"{row.name}: {row.sentence(row.blame.longest)}",
                )
                for row in blame.rows
            ],
            "blame_notes": _plain(list(blame.notes)),
            "memory": _plain(shown.needs),
            "limits": None if self.limits is None else PageTable.of(self.limits),
            "limit_lines": _plain(self.limit_lines),
            "doubts": _plain(shown.doubts),
            "missing": _plain(_missing(run)),
            "experiment": printable(self.experiment, "\n"),
            "command": printable(self.command),
            "provenance": run.records[0].provenance,
            "model": run.records[0].model,
            "points": [
                (printable(" ".join(label.values()) or "the point"), record.id)
                for record, label in zip(run.records, run.labels, strict=True)
            ],
        }
        css = _read("page.css")
        digest = base64.b64encode(hashlib.sha256(css.encode()).digest()).decode()
        template = Environment(
            autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
        ).from_string(_read("page.html"))
        page = template.render(css=Markup(css), css_digest=digest, **values)  # noqa: S704 - our file
        return page.encode("utf-8", "backslashreplace")


def _plain(sentences: Iterator[str] | Sequence[str]) -> list[str]:
    return [printable(sentence) for sentence in sentences]


def _read(name: str) -> str:
    return resources.files("results.page").joinpath(name).read_text("utf-8")


def _kinds(profile: Profile | None) -> list[tuple[str, int]]:
    """How many of a machine's constants were measured, fitted, or assumed."""
    kinds = [] if profile is None else [str(one.kind) for one in profile.constants.values()]
    return [(kind, kinds.count(kind)) for kind in sorted(set(kinds))]


def _figures(run: Run, blame: Any) -> Iterator[PageFigure]:
    for name, caption, figure in (
        ("run", "What the run shows: each point, as the legend names it.", _drawn(run)),
        (
            "blame",
            "What latencies were spent on, in percent; at the end of a bar what one took.",
            blame_figure.draw(blame),
        ),
    ):
        if figure is not None:
            svg = inline_svg(figure, name, caption)
            yield PageFigure(Markup(svg), caption)  # noqa: S704 - serialised XML, its text escaped


def _drawn(run: Run) -> Any:
    return run_figure.draw(run.records, run.written)


def _missing(run: Run) -> Iterator[str]:
    for label in run.damaged:
        yield f"{label}: its record is damaged"
    for label, reason in run.failed:
        yield f"{label}: failed: {reason}"
    for label in run.untried:
        yield f"{label}: not done"
