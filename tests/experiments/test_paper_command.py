"""forksim paper: from the items' experiments to figures and the table of deviations."""

from __future__ import annotations

import csv
import errno
from dataclasses import replace
from pathlib import Path

import fake_program
import pytest
from click.testing import CliRunner, Result

from experiments.commands.cli import main
from experiments.commands.paper import varied_points_of
from experiments.language.catalogue import catalogue
from results.paper.comparison.deviations import COLUMNS
from results.paper.comparison.sensitivity import FACTOR
from results.paper.item import Variation
from results.paper.reference import published
from results.paper.registry import ITEMS
from results.records.store import Store

CURVE = """\
forksim: 1
name: fig07
workload: {kind: microbench, sizes: [1GiB]}
fork: {kind: classic}
sweep:
  - grid: {fork.kind: [classic, huge, on_demand]}
"""


@pytest.fixture
def experiments(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of experiments in place of the paper's, and a current folder of its own."""
    folder = tmp_path / "paper"
    folder.mkdir()
    monkeypatch.setattr("experiments.commands.paper.EXPERIMENTS", folder)
    monkeypatch.chdir(tmp_path)
    return folder


def paper(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["paper", "--out", "out", *arguments])


@pytest.mark.figures
def test_an_item_becomes_files_and_deviations(experiments: Path, tmp_path: Path) -> None:
    (experiments / "fig07_curves.yaml").write_text(CURVE)
    result = paper("--only", "fig07")
    assert result.exit_code == 0, result.output
    out = tmp_path / "out"
    assert {file.name for file in out.iterdir()} == {
        *(f"fig07.{ending}" for ending in ("pdf", "svg", "png", "csv")),
        "comparisons.csv",
        "deviations.csv",
        "sensitivities.csv",
        "deviations.md",
        "drawn",
        "points",
        "wall",
    }
    rows = list(csv.DictReader((out / "deviations.csv").read_text().splitlines()))
    assert tuple(rows[0]) == COLUMNS
    assert [row["cell"] for row in rows] == [cell.name for cell in published.cells("fig07")]
    simulated = {row["cell"] for row in rows if row["simulated"]}
    assert simulated == {"fork/1GB", "fork_huge/1GB", "on_demand/1GB"}
    assert result.stdout == (out / "deviations.md").read_text()


@pytest.mark.figures
def test_a_second_time_simulates_nothing(experiments: Path) -> None:
    (experiments / "fig07_curves.yaml").write_text(CURVE)
    first = paper("--only", "fig07")
    second = paper("--only", "fig07")
    assert first.stdout == second.stdout
    assert "3 of 3 points were simulated before" in second.stderr


@pytest.mark.figures
def test_links_in_its_folder_are_replaced_or_refused(experiments: Path, tmp_path: Path) -> None:
    (experiments / "fig07_curves.yaml").write_text(CURVE)
    first, out = paper("--only", "fig07"), tmp_path / "out"
    victim = tmp_path / "victim"
    victim.write_bytes(b"dear")
    written = [file for file in out.rglob("*") if file.is_file() and file.suffix != ".json"]
    assert len(written) == 8
    for file in [*written, out / "drawn/fig07.json"]:
        file.unlink()
        file.symlink_to(victim)
    assert paper("--only", "fig07").stdout == first.stdout
    assert victim.read_bytes() == b"dear"
    assert not [file for file in out.rglob("*") if file.is_symlink()]
    (out / "drawn").rename(tmp_path / "drawn")
    (out / "drawn").symlink_to(tmp_path / "drawn")
    (out / "fig07.png").unlink()
    before = (tmp_path / "drawn/fig07.json").read_bytes()
    result = paper("--only", "fig07")
    assert result.exit_code == 2
    assert "out/drawn: a link, which is not followed" in result.stderr
    assert (tmp_path / "drawn/fig07.json").read_bytes() == before


@pytest.mark.figures
def test_a_folder_that_is_read_only_is_shown(
    experiments: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def read_only(*_: object) -> None:
        raise OSError(errno.EROFS, "Read-only file system", "out/deviations.csv")

    (experiments / "fig07_curves.yaml").write_text(CURVE)
    first = paper("--only", "fig07")
    monkeypatch.setattr("results.paper.comparison.report.write", read_only)
    second = paper("--only", "fig07")
    assert (second.exit_code, second.stdout) == (0, first.stdout)
    note = (
        "note: out/deviations.csv: Read-only file system: nothing is written, the points are there"
    )
    assert note in second.stderr.splitlines()


@pytest.mark.figures
def test_an_item_with_a_failed_point_is_left_out(experiments: Path, tmp_path: Path) -> None:
    (experiments / "fig07_curves.yaml").write_text(CURVE)
    text = fake_program.EXAMPLE.replace("duration:", "behaviour: raise\n  duration:")
    (experiments / "table1_broken.yaml").write_text(text)
    result = paper("--only", "table1,fig07")
    assert result.exit_code == 1
    assert "table1: left out, 2 points failed" in result.stderr.splitlines()
    assert "point fake-run fork.kind=classic failed: ArithmeticError" in result.stderr
    assert (tmp_path / "out" / "fig07.pdf").is_file()
    assert not (tmp_path / "out" / "table1.pdf").exists()


def test_an_unknown_item_is_refused(experiments: Path, tmp_path: Path) -> None:
    result = paper("--only", "fig07,fig7")
    assert result.exit_code == 2
    assert result.stderr == "--only:1:7: 'fig7' - did you mean 'fig07'?\n"
    assert not (tmp_path / "out").exists()


@pytest.mark.figures
def test_an_item_of_anothers_experiments_simulates_nothing_more(experiments: Path) -> None:
    (experiments / "fig07_curves.yaml").write_text(CURVE)
    result = paper("--only", "fig04,fig07")
    assert result.exit_code == 0, result.output
    assert "[3/3]" in result.stderr
    assert "## Figure 4" in result.stdout
    assert "## Figure 7" in result.stdout


REDIS = """\
forksim: 1
name: table5
workload:
  kind: redis
  dataset: 4MiB
  clients: {kind: open, rate: 1/s, arrivals: fixed, connections: 1}
  set_ratio: 0
  snapshot: {at: [100ms], save_rate: 100MiB}
  duration: 1s
fork: {kind: classic}
sweep:
  - grid: {fork.kind: [classic, on_demand]}
repetitions: 2
"""


@pytest.mark.figures
def test_short_runs_tell_what_constants_would_have_to_be(
    experiments: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (experiments / "table5_idle.yaml").write_text(REDIS)
    variation = Variation(("fork_on_demand_base_ns", "time_slice_ns"), ("repetitions=1",))
    monkeypatch.setitem(ITEMS, "table5", replace(ITEMS["table5"], variation=variation))
    points = varied_points_of("table5", catalogue())
    scales = [{}, {"fork_on_demand_base_ns": FACTOR}, {"time_slice_ns": FACTOR}]
    assert [point.config["machine"]["scale"] for point in points] == scales
    assert {point.config["repetitions"] for point in points} == {1}
    assert {point.config["fork"]["kind"] for point in points} == {"on_demand"}
    result = paper("--only", "table5")
    assert result.exit_code == 0, result.output
    moved, cells = (
        [row for row in csv.DictReader(lines) if row["cell"] == "on_demand/mean"]
        for lines in (
            (tmp_path / "out" / f"{name}.csv").read_text().splitlines()
            for name in ("sensitivities", "deviations")
        )
    )
    found = {row["constant"]: float(row["elasticity"]) for row in moved}
    base_ns = points[0].profile.costs.fork_on_demand_base_ns
    share = base_ns / (float(cells[0]["simulated"]) * 1e6)
    assert found == pytest.approx({"fork_on_demand_base_ns": share, "time_slice_ns": 0}, rel=1e-3)
    assert "| on_demand/mean | time_slice_ns | +0.00 | no move of it alone |" in result.stdout


def test_a_varied_item_without_experiments_is_refused(
    experiments: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (experiments / "table5_idle.yaml").write_text(REDIS)
    variation = Variation(("fork_base_ns",), experiments="busy")
    monkeypatch.setitem(ITEMS, "table5", replace(ITEMS["table5"], variation=variation))
    result = paper("--only", "table5")
    assert result.exit_code == 2
    assert "no table5_busy.yaml: expected the item's experiments" in result.stderr


@pytest.mark.parametrize("name", [name for name in ITEMS if ITEMS[name].variation])
def test_what_the_items_vary_exists(name: str) -> None:
    assert varied_points_of(name, catalogue())


def test_bad_experiments_write_nothing(experiments: Path, tmp_path: Path) -> None:
    (experiments / "fig07_curves.yaml").write_text(CURVE.replace("1GiB", "1GB/s"))
    result = paper("--only", "fig07")
    assert result.exit_code == 2
    assert "fig07_curves.yaml:3:38: workload.sizes.0: '1GB/s'" in result.stderr
    assert result.stderr.count("\n") == 1
    assert not (tmp_path / "out").exists()
    result = paper("--only", "table4")
    assert (result.exit_code, result.stderr.count("\n")) == (2, 1)


@pytest.mark.figures
def test_the_report_keeps_what_was_regenerated_before(experiments: Path) -> None:
    (experiments / "fig07_curves.yaml").write_text(CURVE)
    first = paper("--only", "fig07")
    second = paper("--only", "fig04")
    assert "## Figure 7" in first.stdout
    assert "## Figure 7" in second.stdout
    assert "## Figure 4" in second.stdout


@pytest.mark.figures
def test_an_item_is_left_out_whose_records_lack_what_it_needs(
    experiments: Path, tmp_path: Path
) -> None:
    """By hand, with the right checksum; whatever else has changed has another id."""
    (experiments / "fig07_curves.yaml").write_text(CURVE)
    assert paper("--only", "fig07").exit_code == 0
    store = Store(tmp_path / "out/points")
    for id_ in store.ids():
        record = store.read(id_)
        assert record is not None
        for recording in record.repetitions:
            del recording.series["forks"]["fork_ns"]
        store.file_of(id_).write_bytes(record.to_bytes())
    result = paper("--only", "fig07")
    assert result.exit_code == 1
    assert "fig07: left out, a record has no 'fork_ns'\n" in result.stderr
    assert isinstance(result.exception, SystemExit)
