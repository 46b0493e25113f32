"""Rows of `fork_touch.csv`: a process is forked, then it or its child writes some of its pages."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from experiments.calibration.measured_rows import MeasuredRow, grouped, median_of, spread_of
from experiments.forks.trial import Trial
from experiments.validation.measured_machine import MODES, setup_of
from experiments.validation.prediction import Prediction
from experiments.validation.targets import FORK_AND_TOUCH
from models.costs.profile import Profile
from sim.measures.metrics import Unit
from workloads.running.demands import MOST_BYTES
from workloads.running.pages import PAGE_BYTES, pages_of
from workloads.running.setup import Setup

FILE = "fork_touch.csv"
COLUMNS = (
    "mode",
    "size_bytes",
    "writer",
    "pattern",
    "touched_percent",
    "pages_written",
    "fork_plus_write_ns",
)


_SAMPLE_PAGES = 2**21
"""8 GiB."""


def predictions(rows: Sequence[MeasuredRow], profile: Profile) -> list[Prediction]:
    """Of each size, mode, writer, pattern and share the fork and the writes after it."""
    return list(_predictions(rows, profile))


def _predictions(rows: Sequence[MeasuredRow], profile: Profile) -> Iterator[Prediction]:
    for described, alike in grouped(rows, _described):
        mode, size_bytes, writer, pattern, percent, n_pages = described
        yield Prediction(
            what="fork and touch",
            fields={
                "mode": mode,
                "size_bytes": size_bytes,
                "writer": writer,
                "pattern": pattern,
                "touched_percent": percent,
            },
            measured=median_of(alike, "fork_plus_write_ns"),
            predicted=fork_and_write_ns(
                setup_of(profile, mode), pages_of(size_bytes), writer, pattern, n_pages
            ),
            unit=Unit.NANOSECONDS,
            target=FORK_AND_TOUCH,
            basis="profile",
            spread=spread_of(alike, "fork_plus_write_ns"),
        )


def _described(row: MeasuredRow) -> tuple[str, int, str, str, float, int]:
    size_bytes = row.count("size_bytes", least=PAGE_BYTES, most=MOST_BYTES)
    n_pages = row.count("pages_written", most=pages_of(size_bytes))
    return (
        row.word("mode", MODES),
        size_bytes,
        row.word("writer", ("parent", "child")),
        row.word("pattern", ("seq", "rnd")),
        row.number("touched_percent"),
        n_pages,
    )


def fork_and_write_ns(setup: Setup, n_pages: int, writer: str, pattern: str, written: int) -> float:
    """How long a fork blocks its caller, and how long it or the child then writes.

    Args:
        setup: the machine.
        n_pages: what the process has filled.
        writer: ``parent`` or ``child``; the other one sleeps.
        pattern: ``seq``: the first pages in their order; ``rnd``: any pages in any order.
        written: how many pages.
    """
    trial, region_start = _filled(setup, n_pages)
    fork_ns = trial.fork().ns
    if not written:
        return fork_ns
    if pattern == "seq":
        mm = trial.child if writer == "child" else trial.parent
        return fork_ns + trial.scheme.sweep(mm, region_start, written, writes=True)
    # What is written at random in 2 MiB stays there: a part stands for the whole.
    sampled = min(n_pages, _SAMPLE_PAGES)
    if sampled < n_pages:
        trial, region_start = _filled(setup, sampled)
        trial.fork()
    order = setup.streams().generator("validation/touch").permutation(sampled)
    some = order[: max(1, written * sampled // n_pages)]
    mm = trial.child if writer == "child" else trial.parent
    return fork_ns + trial.writes(mm, region_start + np.asarray(some)).ns * written / len(some)


def _filled(setup: Setup, n_pages: int) -> tuple[Trial, int]:
    """A process that has filled so much, and the first page of it."""
    trial = Trial(setup.fork())
    start_page = trial.map(n_pages).start_page
    trial.fill(start_page, n_pages)
    return trial, start_page
