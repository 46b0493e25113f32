"""The figure of a run: a row of panels for each program that has something to draw."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TypeAlias

from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from results.figures import caption, style, sweep, tornado
from results.figures.fork_panel import fork_times
from results.figures.formats import FORMATS
from results.figures.latency_panels import SNAPSHOT_MARKER, has_timeline, over_time, percentiles
from results.figures.lines import Line, lines_of
from results.figures.memory_panel import has_memory, memory_over_time
from results.figures.phase_panel import by_phase, has_phases
from results.figures.rate_panel import has_rates, rates_over_time
from results.figures.step_panel import has_steps, height_of_steps, step_times
from results.metrics.summary import forks_many_sizes
from results.records.fork_labels import with_whole_forks
from results.records.labels import labels_of
from results.records.record import Record
from sim.measures.metrics import Distribution

Panel: TypeAlias = Callable[[Axes, Sequence[Line]], None]

_MOST_ROWS = 8
_PANEL_IN, _TIME_IN = 2.4, 2.2
"""Height of a panel, and of one of time."""


@dataclass(frozen=True)
class _ProgramRow:
    """What is drawn of a program: its name in a mix, its lines, its panels from the left."""

    program: str | None
    lines: Sequence[Line]
    panels: Sequence[Panel]


def write(
    records: Sequence[Record],
    stem: Path,
    labels: Sequence[Mapping[str, str]] | None = None,
    formats: Iterable[str] = FORMATS,
    name: str = "",
) -> list[Path]:
    """Write the figure of a run in some formats; nothing if there is nothing to draw.

    Args:
        records: one per point.
        stem: the files without their endings; their folder exists.
        labels: as for `results.tables.run_table.run_table`.
        formats: endings of the files.
        name: of the experiment, for the caption.
    """
    figure = draw(records, labels, name)
    return [] if figure is None else style.write(figure, stem, formats)


def draw(
    records: Sequence[Record],
    labels: Sequence[Mapping[str, str]] | None = None,
    name: str = "",
) -> Figure | None:
    """The figure of a run, or None where no record has a histogram or forks of several sizes.

    A sweep of a numeric field is drawn over that field, one of the profile's constants as a
    tornado. Of others a program's row has its latency percentiles, its latency over time and the
    memory it takes; or what it executes over time and how long that takes; or its fork times
    against size; or the time of each step. A line is a point; schemes differ in colour,
    the other swept fields in the style of the line and, where there is one scheme only, in colour
    too. Of more than twelve points the first twelve are drawn, of more than eight programs the
    first eight, and the figure says so.
    """
    labels = with_whole_forks(labels_of(records) if labels is None else labels)
    of_sweep = _of_sweep(records, labels, name)
    if of_sweep is not None:
        return of_sweep
    own: dict[str | None, list[Line]] = {}
    for line in lines_of(records, labels):
        for program, record in line.record.by_program():
            own.setdefault(program, []).append(replace(line, record=record))
    rows = [
        _ProgramRow(program, lines, panels)
        for program, lines in own.items()
        if (panels := _panels(lines))
    ]
    if not rows:
        return None
    drawn = rows[:_MOST_ROWS]
    lines = max(len(row.lines) for row in drawn)
    cut = [
        f"{some} of {number} {what}"
        for some, number, what in (
            (lines, len(records), "points"),
            (len(drawn), len(rows), "programs"),
        )
        if some < number
    ]
    said = caption.caption_of(records, name)
    return style.drawing(lambda: _figure(drawn, ", ".join(cut), said))


def draw_phases(
    records: Sequence[Record],
    labels: Sequence[Mapping[str, str]] | None = None,
    name: str = "",
) -> Figure | None:
    """The latencies of each phase of a snapshot alone; None where no record has phases."""
    labels = with_whole_forks(labels_of(records) if labels is None else labels)
    own: dict[str | None, list[Line]] = {}
    for line in lines_of(records, labels):
        for program, record in line.record.by_program():
            if has_phases(record):
                own.setdefault(program, []).append(replace(line, record=record))
    rows = [_ProgramRow(program, lines, [by_phase]) for program, lines in own.items()]
    if not rows:
        return None
    said = caption.caption_of(records, name)
    return style.drawing(lambda: _figure(rows[:_MOST_ROWS], "", said))


def _of_sweep(
    records: Sequence[Record], labels: Sequence[Mapping[str, str]], name: str
) -> Figure | None:
    """The figure of a sweep over something numeric, if that is what the run is."""
    if any(forks_many_sizes(r) for record in records for r in record.repetitions[:1]):
        return None
    factors = tornado.default(records, labels)
    if factors is not None:
        return tornado.draw(factors, caption.caption_of(records, name))
    over = sweep.default(records, labels)
    return None if over is None else sweep.draw(over, records, labels, name)


def _panels(lines: Sequence[Line]) -> list[Panel]:
    recordings = [recording for line in lines for recording in line.record.repetitions]
    if any(map(forks_many_sizes, recordings)):
        return [fork_times]
    if any(has_steps(line.record) for line in lines):
        return [step_times]
    known = {
        r.declared.distribution(name)
        for r in recordings
        for name, values in r.histograms.items()
        if values.count
    }
    drawn = {of for of in known if not of.part}
    if not drawn:
        return []
    of = min(drawn, key=_importance)
    panels: list[Panel] = [partial(percentiles, of=of)]
    if any(has_rates(line.record) for line in lines):
        panels.insert(0, rates_over_time)
    if any(has_phases(line.record) for line in lines):
        panels.append(by_phase)
    if any(map(has_timeline, (line.record for line in lines))):
        panels.append(partial(over_time, of=of))
    if any(has_memory(line.record) for line in lines):
        panels.append(memory_over_time)
    return panels


def _height_in(panel: Panel, row: _ProgramRow) -> float:
    """How high a panel is, in inches."""
    if panel is step_times:
        return max(_PANEL_IN, height_of_steps(row.lines))
    return _TIME_IN if _of_time(panel) else _PANEL_IN


def _of_time(panel: Panel) -> bool:
    """Whether time is along the panel, which needs the width of the figure."""
    drawn = panel.func if isinstance(panel, partial) else panel
    return drawn in (over_time, memory_over_time, rates_over_time)


def _importance(of: Distribution) -> tuple[bool, bool, str]:
    """Sorts distributions by how much a figure is about them, the one to draw first."""
    return not of.of_requests, of.tail is None, of.name


def _figure(rows: Sequence[_ProgramRow], cut: str, said: str) -> Figure:
    panels = [(row, panel) for row in rows for panel in row.panels]
    figure, axes = style.flowing(
        [[_of_time(panel) for panel in row.panels] for row in rows],
        [_height_in(panel, row) for row, panel in panels],
    )
    for place, (row, panel) in zip(axes, panels, strict=True):
        panel(place, row.lines)
        if row.program is not None and panel is row.panels[0]:
            place.set_title(row.program, loc="left")
    _legend(figure, cut)
    caption.put(figure, said)
    return figure


def _legend(figure: Figure, cut: str) -> None:
    """Every point once, above all panels; what marks a snapshot, if any is marked; what is cut."""
    entries: dict[str, Artist] = {}
    for axes in figure.axes:
        handles, labels = axes.get_legend_handles_labels()
        entries = {**dict(zip(labels, handles, strict=True)), **entries}
    marker = SNAPSHOT_MARKER
    if any(line.get_marker() == marker for axes in figure.axes for line in axes.lines):
        entries["snapshot"] = Line2D(
            [], [], linestyle="none", marker=marker, markersize=5, color=style.INK
        )
    # About 15 letters of the legend fit into an inch, and a handle is 9 wide.
    columns = int(15 * figure.get_figwidth()) // (max(map(len, entries), default=0) + 9)
    columns = max(1, min(columns, len(entries)))
    rows = -(-len(entries) // columns)
    figure.set_figheight(figure.get_figheight() + style.LEGEND_ROW_IN * max(0, rows - 1))
    figure.legend(
        list(entries.values()),
        list(entries),
        loc="outside upper center",
        ncols=columns,
        title=cut or None,
        handlelength=2.8,
    )
