"""A value of the YAML is validated as it is written, and once more where it is simulated."""

from __future__ import annotations

import os
from collections import Counter
from pathlib import Path

import pytest
from fake_program import EXAMPLE, catalogue

from experiments.execution.executors.here import InThisProcess
from experiments.execution.executors.interface import Executor
from experiments.execution.executors.local import LocalProcesses
from experiments.execution.trace_checks import check_traces
from experiments.language.document import parse
from experiments.language.errors import Position
from experiments.planning.points import plan
from experiments.sweeps.overrides import override
from models.schemes.base import SchemeOptions
from models.schemes.classic import Classic
from results.records.store import Store
from sim.units import RESOLVED

DURATION, IN_NS = "135s", str(135 * 10**9)
IN_FILE = "996MiB"


@pytest.fixture
def log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The file in which every validation of a size or a duration adds a line."""
    file = tmp_path / "validations"
    file.touch()
    monkeypatch.setenv("FAKE_VALIDATIONS", str(file))
    return file


def validated(log: Path) -> tuple[Counter[str], Counter[str]]:
    """How often each value was validated, in this process and in others."""
    lines = [line.split() for line in log.read_text().splitlines()]
    here = Counter(value for process, value in lines if process == str(os.getpid()))
    return here, Counter(value for _, value in lines) - here


def ran(executor: Executor, sweep: str, folder: Path) -> int:
    """Plan and simulate as the command does, three repetitions; how many points there are."""
    document = override(parse(EXAMPLE, Position("a.yaml")), (f"sweep={sweep}", "repetitions=3"))
    points = plan(document, Path(), catalogue()).points
    check_traces(points, document)
    list(executor.run(points, Store(folder)))
    assert len(list(folder.glob("*.json"))) == len(points)
    return len(points)


@pytest.mark.parametrize(
    ("sweep", "sizes"),
    [
        ("[]", {IN_FILE: 996 * 2**20}),
        ("[{grid: {fork.kind: [on_demand], seed: [1]}}]", {IN_FILE: 996 * 2**20}),
        ("[{grid: {workload.dataset: [1KiB]}}]", {IN_FILE: None, "1KiB": 1024}),
        (
            "[{grid: {workload.dataset: [1KiB, 2KiB]}}]",
            {IN_FILE: None, "1KiB": 1024, "2KiB": 2048},
        ),
    ],
)
@pytest.mark.parametrize(
    "executor",
    [InThisProcess(), pytest.param(LocalProcesses(1), marks=pytest.mark.processes)],
    ids=["here", "worker"],
)
def test_once_as_written_and_once_resolved(
    log: Path, tmp_path: Path, executor: Executor, sweep: str, sizes: dict[str, int | None]
) -> None:
    """``sizes`` are those written and, if a point has them, what they are in bytes."""
    points = ran(executor, sweep, tmp_path / "points")
    planned = Counter([*sizes, DURATION])
    simulated = Counter([str(size) for size in sizes.values() if size] + [IN_NS] * points)
    here, elsewhere = validated(log)
    assert here + elsewhere == planned + simulated
    if isinstance(executor, LocalProcesses):
        assert (here, elsewhere) == (planned, simulated)


def test_a_forks_options_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    contexts: list[object] = []

    class Watched(SchemeOptions):
        def model_post_init(self, context: object, /) -> None:
            contexts.append(context)

    monkeypatch.setattr(Classic, "Options", Watched)
    ran(InThisProcess(), "[{grid: {fork.kind: [classic]}}]", tmp_path / "points")
    assert contexts == [None, RESOLVED]
