"""Folders that look like /proc and /sys of a machine."""

from __future__ import annotations

import gzip
from collections.abc import Mapping
from pathlib import Path

MIB = 2**20

THP = "sys/kernel/mm/transparent_hugepage"
PRESSURE = "some avg10={} avg60=1.00 avg300=1.00 total=9\nfull avg10=0.00 avg60=0 avg300=0 total=0"

FILES: Mapping[str, str] = {
    "proc/sys/kernel/osrelease": "6.1.0-13-amd64\n",
    "proc/sys/kernel/arch": "x86_64\n",
    "proc/sys/kernel/version": "#1 SMP PREEMPT_DYNAMIC Debian 6.1.55-1\n",
    "proc/sys/kernel/numa_balancing": "0\n",
    "proc/sys/vm/overcommit_memory": "1\n",
    "proc/cpuinfo": "processor\t: 0\nmodel name\t: Some CPU 9000\nflags\t\t: fpu hypervisor\n\n"
    "processor\t: 1\nmodel name\t: Another\nflags\t\t: fpu\n",
    "proc/meminfo": "MemTotal:       16384 kB\nMemAvailable:    8192 kB\nSwapTotal:     0 kB\n",
    "proc/self/status": "Name:\tcat\nCpus_allowed_list:\t0-1,4\n",
    "proc/self/cgroup": "0::/user/one\n",
    "proc/buddyinfo": "Node 0, zone      DMA      1      0      3\n"
    "Node 1, zone   Normal    166    101     60\n",
    "proc/loadavg": "0.50 0.40 0.30 3/106 12537\n",
    "proc/stat": "cpu  600 0 200 150 10 0 30 10 100 0\ncpu0 1 1 1 1 1 1 1 1 0 0\n",
    "proc/pressure/cpu": PRESSURE.format("2.56"),
    f"{THP}/enabled": "always [madvise] never\n",
    f"{THP}/defrag": "always defer defer+madvise [madvise] never\n",
    f"{THP}/hugepages-2048kB/enabled": "always [inherit] madvise never\n",
    f"{THP}/hugepages-64kB/enabled": "always inherit madvise [never]\n",
    "sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages": "20\n",
    "sys/kernel/mm/hugepages/hugepages-2048kB/free_hugepages": "12\n",
    "sys/devices/system/node/online": "0-1\n",
    "sys/devices/system/cpu/online": "0-7\n",
    "sys/devices/system/cpu/cpu0/cache/index3/size": "32768K\n",
    "sys/devices/system/cpu/cpu0/cpufreq/scaling_governor": "performance\n",
    "sys/devices/system/clocksource/clocksource0/current_clocksource": "tsc\n",
    "sys/class/dmi/id/sys_vendor": "QEMU\n",
    "sys/fs/cgroup/user/cpu.max": "max 100000\n",
    "sys/fs/cgroup/user/memory.max": f"{100 * MIB}\n",
    "sys/fs/cgroup/user/memory.current": f"{90 * MIB}\n",
    "sys/fs/cgroup/user/memory.stat": f"anon 5\ninactive_file {2 * MIB}\n",
    "sys/fs/cgroup/user/one/cpu.max": "150000 100000\n",
    "sys/fs/cgroup/user/one/memory.max": "max\n",
}
"""A guest of 16 MiB, in control groups of version 2."""


def fake_machine(root: Path, changes: Mapping[str, str | None] | None = None) -> Path:
    """Write `FILES` below ``root``, some of them changed or left out; ``root``."""
    for name, text in {**FILES, **(changes or {})}.items():
        if text is not None:
            file = root / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, "utf-8")
    packed = root / "proc/config.gz"
    packed.parent.mkdir(exist_ok=True)
    packed.write_bytes(gzip.compress(b"CONFIG_HZ_250=y\nCONFIG_HZ=250\n"))
    return root
