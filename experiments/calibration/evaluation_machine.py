"""The machine of the On-demand-fork evaluation, fitted to its micro-benchmarks."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from experiments.calibration.concurrent_forks import ConcurrentForks
from experiments.calibration.published_curves import curves
from models.calibration.fits import Fit, fit_contention, fit_fork_curves, heap_of_snapshots
from models.calibration.paper import calibrated_profile
from models.costs.profile import Profile
from results.paper.reference import published
from sim.arrays import FloatArray
from workloads.running.pages import PAGE_BYTES

Measure: TypeAlias = Callable[[Mapping[str, float]], FloatArray]
"""Parameters of a fit to the curve that they give, in ns at each size."""

NAME = "epyc-7302p-linux-5.6"
DESCRIPTION = "AMD EPYC 7302P, 16 cores, Linux 5.6.19: the machine of the On-demand-fork evaluation"
KERNEL = "5.6"
HEAP_BYTES = 996 * 2**20
"""The data set of table 4's Redis."""


@dataclass(frozen=True)
class Calibration:
    """A machine, and the fits that it comes from.

    Attributes:
        profile: the machine.
        fork: the fit to the curves of figure 7.
        contention: the fit to the concurrent curve of figure 2.
    """

    profile: Profile
    fork: Fit
    contention: Fit


def fitted(watched: Callable[[Measure, FloatArray], Measure]) -> Calibration:
    """The machine that the published curves give; takes minutes.

    Args:
        watched: is given the simulation of figure 2 and its published curve in ns, and returns
            what to call in its place.
    """
    fork = fit_fork_curves(*curves("fig07"))
    draft = profile_of(fork, Fit({"fork": 0, "fill": 0, "zap": 0, "fill_jitter": 0}, {}, {}))
    concurrent = curves("fig02")[1]["fork/concurrent3"]
    contention = fit_contention(watched(ConcurrentForks(draft), concurrent), concurrent)
    return Calibration(profile_of(fork, contention), fork, contention)


def profile_of(fork: Fit, contention: Fit) -> Profile:
    """The machine that fits to figures 7 and 2 give."""
    faults = {
        scheme: published.values("table1")[f"{scheme}/mean"] for scheme in ("fork", "fork_huge")
    }
    return calibrated_profile(
        NAME, DESCRIPTION, KERNEL, fork=fork, contention=contention, fault_ms=faults
    )


def table4_heap(profile: Profile) -> Fit:
    """How table 4's heap lies and is used, from the Fork snapshots of table 5."""
    forks = published.values("table5")
    heap = heap_of_snapshots(
        profile.costs,
        HEAP_BYTES // PAGE_BYTES,
        forks["fork/mean"] * 1e6,
        forks["fork/std"] * 1e6,
    )
    values = {"table4 heap: scattered": heap.scattered, "table4 heap: written": heap.written}
    return Fit(values, {}, {})
