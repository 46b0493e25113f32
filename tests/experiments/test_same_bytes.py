"""Records of real programs have the same bytes in any process, in any order, at any time."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from experiments.execution.simulation import simulate
from experiments.language.catalogue import EXAMPLES, catalogue
from experiments.language.document import parse
from experiments.language.errors import Position
from experiments.planning.points import Point, plan

pytestmark = pytest.mark.histories

FORKSIM = (sys.executable, "-c", "from experiments.commands.cli import main; main()")

REDIS = """\
forksim: 1
name: small-redis
workload:
  kind: redis
  dataset: 64MiB
  clients: {kind: open, rate: 20k/s, connections: 10}
  set_ratio: 1/2
  snapshot: {after_changes: 500, save_rate: 1GiB}
  duration: 500ms
fork: {kind: classic}
sweep:
  - grid: {fork.kind: [classic, huge, on_demand]}
repetitions: 2
seed: 7
"""

MICROBENCH = """\
forksim: 1
name: small-forks
workload: {kind: microbench, sizes: [64MiB, 256MiB], instances: 3, start_spread: 2ms}
fork: {kind: classic}
sweep:
  - grid: {fork.kind: [classic, huge, on_demand]}
repetitions: 2
seed: 7
"""

MIX = """\
forksim: 1
name: small-mix
workload:
  kind: mix
  programs:
    web:
      kind: apache
      clients: {kind: closed, connections: 6, threads: 2, work: 5us}
      service: {p0: 20us, p50: 35us, p100: 100us}
      duration: 5ms
    fuzzers: {kind: afl, target: 16MiB, run: 1ms, instances: 2, duration: 10ms}
fork: {kind: classic}
sweep:
  - grid: {fork.kind: [classic, huge, on_demand]}
repetitions: 2
seed: 7
"""


def records(folder: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in (folder / "points").glob("*.json")}


@pytest.mark.processes
def test_a_replayed_redis_is_the_same_under_any_hash_seed_and_number_of_jobs(
    tmp_path: Path,
) -> None:
    file = EXAMPLES / "redis_replay.yaml"
    settings = ["--set", "workload.duration=4s"]
    runs = [(seed, jobs) for seed in ("0", "1") for jobs in ("1", "2")]
    for seed, jobs in runs:
        subprocess.run(  # noqa: S603 - our own command
            [*FORKSIM, "run", str(file), *settings, "--jobs", jobs, "--out", f"{seed}-{jobs}"],
            cwd=tmp_path,
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            check=True,
        )
    first, *others = (records(tmp_path / f"{seed}-{jobs}") for seed, jobs in runs)
    assert len(first) == 3
    assert all(other == first for other in others)


@pytest.mark.processes
def test_a_mix_is_the_same_in_this_process_and_in_others(tmp_path: Path) -> None:
    (tmp_path / "mix.yaml").write_text(MIX, "utf-8")
    command = [*FORKSIM, "run", "mix.yaml", "--jobs", "2", "--out", "out"]
    subprocess.run(command, cwd=tmp_path, capture_output=True, check=True)  # noqa: S603 - our own
    here = {f"{point.id}.json": simulate(point).to_bytes() for point in points_of(MIX)}
    assert records(tmp_path / "out") == here


def points_of(text: str) -> tuple[Point, ...]:
    return plan(parse(text, Position("a.yaml")), Path(), catalogue()).points


@pytest.mark.parametrize("text", [REDIS, MICROBENCH, MIX], ids=["redis", "microbench", "mix"])
def test_a_point_leaves_nothing_behind_that_changes_the_next(text: str) -> None:
    points = points_of(text)
    first = [simulate(point).to_bytes() for point in points]
    again = [simulate(point).to_bytes() for point in reversed(points)][::-1]
    anew = [simulate(point).to_bytes() for point in points_of(text)]
    assert first == again == anew
    assert len(set(first)) == len(first) == 3
    if text == REDIS:
        snapshots = [
            r.series["snapshots"]["start_ns"].size for r in simulate(points[0]).repetitions
        ]
        assert min(snapshots) > 1
