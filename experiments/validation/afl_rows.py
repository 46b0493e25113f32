"""Rows of `afl_execs.csv`: how fast AFL fuzzes a target that has touched a buffer."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from experiments.calibration.measured_rows import MeasuredRow, grouped, median_of
from experiments.validation.measured_machine import setup_of
from experiments.validation.prediction import Prediction
from experiments.validation.targets import EXECUTION_RATE
from models.costs.profile import Profile
from sim.measures.metrics import Unit
from workloads.programs.shared.fork_server import ForkServer
from workloads.running.demands import MOST_BYTES
from workloads.running.pages import PAGE_BYTES

FILE = "afl_execs.csv"
COLUMNS = ("init_buffer_bytes", "execs_per_sec", "forkserver_rss_kib")


def predictions(rows: Sequence[MeasuredRow], profile: Profile) -> list[Prediction]:
    """Of each buffer but the smallest, whose rate says how long everything but the fork takes."""
    return list(_predictions(rows, profile))


def _predictions(rows: Sequence[MeasuredRow], profile: Profile) -> Iterator[Prediction]:
    buffers = dict(grouped(rows, lambda row: row.count("init_buffer_bytes")))
    if len(buffers) < 2:
        return
    smallest = buffers.pop(min(buffers))
    own_ns = max(_execution_ns(smallest) - round_ns(profile, _target_bytes(smallest)), 0.0)
    for buffer, alike in buffers.items():
        yield Prediction(
            what="executions",
            fields={"init_buffer_bytes": buffer},
            measured=1e9 / _execution_ns(alike),
            predicted=1e9 / (own_ns + round_ns(profile, _target_bytes(alike))),
            unit=Unit.PER_SECOND,
            target=EXECUTION_RATE,
            basis="rate with the smallest, less its fork",
        )


def _execution_ns(rows: Sequence[MeasuredRow]) -> float:
    return 1e9 / median_of(rows, "execs_per_sec", least=1e-3)


def _target_bytes(rows: Sequence[MeasuredRow]) -> int:
    resident_kib = median_of(rows, "forkserver_rss_kib", most=MOST_BYTES / 1024)
    return max(PAGE_BYTES, round(1024 * resident_kib))


def round_ns(profile: Profile, target_bytes: int) -> int:
    """What an execution takes besides the child's own work, its page faults among that."""
    server = ForkServer(setup_of(profile).kernel(), "afl", target_bytes, None)
    return server.round_ns(np.zeros(0, np.int64))
