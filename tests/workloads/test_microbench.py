"""The fork loop: closed forms, the rehearsal, and what makes figure 2's factor fall."""

from __future__ import annotations

import numpy as np
import pytest
from programs import PROFILE, run_microbench, setup

from models.costs.profile import Profile
from sim.arrays import IntArray
from workloads.programs.microbench.config import MicrobenchConfig
from workloads.programs.microbench.program import Microbench
from workloads.running.program import play

GIB = 2**30
RANGE = {"first": "0.5GiB", "last": "8GiB", "step": "0.5GiB"}


def without_jitter() -> Profile:
    data = PROFILE.model_dump()
    data["constants"]["fill_jitter"]["value"] = 0.0
    return Profile.model_validate(data)


def fork_times(profile: Profile = PROFILE, **changes: object) -> IntArray:
    """Fork times in ns, a row per instance and a column per size."""
    config = MicrobenchConfig.model_validate({"kind": "microbench", "sizes": RANGE, **changes})
    recording = Microbench().run(config, setup(profile=profile))
    return recording.series["forks"]["fork_ns"].reshape(config.instances, -1)


@pytest.mark.parametrize("scheme", ["classic", "huge", "on_demand"])
def test_the_rehearsed_loop_takes_the_times_of_the_loop_itself(scheme: str) -> None:
    fields = {"kind": "microbench", "sizes": RANGE, "instances": 3, "start_spread": "2ms"}
    config = MicrobenchConfig.model_validate(fields)
    own = setup(scheme, repetition=2)
    kernel = own.kernel()
    (played,) = play(kernel, Microbench().start(config, kernel, own.streams()))
    # What is rehearsed takes no memory.
    del played.levels["memory_bytes_peak"]
    for name in [name for name in played.series if name.startswith(("memory", "processes"))]:
        del played.series[name]
    assert Microbench().run(config, own).to_dict() == played.to_dict()
    assert played.counters["forks"] == 3 * 16


def test_one_instance_forks_in_the_closed_form() -> None:
    costs = PROFILE.costs
    (forks,) = fork_times(sizes=["1GiB"])
    pages = GIB // 4096
    stock = costs.movable_stock_frames
    scattered = stock * (1 - np.exp(-pages / stock))
    expected = costs.fork_base_ns + pages // 512 * costs.table_copy_ns
    expected += pages * (costs.entry_copy_ns + costs.entry_protect_ns)
    expected += scattered * costs.entry_scattered_ns
    assert forks[0] == pytest.approx(expected, abs=costs.entry_scattered_ns)


def test_in_step_the_concurrent_factor_is_the_same_at_every_size() -> None:
    """Equal starts and no jitter: all forks overlap wholly, whatever their size."""
    alone = fork_times(instances=1)[0]
    together = fork_times(without_jitter(), instances=3)
    assert (together == together[0]).all()
    factor = together[0] / alone
    weight = PROFILE.contention_weights["fork"]["fork"]
    assert factor == pytest.approx(1 + 2 * weight, rel=1e-6)


def test_a_minute_apart_the_factor_at_1gb_is_that_of_others_fills() -> None:
    sizes = {"first": "0.5GiB", "last": "60GiB", "step": "0.5GiB"}
    alone = fork_times(sizes=sizes, instances=1)[0]
    late = fork_times(sizes=sizes, instances=3, start_gap="60s")
    # The last instance forks 1 GiB while both others are at larger sizes.
    factor = late[2, 1] / alone[1]
    assert 1 < factor < 2.3


def test_unsynchronised_instances_drift_apart() -> None:
    """Figure 2's shape: the factor at 1 GB is well above that at 50 GB."""
    sizes = {"first": "0.5GiB", "last": "60GiB", "step": "0.5GiB"}
    alone = fork_times(sizes=sizes, instances=1)[0]
    factor = fork_times(sizes=sizes, instances=3, start_spread="2ms").mean(axis=0) / alone
    assert factor[1] > 3
    assert factor[90:100].mean() < 2.6


def test_the_first_write_faults_once_and_copies_what_the_scheme_says() -> None:
    for scheme, counters in (
        ("classic", {"faults/cow_copy": 1, "faults/table_copy": 0, "faults/huge_copy": 0}),
        ("huge", {"faults/cow_copy": 0, "faults/table_copy": 0, "faults/huge_copy": 1}),
        ("on_demand", {"faults/cow_copy": 1, "faults/table_copy": 1, "faults/huge_copy": 0}),
    ):
        recording = run_microbench(scheme, program="first_write", sizes=["1GiB"])
        assert recording.histograms["fault_ns"].count == 1
        assert {name: recording.counters[name] for name in counters} == counters


def test_repetitions_differ_only_where_chance_comes_in() -> None:
    one = [run_microbench(repetition=r, sizes=RANGE).series["forks"]["fork_ns"] for r in (0, 1)]
    assert (one[0] == one[1]).all()
    three = [
        run_microbench(repetition=r, sizes=RANGE, instances=3).series["forks"]["fork_ns"]
        for r in (0, 1)
    ]
    assert (three[0] != three[1]).any()
