"""Which rule of scheduling a machine follows, with the values that kernels give it."""

from __future__ import annotations

from typing import Literal

from models.costs.kernels import release_of
from models.costs.profile import Profile
from sim.machine.scheduling.cfs import Cfs
from sim.machine.scheduling.eevdf import Eevdf
from sim.machine.scheduling.rule import SchedulingRule
from sim.machine.scheduling.wait import Wait

SchedulerName = Literal["cfs", "eevdf", "wait"]
"""The rules, by their names in the YAML."""

TUNED_BY = {"cfs": {"hz"}, "eevdf": {"hz"}, "wait": {"time_slice_ns"}}
"""The constants of a profile that only schedulers know, by rule."""

FIRST_EEVDF = (6, 6)
FIRST_DELAYED_DEQUEUE = (6, 12)
FIRST_SHORTER_SLICE = (6, 15)

MOST_SCALED_CPUS = 8
"""Beyond so many CPUs the kernel's values grow no further."""


def scheduler_of(kernel: str) -> SchedulerName:
    """The rule that a release of Linux follows.

    Args:
        kernel: As in ``6.12``.
    """
    return "cfs" if release_of(kernel) < FIRST_EEVDF else "eevdf"


def scheduling_rule(name: SchedulerName | None, profile: Profile, cores: int) -> SchedulingRule:
    """A rule for a new machine.

    Args:
        name: Which; that of the profile's kernel if it is None. EEVDF beside a kernel that has
            none is that of 6.12.
        profile: Gives the kernel, whose values they are, and the constants in `TUNED_BY`.
        cores: Kernels make the values larger with the logarithm of the CPUs.
    """
    name = name or scheduler_of(profile.kernel)
    if name == "wait":
        return Wait(round(profile.costs.time_slice_ns))
    scale = min(cores, MOST_SCALED_CPUS).bit_length()
    tick_ns = max(round(1e9 / profile.costs.hz), 1)
    if name == "cfs":
        return Cfs(
            latency_ns=6_000_000 * scale,
            granularity_ns=750_000 * scale,
            wakeup_granularity_ns=1_000_000 * scale,
            tick_ns=tick_ns,
        )
    release = release_of(profile.kernel)
    if release < FIRST_EEVDF:
        release = FIRST_DELAYED_DEQUEUE
    return Eevdf(
        slice_ns=(750_000 if release < FIRST_SHORTER_SLICE else 700_000) * scale,
        tick_ns=tick_ns,
        pays_asleep=release >= FIRST_DELAYED_DEQUEUE,
    )
