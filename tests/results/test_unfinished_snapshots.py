"""What a snapshot took that had not ended is nowhere shown as the most that it takes."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest
from programs import run_redis
from rich.console import Console
from run_samples import record, redis_recording

from results.figures import sweep
from results.figures.sweep import SweepPlot
from results.metrics.doubts import doubts
from results.metrics.lower_bounds import lower_bounds
from results.records.record import Record
from results.records.run_folder import Run
from results.tables.as_json import to_json
from results.tables.compare import compare
from results.tables.run_table import RunTable, run_table
from results.tables.terminal import print_table
from sim.measures.common_metrics import (
    EXTRA_MEMORY,
    KILLED_AT,
    KILLED_AT_USE,
    MEMORY_PEAK,
    SNAPSHOTS_UNFINISHED,
)
from sim.measures.recording import Recording

NOTE = (
    "a snapshot was still running at the end: extra memory and memory are at least what is shown; "
    "run longer"
)


def point(kind: str, *unfinished: int, dataset: int = 2**30) -> Record:
    config = {"workload": {"kind": "redis", "dataset": dataset}, "fork": {"kind": kind}}
    return record(
        config,
        *(
            redis_recording(1000).add(counters={SNAPSHOTS_UNFINISHED: count})
            for count in unfinished
        ),
    )


def printed(table: RunTable, encoding: str) -> str:
    file = io.TextIOWrapper(io.BytesIO(), encoding)
    print_table(table, Console(file=file, width=200))
    file.seek(0)
    return file.read()


@pytest.mark.parametrize(("encoding", "sign"), [("utf-8", "≥ "), ("ascii", ">= ")])
def test_the_table_says_at_least(encoding: str, sign: str) -> None:
    table = run_table([point("classic", 0, 1), point("huge", 0, 0)])
    text = printed(table, encoding)
    cells = [line for line in text.splitlines() if "MiB" in line]
    assert [f"{sign}5 MiB" in line for line in cells] == [True, False]
    assert f"note: classic: {NOTE}" in text
    metrics = [row["metrics"] for row in json.loads(json.dumps(to_json(table)))]
    assert [own[EXTRA_MEMORY.name].get("at_least", False) for own in metrics] == [True, False]
    assert not any(own["requests"].get("at_least") for own in metrics)


def test_a_mixs_memory_is_at_least_what_it_was_if_one_of_its_programs_was_saving() -> None:
    part = Recording().add(counters={SNAPSHOTS_UNFINISHED: 1})
    assert MEMORY_PEAK.name in lower_bounds(Recording(parts={"a": Recording(), "b": part}))
    assert not lower_bounds(Recording(parts={"a": Recording()}))


def test_comparisons_say_so_where_it_matters() -> None:
    records = [point("classic", 0), point("huge", 1)]
    run = Run(Path(), records, [{"fork.kind": "classic"}, {"fork.kind": "huge"}])
    note = "extra memory: at least what is shown where a snapshot had not ended; run longer"
    assert note in compare(run, metrics=["extra_memory", "p50"]).notes
    assert note not in compare(run, metrics=["p50"]).notes
    finished = Run(Path(), [records[0], point("huge", 0)], run.labels)
    assert not compare(finished, metrics=["extra_memory"]).notes


@pytest.mark.parametrize(("unfinished", "name"), [(0, ""), (1, "at least ")])
def test_the_axis_of_a_sweep_says_so(unfinished: int, name: str) -> None:
    sizes = (2**30, 2**31)
    records = [point("classic", unfinished * (size > 2**30), dataset=size) for size in sizes]
    labels = [{"workload.dataset": f"{size // 2**30}GiB"} for size in sizes]
    asked = SweepPlot("workload.dataset", [EXTRA_MEMORY], None)
    figure = sweep.draw(asked, records, labels)
    assert figure is not None
    assert figure.axes[0].get_ylabel() == f"{name}extra memory (MiB)"


@pytest.mark.parametrize(("duration", "unfinished"), [("150ms", 1), ("400ms", 0)])
def test_redis_counts_them(duration: str, unfinished: int) -> None:
    """A save of 32 MiB takes 100 ms and begins at 100 ms."""
    recording = run_redis(
        clients={"kind": "open", "rate": "10k/s"},
        snapshot={"at": ["100ms"], "save_rate": "320MiB"},
        set_ratio=1,
        duration=duration,
    )
    assert recording.counters["snapshots_unfinished"] == unfinished
    sample = record({"workload": {"kind": "redis"}}, recording)
    assert (NOTE in doubts(sample)) == bool(unfinished)


def test_of_a_killed_program_it_is_said_that_what_it_shows_ends() -> None:
    killed = redis_recording(1000).add(
        counters={SNAPSHOTS_UNFINISHED: 1}, levels={KILLED_AT: 10**9, KILLED_AT_USE: 2**30}
    )
    sample = record({"workload": {"kind": "redis"}, "machine": {"memory": 2**30}}, killed)
    assert NOTE not in doubts(sample)
    assert any("what it shows ends there" in doubt for doubt in doubts(sample))
    assert lower_bounds(killed)
