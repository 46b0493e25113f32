"""How far a run is: told from its folder, and as it happens."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from fake_program import EXAMPLE

from experiments.commands.cli import main
from experiments.execution.progress import spoken

pytestmark = pytest.mark.figures

SWEEP = ("--set", "sweep.0.grid={workload.behaviour: [good, raise], seed: [1, 2]}")


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("a.yaml").write_text(EXAMPLE)


def forksim(*arguments: str) -> Result:
    return CliRunner().invoke(main, arguments)


def status(*options: str) -> Any:
    result = forksim("status", "out", "--json", *options)
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def test_status_counts_what_is_there() -> None:
    forksim("run", "a.yaml", *SWEEP, "--out", "out")
    found = status()
    assert {key: found[key] for key in ("points", "done", "missing", "of_other_runs")} == {
        "points": 4,
        "done": 2,
        "missing": 0,
        "of_other_runs": 0,
    }
    labels = ["workload.behaviour=raise seed=1", "workload.behaviour=raise seed=2"]
    assert sorted(failed["point"] for failed in found["failed"]) == labels
    assert {failed["reason"] for failed in found["failed"]} == {"ArithmeticError: no result"}
    assert (found["damaged"], found["set_aside"], found["leftovers"]) == (None, [], [])
    lines = forksim("status", "out").stdout.splitlines()
    assert lines[0] == "out: 2 of 4 points done, 2 failed, 0 missing"
    assert sorted(lines[1:]) == [f"failed: {label}: ArithmeticError: no result" for label in labels]


def test_status_finds_damage_when_asked_and_changes_nothing() -> None:
    forksim("run", "a.yaml", "--out", "out")
    first, second = sorted(Path("out/points").glob("*.json"))
    first.write_bytes(first.read_bytes()[:-5])
    (Path("out/points") / f".{second.name}.0.tmp").touch()
    assert status()["done"] == 2
    before = {file: file.stat() for file in Path("out").rglob("*")}
    found = status("--check")
    assert {file: file.stat() for file in Path("out").rglob("*")}.keys() == before.keys()
    assert (found["done"], found["missing"], found["damaged"]) == (1, 1, [first.name])
    assert found["leftovers"] == [f".{second.name}.0.tmp"]
    forksim("run", "a.yaml", "--out", "out")
    found = status("--check")
    assert (found["done"], found["missing"], found["damaged"]) == (2, 0, [])
    assert found["set_aside"] == [f"{first.name}.corrupt"]
    assert f"set aside: {first.name}.corrupt" in forksim("status", "out").stdout.splitlines()


def test_status_tells_points_of_this_run_from_others() -> None:
    forksim("run", "a.yaml", "--out", "out")
    forksim("run", "a.yaml", "--out", "out", "--set", "sweep=[]", "--set", "seed=1")
    found = status()
    assert (found["points"], found["done"], found["of_other_runs"]) == (1, 1, 2)


def test_status_of_what_is_no_run() -> None:
    result = forksim("status", "nowhere")
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr == "nowhere: no such folder: expected that of a run, such as runs/NAME\n"
    result = forksim("status", ".")
    assert (result.exit_code, result.stderr.count("\n")) == (2, 1)


def test_events_are_json_lines() -> None:
    assert forksim("run", "a.yaml", *SWEEP, "--events", "log", "--out", "out").exit_code == 1
    events = [json.loads(line) for line in Path("log").read_text().splitlines()]
    names = [event["event"] for event in events]
    assert names == ["begin", *["started", "finished"] * 2, *["started", "failed"] * 2, "end"]
    assert (events[0]["total"], events[0]["present"]) == (4, 0)
    assert (events[-1]["finished"], events[-1]["failed"]) == (2, 2)
    assert events[1]["point"] == "workload.behaviour=good seed=1"
    assert (Path("out/points") / f"{events[1]['id']}.json").exists()
    assert events[-2]["reason"].startswith("ArithmeticError: no result")
    assert events[-2]["seconds_left"] == 0
    assert [event["time"] for event in events] == sorted(event["time"] for event in events)


def test_events_on_standard_error_are_all_there_is() -> None:
    result = forksim("run", "a.yaml", "--events", "-", "--out", "out")
    events = [json.loads(line)["event"] for line in result.stderr.splitlines()]
    assert events == ["begin", *["started", "finished"] * 2, "end"]
    assert "fork.kind" in result.stdout
    result = forksim("run", "a.yaml", "--events", "-", "--out", "out")
    assert [json.loads(line).get("present") for line in result.stderr.splitlines()] == [2, None]


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.2, "0 s"), (99, "99 s"), (100, "2 min"), (5900, "98 min"), (9e3, "2.5 h")],
)
def test_spans_are_short(seconds: float, text: str) -> None:
    assert spoken(seconds) == text
