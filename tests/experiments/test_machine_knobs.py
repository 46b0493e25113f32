"""What is read of a machine's files: how it is set, and whether it is quiet."""

from __future__ import annotations

import json
from dataclasses import fields
from pathlib import Path

import pytest
from fake_machine import FILES, MIB, PRESSURE, THP, fake_machine

from experiments.measuring.gate import Load, judged, read_load
from experiments.measuring.knobs import Knobs, read_knobs


def test_every_knob_is_read(tmp_path: Path) -> None:
    knobs = read_knobs(fake_machine(tmp_path))
    assert knobs.as_dict() == {
        "kernel": "6.1.0-13-amd64",
        "architecture": "x86_64",
        "hz": 250,
        "cpu_model": "Some CPU 9000",
        "l3_bytes": 32 * MIB,
        "cpus": 8,
        "affinity": (0, 1, 4),
        "cgroup": {
            "cpu_max": 1.5,
            "memory_max_bytes": 100 * MIB,
            "memory_left_bytes": 12 * MIB,
        },
        "memory_bytes": 16 * MIB,
        "available_bytes": 8 * MIB,
        "swap_bytes": 0,
        "numa_nodes": 2,
        "virtual": True,
        "hypervisor": "QEMU",
        "thp": "madvise",
        "thp_defrag": "madvise",
        "folios": {64: "never", 2048: "inherit"},
        "hugetlb_total": 20,
        "hugetlb_free": 12,
        "overcommit": 1,
        "numa_balancing": 0,
        "clock_source": "tsc",
        "governor": "performance",
        "preemption": "PREEMPT_DYNAMIC",
        "free_areas": {"node 0 DMA": (1, 0, 3), "node 1 Normal": (166, 101, 60)},
    }
    json.dumps(knobs.as_dict())


def test_a_file_that_is_missing_is_a_knob_that_is_not_known(tmp_path: Path) -> None:
    knobs = read_knobs(tmp_path)
    known = {one.name for one in fields(Knobs) if getattr(knobs, one.name) is not None}
    assert known == {"cgroup", "folios"}
    assert set(knobs.as_dict()["cgroup"].values()) == {None}
    assert knobs.folios == {}
    assert not knobs.has_huge_pages
    assert knobs.room_bytes is None


@pytest.mark.parametrize("name", FILES)
def test_a_file_of_nonsense_ends_in_no_traceback(tmp_path: Path, name: str) -> None:
    fake_machine(tmp_path, {name: "\0\ufffd: -, [ kB\n7"})
    read_knobs(tmp_path)
    read_load(tmp_path)


@pytest.mark.parametrize(
    ("enabled", "of_2_mib", "has"),
    [
        ("[always] madvise never", None, True),
        ("always madvise [never]", None, False),
        ("always madvise [never]", "[always] inherit madvise never", True),
        ("[always] madvise never", "always inherit madvise [never]", False),
    ],
)
def test_huge_pages_are_there_if_their_own_setting_says_so(
    tmp_path: Path, enabled: str, of_2_mib: str | None, has: bool
) -> None:
    changes = {f"{THP}/enabled": enabled, f"{THP}/hugepages-2048kB/enabled": of_2_mib}
    assert read_knobs(fake_machine(tmp_path, changes)).has_huge_pages is has


def test_control_groups_of_version_1(tmp_path: Path) -> None:
    changes = {
        "proc/self/cgroup": "4:memory:/job\n2:cpuacct,cpu:/job\n0::/\n",
        "sys/fs/cgroup/memory/job/memory.limit_in_bytes": f"{4 * MIB}",
        "sys/fs/cgroup/memory/job/memory.usage_in_bytes": f"{MIB}",
        "sys/fs/cgroup/memory/memory.limit_in_bytes": "9223372036854771712",
        "sys/fs/cgroup/cpuacct,cpu/job/cpu.cfs_quota_us": "50000",
        "sys/fs/cgroup/cpuacct,cpu/job/cpu.cfs_period_us": "100000",
        "sys/fs/cgroup/cpuacct,cpu/cpu.cfs_quota_us": "-1",
    }
    knobs = read_knobs(fake_machine(tmp_path, changes))
    assert knobs.cgroup.cpu_max == 0.5
    assert knobs.cgroup.memory_max_bytes == 4 * MIB
    assert knobs.room_bytes == 3 * MIB


def test_a_load_is_read(tmp_path: Path) -> None:
    load = read_load(fake_machine(tmp_path))
    # A guest's 100 ticks are contained in user's.
    assert load == Load(2.56, 10, 1000, 3, 8 * MIB)


def later(root: Path, steal: int, pressure: str) -> Load:
    """The load of the same machine 100 ticks later."""
    fake_machine(
        root,
        {
            "proc/stat": f"cpu  {700 - steal} 0 200 150 10 0 30 {10 + steal} 100 0\n",
            "proc/pressure/cpu": PRESSURE.format(pressure),
        },
    )
    return read_load(root)


def test_a_quiet_machine_is_judged(tmp_path: Path) -> None:
    before = read_load(fake_machine(tmp_path))
    gate = judged(before, later(tmp_path, steal=0, pressure="9.99"))
    assert (gate.pressure, gate.steal, gate.runnable) == (9.99, 0, 3)
    assert gate.remarks == ()
    assert gate.as_dict()["judged"]


def test_what_is_not_judged_is_said_with_its_reason(tmp_path: Path) -> None:
    before = read_load(fake_machine(tmp_path))
    gate = judged(before, later(tmp_path, steal=1, pressure="14.2"))
    assert gate.remarks == (
        "latencies are reported, not judged: tasks waited for a CPU in 14.2 % of ten seconds "
        "(expected below 10 %)",
        "latencies are reported, not judged: the hypervisor took 1.0 % of the CPU time "
        "(expected below 1 %)",
    )
    assert not gate.as_dict()["judged"]


def test_what_is_not_known_is_not_judged(tmp_path: Path) -> None:
    nothing = read_load(tmp_path)
    gate = judged(nothing, nothing)
    assert [remark.partition("(")[2] for remark in gate.remarks] == [
        "/proc/pressure/cpu)",
        "/proc/stat)",
    ]
