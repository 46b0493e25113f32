"""Points to records: all are tried, none is lost, and nobody's order or process shows."""

from __future__ import annotations

import io
from collections.abc import Iterable
from multiprocessing import active_children
from pathlib import Path

import pytest
from fake_program import EXAMPLE, catalogue
from rich.console import Console

from experiments.execution.executors.choice import local
from experiments.execution.executors.interface import PointEnd, PointStart
from experiments.execution.executors.local import LocalProcesses
from experiments.execution.progress import Reporter
from experiments.execution.runner import RunOutcome, run
from experiments.language.document import parse
from experiments.language.errors import InputError, Position
from experiments.planning.points import Point, plan
from experiments.sweeps.overrides import override
from results.records.record import Record
from results.records.store import Store


def points_of(*settings: str) -> tuple[Point, ...]:
    document = override(parse(EXAMPLE, Position("a.yaml")), settings)
    return plan(document, Path(), catalogue()).points


def behaviours(*names: str) -> tuple[Point, ...]:
    return points_of(f"sweep.0.grid={{workload.behaviour: [{', '.join(names)}], seed: [1, 2]}}")


def finish(points: Iterable[Point], folder: Path, jobs: int = 1) -> tuple[RunOutcome, str]:
    said = io.StringIO()
    with Reporter(Console(file=said, width=500)) as reporter:
        finished = run(list(points), Store(folder), local(jobs), reporter)
    return finished, said.getvalue()


def content(folder: Path) -> dict[str, bytes]:
    return {f.name: f.read_bytes() for f in folder.glob("*.json")}


def test_records_come_in_the_order_of_the_points(tmp_path: Path) -> None:
    points = points_of("sweep.0.grid={seed: [3, 1, 2]}")
    finished, said = finish(points, tmp_path)
    assert [record.at("seed") for record in finished.records] == [3, 1, 2]
    assert [record.id for record in finished.records] == [point.id for point in points]
    assert [len(record.repetitions) for record in finished.records] == [2, 2, 2]
    assert finished.failures == []
    assert [line.rpartition(":")[0] for line in said.splitlines()] == [
        "[1/3] seed=3",
        "[2/3] seed=1",
        "[3/3] seed=2",
    ]


def test_a_record_says_where_it_comes_from(tmp_path: Path) -> None:
    finished, _ = finish(points_of(), tmp_path)
    provenance = finished.records[0].provenance
    assert provenance["seed"] == 20210426
    assert provenance["profile"]["name"] == "epyc-7302p-linux-5.6"
    assert set(provenance["versions"]) == {"forksim", "numpy", "python"}


@pytest.mark.processes
def test_one_process_and_two_write_the_same_bytes(tmp_path: Path) -> None:
    points = points_of("sweep.0.grid={seed: [1, 2, 3], fork.kind: [classic, huge]}")
    finish(points, tmp_path / "one")
    finish(reversed(points), tmp_path / "two", jobs=2)
    assert len(content(tmp_path / "one")) == 6
    assert content(tmp_path / "one") == content(tmp_path / "two")


def test_what_is_there_is_not_simulated_again(tmp_path: Path) -> None:
    finish(points_of("sweep=[]"), tmp_path)
    first = {file.name: file.stat().st_ino for file in tmp_path.glob("*.json")}
    finished, said = finish(points_of(), tmp_path)
    assert len(finished.records) == 2
    assert said.splitlines()[0] == "1 of 2 points were simulated before"
    assert first.items() <= {file.name: file.stat().st_ino for file in tmp_path.iterdir()}.items()


def test_equal_points_are_simulated_once_and_shown_twice(tmp_path: Path) -> None:
    finished, said = finish(points_of("sweep.0.grid={workload.dataset: [1GiB, 1024MiB]}"), tmp_path)
    assert len(finished.records) == 2
    assert len(said.splitlines()) == 1


