"""``forksim timeline``: a trace of a window, checked by a validator of our own."""

from __future__ import annotations

import gzip
from collections import Counter
from functools import partial
from pathlib import Path

import pytest
from chrome_trace import CheckedTrace, checked
from click.testing import CliRunner, Result
from few_cores import MS

from experiments.commands import timeline
from experiments.commands.cli import main
from experiments.planning import model_version, points
from results.records.run_folder import RunFolder
from sim.machine.spans import SpanWindow

EXPERIMENT = """\
forksim: 1
name: seen
machine: {profile: epyc-7302p-linux-5.6, cores: 4}
workload:
  kind: redis
  dataset: 16MiB
  clients: {kind: open, rate: 20k/s, connections: 5}
  duration: 40ms
  set_ratio: 0.5
  snapshot: {at: [10ms], save_rate: 8GiB}
fork: {kind: on_demand}
sweep:
  - grid: {fork.kind: [classic, on_demand]}
repetitions: 2
seed: 1
"""
RUN = "runs/seen"


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A current folder that holds a run."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.yaml").write_text(EXPERIMENT)
    assert forksim("run", "a.yaml", "--figures", "none", "--jobs", "1").exit_code == 0
    return tmp_path


def forksim(*arguments: str) -> Result:
    return CliRunner().invoke(main, arguments)


def shown(*arguments: str) -> Result:
    result = forksim("timeline", RUN, *arguments)
    assert result.exit_code == 0, result.output
    assert result.stdout == ""
    return result


def busy_ns(trace: CheckedTrace) -> int:
    return sum(
        one["args"].get("busy_us", 0) * 1000 or one["end_ns"] - one["start_ns"]
        for own in trace.of("cores").values()
        for one in own
    )


@pytest.mark.parametrize("kind", ["classic", "on_demand"])
def test_a_whole_run_adds_up(here: Path, kind: str) -> None:
    """Slices of cores are all of their time, forks and children those of the record."""
    shown(f"fork.kind={kind}", "--out", "t.json")
    (record,) = (
        record
        for id_ in RunFolder(here / RUN).store.ids()
        if (record := RunFolder(here / RUN).store.read(id_)) is not None
        and record.config["fork"]["kind"] == kind
    )
    first = record.repetitions[0].to_dict()
    trace = checked(here / "t.json", 0, first["levels"]["duration_ns"])
    by_cause: Counter[str] = Counter()
    for own in trace.of("cores").values():
        for one in own:
            by_cause[one["args"]["cause"]] += one["end_ns"] - one["start_ns"]
    spent_ns = {
        name.removeprefix("core_time/").removesuffix("_ns"): ns
        for name, ns in first["counters"].items()
        if name.startswith("core_time/") and name != "core_time/idle_ns"
    }
    assert by_cause == spent_ns
    assert sum(len(own) for own in trace.of("forks").values()) == 1
    ((fork,),) = trace.of("forks").values()
    ((child,),) = trace.of("children").values()
    assert (fork["start_ns"], fork["end_ns"]) == (10 * MS, child["start_ns"])
    snapshots = first["series"]["snapshots"]
    assert fork["end_ns"] - fork["start_ns"] == snapshots["fork_ns"][0]
    assert child["end_ns"] == snapshots["end_ns"][0]
    (held,) = (
        one
        for track, own in trace.of("locks").items()
        for one in own
        if track == "mm of redis: holders" and one["start_ns"] >= fork["start_ns"]
        if one["name"] == "redis (write)"
    )
    assert held["end_ns"] - held["start_ns"] == first["levels"]["mm_lock_write_held_ns"]
    told = {kind: own[-1][1] for kind, own in trace.counts.items()}
    assert told
    for fault, count in told.items():
        assert count == first["counters"][f"faults/{fault}"], fault
    iterations = [one for own in trace.of("iterations").values() for one in own]
    assert len(iterations) > 100
    assert trace.about["left out"] == "nothing"


def test_a_window_says_what_was_run_and_is_kept(here: Path) -> None:
    again = shown("fork.kind=classic", "--from", "9ms", "--to", "12ms", "--out", "t.json.gz")
    assert "simulating fork.kind=classic again" in again.stderr
    trace = checked(here / "t.json.gz", 9 * MS, 12 * MS)
    assert trace.about["run"] == "seen"
    assert trace.about["values"] == "fork.kind=classic"
    assert (trace.about["from"], trace.about["to"]) == ("9000000 ns", "12000000 ns")
    assert {"core 0", "core 1"} <= set(trace.of("cores"))
    assert set(trace.of("tasks")) == {"redis", "redis-save-1"}
    # What is there already is not simulated again, and gives the same; so does a part of it.
    id_ = trace.about["point"]
    once = shown(id_[:10], "--from", "9ms", "--to", "12ms", "--out", "u.json.gz")
    assert "again" not in once.stderr
    assert (here / "t.json.gz").read_bytes() == (here / "u.json.gz").read_bytes()
    assert "again" not in shown(id_, "--from", "10ms", "--to", "11ms", "--out", "v.json").stderr
    part = checked(here / "v.json", 10 * MS, 11 * MS)
    RunFolder(here / RUN).store.spans_file_of(id_).write_text("no spans")
    assert "again" in shown(id_, "--from", "10ms", "--to", "11ms", "--out", "w.json").stderr
    assert checked(here / "w.json", 10 * MS, 11 * MS).slices == part.slices


