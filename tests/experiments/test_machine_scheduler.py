"""`machine.scheduler`: what it may be, what it is if left out, and what has no effect beside it."""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction
from pathlib import Path

import pytest

from experiments.execution.simulation import simulate
from experiments.language.catalogue import catalogue
from experiments.language.document import parse
from experiments.language.errors import InputError, Position
from experiments.planning.points import Plan, plan
from experiments.sweeps.overrides import override
from models.costs.profile import load_profile
from results.records.record import Record

EXPERIMENT = """\
forksim: 1
name: a
machine: {cores: 1}
workload:
  kind: redis
  dataset: 64MiB
  clients: {kind: open, rate: 2k/s}
  set_ratio: 1/10
  snapshot: {at: [50ms], save_rate: 256MiB}
  duration: 400ms
fork: {kind: classic}
"""


def planned(*settings: str, folder: Path = Path()) -> Plan:
    document = override(parse(EXPERIMENT, Position("a.yaml")), settings)
    return plan(document, folder, catalogue())


def median_ns(record: Record) -> int:
    return record.repetitions[0].histograms["latency_ns"].quantile(Fraction(1, 2))


def test_it_is_that_of_the_profiles_kernel_and_can_be_swept() -> None:
    grid = 'sweep=[{grid: {machine.scheduler: [null, "cfs", "eevdf", "wait"]}}]'
    records = [simulate(point) for point in planned(grid).points]
    assert len({record.id for record in records}) == 4
    left_out, cfs, eevdf, wait = records
    assert [r.to_dict() for r in left_out.repetitions] == [r.to_dict() for r in cfs.repetitions]
    # A request of a microsecond, and a switch; under wait, the rest of a slice.
    assert median_ns(cfs) == median_ns(eevdf) < 10_000
    assert median_ns(wait) > 300_000


def test_a_profile_of_a_later_kernel_has_its_rule(tmp_path: Path) -> None:
    data = load_profile("epyc-7302p-linux-5.6").model_dump(exclude_none=True)
    lines = [
        f"name: later\ndescription: a later kernel\nkernel: '6.12'\nconstants: {data['constants']}"
    ]
    (tmp_path / "later.yaml").write_text("\n".join([*lines, f"contention: {data['contention']}"]))
    later = [
        planned(f"machine.profile={tmp_path}/later.yaml", *more)
        for more in ((), ("machine.scheduler=eevdf",))
    ]
    first, second = (simulate(plan.points[0]).repetitions[0].to_dict() for plan in later)
    assert first == second != simulate(planned().points[0]).repetitions[0].to_dict()


def test_a_misspelt_one_is_answered_with_the_nearest() -> None:
    with pytest.raises(InputError, match=r"machine\.scheduler: 'efs' - did you mean 'cfs'\?"):
        planned("machine.scheduler=efs")


@pytest.mark.parametrize(
    ("scheduler", "settings", "without_effect"),
    [
        ("cfs", "constants={time_slice_ns: 1000000, hz: 1000}", "constants.time_slice_ns"),
        ("eevdf", "scale={time_slice_ns: 2}", "scale.time_slice_ns"),
        ("wait", "constants={time_slice_ns: 1000000, hz: 1000}", "constants.hz"),
        ("wait", "scale={time_slice_ns: 2}", None),
        ("cfs", "scale={hz: 4}", None),
    ],
)
def test_a_constant_of_another_scheduler_is_named(
    scheduler: str, settings: str, without_effect: str | None
) -> None:
    remark = f"machine.{without_effect}: without effect, the scheduler is {scheduler}"
    remarks = planned(f"machine.scheduler={scheduler}", f"machine.{settings}").remarks
    assert of_scheduler(remarks) == ([remark] if without_effect else [])


def test_the_default_is_named_beside_a_slice_that_has_no_effect() -> None:
    remark = "machine.scale.time_slice_ns: without effect, the scheduler is cfs"
    assert of_scheduler(planned("machine.scale={time_slice_ns: 2}").remarks) == [remark]


def of_scheduler(remarks: Iterable[str]) -> list[str]:
    return [remark for remark in remarks if "scheduler" in remark]


def test_ticks_come_as_often_as_the_profile_says() -> None:
    """Two who always want the core take turns of a tick."""

    def duration_ns(hz: int) -> int:
        two = "workload={kind: afl, target: 16MiB, run: 100ms, instances: 2, duration: 1s}"
        record = simulate(planned(two, f"machine.constants={{hz: {hz}}}").points[0])
        return int(record.repetitions[0].levels["duration_ns"])

    assert duration_ns(100) != duration_ns(1000)


@pytest.mark.parametrize("hz", ["0", "-1", "true", "'often'"])
def test_ticks_that_never_come_are_refused(hz: str) -> None:
    with pytest.raises(InputError, match=r"machine\.constants\.hz"):
        planned(f"machine.constants={{hz: {hz}}}")
