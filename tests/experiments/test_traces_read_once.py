"""A trace is read once in a process, however many points and repetitions are driven by it."""

from __future__ import annotations

from dataclasses import replace
from functools import wraps
from pathlib import Path

import pytest
from monitor_lines import line
from processes import done, start

from experiments.execution.simulation import simulate
from experiments.execution.trace_checks import check_traces
from experiments.language.catalogue import catalogue
from experiments.language.document import load
from experiments.planning.points import Point, plan
from workloads.traces import registry
from workloads.traces.kinds.trace import Trace
from workloads.traces.reading.kept_files import KeptFiles
from workloads.traces.reading.text import ReadLimits, TracePath

EXPERIMENT = """\
forksim: 1
name: replays
workload: {kind: redis, dataset: 1MiB, clients: {kind: trace, path: monitor.log}}
fork: {kind: classic}
sweep: [{grid: {fork.kind: [classic, on_demand]}}]
repetitions: 3
"""


@pytest.fixture
def experiment(tmp_path: Path) -> Path:
    write_trace(tmp_path, 20)
    file = tmp_path / "a.yaml"
    file.write_text(EXPERIMENT)
    return file


def write_trace(folder: Path, commands: int) -> None:
    start_us = 1_700_000_000_000_000
    lines = [line(b"SET", b"k%d" % i, b"v", time_us=start_us + 9 * i) for i in range(commands)]
    (folder / "monitor.log").write_bytes(b"".join(lines))


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The files that were read, nothing being kept from before."""
    monitor = registry.FORMATS["redis_monitor"]
    names: list[str] = []

    @wraps(monitor.read)
    def counted(path: TracePath, limits: ReadLimits) -> Trace:
        names.append(Path(path).name)
        return monitor.read(path, limits)

    monkeypatch.setitem(registry.FORMATS, "redis_monitor", replace(monitor, read=counted))
    monkeypatch.setattr(registry, "_KEPT", nothing_kept(registry.MOST_KEPT_BYTES))
    return names


def nothing_kept(most_bytes: int) -> KeptFiles[Trace]:
    return KeptFiles(most_bytes, registry.array_bytes)


def planned(experiment: Path) -> tuple[Point, ...]:
    return plan(load(experiment), experiment.parent, catalogue()).points


def test_to_plan_to_check_and_to_simulate(experiment: Path, reads: list[str]) -> None:
    points = planned(experiment)
    check_traces(points, load(experiment))
    records = [simulate(point) for point in points]
    assert reads == ["monitor.log"]
    assert [len(record.repetitions) for record in records] == [3, 3]
    assert {repetition.counters["requests"] for repetition in records[0].repetitions} == {20}


def test_a_changed_trace_is_read_and_served(experiment: Path, reads: list[str]) -> None:
    planned(experiment)
    write_trace(experiment.parent, 30)
    record = simulate(planned(experiment)[0])
    assert reads == ["monitor.log"] * 2
    assert record.repetitions[0].counters["requests"] == 30


def test_a_trace_that_is_too_large_is_read_each_time(
    experiment: Path, reads: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = simulate(planned(experiment)[0])
    reads.clear()
    monkeypatch.setattr(registry, "_KEPT", nothing_kept(100))
    assert simulate(planned(experiment)[0]).to_bytes() == kept.to_bytes()
    assert len(reads) == 1 + 3


@pytest.mark.processes
def test_a_worker_reads_once(experiment: Path) -> None:
    log, records = experiment.with_name("reads"), experiment.with_name("records")
    arguments = (str(log), str(records), str(experiment))
    process = start("counted_trace_reads.py", *arguments, folder=experiment.parent)
    assert done(process) == (0, "", "")
    assert len(list(records.glob("*.json"))) == 2
    readers = log.read_text().split()
    assert len(readers) == 2
    assert len(set(readers)) == 2
    assert str(process.pid) in readers
