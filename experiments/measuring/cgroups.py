"""What the control groups of this process leave it: CPU time and memory, versions 1 and 2."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from experiments.measuring.system_files import number_in, text_of

UNLIMITED_BYTES = 2**60
"""Limits of version 1 that are as large mean none."""


@dataclass(frozen=True)
class CgroupLimits:
    """The tightest limits of the groups that this process is in.

    Attributes:
        cpu_max: CPUs' worth of time; None is no limit, or not known.
        memory_max_bytes: the same.
        memory_left_bytes: of the group with the least left; files' pages that can be dropped
            count as left.
    """

    cpu_max: float | None
    memory_max_bytes: int | None
    memory_left_bytes: int | None


def limits_of(root: Path) -> CgroupLimits:
    """The limits, as the files below ``root`` say."""
    cpus = [share for folder in _folders(root, "cpu") if (share := _cpus(folder)) is not None]
    limits = []
    lefts = []
    for folder in _folders(root, "memory"):
        most = _either(folder, "memory.max", "memory.limit_in_bytes")
        if most is None or most >= UNLIMITED_BYTES:
            continue
        used = _either(folder, "memory.current", "memory.usage_in_bytes") or 0
        limits.append(most)
        lefts.append(max(most - used + _droppable(folder), 0))
    return CgroupLimits(
        min(cpus, default=None), min(limits, default=None), min(lefts, default=None)
    )


def _folders(root: Path, controller: str) -> Iterator[Path]:
    """The folders of this process's group and those above it, in either version."""
    mounts = root / "sys/fs/cgroup"
    for line in (text_of(root / "proc/self/cgroup") or "").splitlines():
        number, _, rest = line.partition(":")
        names, _, path = rest.partition(":")
        if number == "0" and not names:
            tops = [mounts, mounts / "unified"]
        elif controller in names.split(","):
            tops = [mounts / names, mounts / controller]
        else:
            continue
        for top in tops:
            own = top / path.lstrip("/")
            while own != top and top in own.parents:
                yield own
                own = own.parent
            yield top


def _cpus(folder: Path) -> float | None:
    words = (text_of(folder / "cpu.max") or "").split()
    if len(words) == 2 and all(word.isdecimal() for word in words):
        return int(words[0]) / int(words[1])
    quota, period = number_in(folder / "cpu.cfs_quota_us"), number_in(folder / "cpu.cfs_period_us")
    return quota / period if quota and quota > 0 and period else None


def _either(folder: Path, *names: str) -> int | None:
    return next((n for name in names if (n := number_in(folder / name)) is not None), None)


def _droppable(folder: Path) -> int:
    """Bytes of files' pages that have not been used lately."""
    for line in (text_of(folder / "memory.stat") or "").splitlines():
        name, _, value = line.partition(" ")
        if name == "inactive_file" and value.isdecimal():
            return int(value)
    return 0
