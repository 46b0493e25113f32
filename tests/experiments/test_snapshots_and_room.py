"""What can be known before an experiment runs: what will not happen or fit together, no room."""

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
  snapshot: {at: [200ms, 1500ms, 3s], save_rate: 8GiB}
  duration: 2s
  service: 8us
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


SERVICE = (
    "service: 677 ns is a request's share in pipelines of 2,000; without pipelines 12 to 17 us "
    "were measured, with 16 in one 4 us (on another machine): set service"
)


def planned(text: str) -> Plan:
    return plan(parse(text, Position("a.yaml")), Path(), catalogue())


def test_a_snapshot_after_the_end_is_told() -> None:
    remark = "snapshot.at: 3 s is not before the end, 2 s: 1 of 3 snapshots will not be taken"
    assert list(planned(REDIS).remarks) == [f"workload: {remark}"]
    assert not list(planned(REDIS.replace(", 3s]", "]")).remarks)
    by_changes = REDIS.replace("at: [200ms, 1500ms, 3s]", "after_changes: 9")
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
    with pytest.raises(InputError, match=r"^a\.yaml:12:\d+: workload\.dataset: 4\.01 GiB"):
        planned(swept)


@pytest.mark.parametrize(
    ("old", "new", "remark"),
    [
        (
            "[200ms, 1500ms, 3s], save_rate: 8GiB",
            "[200ms, 700ms, 1300ms, 1400ms], save_rate: 1GiB",
            "snapshot.at: a save takes at least 1 s: 2 of 4 snapshots will be refused",
        ),
        (
            "[200ms, 1500ms, 3s], save_rate: 8",
            "[200ms, 700ms], scheduled: true, save_rate: 1",
            None,
        ),
        (
            "at: [200ms, 1500ms, 3s], save_rate: 8GiB}",
            "every: 2s}\n  cycles: 0",
            "snapshot.every: 2 s is not before the end, 2 s",
        ),
        (
            "at: [200ms, 1500ms, 3s], save_rate: 8GiB}",
            "every: 1999ms, save_rate: 1GiB}\n  cycles: 0",
            None,
        ),
        (
            "at: [200ms, 1500ms, 3s]",
            "every: 2s",
            "duration: 2 s has no 3 whole cycles of snapshots after the first: it runs for 10 s "
            "and results are of these (cycles: 0 for the duration as it is)",
        ),
        ("at: [200ms, 1500ms, 3s]", "every: 400ms", None),
        (
            "at: [200ms, 1500ms, 3s], save_rate: 8GiB}",
            "every: 300ms, save_rate: 1GiB}\n  cycles: 0",
            "snapshot.every: a save takes at least 1 s: at most 1 of 4 is taken",
        ),
        ("at: [200ms, 1500ms, 3s]", "save: 3600 1 1 4000", None),
        (
            "at: [200ms, 1500ms, 3s]",
            "save: 3600 1 2 10",
            "snapshot: no save rule is met before the end, 2 s, in which at most 4,250 keys are "
            "written",
        ),
        (
            # 20,000 a second, a share of 1/11: 3,636 are expected.
            "at: [200ms, 1500ms, 3s]",
            "save: 1 4251",
            "snapshot: no save rule is met before the end, 2 s, in which at most 4,250 keys are "
            "written",
        ),
        ("at: [200ms, 1500ms, 3s]", "after_changes: 4250", None),
        (
            "at: [200ms, 1500ms, 3s], save_rate: 8GiB}",
            "after_changes: 1}\n  set_ratio: 0",
            "snapshot: no save rule is met before the end, 2 s, in which at most 0 keys are "
            "written",
        ),
        (
            "{kind: open, rate: 20k/s}\n  snapshot: {at: [200ms, 1500ms, 3s]",
            "{kind: closed, pipeline: 500}\n  snapshot: {save: 2 1",
            "snapshot: no save rule is met before the end, 2 s",
        ),
        ("service: 8us", "warmup: 1ms", SERVICE),
        ("service: 8us", "service: 677ns", SERVICE),
        ("rate: 20k/s}", "rate: 20k/s, connections: 500}", None),
    ],
)
def test_what_is_asked_for_and_will_not_happen_is_told(
    old: str, new: str, remark: str | None
) -> None:
    text = REDIS if "3s]" in old else REDIS.replace(", 3s]", "]")
    remarks = list(planned(text.replace(old, new)).remarks)
    assert remarks == ([] if remark is None else [f"workload: {remark}"])


@pytest.mark.parametrize(("pipeline", "told"), [(1, True), (99, True), (100, False), (2000, False)])
def test_the_default_service_is_that_of_a_long_pipeline(pipeline: int, told: bool) -> None:
    clients = f"{{kind: closed, pipeline: {pipeline}}}"
    text = REDIS.replace("{kind: open, rate: 20k/s}", clients).replace(", 3s]", "]")
    remarks = list(planned(text.replace("  service: 8us\n", "")).remarks)
    assert remarks == ([f"workload: {SERVICE}"] if told else [])


CORES = "machine.cores: {} processes and threads may want one at once, and there {}: they wait for "


@pytest.mark.parametrize(
    ("cores", "workload", "most"),
    [
        (2, "{kind: afl, target: 1MiB, instances: 3, run: 1ms, duration: 1s}", 3),
        (3, "{kind: afl, target: 1MiB, instances: 3, run: 1ms, duration: 1s}", None),
        (1, "{kind: microbench, sizes: [1MiB], instances: 2}", 2),
        (4, "{kind: apache, clients: {kind: closed, connections: 5}}", 5),
        (4, "{kind: apache, spare: 0, workers: 3, clients: {kind: closed, connections: 5}}", None),
        (4, "{kind: apache, clients: {kind: closed, threads: 2, work: 1us}}", 6),
        (1, "{kind: sqlite, database: 1MiB, tests: [{name: a, run: 1ms, pages: 1}]}", None),
        (1, "{kind: script, steps: [{together: [{do: sleep, time: 1s}, {do: brk, pages: 1}]}]}", 2),
    ],
)
def test_that_programs_outnumber_the_cores_is_told(
    cores: int, workload: str, most: int | None
) -> None:
    text = f"forksim: 1\nname: a\nmachine: {{cores: {cores}}}\nworkload: {workload}\n"
    remarks = list(planned(f"{text}fork: {{kind: classic}}\n").remarks)
    there = "is 1 core" if cores == 1 else f"are {cores} cores"
    assert remarks == ([] if most is None else [CORES.format(most, there) + "one another"])


def test_the_programs_of_a_mix_are_counted_together() -> None:
    text = MIX.replace("memory: 1028MiB", "cores: 2")
    assert list(planned(text).remarks) == [CORES.format(3, "are 2 cores") + "one another"]
    redis = "{kind: redis, dataset: 1MiB, service: 9us, duration: 1s, clients: {kind: closed}"
    redis += ", snapshot: {at: [1ms]}}"
    text = MIX.replace("memory: 1028MiB", "cores: 4").replace("fork:", f"    c: {redis}\nfork:")
    assert list(planned(text).remarks) == [CORES.format(5, "are 4 cores") + "one another"]
