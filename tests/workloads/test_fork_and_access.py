"""Figure 8's program: closed forms of what it takes, and what On-demand-fork saves."""

from __future__ import annotations

import numpy as np
import pytest
from programs import PROFILE, setup

from sim.arrays import IntArray
from sim.measures.recording import Recording
from workloads.programs.microbench.config import MicrobenchConfig
from workloads.programs.microbench.program import Microbench

MIB = 2**20
PAGES = 256 * MIB // 4096
TABLES = PAGES // 512
COSTS = PROFILE.costs


def go(scheme: str, reads: float, size: str = "256MiB", **constants: float) -> Recording:
    fields = {"kind": "microbench", "program": "fork_and_access", "sizes": [size], "reads": reads}
    config = MicrobenchConfig.model_validate(fields)
    return Microbench().run(config, setup(scheme, profile=PROFILE.varied(constants, {})))


def saved(reads: float, size: str, **constants: float) -> IntArray:
    """Per thousand of the time that On-demand-fork saves, after every memcpy."""
    classic = go("classic", reads, size).series["access"]["elapsed_ns"]
    on_demand = go("on_demand", reads, size, **constants).series["access"]["elapsed_ns"]
    return 1000 * (classic - on_demand) // classic


@pytest.mark.parametrize("scheme", ["classic", "on_demand"])
def test_reading_takes_the_fork_and_the_memcpys(scheme: str) -> None:
    recording = go(scheme, reads=1)
    access, fork_ns = recording.series["access"], recording.series["forks"]["fork_ns"][0]
    memcpy_ns = round(32 * MIB // 4096 * COSTS.copy_page_ns)
    assert access["accessed_bytes"].tolist() == [n * 32 * MIB for n in range(9)]
    assert access["elapsed_ns"].tolist() == [int(fork_ns) + n * memcpy_ns for n in range(9)]
    assert recording.counters["faults/cow_copy"] == recording.counters["faults/table_copy"] == 0


def test_writing_takes_the_faults_too() -> None:
    classic, on_demand = go("classic", reads=0), go("on_demand", reads=0)
    for recording in (classic, on_demand):
        assert recording.counters["faults/cow_copy"] == PAGES
    assert classic.counters["faults/table_copy"] == 0
    assert on_demand.counters["faults/table_copy"] == TABLES
    # The first fault is of the page after none, and 8 memcpys are rounded.
    elapsed_ns = classic.series["access"]["elapsed_ns"][-1]
    sequential_ns = round(COSTS.fault_copy_sequential_ns)
    expected_ns = PAGES * (sequential_ns + COSTS.copy_page_ns)
    expected_ns += COSTS.fault_copy_cold_ns - sequential_ns
    assert elapsed_ns - classic.series["access"]["elapsed_ns"][0] == pytest.approx(
        expected_ns, abs=8
    )


def test_the_tables_copied_cost_what_the_fork_would_have() -> None:
    """Without warmth nothing is left of the saving once all is written (figure 8's all-write)."""
    cold = saved(0, "4GiB", struct_page_miss_ns=0.0)
    assert cold[0] > 900
    assert abs(cold[-1]) <= 2
    warm = saved(0, "4GiB")
    assert 10 <= warm[-1] <= 100


def test_mixes_are_in_order_up_to_half_the_region() -> None:
    curves = np.stack([saved(reads, "4GiB") for reads in (1, 0.75, 0.5, 0.25, 0)])
    half = curves.shape[1] // 2
    # From the third memcpy on: before, two mixes may have made the same accesses.
    assert (np.diff(curves[:, 4:half], axis=0) <= 0).all()
    assert (curves[:, 0] > 900).all()
    assert (np.diff(curves[0]) <= 0).all()


def test_mixed_memcpys_are_evenly_spread() -> None:
    written = go("on_demand", reads=0.25).counters
    assert written["faults/cow_copy"] == PAGES * 3 // 4
    assert written["faults/table_copy"] == TABLES * 3 // 4
