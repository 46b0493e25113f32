"""Declarations: written and read again, one for a name, and what is not declared."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.measures.common_metrics import (
    DURATION,
    FORK_TIME,
    LATENCY,
    REQUESTS,
    SNAPSHOT_FORKS,
    THROUGHPUT,
    time_of,
)
from sim.measures.declarations import Declaration, Declarations
from sim.measures.histogram import Histogram
from sim.measures.metrics import Better, Distribution, Group, Metric, Pauses, Unit
from sim.measures.recording import Recording

names = st.text("abc_/", min_size=1, max_size=6)
metrics = st.builds(
    Metric, names, st.sampled_from(Unit), st.sampled_from(Better), names | st.just(""),
    st.sampled_from(Group), names | st.just(""), st.floats(0, 100),
)  # fmt: skip
distributions = st.builds(
    Distribution, names, st.just("x_{}"), st.sampled_from(Unit), st.sampled_from(Better), names,
    st.booleans(), st.none() | st.just("p99"), st.sampled_from(Group), st.booleans(),
)  # fmt: skip


@given(
    st.lists(metrics, unique_by=lambda one: one.name),
    st.lists(distributions, unique_by=lambda one: one.name),
    st.none() | st.just("size_bytes"),
)
def test_they_survive_their_plain_form_whatever_their_order(
    some: list[Metric], others: list[Distribution], by: str | None
) -> None:
    pauses = [Pauses(f"of {one.name}", one, by) for one in others[:2]]
    declared = Declarations.of([*some, *others, *pauses])
    text = json.dumps(declared.to_dict())
    assert Declarations.from_dict(json.loads(text)) == declared
    turned = Declarations.of([*reversed(pauses), *reversed(others), *reversed(some)])
    assert json.dumps(turned.to_dict()) == text


def test_what_is_as_usual_is_not_written() -> None:
    assert Declarations.of([Metric("tests")]).to_dict() == {
        "metrics": [{"name": "tests"}], "distributions": [], "pauses": []
    }  # fmt: skip


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (Metric("x"), Metric("x", Unit.BYTES)),
        (time_of("x"), time_of("x", tail="p99")),
        (SNAPSHOT_FORKS, Pauses(SNAPSHOT_FORKS.series, LATENCY)),
        (FORK_TIME, Pauses("x", Distribution(FORK_TIME.name, "{}"))),
    ],
)
def test_a_name_is_declared_in_one_way(one: Declaration, other: Declaration) -> None:
    assert Declarations.of([one, one]) == Declarations.of([one])
    with pytest.raises(ValueError, match="is declared in two ways"):
        Declarations.of([one, other])
    with pytest.raises(ValueError, match="is declared in two ways"):
        Declarations.of([one]) | Declarations.of([other])


def test_what_nobody_declared_is_a_plain_count_under_its_name() -> None:
    nothing = Declarations()
    assert nothing.metric("killed_ns") == Metric("killed_ns")
    assert nothing.metric("killed_ns").heading == "killed ns"
    of = nothing.distribution("latency_ns")
    made = [of.percentile("p99", 99), of.maximum(), of.mean()]
    assert [m.name for m in made] == ["latency_p99_ns", "latency_max_ns", "latency_mean_ns"]
    assert [m.label for m in made] == [m.name for m in made]
    assert {m.unit for m in made} == {Unit.COUNT}


def test_statistics_of_requests_are_called_by_what_they_are() -> None:
    assert LATENCY.percentile("p99", 99).label == "p99"
    assert LATENCY.mean().group is Group.DETAILS
    assert FORK_TIME.percentile("p99", 99).label == "fork_p99"
    assert FORK_TIME.percentile("p99", 99).group is Group.DETAILS
    assert FORK_TIME.mean().place < FORK_TIME.maximum().place


def test_places_go_by_group_then_family_then_rank_then_name() -> None:
    wanted = [
        REQUESTS,
        THROUGHPUT,
        time_of("a").percentile("p50", 50),
        time_of("a").maximum(),
        time_of("b").percentile("p50", 50),
        FORK_TIME.of_size("2GB", 2),
        FORK_TIME.of_size("10GB", 10),
        FORK_TIME.mean(),
        Metric("a"),
        Metric("b"),
        DURATION,
    ]
    turned = wanted[::-1]
    assert sorted(turned, key=lambda metric: metric.place) == wanted


def test_values_are_recorded_together_with_what_they_are() -> None:
    forks = {"fork_ns": np.array([3, 4])}
    recording = Recording().add(
        histograms={LATENCY: Histogram()},
        counters={REQUESTS: 3},
        levels={DURATION: 5},
        series={SNAPSHOT_FORKS: forks, "plain": {}},
    )
    assert recording.counters == {"requests": 3}
    assert recording.levels == {"duration_ns": 5}
    assert recording.series == {"snapshots": forks, "plain": {}}
    assert list(recording.histograms) == ["latency_ns"]
    declared = Declarations.of([LATENCY, REQUESTS, DURATION, SNAPSHOT_FORKS])
    assert recording.declared == declared
    assert Recording(parts={"a": recording}).all_declared() == declared
    with pytest.raises(ValueError, match="'requests' is declared in two ways"):
        recording.add(counters={Metric("requests"): 1})
