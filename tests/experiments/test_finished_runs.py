"""forksim compare and export from outside, on a run that is there."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pandas as pd
import pytest
from click.testing import CliRunner, Result
from fake_program import EXAMPLE

import results
from experiments.commands.cli import main


def forksim(*arguments: str) -> Result:
    return CliRunner().invoke(main, arguments)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of the example: two forks, two repetitions."""
    made = tmp_path_factory.mktemp("run")
    (made / "a.yaml").write_text(EXAMPLE)
    assert forksim("run", str(made / "a.yaml"), "--out", str(made / "out")).exit_code == 0
    return made / "out"


def test_compare_prints_every_metric_with_a_verdict(folder: Path) -> None:
    result = forksim("compare", str(folder), "--metric", "p99,throughput")
    assert result.exit_code == 0
    assert result.stdout.count("the same") == 2
    result = forksim("compare", str(folder), "--json", "--metric", "p99")
    data = json.loads(result.stdout)
    assert data["forksim"] == 1
    (found,) = data["comparisons"]
    assert (found["metric"], found["verdict"]) == ("latency_p99_ns", "the same")
    assert found["pairs"] == 2


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--metric", "p98"], "p98: no such metric: expected one of requests"),
        (["--by", "seed"], "seed: expected a field with several values, such as fork.kind"),
        (["--baseline", "huge"], "'huge': expected a value of fork.kind"),
    ],
)
def test_wrong_questions_are_one_line(folder: Path, arguments: list[str], message: str) -> None:
    result = forksim("compare", str(folder), *arguments)
    assert result.exit_code == 2
    assert message in result.stderr
    assert result.stderr.count("\n") == 1


def test_what_is_no_run_is_one_line(tmp_path: Path) -> None:
    for command in (["compare"], ["export"]):
        result = forksim(*command, str(tmp_path), *(["a.csv"] if command == ["export"] else []))
        assert result.exit_code == 2
        assert "expected the folder of a run" in result.stderr


def test_export_writes_a_row_per_repetition_and_metric(folder: Path, tmp_path: Path) -> None:
    file = tmp_path / "a.csv"
    assert forksim("export", str(folder), str(file)).exit_code == 0
    with file.open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert {row["fork.kind"] for row in rows} == {"classic", "on_demand"}
    assert {row["repetition"] for row in rows} == {"0", "1"}
    assert {row["workload.dataset"] for row in rows} == {str(996 * 2**20)}
    assert len(rows) == 4 * len({row["metric"] for row in rows})
    assert [entry.name for entry in tmp_path.iterdir()] == ["a.csv"]


def test_export_to_what_it_cannot_write_is_one_line(folder: Path, tmp_path: Path) -> None:
    result = forksim("export", str(folder), str(tmp_path / "a.xlsx"))
    assert result.exit_code == 2
    assert "expected a file ending in .csv or .parquet" in result.stderr
    assert forksim("export", str(folder), str(tmp_path / "no" / "a.csv")).exit_code == 2


def test_parquet_without_pyarrow_is_one_line(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("experiments.commands.export.find_spec", lambda name: None)
    result = forksim("export", str(folder), str(tmp_path / "a.parquet"))
    assert result.exit_code == 2
    assert result.stderr.endswith("installed: pip install 'forksim[parquet]'\n")
    assert result.stderr.count("\n") == 1
    assert not list(tmp_path.iterdir())


def test_parquet_holds_the_table_of_the_run(folder: Path, tmp_path: Path) -> None:
    pytest.importorskip("pyarrow")
    file = tmp_path / "a.parquet"
    assert forksim("export", str(folder), str(file)).exit_code == 0
    pd.testing.assert_frame_equal(pd.read_parquet(file), results.load(folder))


@pytest.mark.figures
def test_plot_writes_what_is_asked_for(folder: Path, tmp_path: Path) -> None:
    file = tmp_path / "a.png"
    result = forksim("plot", str(folder), "--x", "fork.kind", "--y", "p99_us", "--out", str(file))
    assert result.exit_code == 0
    assert result.stdout == f"{file}\n"
    assert [entry.name for entry in tmp_path.iterdir()] == ["a.png"]
    assert file.read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--x", "fork.kin"], "--x: fork.kin: not swept"),
        (["--y", "p9999"], "--y: p9999: no such metric"),
        (["--log", "z"], "--log: 'z': expected x, y, x,y or none"),
        (["--tornado", "p99"], "expected points that scale a constant"),
        (["--tornado", "p99", "--x", "fork.kind"], "--tornado: expected alone"),
        (["--out", "a.gif"], "--out: a.gif: expected a file ending in one of .png, .svg, .pdf"),
    ],
)
def test_wrong_pictures_are_one_line(folder: Path, arguments: list[str], message: str) -> None:
    result = forksim("plot", str(folder), *arguments)
    assert result.exit_code == 2
    assert message in result.stderr
    assert result.stderr.count("\n") == 1
