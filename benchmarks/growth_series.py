"""What `growth.py` lets grow: `growth_series.py SERIES N` tells what one size of it takes."""

from __future__ import annotations

import json
import resource
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from trace_files import write_trace

from models.costs.profile import load_profile
from workloads.registry import WORKLOADS
from workloads.running.setup import Setup
from workloads.traces.registry import read_trace

Fields = dict[str, Any]

REDIS: Fields = {
    "dataset": "1GiB",
    "clients": {"kind": "closed", "connections": 3, "pipeline": 2000},
    "keys": {"share": 0.156},
    "service": "678ns",
}
TABLE_4_PER_S = 1.464e6
"""Requests a second of table 4's Redis."""
FUZZER_PER_S = {"classic": 58, "on_demand": 190}
"""Executions a second of figure 9's fuzzer."""


@dataclass(frozen=True)
class Series:
    """One thing that grows.

    Attributes:
        grows: What is counted, with its unit.
        sizes: How many.
        scheme: The fork.
        experiment: Program, number of cores, and fields of a size.
    """

    grows: str
    sizes: list[int]
    scheme: str
    experiment: Callable[[int], tuple[str, int, Fields]]


def _of_dataset(gib: int) -> tuple[str, int, Fields]:
    clients = {"kind": "open", "rate": "100k/s"}
    snapshot = {"at": ["500ms"], "save_rate": "1TiB"}
    changes = {"dataset": f"{gib}GiB", "clients": clients, "snapshot": snapshot}
    return "redis", 16, {**REDIS, **changes, "keys": {"share": 1}, "duration": "2s"}


def _of_requests(requests: int) -> tuple[str, int, Fields]:
    snapshot = {"after_changes": 10_000, "save_rate": "100MiB"}
    duration_us = round(requests / TABLE_4_PER_S * 1e6)
    return "redis", 16, {**REDIS, "snapshot": snapshot, "duration": f"{duration_us}us"}


def _of_connections(connections: int) -> tuple[str, int, Fields]:
    clients = {"kind": "closed", "connections": connections}
    return "redis", 16, {**REDIS, "clients": clients, "duration": "4s"}


def _of_overload(requests: int) -> tuple[str, int, Fields]:
    """A fifth more requests than are served, so that a sixth of them waits in the end."""
    clients = {"kind": "open", "rate": "300k/s"}
    duration_us = round(requests / 0.3)
    return (
        "redis",
        16,
        {**REDIS, "clients": clients, "service": "4us", "duration": f"{duration_us}us"},
    )


def _of_fuzzing(scheme: str) -> Callable[[int], tuple[str, int, Fields]]:
    def fields(forks: int) -> tuple[str, int, Fields]:
        duration = f"{round(forks / FUZZER_PER_S[scheme] * 1000)}ms"
        target = {"target": "1078MiB", "scattered": 0.211, "run": "173us", "pages": 2}
        return "afl", 16, {**target, "duration": duration}

    return fields


def _of_tests(forks: int) -> tuple[str, int, Fields]:
    tests = [{"name": "UPDATE", "run": "200us", "pages": 2}]
    return "sqlite", 16, {"database": "1078MiB", "tests": tests, "rounds": forks}


def _of_cores(cores: int) -> tuple[str, int, Fields]:
    clients = {"kind": "closed", "connections": 4}
    return "apache", cores, {"workers": 4, "clients": clients, "duration": "500ms"}


def _of_workers(workers: int) -> tuple[str, int, Fields]:
    clients = {"kind": "closed", "connections": workers}
    return "apache", 16, {"workers": workers, "spare": 0, "clients": clients, "duration": "200ms"}


def _of_programs(programs: int) -> tuple[str, int, Fields]:
    target = {"target": "64MiB", "run": "173us", "pages": 2, "duration": "60ms"}
    return "afl", 2 * programs, {**target, "instances": programs}


_GIB = [1, 4, 16, 64, 256, 1024]
SERIES = {
    "data set, classic": Series("GiB", _GIB, "classic", _of_dataset),
    "data set, on-demand": Series("GiB", _GIB, "on_demand", _of_dataset),
    "requests": Series("requests", [10**n for n in range(5, 10)], "classic", _of_requests),
    "connections": Series("connections", [10**n for n in range(5)], "classic", _of_connections),
    "overload": Series("requests", [10**n for n in range(4, 8)], "classic", _of_overload),
    "forks of a lonely fuzzer": Series(
        "forks", [10**n for n in range(1, 6)], "on_demand", _of_fuzzing("on_demand")
    ),
    "forks of a test suite": Series("forks", [10**n for n in range(1, 5)], "on_demand", _of_tests),
    "cores": Series("cores", [1, 2, 4, 8, 16, 64, 256], "on_demand", _of_cores),
    "workers": Series("workers", [1, 4, 16, 64, 256], "on_demand", _of_workers),
    "programs": Series("programs", [1, 3, 10, 30, 100], "on_demand", _of_programs),
}
LINES = {f"lines, {name}": name for name in ("CSV", "access log, log_format", "plot_data")}
"""Series of files that are read, by the name of what is in them."""
LINE_SIZES = [10**n for n in range(4, 8)]


def sizes() -> dict[str, list[int]]:
    """Those of every series."""
    return {
        **{name: series.sizes for name, series in SERIES.items()},
        **dict.fromkeys(LINES, LINE_SIZES),
    }


def grows() -> dict[str, str]:
    """What is counted in every series."""
    return {
        **{name: series.grows for name, series in SERIES.items()},
        **dict.fromkeys(LINES, "lines"),
    }


def _work(name: str, size: int, folder: Path) -> Callable[[], object]:
    """What is to be measured of one size of a series."""
    if name in LINES:
        path = folder / "trace"
        reading = write_trace(path, LINES[name], size)
        return lambda: read_trace(path, reading)
    kind, cores, fields = SERIES[name].experiment(size)
    config = WORKLOADS[kind].Config.model_validate({"kind": kind, **fields})
    setup = Setup(load_profile("epyc-7302p-linux-5.6"), cores, SERIES[name].scheme)
    return lambda: WORKLOADS[kind].run(config, setup)


def run(name: str, size: int, folder: Path) -> dict[str, float]:
    """Do one size of a series in this process: what it took of wall, core and memory."""
    work = _work(name, size, folder)
    wall_s, core_s = time.perf_counter(), time.process_time()
    work()
    return {
        "wall_s": time.perf_counter() - wall_s,
        "core_s": time.process_time() - core_s,
        "peak_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }


if __name__ == "__main__":
    if len(sys.argv) == 1:
        answer: Any = sizes()
    else:
        with TemporaryDirectory() as folder:
            answer = run(sys.argv[1], int(sys.argv[2]), Path(folder))
    print(json.dumps(answer))  # noqa: T201 - that is what is asked for
