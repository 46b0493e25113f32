"""How long planning 100,000 points takes, in processor time."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from experiments.language.catalogue import EXAMPLES, catalogue
from experiments.language.document import load, parse
from experiments.language.errors import Position
from experiments.planning.points import plan

POINTS = 100_000

LOOP = """\
forksim: 1
name: large
workload: {kind: microbench, sizes: [1GiB]}
fork: {kind: classic}
"""
REDIS = EXAMPLES / "sweep_redis_dataset.yaml"

SEEDS_AND_CORES = f"""
  - grid: {{fork.kind: [classic, on_demand], seed: {list(range(500))}}}
  - grid: {{machine.cores: {list(range(1, 101))}}}
"""
TWO_FIELDS = f"""
  - grid:
      workload.dataset: [{", ".join(f"{size}MiB" for size in range(1, 401))}]
      workload.clients.rate: [{", ".join(f"{rate}00/s" for rate in range(1, 251))}]
"""
SAMPLE = f"""
  - sample:
      method: latin_hypercube
      count: {POINTS}
      fields:
        workload.dataset: {{from: 256MiB, to: 64GiB, scale: log}}
        workload.clients.rate: {{from: 1k/s, to: 50k/s}}
"""


@pytest.mark.benchmark(timer=time.process_time)
@pytest.mark.parametrize(
    ("text", "sweep"),
    [
        pytest.param(LOOP, SEEDS_AND_CORES, id="grid of seeds, cores and forks"),
        pytest.param(None, TWO_FIELDS, id="grid of two of a program's fields"),
        pytest.param(None, SAMPLE, id="sample of two of a program's fields"),
    ],
)
def bench_planning_a_hundred_thousand_points(
    benchmark: BenchmarkFixture, text: str | None, sweep: str
) -> None:
    start = Position("a.yaml")
    document = load(REDIS) if text is None else parse(text, start)
    document.assign(("sweep",), parse(sweep, start), start)
    planned = benchmark.pedantic(plan, args=(document, Path(), catalogue()), rounds=3)
    assert len(planned.points) == POINTS
