"""The command: its start, and a sweep of forty points."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import plain_models
import pytest
from beside_plain import PLAIN, Timed

FORKSIM = str(Path(sys.executable).with_name("forksim"))
EXAMPLES = Path("experiments/examples")
SWEEP = """\
forksim: 1
name: forty
workload:
  kind: redis
  dataset: 256MiB
  clients: {kind: open, rate: 100k/s}
  snapshot: {at: [500ms]}
  duration: 1s
fork: {kind: classic}
sweep:
  - grid:
      fork.kind: [classic, on_demand]
      workload.dataset: [128MiB, 256MiB, 512MiB, 1GiB]
      seed: [1, 2, 3, 4, 5]
"""

TINY = f"""\
forksim: 1
name: tiny
workload: {{kind: redis, dataset: 1MiB, clients: {{kind: open, rate: 1k/s}}, duration: 10ms}}
fork: {{kind: classic}}
sweep:
  - grid:
      fork.kind: [classic, on_demand]
      workload.clients.rate: [1k/s, 2k/s, 3k/s, 4k/s, 5k/s]
      seed: {list(range(100))}
"""


def call(*arguments: str) -> int:
    """Run a command; it is one unit of work."""
    subprocess.run(arguments, check=True, capture_output=True)  # noqa: S603 - our own command
    return 1


@pytest.mark.parametrize("model", [PLAIN, "forksim"])
def bench_help(timed: Timed, model: str) -> None:
    if model == PLAIN:
        timed("--help", model, lambda: call(sys.executable, "-c", "import argparse, simpy"))
    else:
        timed("--help", model, lambda: call(FORKSIM, "--help"), rounds=10, at_most_s=0.4)


@pytest.mark.parametrize("name", ["afl_fuzzing", "redis_replay", "sweep_constants_afl"])
def bench_validate(timed: Timed, name: str) -> None:
    path = str(EXAMPLES / f"{name}.yaml")
    timed(f"validate {name}", "forksim", lambda: call(FORKSIM, "validate", path), at_most_s=1)


@pytest.mark.parametrize("name", ["redis_replay", "sweep_afl_instances"])
def bench_nothing_left_to_do(timed: Timed, tmp_path: Path, name: str) -> None:
    path = str(EXAMPLES / f"{name}.yaml")

    def run() -> int:
        return call(FORKSIM, "run", path, "--out", str(tmp_path))

    run()
    timed(f"run {name}, nothing left to do", "forksim", run, at_most_s=0.8)


@pytest.mark.parametrize("formats", ["png,svg,pdf", "none"])
def bench_a_thousand_tiny_points(timed: Timed, tmp_path: Path, formats: str) -> None:
    path, out = tmp_path / "tiny.yaml", tmp_path / "out"
    path.write_text(TINY)

    def run() -> int:
        call(FORKSIM, "run", str(path), "--out", str(out), "--jobs", "2", "--figures", formats)
        return 1000

    timed(
        f"sweep of 1,000 tiny points, figures: {formats}",
        "two processes",
        run,
        rounds=3,
        setup=lambda: shutil.rmtree(out, ignore_errors=True),
        at_most_s=8,
    )


@pytest.mark.parametrize("model", [PLAIN, "one process", "two processes"])
def bench_forty_points(timed: Timed, tmp_path: Path, model: str) -> None:
    what = "sweep of 40 points (requests)"
    if model == PLAIN:
        timed(what, model, lambda: plain_models.open_loop(100_000, 678, 100_000))
        return
    path, out = tmp_path / "forty.yaml", tmp_path / "out"
    path.write_text(SWEEP)
    jobs = {"one process": "1", "two processes": "2"}[model]

    def run() -> int:
        call(FORKSIM, "run", str(path), "--out", str(out), "--jobs", jobs)
        return 40 * 100_000

    timed(what, model, run, rounds=3, setup=lambda: shutil.rmtree(out, ignore_errors=True))
