"""What can be known before an experiment runs: snapshots that never come, data without room."""

from __future__ import annotations

from pathlib import Path

import pytest

from experiments.language.catalogue import catalogue
from experiments.language.document import parse
from experiments.language.errors import InputError, Position
from experiments.planning.points import Plan, plan

REDIS = """\
forksim: 1
name: a
machine: {memory: 2GiB}
workload:
  kind: redis
  dataset: 1GiB
  clients: {kind: open, rate: 20k/s}
  snapshot: {at: [200ms, 1500ms, 3s]}
  duration: 2s
fork: {kind: huge}
"""
MIX = """\
forksim: 1
name: a
machine: {memory: 1028MiB}
workload:
  kind: mix
  programs:
    fuzzer: {kind: afl, target: 256MiB, instances: 2, run: 1ms, duration: 1s}
    tests: {kind: sqlite, database: 512MiB, tests: [{name: a, run: 1ms, pages: 1}]}
fork: {kind: classic}
"""


def planned(text: str) -> Plan:
    return plan(parse(text, Position("a.yaml")), Path(), catalogue())


def test_a_snapshot_after_the_end_is_told() -> None:
    remark = "snapshot.at: 3 s is not before the end, 2 s: 1 of 3 snapshots will not be taken"
    assert list(planned(REDIS).remarks) == [f"workload: {remark}"]
    assert not list(planned(REDIS.replace(", 3s]", "]")).remarks)
    by_changes = REDIS.replace("{at: [200ms, 1500ms, 3s]}", "{after_changes: 9}")
    assert not list(planned(by_changes).remarks)
    swept = REDIS + "sweep: [{grid: {workload.duration: [2s, 9s], seed: [1, 2]}}]\n"
    assert list(planned(swept).remarks) == [f"workload: {remark}"]


@pytest.mark.parametrize(
    ("text", "old", "new", "wrong"),
    [
        (REDIS, "1GiB", "2GiB", "6:12: workload.dataset: 2.00 GiB with"),
        (REDIS, "2GiB}", "1GiB}", "6:12: workload.dataset: 1.00 GiB with"),
        (MIX, "1028MiB", "1025MiB", "8:37: workload.programs.tests.database: 1.00 GiB with"),
        (MIX, "256MiB", "1GiB", "7:33: workload.programs.fuzzer.target: 2.00 GiB with"),
    ],
)
def test_data_that_do_not_fit_into_the_machine(text: str, old: str, new: str, wrong: str) -> None:
    assert planned(text).points
    with pytest.raises(InputError) as caught:
        planned(text.replace(old, new))
    assert str(caught.value).startswith(f"a.yaml:{wrong}")
    assert "expected at most machine.memory, " in str(caught.value)


def test_a_point_of_a_sweep_without_room_is_named() -> None:
    swept = REDIS + "sweep: [{grid: {workload.dataset: [1GiB, 4GiB]}}]\n"
    with pytest.raises(InputError, match=r"^a\.yaml:11:\d+: workload\.dataset: 4\.01 GiB"):
        planned(swept)
