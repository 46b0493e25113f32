"""What a machine is and how it is set, as far as forks, faults and copies depend on it."""

from __future__ import annotations

import gzip
import re
import zlib
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from experiments.measuring.cgroups import CgroupLimits, limits_of
from experiments.measuring.system_files import (
    as_size,
    chosen,
    fields_of,
    kib_as_bytes,
    listed,
    number_in,
    text_of,
)

HUGE_PAGE_KIB = 2048
"""The huge pages that are measured."""


@dataclass(frozen=True)
class Knobs:
    """What is known of a machine; each is None where its file cannot be read.

    Attributes:
        kernel: its release, as ``6.1.0-13-amd64``.
        architecture: as ``x86_64``.
        hz: of the kernel's timer.
        cpu_model: what the processor calls itself.
        l3_bytes: the last-level cache of the first CPU.
        cpus: logical ones that are online.
        affinity: those that this process may use.
        cgroup: what its control groups leave it.
        memory_bytes: of the machine.
        available_bytes: that programs can have now without swapping.
        swap_bytes: of the machine.
        numa_nodes: how many.
        virtual: whether a hypervisor runs below the kernel.
        hypervisor: what it, or the machine, calls itself.
        thp: where transparent huge pages are given: always, madvise, never.
        thp_defrag: what is done for them at a fault.
        folios: for each size of large folios of anonymous memory, in KiB, where they are given.
        hugetlb_total: 2 MiB pages set aside, and those of them that are free.
        hugetlb_free: see above.
        overcommit: 0 is by a guess, 1 always, 2 never.
        numa_balancing: whether pages follow their users.
        clock_source: what clocks are read from.
        governor: of the first CPU's frequency.
        preemption: the kernel's model, as its version says.
        free_areas: of each zone, free blocks of 1, 2, 4 ... pages.
    """

    kernel: str | None
    architecture: str | None
    hz: int | None
    cpu_model: str | None
    l3_bytes: int | None
    cpus: int | None
    affinity: tuple[int, ...] | None
    cgroup: CgroupLimits
    memory_bytes: int | None
    available_bytes: int | None
    swap_bytes: int | None
    numa_nodes: int | None
    virtual: bool | None
    hypervisor: str | None
    thp: str | None
    thp_defrag: str | None
    folios: Mapping[int, str]
    hugetlb_total: int | None
    hugetlb_free: int | None
    overcommit: int | None
    numa_balancing: int | None
    clock_source: str | None
    governor: str | None
    preemption: str | None
    free_areas: Mapping[str, tuple[int, ...]] | None

    def as_dict(self) -> dict[str, Any]:
        """The same as plain data."""
        return asdict(self)

    @property
    def has_huge_pages(self) -> bool:
        """Whether a program that advises so can have transparent huge pages of 2 MiB."""
        own = self.folios.get(HUGE_PAGE_KIB, "inherit")
        return (self.thp if own == "inherit" else own) in ("always", "madvise")

    @property
    def room_bytes(self) -> int | None:
        """Memory that this process can have now, by the machine and by its control groups."""
        known = [
            one for one in (self.available_bytes, self.cgroup.memory_left_bytes) if one is not None
        ]
        return min(known, default=None)


def read_knobs(root: Path = Path("/")) -> Knobs:
    """What the files of /proc and /sys below ``root`` say."""
    kernel, system = root / "proc/sys/kernel", root / "sys/devices/system"
    processor = fields_of(text_of(root / "proc/cpuinfo"))
    memory = fields_of(text_of(root / "proc/meminfo"))
    status = fields_of(text_of(root / "proc/self/status"))
    thp = root / "sys/kernel/mm/transparent_hugepage"
    pool = root / f"sys/kernel/mm/hugepages/hugepages-{HUGE_PAGE_KIB}kB"
    release = text_of(kernel / "osrelease")
    flags = processor.get("flags", processor.get("Features"))
    nodes = listed(text_of(system / "node/online"))
    online = listed(text_of(system / "cpu/online"))
    preemption = re.search(r"PREEMPT\w*", text_of(kernel / "version") or "")
    return Knobs(
        kernel=release,
        architecture=text_of(kernel / "arch"),
        hz=_hz(root, release),
        cpu_model=processor.get("model name", processor.get("CPU part")),
        l3_bytes=as_size(text_of(system / "cpu/cpu0/cache/index3/size")),
        cpus=None if online is None else len(online),
        affinity=listed(status.get("Cpus_allowed_list")),
        cgroup=limits_of(root),
        memory_bytes=kib_as_bytes(memory.get("MemTotal")),
        available_bytes=kib_as_bytes(memory.get("MemAvailable")),
        swap_bytes=kib_as_bytes(memory.get("SwapTotal")),
        numa_nodes=None if nodes is None else len(nodes),
        virtual=None if flags is None else "hypervisor" in flags.split(),
        hypervisor=_hypervisor(root),
        thp=chosen(text_of(thp / "enabled")),
        thp_defrag=chosen(text_of(thp / "defrag")),
        folios=_folios(thp),
        hugetlb_total=number_in(pool / "nr_hugepages"),
        hugetlb_free=number_in(pool / "free_hugepages"),
        overcommit=number_in(root / "proc/sys/vm/overcommit_memory"),
        numa_balancing=number_in(kernel / "numa_balancing"),
        clock_source=text_of(system / "clocksource/clocksource0/current_clocksource"),
        governor=text_of(system / "cpu/cpu0/cpufreq/scaling_governor"),
        preemption=preemption[0] if preemption else None,
        free_areas=_free_areas(text_of(root / "proc/buddyinfo")),
    )


def _hypervisor(root: Path) -> str | None:
    own = text_of(root / "sys/hypervisor/type")
    board = root / "sys/class/dmi/id"
    words = [own, text_of(board / "sys_vendor"), text_of(board / "product_name")]
    return " ".join(word for word in words if word) or None


def _folios(thp: Path) -> dict[int, str]:
    found = {}
    for folder in thp.glob("hugepages-*kB"):
        size = folder.name.removeprefix("hugepages-").removesuffix("kB")
        enabled = chosen(text_of(folder / "enabled"))
        if size.isdecimal() and enabled is not None:
            found[int(size)] = enabled
    return dict(sorted(found.items()))


def _free_areas(text: str | None) -> dict[str, tuple[int, ...]] | None:
    """Lines as ``Node 0, zone   Normal    166    101 ...``."""
    if text is None:
        return None
    found = {}
    for line in text.splitlines():
        words = line.replace(",", " ").split()
        counts = words[4:]
        if words[:1] == ["Node"] and counts and all(count.isdecimal() for count in counts):
            found[f"node {words[1]} {words[3]}"] = tuple(map(int, counts))
    return found


def _hz(root: Path, release: str | None) -> int | None:
    """Of the configuration that the kernel was built with, if it is there."""
    text = text_of(root / f"boot/config-{release}")
    with suppress(OSError, EOFError, zlib.error):
        if text is None:
            packed = (root / "proc/config.gz").read_bytes()
            text = gzip.decompress(packed).decode("utf-8", "replace")
    found = re.search(r"^CONFIG_HZ=(\d+)$", text or "", re.MULTILINE)
    return int(found[1]) if found else None
