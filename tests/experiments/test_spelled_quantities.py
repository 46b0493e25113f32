"""Quantities as people spell them mean the same in fields, sweeps, conditions and notes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from quantities_asked import DURATION, RATE

from experiments.language.amounts import same
from experiments.language.catalogue import catalogue
from experiments.language.document import parse
from experiments.language.errors import InputError, Position
from experiments.planning.points import Plan, plan
from experiments.planning.selection import having
from results.figures.swept_fields import axis
from results.records.record import Record

EXPERIMENT = """\
forksim: 1
name: spelled
workload:
  kind: redis
  dataset: 1gb
  clients: {kind: open, rate: 4000 rps, connections: 1k}
  set_ratio: 20%
  snapshot: {after_changes: 10k, after: 1m}
  duration: 15m
  service: 20us
fork: {kind: classic}
"""


OTHERS = "; to others it is another size"


def planned(text: str) -> Plan:
    return plan(parse(text, Position("a.yaml")), Path(), catalogue())


def test_every_field_reads_them_by_what_it_measures() -> None:
    made = planned(EXPERIMENT)
    workload: dict[str, Any] = made.points[0].config["workload"]
    assert workload["dataset"] == 2**30
    assert workload["clients"]["rate"] == 4000.0
    assert workload["clients"]["connections"] == 1000
    assert workload["set_ratio"] == 0.2
    assert workload["snapshot"]["after_changes"] == 10_000
    assert workload["snapshot"]["after"] == 60 * 10**9
    assert workload["duration"] == 900 * 10**9
    # Only what is a size and does not say so by itself is told.
    assert list(made.remarks) == [f"workload.dataset: 1gb is read as 1,073,741,824 bytes{OTHERS}"]


def test_ambiguous_sizes_of_a_sweep_are_told_once_each() -> None:
    sweep = "sweep: [{grid: {workload.dataset: [1G, 1m, 2GiB], seed: [1, 2]}}]\n"
    assert list(planned(EXPERIMENT + sweep).remarks) == [
        f"workload.dataset: 1G is read as 1,073,741,824 bytes{OTHERS}",
        f"workload.dataset: 1m is read as 1,000,000 bytes{OTHERS}",
    ]


@pytest.mark.parametrize(
    ("written", "told"),
    [
        ("2GiB", None),
        ("0.5GiB", None),
        ("2147483648", None),
        ("67108864 bytes", None),
        ("6.1GiB", "6.1GiB is read as 6,549,825,126 bytes"),
        ("2GB", "2GB is read as 2,000,000,000 bytes"),
        ("64000kB", "64000kB is read as 64,000,000 bytes"),
        ("64000k", f"64000k is read as 64,000,000 bytes{OTHERS}"),
        ("64000KB", f"64000KB is read as 64,000,000 bytes{OTHERS}"),
        ("1.1gb", f"1.1gb is read as 1,181,116,006 bytes{OTHERS}"),
        ("16Gb", f"16Gb is read as 17,179,869,184 bytes{OTHERS}"),
    ],
)
def test_sizes_that_do_not_say_how_many_bytes_they_are_are_told(
    written: str, told: str | None
) -> None:
    remarks = list(planned(EXPERIMENT.replace("1gb", written)).remarks)
    assert remarks == ([] if told is None else [f"workload.dataset: {told}"])


def test_a_memory_as_redis_writes_it_is_told_wherever_it_stands() -> None:
    """As in redis.conf, maxmemory 4gb; other fields' 15m and 10k are no sizes."""
    text = EXPERIMENT.replace("name: spelled", "name: spelled\nmachine: {memory: 4gb}")
    text = text.replace("1gb", "1GiB").replace("1m}", "1m, save_rate: 100mb}")
    assert list(planned(text).remarks) == [
        f"machine.memory: 4gb is read as 4,294,967,296 bytes{OTHERS}",
        f"workload.snapshot.save_rate: 100mb is read as 104,857,600 bytes{OTHERS}",
    ]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("15m", "900s"),
        ("1m", 1_000_000),
        ("1m", "1MB"),
        ("10M", 10_000_000),
        ("10M", "10MiB"),
        ("16G", "16gb"),
        ("4k", 4000),
        ("4000 rps", "4k/s"),
    ],
)
def test_the_same(one: object, other: object) -> None:
    assert same(one, other)
    assert same(other, one)


def test_not_the_same() -> None:
    assert not same("15m", "15MiB")
    assert not same("1G", "1GB")


def test_conditions_and_choices_take_them() -> None:
    sweep = "sweep:\n  - grid: {workload.duration: [5m, 600s, 15m]}\n"
    where = "  - where: [{workload.duration: {at_least: 10m}}]\n"
    points = planned(EXPERIMENT + sweep + where).points
    assert [point.swept["workload.duration"] for point in points] == ["600s", "15m"]
    (chosen,) = having(points, ["workload.duration=10m"])
    assert chosen.swept["workload.duration"] == "600s"


@pytest.mark.parametrize(
    ("ends", "values"),
    [
        ("{from: 10m, to: 1h}", None),
        ("{from: 1m, to: 10m}", "from: '1m': may be a duration or another quantity"),
        ("{from: 1m, to: 1MiB}", "'1048576': "),
    ],
)
def test_ends_of_samples_are_what_both_can_be(ends: str, values: str | None) -> None:
    sweep = (
        "sweep:\n  - sample: {method: uniform, count: 2, fields: {workload.duration: "
        f"{ends}}}}}\n"
    )
    if values is None:
        durations = [p.config["workload"]["duration"] for p in planned(EXPERIMENT + sweep).points]
        assert all(600 * 10**9 <= one <= 3600 * 10**9 for one in durations)
        return
    with pytest.raises(InputError):
        planned(EXPERIMENT + sweep)


def test_an_axis_has_the_unit_of_what_the_texts_measure() -> None:
    records = [
        Record({"workload": {"duration": minutes * 60 * 10**9}}, {}, "1", ())
        for minutes in (5, 10, 15)
    ]
    labels = [{"workload.duration": f"{minutes}m"} for minutes in (5, 10, 15)]
    assert axis("workload.duration", records, labels).name == "duration (s)"


@pytest.mark.parametrize(
    ("old", "new", "wrong"),
    [
        ("15m", "15M", f"9:13: workload.duration: '15M': {DURATION}"),
        ("4000 rps", "4000", f"6:31: workload.clients.rate: 4000: {RATE}"),
        ("1k", "1.5", "6:54: workload.clients.connections: 1.5: expected a whole number"),
        (
            "10k",
            "1.00001k",
            "8:29: workload.snapshot.after_changes: '1.00001k': expected a whole number such as "
            "1000, 10k or 1.5M, a whole number of the base unit",
        ),
    ],
)
def test_what_is_accepted_is_told(old: str, new: str, wrong: str) -> None:
    with pytest.raises(InputError) as caught:
        planned(EXPERIMENT.replace(old, new))
    assert str(caught.value) == f"a.yaml:{wrong}"
