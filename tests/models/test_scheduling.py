"""The rule of scheduling that a profile's kernel has, with its values."""

from __future__ import annotations

from pathlib import Path

import pytest
from test_profile import document, write

from models.costs.profile import Profile, ProfileError, load_profile
from models.kernel.scheduling import SchedulerName, scheduler_of, scheduling_rule
from sim.machine.scheduling.cfs import Cfs
from sim.machine.scheduling.eevdf import Eevdf
from sim.machine.scheduling.rule import SchedulingRule
from sim.machine.scheduling.wait import Wait

MS, US = 1_000_000, 1000
BUNDLED = load_profile("epyc-7302p-linux-5.6")


def same(rule: SchedulingRule, other: SchedulingRule) -> bool:
    return type(rule) is type(other) and vars(rule) == vars(other)


def of_kernel(kernel: str) -> Profile:
    return Profile.model_validate({**BUNDLED.model_dump(), "kernel": kernel})


@pytest.mark.parametrize(
    ("kernel", "name"),
    [
        ("4.18", "cfs"),
        ("5.6", "cfs"),
        ("6.1", "cfs"),
        ("6.5", "cfs"),
        ("6.6", "eevdf"),
        ("6.12", "eevdf"),
        ("7.2", "eevdf"),
    ],
)
def test_kernels_have_cfs_up_to_6_5(kernel: str, name: SchedulerName) -> None:
    assert scheduler_of(kernel) == name
    profile = of_kernel(kernel)
    assert same(scheduling_rule(None, profile, 1), scheduling_rule(name, profile, 1))


@pytest.mark.parametrize(
    ("cores", "factor"), [(1, 1), (2, 2), (3, 2), (4, 3), (7, 3), (8, 4), (16, 4), (4096, 4)]
)
def test_values_grow_with_the_logarithm_of_up_to_eight_cpus(cores: int, factor: int) -> None:
    cfs = Cfs(
        latency_ns=6 * MS * factor,
        granularity_ns=750 * US * factor,
        wakeup_granularity_ns=MS * factor,
        tick_ns=4 * MS,
    )
    assert same(scheduling_rule(None, BUNDLED, cores), cfs)
    eevdf = Eevdf(slice_ns=750 * US * factor, tick_ns=4 * MS, pays_asleep=True)
    assert same(scheduling_rule("eevdf", of_kernel("6.12"), cores), eevdf)


@pytest.mark.parametrize(
    ("kernel", "slice_ns", "pays_asleep"),
    [
        ("5.6", 750 * US, True),  # as of 6.12, since it has none
        ("6.6", 750 * US, False),
        ("6.11", 750 * US, False),
        ("6.12", 750 * US, True),
        ("6.14", 750 * US, True),
        ("6.15", 700 * US, True),
        ("6.18", 700 * US, True),
    ],
)
def test_eevdf_by_kernel(kernel: str, slice_ns: int, *, pays_asleep: bool) -> None:
    expected = Eevdf(slice_ns=slice_ns, tick_ns=4 * MS, pays_asleep=pays_asleep)
    assert same(scheduling_rule("eevdf", of_kernel(kernel), 1), expected)


def test_constants_are_those_of_the_profile() -> None:
    varied = BUNDLED.varied({"hz": 1000.0, "time_slice_ns": 5e5}, {})
    assert same(scheduling_rule("wait", varied, 8), Wait(500_000))
    quick = Eevdf(slice_ns=3 * MS, tick_ns=MS, pays_asleep=True)
    assert same(scheduling_rule("eevdf", varied, 8), quick)


def test_a_profile_that_does_not_say_its_kernel_says_that(tmp_path: Path) -> None:
    profile = load_profile(write(tmp_path, document()))
    assert profile.kernel == "5.6"
    assert list(profile.assumptions) == ["kernel is left out: assumed 5.6, the first machine's"]
    assert list(profile.varied({"hz": 100.0}, {}).assumptions) == list(profile.assumptions)
    told = load_profile(write(tmp_path, {**document(), "kernel": "6.12"}))
    assert (told.kernel, list(told.assumptions)) == ("6.12", [])
    assert told.digest != profile.digest
    assert list(BUNDLED.assumptions) == []


@pytest.mark.parametrize("kernel", ["6", "6.12.1", "six", "", 6.12])
def test_a_kernel_is_a_release(tmp_path: Path, kernel: object) -> None:
    with pytest.raises(ProfileError, match="kernel"):
        load_profile(write(tmp_path, {**document(), "kernel": kernel}))


@pytest.mark.parametrize("name", ["hz", "time_slice_ns"])
def test_what_a_scheduler_divides_by_is_not_0(tmp_path: Path, name: str) -> None:
    content = document()
    content["constants"][name]["value"] = 0.0
    with pytest.raises(ProfileError, match=f"{name} is 0: expected more"):
        load_profile(write(tmp_path, content))
