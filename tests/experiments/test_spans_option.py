"""``forksim run --spans``: a file of spans beside each record, and the same records."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from few_cores import MS

from experiments.commands.cli import main
from experiments.execution.executors import attempt
from results.records.run_folder import RunFolder
from results.records.span_file import SpanFileError, SpanHead, read_head, read_spans
from sim.machine.spans import SpanWindow

EXPERIMENT = """\
forksim: 1
name: watched
machine: {profile: epyc-7302p-linux-5.6, cores: 4}
workload:
  kind: redis
  dataset: 16MiB
  clients: {kind: open, rate: 20k/s, connections: 5}
  duration: 40ms
  snapshot: {at: [10ms], save_rate: 8GiB}
fork: {kind: on_demand}
sweep:
  - grid: {fork.kind: [classic, on_demand]}
repetitions: 2
seed: 1
"""


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A current folder that holds the experiment."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.yaml").write_text(EXPERIMENT)
    return tmp_path


def forksim(*arguments: str, jobs: int = 1) -> Result:
    own = ("run", "a.yaml", "--figures", "none", "--jobs", f"{jobs}", *arguments)
    return CliRunner().invoke(main, own)


def content(folder: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in folder.iterdir() if file.is_file()}


def simulated(result: Result) -> int:
    assert result.exit_code == 0, result.output
    return sum(line.startswith("[") for line in result.stderr.splitlines())


def test_points_are_run_again_for_spans_and_give_the_same_records(here: Path) -> None:
    out, later = here / "runs/watched", ("--spans", "20ms..30ms")
    assert simulated(forksim()) == 2
    records = content(out / "points")
    assert not (out / "spans").exists()
    asked = forksim("--spans", "9ms..12ms")
    assert simulated(asked) == 2
    assert "spans of the first repetition of each point in runs/watched/spans" in asked.stderr
    assert content(out / "points") == records
    spans = content(out / "spans")
    assert {Path(name).stem for name in spans} == {Path(name).stem for name in records}
    # They are there now, until others are asked for.
    assert simulated(forksim("--spans", "0.009s..12000us")) == 0
    assert simulated(forksim()) == 0
    assert content(out / "spans") == spans
    assert simulated(forksim(*later, "--limit", "1")) == 1
    assert simulated(forksim(*later)) == 1
    assert content(out / "points") == records
    for name in spans:
        head = read_head(out / "spans" / name)
        assert head is not None
        assert head.watched == (20 * MS, 30 * MS)


def test_spans_tell_who_did_what_in_the_first_repetition(here: Path) -> None:
    assert simulated(forksim("--spans", "9ms..12ms")) == 2
    found = content(here / "runs/watched/spans")
    own = ("--set", "repetitions=1", "--out", "once")
    assert simulated(forksim("--spans", "9ms..12ms", *own)) == 2
    assert sorted(content(here / "once/spans").values()) == sorted(found.values())
    for file in (here / "runs/watched/spans").iterdir():
        head, spans = read_spans(file)
        assert head == SpanHead(9 * MS, 12 * MS, 12 * MS, full=False, spans=len(spans))
        assert {span.task for span in spans} == {"redis", "redis-save-1"}
        (switch,) = (span for span in spans if span.what == "switch")
        fork = [span for span in spans if span.cause == "fork"]
        assert (fork[0].start_ns, fork[-1].end_ns) == (10 * MS, switch.start_ns)
        assert all(9 * MS <= span.start_ns < span.end_ns <= 12 * MS for span in spans)


@pytest.mark.processes
def test_spans_are_the_same_from_other_processes(here: Path) -> None:
    for jobs in (1, 2):
        assert simulated(forksim("--spans", "9ms..12ms", "--out", f"{jobs}", jobs=jobs)) == 2
    assert content(here / "1/spans") == content(here / "2/spans")


def test_too_many_spans_are_told(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attempt, "SpanWindow", partial(SpanWindow, most=20))
    result = forksim("--spans", "0s..1h", "--only", "fork.kind=classic")
    (file,) = (here / "runs/watched/spans").iterdir()
    head, spans = read_spans(file)
    assert head.full
    assert len(spans) <= 20
    end = f"{head.complete_to_ns / 1e9:.9g}"
    assert f"point fork.kind=classic: spans end at {end} s: there are more than" in result.stderr


def test_a_time_after_the_end_has_no_spans(here: Path) -> None:
    result = forksim("--spans", "1s..2s", "--only", "fork.kind=classic")
    assert simulated(result) == 1
    assert "point fork.kind=classic: no spans: nobody does anything then" in result.stderr


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ("3s", "'3s': expected FROM..TO, such as 9.9s..10.3s"),
        ("3s..1s", "'3s..1s': expected it to end after it begins"),
        ("1s..1000ms", "'1s..1000ms': expected it to end after it begins"),
        ("a..b", "'a..b': expected a duration such as"),
        ("-1s..1s", "'-1s..1s': expected a duration such as"),
    ],
)
def test_what_is_no_stretch_of_time_is_exit_code_2(here: Path, asked: str, expected: str) -> None:
    result = forksim("--spans", asked)
    assert result.exit_code == 2
    assert result.stdout == ""
    (line,) = result.stderr.splitlines()
    assert line.startswith(f"--spans:1:1: {expected}")
    assert not (here / "runs").exists()


def test_a_damaged_file_is_no_file_of_spans(here: Path) -> None:
    assert simulated(forksim("--spans", "9ms..12ms", "--only", "fork.kind=classic")) == 1
    folder = RunFolder(here / "runs/watched")
    (id_,) = folder.store.ids()
    file = folder.store.spans_file_of(id_)
    whole = file.read_text()
    for damaged in ("", whole[:-20], whole.replace("task,", "name,"), whole[2:].replace("{", "[")):
        file.write_text(damaged)
        with pytest.raises(SpanFileError, match=r"\.csv: damaged: "):
            read_spans(file)
    assert simulated(forksim("--spans", "9ms..12ms", "--only", "fork.kind=classic")) == 1
    assert file.read_text() == whole
    with pytest.raises(SpanFileError, match="expected a file of spans"):
        read_spans(here / "nothing.csv")