def test_short_slices_are_joined_and_told(here: Path) -> None:
    shown("fork.kind=classic", "--out", "all.json")
    result = shown("fork.kind=classic", "--out", "few.json", "--most", "100")
    everything = checked(here / "all.json", 0, 40 * MS)
    trace = checked(here / "few.json", 0, 40 * MS)
    slices = sum(map(len, trace.slices.values())) + sum(map(len, trace.counts.values()))
    assert slices <= 100
    assert f"slices and counts are shown as {slices}: those shorter and closer" in result.stderr
    assert "are joined" in trace.about["left out"]
    assert busy_ns(trace) == busy_ns(everything)
    last = {kind: own[-1] for kind, own in everything.counts.items()}
    assert {kind: own[-1] for kind, own in trace.counts.items()} == last
    few = forksim("timeline", RUN, "fork.kind=classic", "--most", "1", "--out", "no.json")
    assert few.exit_code == 2
    assert few.stderr.startswith("--most: 1: expected at least ")
    assert not (here / "no.json").exists()


def test_too_many_spans_end_earlier_and_are_told(
    here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(timeline, "SpanWindow", partial(SpanWindow, most=200))
    result = shown("fork.kind=classic", "--out", "t.json")
    assert "what comes after 0.00" in result.stderr
    trace = checked(here / "t.json", 0, 40 * MS)
    assert "there are more than" in trace.about["left out"]
    assert "again" not in shown("fork.kind=classic", "--out", "t.json").stderr


def test_a_window_beyond_the_end_is_cut_and_told(here: Path) -> None:
    result = shown("fork.kind=classic", "--from", "39ms", "--to", "5s", "--out", "t.json")
    assert "note: what comes after 0.04 s: the run is over then" in result.stderr
    checked(here / "t.json", 39 * MS, 40 * MS)


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ([], "runs/seen: 2 points: expected one of "),
        (["fork.kind=huge"], "POINT:1:1: fork.kind: 'huge': expected a value of some point"),
        (["zzz"], "runs/seen: zzz: no point that is done"),
        (["fork.kind=classic", "--from", "1s"], "--from:1:1: 1 s: expected less, the run is over"),
        (["fork.kind=classic", "--from", "2ms", "--to", "1ms"], "--to:1:1: '1ms': expected more"),
        (["fork.kind=classic", "--to", "0s"], "--to:1:1: '0s': expected more than --from, '0s'"),
        (["fork.kind=classic", "--from", "x"], "--from:1:1: 'x': expected a duration"),
        (["fork.kind=classic", "--out", "t.svg"], "--out: t.svg: expected a file ending in .json"),
        (["fork.kind=classic", "--out", "no/t.json"], "--out: no/t.json: expected a file in"),
    ],
)
def test_bad_input_is_exit_code_2(here: Path, arguments: list[str], expected: str) -> None:
    before = sorted(here.iterdir())
    result = forksim("timeline", RUN, *arguments)
    assert result.exit_code == 2, result.output
    assert result.stderr.splitlines()[-1].startswith(expected)
    assert sorted(here.iterdir()) == before
    assert not (here / RUN / "timeline.json.gz").exists()


def test_no_run_and_damaged_runs(here: Path) -> None:
    assert forksim("timeline", "nowhere").exit_code == 2
    store = RunFolder(here / RUN).store
    shown("fork.kind=classic", "--to", "1ms")
    assert gzip.decompress((here / RUN / "timeline.json.gz").read_bytes()).startswith(b"{")
    first, second = store.ids()
    store.file_of(first).write_text("{")
    damaged = forksim("timeline", RUN, first)
    assert damaged.exit_code == 2
    assert "no point that is done" in damaged.stderr
    store.file_of(second).write_text("{")
    assert forksim("timeline", RUN).exit_code == 2


def test_a_run_of_another_model_is_told(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (timeline, points, model_version):
        monkeypatch.setattr(module, "model_version", lambda: "another")
    result = forksim("timeline", RUN, "fork.kind=classic")
    assert result.exit_code == 2
    (line,) = result.stderr.splitlines()
    assert line.startswith(f"{RUN}: simulated by another version of forksim's model")
