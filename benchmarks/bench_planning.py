"""How long planning a large sweep takes."""

from __future__ import annotations

from pathlib import Path

from pytest_benchmark.fixture import BenchmarkFixture

from experiments.catalogue import catalogue
from experiments.document import parse
from experiments.errors import Position
from experiments.points import plan

SWEEP = f"""\
forksim: 1
name: large
workload: {{kind: microbench, sizes: [1GiB]}}
fork: {{kind: classic}}
sweep:
  - grid: {{fork.kind: [classic, on_demand], seed: {list(range(500))}}}
  - grid: {{machine.cores: {list(range(1, 101))}}}
"""


def bench_planning_a_hundred_thousand_points(benchmark: BenchmarkFixture) -> None:
    document = parse(SWEEP, Position("a.yaml"))
    planned = benchmark.pedantic(plan, args=(document, Path(), catalogue()), rounds=3)
    assert len(planned.points) == 100_000
