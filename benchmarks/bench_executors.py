"""What executors add to points, and how much faster two processes are than one."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from burning import catalogue
from pytest_benchmark.fixture import BenchmarkFixture
from rich.console import Console

from experiments.execution.executors.here import InThisProcess
from experiments.execution.executors.interface import Executor
from experiments.execution.executors.local import LocalProcesses
from experiments.execution.progress import Reporter
from experiments.execution.runner import run
from experiments.language.document import parse
from experiments.language.errors import Position
from experiments.planning.points import Point, plan
from results.records.store import Store

SECONDS: dict[tuple[int, str], float] = {}


def points_of(count: int, burn: str) -> tuple[Point, ...]:
    text = f"""\
forksim: 1
name: burning
workload: {{kind: burning, burn: {burn}}}
fork: {{kind: classic}}
sweep:
  - grid: {{seed: {list(range(count))}}}
"""
    return plan(parse(text, Position("a.yaml")), Path(), catalogue()).points


def measure(
    benchmark: BenchmarkFixture, folder: Path, executor: Executor, points: tuple[Point, ...]
) -> float:
    def once() -> None:
        with Reporter(Console(file=io.StringIO())) as reporter:
            assert len(run(points, Store(folder), executor, reporter).records) == len(points)

    benchmark.pedantic(once, rounds=1)
    assert benchmark.stats is not None
    seconds: float = benchmark.stats.stats.median
    return seconds


@pytest.mark.parametrize("jobs", [1, 2])
def bench_forty_points_of_a_second(benchmark: BenchmarkFixture, tmp_path: Path, jobs: int) -> None:
    SECONDS[jobs, "1s"] = measure(benchmark, tmp_path, LocalProcesses(jobs), points_of(40, "1s"))
    if jobs == 2:
        ratio = SECONDS[1, "1s"] / SECONDS[2, "1s"]
        print(f"\ntwo processes: {ratio:.2f} times as fast as one")  # noqa: T201 - the result


@pytest.mark.parametrize("executor", [InThisProcess(), LocalProcesses(1)], ids=["here", "process"])
def bench_a_thousand_empty_points(
    benchmark: BenchmarkFixture, tmp_path: Path, executor: Executor
) -> None:
    seconds = measure(benchmark, tmp_path, executor, points_of(1000, "0"))
    print(f"\n{seconds:.2f} ms a point, a process's start included")  # noqa: T201 - the result
