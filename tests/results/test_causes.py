"""Causes in tables, exports and below the table, of records made by hand."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console
from run_samples import record

from results.metrics.causes import by_cause, largest_causes
from results.metrics.names import resolve
from results.metrics.summary import measured, metrics, summaries
from results.records.record import Record
from results.records.run_folder import Run
from results.tables.as_csv import to_csv
from results.tables.compare import compare
from results.tables.run_table import run_table, shown_metrics
from results.tables.terminal import print_table
from results.tables.tidy import tidy
from sim.machine.causes import CORE_WAIT, WORK, Cause
from sim.measures.cause_sums import CauseSums
from sim.measures.common_metrics import LATENCY, time_of
from sim.measures.metrics import Distribution, Group, Unit
from sim.measures.recording import Recording

FORK = Cause("fork", "fork")
COPY = Cause("fault/cow_copy", "page copies")


def sums(rows: list[tuple[int, dict[Cause, int]]]) -> CauseSums:
    """Rows of requests that are alike: how many, and what each was spent on."""
    made = CauseSums()
    for at, (count, times) in enumerate(rows):
        weight = np.array([count])
        latency = np.array([sum(times.values())])
        by = {cause: time * weight for cause, time in times.items()}
        made.add(np.array([at]), latency, weight, by)
    return made


def recording(of_a_stall: Mapping[Cause, int], of: Distribution = LATENCY) -> Recording:
    """A hundred thousand requests of a microsecond, 200 of which wait as is said."""
    made = sums([(99_800, {WORK: 1000}), (200, {WORK: 1000, **of_a_stall})])
    return Recording().add(histograms={of: made.latencies}, causes={of: made})


def point(kind: str, *repetitions: Recording) -> Record:
    return record({"workload": {"kind": "redis"}, "fork": {"kind": kind}}, *repetitions)


CLASSIC = point("classic", recording({FORK: 8000, COPY: 1000}))


def read(made: Record) -> Record:
    return Record.from_bytes(made.to_bytes())


@pytest.mark.parametrize("made", [CLASSIC, read(CLASSIC)])
def test_the_mean_time_by_cause_and_band_is_a_metric(made: Record) -> None:
    """The upper 200 of 100,000 are half of the band from p99 to p99.9, and all above."""
    found = {
        summary.metric.name: summary.mean
        for summary in summaries(made).values()
        if summary.metric.group is Group.CAUSES
    }
    assert found == {
        **{f"latency_{band}_by_service_ns": 1000 for band in (
            "all", "p0-p50", "p50-p90", "p90-p99", "p99-p99.9", "p99.9-p99.99", "p99.99-p100"
        )},
        "latency_all_by_fork_ns": 16,
        "latency_p99-p99.9_by_fork_ns": 8000 * 100 / 900,
        "latency_p99.9-p99.99_by_fork_ns": 8000,
        "latency_p99.99-p100_by_fork_ns": 8000,
        "latency_all_by_fault/cow_copy_ns": 2,
        "latency_p99-p99.9_by_fault/cow_copy_ns": 1000 * 100 / 900,
        "latency_p99.9-p99.99_by_fault/cow_copy_ns": 1000,
        "latency_p99.99-p100_by_fault/cow_copy_ns": 1000,
    }  # fmt: skip
    one = resolve("p99.9-p99.99_by_fork_us", measured(made.repetitions[0]))
    assert one is not None
    assert (one.name, one.unit) == ("latency_p99.9-p99.99_by_fork_ns", Unit.NANOSECONDS)


def test_a_cause_that_a_repetition_does_not_have_took_no_time_in_it() -> None:
    made = point("classic", recording({FORK: 9000}), recording({COPY: 500}))
    assert metrics(made)["latency_p99.9-p99.99_by_fork_ns"] == 4500
    assert metrics(read(made)) == metrics(made)
    first, second = by_cause(made.repetitions)
    assert first.keys() == second.keys()
    assert by_cause(made.repetitions[:1]) != [first]


def test_a_table_has_them_in_its_last_columns_where_they_took_time() -> None:
    other = point("huge", recording({CORE_WAIT: 9000, COPY: 0}))
    table = run_table([CLASSIC, other])
    rows = list(csv.DictReader(io.StringIO(to_csv(table))))
    causes = [name for name in rows[0] if "_by_" in name]
    assert causes[:5] == [
        "latency_all_by_core_wait_ns", "latency_all_by_fault/cow_copy_ns",
        "latency_all_by_fork_ns", "latency_all_by_service_ns", "latency_p0-p50_by_service_ns",
    ]  # fmt: skip
    assert list(rows[0])[-2 - len(causes) :] == [*causes, "repetitions", "id"]
    assert len(causes) == 7 + 3 * 4
    assert rows[0]["latency_p99.9-p99.99_by_fork_ns"] == "8000"
    assert rows[1]["latency_p99.9-p99.99_by_fork_ns"] == ""
    assert not any(metric.group is Group.CAUSES for metric in shown_metrics(table))


def test_an_export_and_a_comparison_have_them() -> None:
    records = [CLASSIC, point("huge", recording({FORK: 2000}))]
    long = tidy(records)
    chosen = long[long["metric"] == "latency_p99.9-p99.99_by_fork_ns"]
    assert chosen["value"].tolist() == [8000.0, 2000.0]
    assert not (long["metric"] == "latency_p0-p50_by_fork_ns").any()
    labels = [{"fork.kind": made.at("fork.kind")} for made in records]
    run = Run(Path(), records, labels)
    (found,) = compare(run, metrics=["p99.9-p99.99_by_fork"]).found
    assert (found.baseline_mean, found.mean) == (8000, 2000)


def lines(*records: Record) -> list[str]:
    """What is printed of the causes below the table."""
    console = Console(file=io.StringIO(), width=200, color_system=None, _environ={})
    print_table(run_table(records), console)
    assert isinstance(console.file, io.StringIO)
    return [line for line in console.file.getvalue().splitlines() if "due to" in line]


def test_one_line_names_the_largest_cause_at_the_top() -> None:
    assert lines(CLASSIC) == ["p99.9 and above: 80% of the latency is due to fork"]
    (found,) = largest_causes(read(CLASSIC))
    assert (found.above, found.label, found.share) == ("p99.9", "fork", 0.8)


def test_points_with_the_same_largest_cause_share_a_line() -> None:
    records = [CLASSIC, point("huge", recording({COPY: 3000}))]
    records += [point(f"c{n}", recording({FORK: 1000 * n})) for n in (3, 96)]
    assert lines(*records) == [
        "classic, c3, c96: p99.9 and above: 75% to 99% of the latency is due to fork",
        "huge: p99.9 and above: 75% of the latency is due to page copies",
    ]


def test_repetitions_count_together() -> None:
    made = point("classic", recording({FORK: 2000}), recording({COPY: 5000}))
    assert lines(made) == ["p99.9 and above: 56% of the latency is due to page copies"]


def test_few_requests_have_none_above() -> None:
    made = sums([(500, {WORK: 10}), (499, {WORK: 20, FORK: 5})])
    few = point("a", Recording().add(histograms={LATENCY: made.latencies}, causes={LATENCY: made}))
    assert lines(few) == []
    assert metrics(few)["latency_all_by_fork_ns"] == 5 * 499 / 999


def test_another_quantity_is_called_by_its_name() -> None:
    rounds = time_of("round")
    made = point("classic", recording({FORK: 9000}, rounds))
    assert lines(made) == ["round p99.9 and above: 90% of the latency is due to fork"]
    assert metrics(made)["round_p99.9-p99.99_by_fork_ns"] == 9000


def test_programs_of_a_mix_have_their_own() -> None:
    parts = {"a": recording({FORK: 9000}), "b": recording({CORE_WAIT: 4000})}
    mix = record({"workload": {"programs": {"a": {}, "b": {}}}}, Recording(parts=parts))
    for made in (mix, read(mix)):
        assert lines(made) == [
            "a: p99.9 and above: 90% of the latency is due to fork",
            "b: p99.9 and above: 80% of the latency is due to waiting for a core",
        ]
        rows = list(csv.DictReader(io.StringIO(to_csv(run_table([made])))))
        name = "latency_p99.9-p99.99_by_{}_ns"
        assert [row[name.format("fork")] for row in rows] == ["9000", ""]
        assert [row[name.format("core_wait")] for row in rows] == ["", "4000"]


def test_without_causes_nothing_is_said() -> None:
    made = sums([(10_000, {WORK: 10})])
    bare = point("classic", Recording().add(histograms={LATENCY: made.latencies}))
    assert lines(bare) == []
    assert not any("_by_" in name for name in metrics(bare))
    assert b"causes" not in bare.to_bytes()
