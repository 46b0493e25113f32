"""Forks beside each other, repetition by repetition, and what is said about it."""

from __future__ import annotations

import io
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console
from run_folders import noisy, point, sweep
from run_samples import record
from scipy import stats

from results.metrics.summary import of_repetition
from results.records.run_folder import Run
from results.tables.compare import CompareError, Comparison, compare
from results.tables.compare_tables import print_comparisons, to_json
from sim.measures.common_metrics import EXTRA_MEMORY, THROUGHPUT
from sim.measures.metrics import Better, Metric, Unit
from sim.measures.recording import Recording

TIME = Metric("x_ns", Unit.NANOSECONDS, Better.LESS)


def test_each_size_is_compared_with_the_baseline_of_its_size() -> None:
    found = compare(sweep(), metrics=["p99"]).found
    assert [c.group for c in found] == [{"workload.dataset": f"{n}GiB"} for n in (1, 4, 16, 64)]
    for c, size in zip(found, (1, 4, 16, 64), strict=True):
        assert (c.metric.name, c.value, c.baseline, c.pairs) == (
            "latency_p99_ns", "on_demand", "classic", 5,
        )  # fmt: skip
        assert c.mean - c.baseline_mean == pytest.approx(4_000 - 9_990 * size, rel=0.01)
        assert c.verdict == "faster"


def test_differences_are_paired_by_repetition() -> None:
    run = sweep((1,))
    here, there = (
        [of_repetition(recording)["latency_mean_ns"] for recording in made.repetitions]
        for made in (run.records[1], run.records[0])
    )
    (c,) = compare(run, metrics=["latency_mean_ns"]).found
    assert c.difference is not None
    # The noise is common to both forks, so what is left of it is the rounding of nothing.
    assert c.difference.half_width == pytest.approx(0, abs=1e-6)
    assert c.difference.estimate == pytest.approx(np.mean(here) - np.mean(there))
    unpaired = stats.sem(here) * stats.t.ppf(0.975, 4)
    assert unpaired > 100


def test_the_fewer_repetitions_are_the_pairs() -> None:
    records = [point("classic", 1, 7), point("on_demand", 1, 4)]
    labels = [{"fork.kind": "classic"}, {"fork.kind": "on_demand"}]
    (c,) = compare(Run(Path(), records, labels), metrics=["p50"]).found
    assert c.pairs == 4


def test_one_repetition_is_said_in_words() -> None:
    found = compare(sweep((1,), repetitions=1), metrics=["p99"]).found
    assert [c.verdict for c in found] == ["one repetition: no interval"]
    assert found[0].difference is None and found[0].ratio is None


def of_values(metric: Metric, here: list[int], there: list[int]) -> Comparison:
    records = [
        record({"fork": {"kind": kind}}, *(Recording().add(levels={metric: v}) for v in values))
        for kind, values in (("classic", there), ("on_demand", here))
    ]
    labels = [{"fork.kind": made.at("fork.kind")} for made in records]
    (c,) = compare(Run(Path(), records, labels), metrics=[metric.name]).found
    return c


@pytest.mark.parametrize(
    ("metric", "here", "there", "verdict"),
    [
        (TIME, [10, 11, 12], [20, 22, 21], "faster"),
        (TIME, [20, 22, 21], [10, 11, 12], "slower"),
        (TIME, [10, 22, 12], [11, 12, 21], "no difference shown"),
        (TIME, [5, 6, 7], [5, 6, 7], "the same"),
        (replace(TIME, better=Better.MORE), [20, 22, 21], [10, 11, 12], "longer"),
        (replace(TIME, better=Better.MORE), [10, 11, 12], [20, 22, 21], "shorter"),
        (THROUGHPUT, [20, 22, 21], [10, 11, 12], "faster"),
        (THROUGHPUT, [10, 11, 12], [20, 22, 21], "slower"),
        (replace(THROUGHPUT, better=Better.LESS), [20, 22, 21], [10, 11, 12], "more"),
        (replace(THROUGHPUT, better=Better.LESS), [10, 11, 12], [20, 22, 21], "less"),
        (EXTRA_MEMORY, [10, 11, 12], [20, 22, 21], "less"),
        (EXTRA_MEMORY, [20, 22, 21], [10, 11, 12], "more"),
        (Metric("faults"), [10, 11, 12], [20, 22, 21], "fewer"),
        (Metric("faults"), [20, 22, 21], [10, 11, 12], "more"),
    ],
)
def test_the_verdict_is_the_intervals(
    metric: Metric, here: list[int], there: list[int], verdict: str
) -> None:
    assert of_values(metric, here, there).verdict == verdict


def test_no_difference_is_rarely_found_where_there_is_none() -> None:
    random = np.random.default_rng(5)
    same = 0
    for _ in range(300):
        here, there = random.integers(900, 1100, (2, 6)).tolist()
        same += of_values(TIME, here, there).verdict == "no difference shown"
    # 95 % of 300, less or more by three standard deviations.
    assert 273 <= same <= 297


def test_another_field_and_baseline() -> None:
    found = compare(sweep((1, 4, 16)), "workload.dataset", "4GiB", ["p50"]).found
    assert [(c.group["fork.kind"], c.value) for c in found] == [
        (kind, size) for kind in ("classic", "on_demand") for size in ("1GiB", "16GiB")
    ]


def test_a_missing_baseline_is_noted_and_the_rest_compared() -> None:
    whole = sweep((1, 4))
    run = Run(whole.path, whole.records[1:], whole.labels[1:])
    found = compare(run, metrics=["p50"])
    assert [c.group for c in found.found] == [{"workload.dataset": "4GiB"}]
    assert found.notes == ["workload.dataset=1GiB: no point with fork.kind=classic to compare with"]


def test_programs_of_a_mix_are_compared_apart() -> None:
    records = [
        record(
            {"fork": {"kind": kind}},
            *(Recording(parts={"a": noisy(kind, 1, n), "b": noisy(kind, 4, n)}) for n in range(3)),
        )
        for kind in ("classic", "on_demand")
    ]
    run = Run(Path(), records, [{"fork.kind": made.at("fork.kind")} for made in records])
    assert [c.group for c in compare(run, metrics=["p50"]).found] == [
        {"program": "a"},
        {"program": "b"},
    ]


@pytest.mark.parametrize(
    ("by", "baseline", "metric", "message"),
    [
        ("fork.sort", None, "p50", "fork.sort: expected a field with several values, such as"),
        ("fork.kind", "huge", "p50", "'huge': expected a value of fork.kind: classic, on_demand"),
        ("fork.kind", None, "p51", "p51: no such metric: expected one of requests, throughput"),
    ],
)
def test_what_is_not_there_is_one_line(
    by: str, baseline: str | None, metric: str, message: str
) -> None:
    with pytest.raises(CompareError, match=message):
        compare(sweep((1, 4)), by, baseline, [metric])


def test_people_get_a_line_each_and_programs_the_same_numbers() -> None:
    found = compare(sweep(), metrics=["p99", "extra_memory"])
    console = Console(file=io.StringIO(), width=200)
    print_comparisons(found, console)
    assert isinstance(console.file, io.StringIO)
    lines = console.file.getvalue().splitlines()
    assert sum("faster" in line for line in lines) == 4
    assert sum("the same" in line for line in lines) == 4
    data = json.loads(json.dumps(to_json(found)))
    assert data["by"] == "fork.kind"
    assert len(data["comparisons"]) == 8
    assert data["comparisons"][0]["ratio"]["estimate"] == pytest.approx(
        found.found[0].mean / found.found[0].baseline_mean
    )
