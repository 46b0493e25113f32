"""Sweeps of the fake program and the commands that run them, for tests of executors."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

from fake_program import EXAMPLE, catalogue
from processes import start

from experiments.execution.executors.interface import (
    Event,
    Executor,
    PointEnd,
    PointRetry,
    PointStart,
)
from experiments.execution.simulation import simulate
from experiments.language.document import parse
from experiments.language.errors import Position
from experiments.planning.points import Point, plan
from experiments.sweeps.overrides import override
from results.records.store import Store


def points_of(*behaviours: str, seeds: int = 2) -> tuple[Point, ...]:
    """Points of the fake program: every seed of the first behaviour, then of the next."""
    grid = {"workload.behaviour": list(behaviours), "seed": list(range(seeds))}
    settings = (f"sweep.0.grid={json.dumps(grid)}", "repetitions=1")
    document = override(parse(EXAMPLE, Position("a.yaml")), settings)
    return plan(document, Path(), catalogue()).points


def forksim(folder: Path, *arguments: str) -> subprocess.Popen[str]:
    """The command in ``folder``, where ``a.yaml`` is the example, in a session of its own."""
    (folder / "a.yaml").write_text(EXAMPLE)
    return start("forksim_with_fake.py", *arguments, folder=folder)


def expected(points: tuple[Point, ...]) -> dict[str, bytes]:
    """The records that an undisturbed run leaves, by id."""
    return {point.id: simulate(point).to_bytes() for point in points}


def content(store: Path) -> dict[str, bytes]:
    """The records in a folder, by id."""
    return {file.stem: file.read_bytes() for file in store.glob("*.json")}


def heard(executor: Executor, points: tuple[Point, ...], folder: Path) -> list[Event]:
    """All that an executor tells of its points."""
    return list(executor.run(points, Store(folder)))


def failures(events: list[Event]) -> dict[int, str | None]:
    """What became of each point; checks that each started and ended once, retries aside."""
    ended = {event.place: event.failure for event in events if isinstance(event, PointEnd)}
    started = sorted(event.place for event in events if isinstance(event, PointStart))
    retried = [event.place for event in events if isinstance(event, PointRetry)]
    assert len(ended) == sum(isinstance(event, PointEnd) for event in events)
    assert started == sorted([*ended, *retried])
    return ended
