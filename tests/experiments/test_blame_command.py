"""forksim blame from outside."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from run_folders import sweep, written

from experiments.commands.cli import main

REDIS = """\
forksim: 1
name: small
machine: {profile: epyc-7302p-linux-5.6, cores: 4}
workload:
  kind: redis
  dataset: 64MiB
  clients: {kind: open, rate: 20k/s}
  snapshot: {at: [200ms]}
  duration: 2s
fork: {kind: classic}
sweep:
  - grid: {fork.kind: [classic, on_demand]}
"""


def forksim(*arguments: str) -> Result:
    return CliRunner().invoke(main, arguments)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("blame")
    (made / "a.yaml").write_text(REDIS)
    ran = forksim("run", str(made / "a.yaml"), "--out", str(made / "out"), "--figures", "none")
    assert ran.exit_code == 0, ran.output
    return made / "out"


def test_a_sentence_for_each_fork(folder: Path) -> None:
    result = forksim("blame", str(folder), "--figures", "none")
    assert result.exit_code == 0
    assert "of the latency is waiting behind fork" in result.stdout
    assert result.stdout.count("slowest 10") == 2


def test_times_add_up_in_json_and_so_do_those_of_a_phase(folder: Path) -> None:
    whole = json.loads(forksim("blame", str(folder), "--json", "--figures", "none").stdout)
    assert whole["forksim"] == 1
    assert [row["value"] for row in whole["blame"]] == ["classic", "on_demand"]
    asked = ("--json", "--figures", "none", "--phase", "fork")
    phase = json.loads(forksim("blame", str(folder), *asked).stdout)
    assert {row["of"] for row in phase["blame"]} == {"latency_ns/fork"}
    for row in (*whole["blame"], *phase["blame"]):
        for band in row["bands"]:
            assert sum(band["spent_ns"].values()) == band["latency_ns"]


@pytest.mark.figures
def test_it_is_drawn_in_the_folder_or_where_it_is_asked_for(folder: Path, tmp_path: Path) -> None:
    assert forksim("blame", str(folder), "--figures", "svg").exit_code == 0
    assert (folder / "blame.svg").is_file()
    assert forksim("blame", str(folder), "--out", str(tmp_path / "b.png")).exit_code == 0
    assert [entry.name for entry in tmp_path.iterdir()] == ["b.png"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--by", "fork.knd"], "--by: fork.knd: not swept - did you mean 'fork.kind'?"),
        (["--phase", "betwen"], "--phase: betwen: no such phase - did you mean 'between'?"),
        (["--out", "a.gif"], "--out: a.gif: expected a file ending in one of .png"),
        (["--out", "no/such/a.png"], "--out: no/such: no such folder"),
        (["--figures", "gif"], "--figures:1:1: 'gif'"),
    ],
)
def test_bad_input_is_one_line(folder: Path, arguments: list[str], message: str) -> None:
    result = forksim("blame", str(folder), *arguments)
    assert (result.exit_code, result.stdout) == (2, "")
    assert message in result.stderr
    assert result.stderr.count("\n") == 1


def test_a_run_without_causes_has_nothing_to_blame(tmp_path: Path) -> None:
    result = forksim("blame", str(written(sweep(sizes=(1,), repetitions=1), tmp_path)))
    assert result.exit_code == 2
    assert "nothing to blame" in result.stderr
    assert result.stderr.count("\n") == 1
    assert forksim("blame", str(tmp_path), "--phase", "during").exit_code == 2
    assert "expected the folder of a run" in forksim("blame", str(tmp_path / "no")).stderr
