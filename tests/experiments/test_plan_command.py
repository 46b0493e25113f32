"""forksim plan, and running some points only."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from fake_program import EXAMPLE, catalogue

from experiments.commands.cli import main
from experiments.language.document import load
from experiments.planning.estimates import Estimates
from experiments.planning.points import Point, plan
from experiments.planning.selection import having


def forksim(*arguments: str) -> Result:
    return CliRunner().invoke(main, arguments)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Six points: three forks, two data sets."""
    text = EXAMPLE.replace(
        "[classic, on_demand]", "[classic, huge, on_demand], workload.dataset: [1GiB, 2GiB]"
    )
    (tmp_path / "a.yaml").write_text(text)
    return tmp_path / "a.yaml"


def planned(file: Path, *arguments: str) -> dict[str, object]:
    result = forksim("plan", str(file), "--json", "--out", str(file.parent / "out"), *arguments)
    assert result.exit_code == 0, result.output
    found: dict[str, object] = json.loads(result.stdout)
    return found


def states(file: Path) -> list[bool]:
    points = planned(file)["points"]
    assert isinstance(points, list)
    return [point["done"] for point in points]


def test_a_plan_lists_what_a_run_would_do_and_leaves_nothing(file: Path) -> None:
    found = planned(file)
    assert (found["total"], found["missing"], found["estimated_s"]) == (6, 6, None)
    assert states(file) == [False] * 6
    assert not (file.parent / "out").exists()
    result = forksim("plan", str(file), "--out", str(file.parent / "out"))
    assert result.stdout.count("to do") == 7
    assert result.stdout.endswith("6 points: 0 done, 6 to do, none timed so far\n")


@pytest.mark.figures
def test_a_limit_does_the_first_that_are_missing(file: Path) -> None:
    out = ("--out", str(file.parent / "out"))
    assert forksim("run", str(file), "--limit", "2", *out).exit_code == 0
    assert states(file) == [True, True, False, False, False, False]
    assert forksim("run", str(file), "--limit", "2", *out).exit_code == 0
    assert states(file) == [True, True, True, True, False, False]
    found = planned(file)
    assert found["missing"] == 2
    assert found["estimated_s"] is not None
    assert forksim("run", str(file), *out).exit_code == 0
    assert states(file) == [True] * 6
    assert planned(file)["estimated_s"] == 0


@pytest.mark.figures
def test_only_takes_points_by_their_values(file: Path) -> None:
    only = ("--only", "fork.kind=huge", "--only", "workload.dataset=2048MiB")
    assert planned(file, *only)["total"] == 1
    assert planned(file, *only, "--only", "fork.kind=classic")["total"] == 2
    assert planned(file, "--only", "machine.cores=16")["total"] == 6
    assert planned(file, "--only", "workload.clients.kind=closed")["total"] == 6
    out = ("--out", str(file.parent / "out"))
    assert forksim("run", str(file), *only, *out).exit_code == 0
    assert states(file) == [False, False, False, True, False, False]


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("fork.kind", "--only:1:1: 'fork.kind': expected a.b=value"),
        ("fork.knd=huge", "--only:1:1: fork.knd: not in any point - did you mean 'fork.kind'?"),
        ("fork.kind=hug", "--only:1:1: fork.kind: 'hug': expected a value of some point"),
        ("fork.kind=[", "--only:1:12: not YAML"),
    ],
)
def test_only_what_there_is(file: Path, text: str, line: str) -> None:
    result = forksim("plan", str(file), "--only", text)
    assert result.exit_code == 2
    assert result.stderr.startswith(line)
    assert result.stderr.count("\n") == 1


def test_values_that_do_not_meet_are_told(file: Path) -> None:
    where = "{where: [{fork.kind: huge, workload.dataset: 1GiB}, {fork.kind: classic}]}"
    sweep = "{grid: {fork.kind: [classic, huge], workload.dataset: [1GiB, 2GiB]}}"
    result = forksim(
        *("plan", str(file), "--set", f"sweep=[{sweep}, {where}]"),
        *("--only", "fork.kind=huge", "--only", "workload.dataset=2GiB"),
    )
    assert result.stderr == "--only:1:1: no point has all of it: expected one at least\n"


def test_large_sweeps_ask(file: Path) -> None:
    sample = "method: uniform, count: 100001, fields: {seed: {from: 1, to: 9}}"
    seeds = f"sweep=[{{sample: {{{sample}}}}}]"
    for command in ("plan", "run", "validate"):
        result = forksim(command, str(file), "--set", seeds)
        assert result.exit_code == 2
        assert result.stderr.endswith("100001 combinations: expected at most 100000, or --yes\n")


def test_estimates_multiply_what_values_do(file: Path) -> None:
    points = {point.label: point for point in plan(load(file), file.parent, catalogue()).points}

    def point(fork: str, size: str) -> Point:
        return points[f"fork.kind={fork} workload.dataset={size}"]

    timed = [
        (point(fork, size), time * factor)
        for fork, time in (("classic", 2.0), ("huge", 6.0))
        for size, factor in (("1GiB", 1), ("2GiB", 4))
    ]
    estimates = Estimates(timed)
    for own, seconds in timed:
        assert estimates.of(own) == pytest.approx(seconds)
    middle = (2 * 6) ** 0.5
    assert estimates.of(point("on_demand", "2GiB")) == pytest.approx(4 * middle)
    assert Estimates([]).of(point("huge", "1GiB")) is None
    assert having(list(points.values()), []) == tuple(points.values())


@pytest.mark.parametrize("name", ["../out", "/etc/out", "a/b", "..", "-x", "a\\nb", ""])
def test_no_name_leaves_the_folder_of_results(file: Path, name: str) -> None:
    bad = f'name="{name}"'
    for command in ("plan", "run"):
        result = forksim(command, str(file), "--set", bad)
        assert result.exit_code == 2
        assert result.stderr.startswith("--set:1:6: name: ")
    swept = forksim("plan", str(file), "--set", "sweep=[{list: [{name: b}]}]")
    assert "name: cannot be swept" in swept.stderr


def test_the_schema_tells_editors_of_every_block() -> None:
    schema = json.loads(forksim("schema").stdout)
    block = schema["$defs"]["Block"]
    assert set(block["properties"]) == {"grid", "zip", "list", "sample", "where"}
    assert set(schema["$defs"]["SampledRange"]["properties"]) == {"from", "to", "scale"}