@pytest.mark.processes
@pytest.mark.parametrize("jobs", [1, 2])
def test_a_failed_point_is_told_in_one_line_and_the_others_go_on(tmp_path: Path, jobs: int) -> None:
    points = behaviours("raise", "good")
    finished, said = finish(points, tmp_path, jobs)
    assert [record.at("workload.behaviour") for record in finished.records] == ["good", "good"]
    trouble = tmp_path / f"{points[0].id}.failed.txt"
    reason = f"ArithmeticError: no result (traceback in {trouble})"
    assert finished.failures[0] == (points[0], reason)
    assert [point for point, _ in finished.failures] == list(points[:2])
    assert f"point workload.behaviour=raise seed=1 failed: {reason}" in said.splitlines()
    assert "ArithmeticError" in trouble.read_text()
    assert len(said.splitlines()) == 4


@pytest.mark.processes
def test_closing_ends_the_processes(tmp_path: Path) -> None:
    points = points_of("sweep.0.grid={workload.behaviour: [good, hang]}")
    events = LocalProcesses(2).run(points, Store(tmp_path))
    assert [next(events), next(events)] == [PointStart(0), PointStart(1)]
    ended = next(events)
    assert isinstance(ended, PointEnd)
    assert (ended.place, ended.failure) == (0, None)
    events.close()
    assert list(content(tmp_path)) == [f"{points[0].id}.json"]
    assert not [child for child in active_children() if child.name == "forksim worker"]


def test_a_damaged_record_is_simulated_again(tmp_path: Path) -> None:
    points = points_of("sweep=[]")
    finish(points, tmp_path)
    before = content(tmp_path)
    file = tmp_path / f"{points[0].id}.json"
    file.write_bytes(file.read_bytes()[:-10])
    finished, _ = finish(points, tmp_path)
    assert len(finished.records) == 1
    assert content(tmp_path) == before


def test_a_record_of_another_layout_is_set_aside_and_simulated_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    points = points_of("sweep=[]")
    finish(points, tmp_path)
    older = (tmp_path / f"{points[0].id}.json").read_bytes()
    monkeypatch.setattr("results.records.record.FORMAT", 2)
    finished, said = finish(points, tmp_path)
    assert len(finished.records) == 1
    assert said.splitlines()[0] == ("simulated anew, for damaged records or of another layout: 1")
    assert (tmp_path / f"{points[0].id}.json.corrupt").read_bytes() == older


def test_a_terminal_gets_a_bar_and_still_the_failures(tmp_path: Path) -> None:
    said = io.StringIO()
    console = Console(file=said, width=500, force_terminal=True, color_system=None)
    with Reporter(console) as reporter:
        run(behaviours("raise", "good"), Store(tmp_path), local(1), reporter)
    assert "2/4" in said.getvalue() or "4/4" in said.getvalue()
    assert "point workload.behaviour=raise seed=1 failed: ArithmeticError" in said.getvalue()
    assert "[3/4]" not in said.getvalue()


def test_the_first_record_that_is_there_is_checked_and_may_end_the_run(tmp_path: Path) -> None:
    points = points_of("sweep.0.grid={seed: [1, 2, 3]}")
    seen: list[int] = []

    def refuse(record: Record) -> None:
        seen.append(record.at("seed"))
        raise InputError("no such metric")

    for _ in range(2):  # simulated, then found
        with (
            Reporter(Console(file=io.StringIO())) as reporter,
            pytest.raises(InputError, match="no such metric"),
        ):
            run(points, Store(tmp_path), local(1), reporter, check=refuse)
    assert seen == [1, 1]
    assert len(content(tmp_path)) == 1


def test_only_one_record_is_checked(tmp_path: Path) -> None:
    seen: list[Record] = []
    with Reporter(Console(file=io.StringIO())) as reporter:
        points = points_of("sweep.0.grid={seed: [1, 2]}")
        run(points, Store(tmp_path), local(1), reporter, check=seen.append)
    assert [record.at("seed") for record in seen] == [1]
