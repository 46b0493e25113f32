"""Reading traces: time a line of every format that is read in columns."""

from __future__ import annotations

from pathlib import Path

import pytest
from beside_plain import Timed
from monitor_log import write_monitor_log
from trace_files import FILES, write_trace

from models.costs.profile import load_profile
from workloads.programs.apache.config import ApacheConfig
from workloads.programs.apache.program import Apache
from workloads.running.setup import Setup
from workloads.traces.registry import Reading, read_trace

LINES = 200_000
AT_MOST_S = 1.5e-6 * LINES


def lines_of(path: Path, reading: Reading) -> int:
    """Read it; how many lines it has."""
    return read_trace(path, reading)[1].accounting.lines


@pytest.mark.parametrize("name", FILES)
def bench_reading(timed: Timed, tmp_path: Path, name: str) -> None:
    path = tmp_path / "trace"
    reading = write_trace(path, name, LINES)
    timed(f"reading {LINES:,} lines: {name}", name, lambda: lines_of(path, reading),
          at_most_s=AT_MOST_S)  # fmt: skip


def bench_reading_monitor(timed: Timed, tmp_path: Path) -> None:
    path = tmp_path / "trace"
    write_monitor_log(path, LINES)
    timed(f"reading {LINES:,} lines: MONITOR", "MONITOR", lambda: lines_of(path, Reading()),
          at_most_s=AT_MOST_S)  # fmt: skip


def bench_access_log_replayed(timed: Timed, tmp_path: Path) -> None:
    path = tmp_path / "access.log"
    lines = 100_000
    reading = write_trace(path, "access log, service in the last field", lines)
    profile = load_profile("epyc-7302p-linux-5.6")
    config = ApacheConfig.model_validate(
        {
            "kind": "apache",
            "clients": {"kind": "trace", "path": str(path), "unit": reading.fields.unit},
        }
    )

    def run() -> int:
        Apache().run(config, Setup(profile, cores=16, scheme="classic"))
        return lines

    timed(f"an access log of {lines:,} lines read and replayed", "forksim", run, rounds=1,
          at_most_s=8e-6 * lines)  # fmt: skip
