"""forksim compare and export from outside, on a run that is there."""

from __future__ import annotations

import csv
import json
from fractions import Fraction
from pathlib import Path

import pandas as pd
import pytest
from click.testing import CliRunner, Result
from fake_program import EXAMPLE
from processes import start
from run_samples import redis

import results
from experiments.commands.cli import main
from experiments.commands.export import main as export
from results.records.run_folder import read
from results.records.store import Store
from sim.measures.histogram import Histogram


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
    assert "expected a file ending in .csv, .parquet or .hgrm" in result.stderr
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


def test_export_to_standard_output_is_the_csv(folder: Path, tmp_path: Path) -> None:
    file = tmp_path / "a.csv"
    forksim("export", str(folder), str(file))
    result = forksim("export", str(folder), "-")
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout_bytes == file.read_bytes()


@pytest.mark.processes
def test_who_reads_the_first_line_only_is_not_complained_about(
    folder: Path, tmp_path: Path
) -> None:
    more = ("--set", "repetitions=60", "--out", str(tmp_path / "long"), "--figures", "none")
    assert forksim("run", str(folder.parent / "a.yaml"), *more).exit_code == 0
    process = start("forksim_with_fake.py", "export", "long", "-", folder=tmp_path)
    assert process.stdout is not None and process.stderr is not None
    assert process.stdout.readline().startswith("point,fork.kind,")
    process.stdout.close()
    with process.stderr as said:
        assert (process.wait(), said.read()) == (0, "")
    # More than a pipe holds, so that it was writing when nobody read.
    assert len(forksim("export", str(tmp_path / "long"), "-").stdout_bytes) > 2**18


def quantiles_in(file: Path) -> dict[float, float]:
    """Values (ms) by percentile, as HdrHistogram's plotter reads them."""
    rows = [line.split() for line in file.read_text().splitlines()]
    return {
        float(row[1]): float(row[0]) for row in rows if len(row) in (3, 4) and row[0][0].isdigit()
    }


def test_a_folder_gets_the_percentiles_of_each_point(folder: Path, tmp_path: Path) -> None:
    target = f"{tmp_path}/new/"
    result = forksim("export", str(folder), target)
    assert (result.exit_code, result.stdout) == (0, "")
    assert result.stderr == f"2 files in {tmp_path}/new\n"
    files = sorted(Path(target).iterdir())
    assert [file.name for file in files] == ["classic-latency_ns.hgrm", "on_demand-latency_ns.hgrm"]
    run = read(folder)
    for file, record in zip(files, run.records, strict=True):
        whole = Histogram()
        for recording in record.repetitions:
            whole.merge(recording.histograms["latency_ns"])
        found = quantiles_in(file)
        for tenths in range(1, 6):
            assert found[tenths / 10] * 10**6 == pytest.approx(whole.quantile(Fraction(tenths, 10)))
        assert found[1.0] * 10**6 == pytest.approx(whole.maximum)
        assert "Total count    =         2000]" in file.read_text()
    assert forksim("export", str(folder), target).exit_code == 0  # it is there, and written anew


def test_the_only_distribution_may_have_a_name_of_its_own(folder: Path, tmp_path: Path) -> None:
    one = tmp_path / "one"
    args = ("--set", "sweep=[]", "--out", str(one), "--figures", "none")
    assert forksim("run", str(folder.parent / "a.yaml"), *args).exit_code == 0
    file = tmp_path / "a.hgrm"
    assert forksim("export", str(one), str(file)).exit_code == 0
    assert len(quantiles_in(file)) > 20
    assert [entry.name for entry in tmp_path.iterdir() if entry.is_file()] == ["a.hgrm"]


@pytest.mark.parametrize(
    ("target", "message"),
    [
        ("a.hgrm", "a.hgrm: 2 distributions: expected one, or a folder for a file each"),
        ("", "'': expected a file or a folder to export to"),
        ("no/such/", "no: no such folder: expected one for the folder"),
        ("no/a.hgrm", "no: no such folder: expected one for the file"),
        ("a", "a: '': expected a file ending in .csv, .parquet or .hgrm, a folder, or - for"),
    ],
)
def test_what_nothing_can_be_exported_to_is_one_line(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, target: str, message: str
) -> None:
    monkeypatch.chdir(tmp_path)
    result = forksim("export", str(folder), target)
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.startswith(message)
    assert result.stderr.count("\n") == 1
    assert not list(tmp_path.iterdir())


def test_points_of_one_name_have_files_of_their_own(tmp_path: Path) -> None:
    store = Store(tmp_path / "run" / "points")
    records = [redis("classic", share=n / 4) for n in range(3)]
    for made in records:
        store.write(made)
    names = ["x y", "x/y", "x-y"]
    listed = [
        {"id": made.id, "point": "any", "swept": {"a": name}}
        for made, name in zip(records, names, strict=True)
    ]
    (tmp_path / "run" / "points.json").write_text(json.dumps({"points": listed}))
    (tmp_path / "out").mkdir()
    assert export(str(tmp_path / "run"), str(tmp_path / "out")) == 0
    files = {file.name for file in (tmp_path / "out").iterdir()}
    assert files == {f"x-y-latency_ns{number}.hgrm" for number in ("", "-2", "-3")}
