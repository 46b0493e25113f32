"""A program that records what nobody knew: its metrics are declared in it and nowhere else."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import Literal

import numpy as np
import pytest
from matplotlib.axes import Axes
from programs import setup
from pydantic import BaseModel
from rich.console import Console

from models.kernel.kernel import Kernel
from results.figures import run as run_figure
from results.figures.sweep import SweepPlot, default_metrics, draw
from results.metrics.doubts import doubts
from results.metrics.names import resolve
from results.metrics.summary import summaries
from results.records.record import Record
from results.records.run_folder import Run
from results.tables.as_csv import to_csv
from results.tables.compare import compare
from results.tables.run_table import run_table
from results.tables.terminal import View, print_table
from sim.machine.clock import Activity
from sim.machine.streams import Streams
from sim.measures.common_metrics import DURATION, REQUESTS
from sim.measures.histogram import Histogram
from sim.measures.metrics import Better, Distribution, Group, Metric, Unit
from sim.measures.recording import Recording
from workloads.running.program import Program
from workloads.workload import Workload

LINES = Metric("written/log_lines", better=Better.MORE, label="lines", group=Group.LOAD, rank=2)
SPOOL = Metric("spool_high_water", Unit.BYTES, Better.LESS, "spool", Group.MEMORY)
BACKLOG = Distribution(
    "backlog", "backlog ({})", Unit.BYTES, Better.LESS, "backlog", tail="p99", group=Group.TIMES
)


class LoggerConfig(BaseModel):
    """Nothing to say."""

    kind: Literal["logger"] = "logger"


class Logger(Workload):
    """A logger that is sent a byte a nanosecond and forks to rotate: what comes then must wait."""

    name = "logger"
    Config = LoggerConfig

    def start(self, config: LoggerConfig, kernel: Kernel, streams: Streams) -> Program:
        """Five forks."""
        del config, streams
        clock, task, mm = kernel.machine.clock, kernel.machine.task("log"), kernel.start_program()
        kernel.load(mm, mm.map(100_000))
        backlogs: list[int] = []

        def live() -> Activity:
            for _ in range(5):
                began_ns = clock.now
                child = yield from kernel.fork(task, mm)
                backlogs.append(clock.now - began_ns)
                yield from kernel.exit(kernel.machine.task("child"), child)

        def recording() -> Recording:
            backlog = Histogram()
            backlog.add(np.array(backlogs))
            return Recording().add(
                histograms={BACKLOG: backlog},
                counters={REQUESTS: 5, LINES: 10**9 - sum(backlogs)},
                levels={DURATION: clock.now, SPOOL: max(backlogs)},
            )

        return Program([live()], recording)


@pytest.fixture(scope="module")
def run() -> Run:
    """Both forks twice, as they are read again."""
    kinds = ("classic", "on_demand")
    made = [
        Record(
            {"workload": {"kind": "logger"}, "fork": {"kind": kind}},
            {},
            "1",
            [Logger().run(LoggerConfig(), setup(kind, number)) for number in range(2)],
        )
        for kind in kinds
    ]
    records = [Record.from_bytes(record.to_bytes()) for record in made]
    return Run(Path(), records, [{"fork.kind": kind} for kind in kinds])


def test_the_table_has_them_by_their_labels_in_their_places_and_units(run: Run) -> None:
    console = Console(file=io.StringIO(), width=1000)
    print_table(run_table(run.records, run.labels), console, View(every=True))
    assert isinstance(console.file, io.StringIO)
    headings, _, classic, *_ = (
        [cell.strip() for cell in line.split("  ") if cell.strip()]
        for line in console.file.getvalue().splitlines()
    )
    assert headings[:5] == ["fork.kind", "requests", "throughput", "lines", "backlog p50"]
    assert headings[-3:] == ["backlog max", "memory", "spool"]
    assert "backlog mean" not in headings
    cells = dict(zip(headings, classic, strict=True))
    units = [cells[heading].split()[1] for heading in ("backlog p99", "spool", "memory")]
    assert units == ["KiB", "KiB", "MiB"]  # on_demand's are a tenth of classic's; memory is alike
    assert cells["lines"].endswith(" G")


def test_files_have_their_full_names_in_the_same_order(run: Run) -> None:
    (heading, *_) = csv.reader(io.StringIO(to_csv(run_table(run.records, run.labels))))
    known = [name for name in heading if name in {"written/log_lines", "spool_high_water"}]
    assert known == ["written/log_lines", "spool_high_water"]
    assert heading.index("backlog (p99)") == heading.index("backlog (p99.99)") - 2
    assert heading.index("backlog (mean)") > heading.index("spool_high_water")


def test_they_are_compared_in_the_words_of_their_kind(run: Run) -> None:
    found = compare(run, metrics=["lines", "spool", "backlog_p99", "backlog (max)"]).found
    assert [(c.metric.name, c.verdict) for c in found] == [
        ("written/log_lines", "more"),
        ("spool_high_water", "less"),
        ("backlog (p99)", "less"),
        ("backlog (max)", "less"),
    ]
    assert {c.metric.label for c in compare(run).found} >= {"lines", "spool", "backlog_p99"}


def with_unit(place: Axes) -> str:
    """What an axis is of, and its unit: beside its name, or that of its ticks."""
    place.figure.canvas.draw()
    ticks = [tick.get_text() for tick in place.get_yticklabels() if tick.get_text()]
    units = {tick.partition(" ")[2] for tick in ticks} - {""}
    if not units:
        return place.get_ylabel()
    assert " (" not in place.get_ylabel()
    assert len(units) == 1 or "KiB" in units
    return f"{place.get_ylabel()} (KiB)" if "KiB" in units else f"{place.get_ylabel()} ({units})"


def test_an_axis_has_their_label_and_unit(run: Run) -> None:
    known = [summary.metric for summary in summaries(run.records[0]).values()]
    asked = [resolve(name, known) for name in ("spool", "lines", "backlog_p99")]
    metrics = [metric for metric in asked if metric is not None]
    figure = draw(SweepPlot("fork.kind", metrics, None), run.records, run.labels)
    assert figure is not None
    assert [with_unit(place) for place in figure.axes] == [
        "spool (KiB)", "lines", "backlog p99 (KiB)"
    ]  # fmt: skip
    assert [metric.name for metric in default_metrics(run.records)][:1] == ["backlog (p99)"]


def test_a_figure_shows_the_distribution_in_its_unit(run: Run) -> None:
    figure = run_figure.draw(run.records, run.labels)
    assert figure is not None
    assert with_unit(figure.axes[0]) == "backlog (KiB)"
    longest = summaries(run.records[0])["spool_high_water"].mean
    assert np.max(figure.axes[0].lines[0].get_ydata()) == longest / 2**10


def test_a_distribution_that_is_not_of_requests_has_no_doubts_of_those(run: Run) -> None:
    assert not any("request" in doubt for doubt in doubts(run.records[0]))
