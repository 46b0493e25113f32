"""A record says what its metrics are; of one that does not they are plain counts."""

from __future__ import annotations

import hashlib
import io
import json
from pathlib import Path

import pytest
from rich.console import Console
from run_samples import forks, histogram, record, redis

from results.metrics.summary import metrics, summaries
from results.records.record import Record, canonical_json
from results.records.run_folder import Run
from results.tables.as_csv import to_csv
from results.tables.compare import compare
from results.tables.run_table import run_table
from results.tables.terminal import print_table
from sim.measures.common_metrics import THROUGHPUT
from sim.measures.metrics import Better, Metric, Unit
from sim.measures.recording import Recording


def older(made: Record) -> Record:
    """The record as it would have been written before metrics were declared."""
    body = json.loads(made.to_bytes())
    del body["metrics"], body["sha256"]
    digest = hashlib.sha256(canonical_json(body)).hexdigest()
    return Record.from_bytes(canonical_json({**body, "sha256": digest}) + b"\n")


@pytest.mark.parametrize("made", [redis("classic", repetitions=2), forks("huge", sizes=4)])
def test_a_record_that_was_read_has_the_same_table(made: Record) -> None:
    again = Record.from_bytes(made.to_bytes())
    assert again.declared == made.declared
    assert to_csv(run_table([again])) == to_csv(run_table([made]))
    assert summaries(again) == summaries(made)


def test_declarations_are_written_once() -> None:
    body = json.loads(redis("classic", repetitions=3).to_bytes())
    names = [one["name"] for one in body["metrics"]["metrics"]]
    assert names == sorted(set(names))
    assert "requests" in names
    assert len(body["repetitions"]) == 3
    assert b"declared" not in canonical_json(body["repetitions"])


@pytest.mark.parametrize("made", [redis("classic"), forks("huge", sizes=4), forks("huge", sizes=1)])
def test_an_older_record_has_the_same_numbers_as_plain_counts(made: Record) -> None:
    found = older(made)
    assert metrics(found) == metrics(made)
    shown = {summary.metric for summary in summaries(found).values()} - {THROUGHPUT}  # derived
    assert {(metric.unit, metric.better) for metric in shown} == {(Unit.COUNT, Better.NEITHER)}
    assert all(metric.label == metric.name for metric in shown)


def test_an_older_run_is_shown_and_compared() -> None:
    records = [older(redis(kind, repetitions=2)) for kind in ("classic", "on_demand")]
    labels = [{"fork.kind": made.at("fork.kind")} for made in records]
    console = Console(file=io.StringIO(), width=1000)
    print_table(run_table(records, labels), console)
    assert isinstance(console.file, io.StringIO)
    assert "latency p99.9 ns" in console.file.getvalue()
    assert "8.40 M" in console.file.getvalue()
    verdicts = {c.metric.name: c.verdict for c in compare(Run(Path(), records, labels)).found}
    assert verdicts["fork_mean_ns"] == "fewer"
    assert verdicts["requests"] == "the same"


def test_programs_of_a_mix_may_not_declare_a_name_in_two_ways() -> None:
    parts = {
        name: Recording().add(counters={Metric("work", unit): 1})
        for name, unit in (("a", Unit.COUNT), ("b", Unit.BYTES))
    }
    with pytest.raises(ValueError, match="'work' is declared in two ways"):
        record({}, Recording(parts=parts)).to_bytes()


def test_a_histogram_that_nobody_declared_has_its_old_names() -> None:
    found = metrics(record({}, Recording(histograms={"wait_ns": histogram([5])})))
    assert found["wait_p99_ns"] == found["wait_max_ns"] == found["wait_mean_ns"] == 5
