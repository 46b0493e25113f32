"""A run's folder is read in its order, and becomes a long table."""

from __future__ import annotations

from pathlib import Path

import pytest
from run_folders import sweep, written
from run_samples import record

import results
from results.metrics.summary import summaries
from results.records.run_folder import ListedPoint, RunFolder, RunFolderError, read
from results.tables.tidy import tidy
from sim.measures.recording import Recording


def test_points_come_in_the_order_and_words_of_the_sweep(tmp_path: Path) -> None:
    run = sweep()
    found = read(written(run, tmp_path))
    assert [made.id for made in found.records] == [made.id for made in run.records]
    assert found.labels == run.labels
    assert found.swept == ["fork.kind", "workload.dataset"]
    assert found.missing == 0


def test_points_that_are_not_done_are_counted(tmp_path: Path) -> None:
    run = sweep()
    folder = written(run, tmp_path)
    (folder / "points" / f"{run.records[2].id}.json").unlink()
    found = read(folder)
    assert found.missing == 1
    assert len(found.labels) == len(found.records) == 7
    assert run.records[2].id not in {made.id for made in found.records}


@pytest.mark.parametrize("points", [None, "{", '{"points": [7]}', '{"points": [{"point": "a"}]}'])
def test_without_a_list_all_points_are_read(tmp_path: Path, points: str | None) -> None:
    folder = written(sweep(), tmp_path)
    (folder / "points.json").unlink()
    if points is not None:
        (folder / "points.json").write_text(points)
    found = read(folder)
    assert len(found.records) == 8
    assert set(found.swept) == {"fork.kind", "workload.dataset"}


def test_the_list_of_points_is_read_as_it_was_written(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path / "run")
    assert folder.read_name() is None
    assert folder.read_points() is None
    folder.make()
    points = [ListedPoint("0a", "fork.kind=huge", {"fork.kind": "huge"}), ListedPoint("1b", "", {})]
    folder.write_points("named", points)
    assert RunFolder(tmp_path / "run").read_points() == points
    assert folder.read_name() == "named"


def test_what_is_no_run_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(RunFolderError, match="expected the folder of a run"):
        read(tmp_path)
    (tmp_path / "points").mkdir()
    with pytest.raises(RunFolderError, match="no point is done"):
        read(tmp_path)
    (tmp_path / "points.json").write_text('{"points": [{"id": "../../etc/passwd"}]}')
    with pytest.raises(RunFolderError, match="not the id of a record"):
        read(tmp_path)


def test_the_long_table_has_every_metric_of_every_repetition(tmp_path: Path) -> None:
    run = sweep()
    frame = results.load(written(run, tmp_path))
    assert list(frame)[:3] == ["point", "fork.kind", "workload.dataset"]
    assert list(frame)[-3:] == ["repetition", "metric", "value"]
    assert set(frame["machine.cores"]) == {16}
    assert set(frame["workload.sizes"]) == {"[1, 2]"}
    metrics = summaries(run.records[0])
    assert len(frame) == 8 * 5 * len(metrics)
    assert not frame.duplicated(["point", "repetition", "metric"]).any()
    means = frame.groupby(["point", "metric"])["value"].mean()
    for made in run.records:
        for name, summary in summaries(made).items():
            assert means[made.id, name] == pytest.approx(float(summary.mean))


def test_programs_of_a_mix_have_a_column() -> None:
    parts = {"a": Recording(counters={"requests": 1}), "b": Recording(counters={"requests": 2})}
    frame = tidy([record({"fork": {"kind": "classic"}}, Recording(parts=parts))])
    assert list(frame) == ["point", "program", "fork.kind", "repetition", "metric", "value"]
    assert dict(zip(frame["program"], frame["value"], strict=True)) == {"a": 1.0, "b": 2.0}
