"""Repeating until the means are precise enough stops there, and not before."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fake_program import EXAMPLE, catalogue

from experiments.execution.simulation import simulate
from experiments.language.document import parse
from experiments.language.errors import InputError, Position
from experiments.language.repetitions import at_most, repeat
from experiments.planning.points import Plan, plan
from experiments.sweeps.overrides import override
from results.metrics.summary import summaries
from sim.measures.common_metrics import LATENCY, REQUESTS
from sim.measures.histogram import Histogram
from sim.measures.recording import Recording


def planned(repetitions: str) -> Plan:
    settings = ("sweep=[]", f"repetitions={repetitions}")
    return plan(override(parse(EXAMPLE, Position("a.yaml")), settings), Path(), catalogue())


def until(**targets: float) -> dict[str, Any]:
    return {"until": targets, "min": 3, "max": 40}


def recordings(values: Iterator[int], wanted: Mapping[str, Any]) -> list[Recording]:
    def one(_number: int) -> Recording:
        latencies = Histogram()
        latencies.add(np.array([next(values)]))
        return Recording().add(histograms={LATENCY: latencies}, counters={REQUESTS: 1})

    return repeat(wanted, one)


def noisy() -> Iterator[int]:
    return iter(np.random.default_rng(7).integers(800, 1200, 1000).tolist())


def test_it_stops_at_the_first_precise_look() -> None:
    found = recordings(noisy(), until(p99=0.05))
    values = [recording.histograms["latency_ns"].total for recording in found]
    assert 3 < len(found) < 40
    # The interval by scipy, at every look.
    from scipy import stats  # noqa: PLC0415 - slow to import

    widths = [
        stats.t.ppf(0.975, n - 1) * stats.sem(values[:n]) / np.mean(values[:n])
        for n in range(3, len(values) + 1)
    ]
    assert widths[-1] <= 0.05
    assert all(width > 0.05 for width in widths[:-1])


def test_every_metric_must_be_precise() -> None:
    alone = recordings(noisy(), until(p99=0.05))
    both = recordings(noisy(), until(requests=0.5, p99=0.05))
    assert len(both) == len(alone)
    assert len(recordings(noisy(), until(requests=0.5))) == 3


def test_it_gives_up_at_the_most() -> None:
    assert len(recordings(noisy(), until(p99=1e-9))) == 40
    assert at_most(until(p99=1e-9)) == 40
    assert at_most(7) == 7


def test_programs_of_a_mix_must_all_be_precise() -> None:
    steady, unsteady = iter([1000] * 100), noisy()

    def mixed(_number: int) -> Recording:
        parts = {}
        for name, values in (("steady", steady), ("unsteady", unsteady)):
            latencies = Histogram()
            latencies.add(np.array([next(values)]))
            parts[name] = Recording().add(histograms={LATENCY: latencies})
        return Recording(parts=parts)

    assert len(repeat(until(p99=0.05), mixed)) == len(recordings(noisy(), until(p99=0.05)))


def test_an_unknown_metric_is_one_line() -> None:
    with pytest.raises(InputError, match=r"^repetitions\.until\.p98: no such metric - did you"):
        recordings(noisy(), until(p98=0.05))


def test_the_configuration_stays_plain_data_and_the_record_says_how_many() -> None:
    (point,) = planned("{until: {p99: 1%}, max: 30}").points
    wanted = point.config["repetitions"]
    assert wanted == {"until": {"p99": 0.01}, "min": 5, "max": 30}
    record = simulate(point)
    assert record.config["repetitions"] == wanted
    interval = summaries(record)["latency_p99_ns"].interval
    assert interval is not None
    assert interval.relative <= 0.01 or interval.count == 30
    assert record.to_bytes() == simulate(point).to_bytes()


def test_a_number_of_repetitions_is_simulated_as_such_and_they_differ() -> None:
    (point,) = planned("4").points
    assert point.config["repetitions"] == 4
    record = simulate(point)
    assert len({str(recording.to_dict()) for recording in record.repetitions}) == 4


@pytest.mark.parametrize(
    ("written", "message"),
    [
        ("two", "repetitions: 'two': expected a whole number"),
        ("0", "repetitions: 0: expected at least 1"),
        ("{until: {}}", "repetitions.until: {}: expected at least 1 value"),
        ("{until: {p99: 0}}", "repetitions.until.p99: 0: expected more than 0"),
        ("{until: {p99: 2}}", "repetitions.until.p99: 2: expected a share from 0 to 1"),
        ("{until: {p99: 2%}, max: 3}", "repetitions: expected max of at least min, 5"),
        ("{until: {p99: 2%}, least: 3}", "repetitions.least: unknown key"),
        ("{max: 30}", "repetitions.until: missing: expected half-widths relative"),
    ],
)
def test_wrong_ones_are_one_line(written: str, message: str) -> None:
    with pytest.raises(InputError) as raised:
        planned(written)
    assert message in str(raised.value)
