"""Rows of `fork_micro.csv`: memory is filled and forked twice by one process, or by several."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from statistics import median

from experiments.calibration.measured_rows import MeasuredRow, grouped, median_of, spread_of
from experiments.validation.fork_program import forks_ns
from experiments.validation.measured_machine import MODES, setup_of
from experiments.validation.prediction import Prediction
from experiments.validation.targets import (
    FORK,
    FORK_HUGE,
    FORK_HUGETLB,
    FORKS_AT_ONCE,
    FORKS_AT_ONCE_HUGE,
    Target,
)
from models.costs.profile import Profile
from sim.measures.metrics import Unit
from workloads.running.demands import MOST_BYTES
from workloads.running.pages import pages_of

FILE = "fork_micro.csv"
COLUMNS = ("mode", "size_bytes", "instances", "fork_no_after_touch", "fork_ns")

_MOST_PROCESSES = 256


def predictions(rows: Sequence[MeasuredRow], profile: Profile) -> list[Prediction]:
    """Of each size, mode and number of processes the first fork after filling and the next one."""
    return list(_predictions(rows, profile))


def _predictions(rows: Sequence[MeasuredRow], profile: Profile) -> Iterator[Prediction]:
    for (mode, size_bytes, processes), alike in grouped(rows, _described):
        setup = setup_of(profile, mode, cores=2 * processes)
        fills = len(alike) // (2 * processes) if processes > 1 else 1
        both_ns = forks_ns(setup, pages_of(size_bytes), processes, fills)
        for number, same in grouped(alike, _number):
            yield Prediction(
                what="fork",
                fields={
                    "mode": mode,
                    "size_bytes": size_bytes,
                    "instances": processes,
                    "fork_no_after_touch": number,
                },
                measured=median_of(same, "fork_ns"),
                predicted=median(both_ns[number > 1]),
                unit=Unit.NANOSECONDS,
                target=_target(mode, processes),
                basis="profile",
                spread=spread_of(same, "fork_ns"),
            )


def _described(row: MeasuredRow) -> tuple[str, int, int]:
    processes = row.count("instances", least=1, most=_MOST_PROCESSES)
    return row.word("mode", MODES), row.count("size_bytes", most=MOST_BYTES), processes


def _number(row: MeasuredRow) -> int:
    return row.count("fork_no_after_touch", least=1)


def _target(mode: str, processes: int) -> Target:
    if mode == "hugetlb":
        return FORK_HUGETLB
    if processes > 1:
        return FORKS_AT_ONCE if mode == "4k" else FORKS_AT_ONCE_HUGE
    return FORK if mode == "4k" else FORK_HUGE
