"""From a machine's own micro-benchmarks to its profile: every constant with its interval.

What a benchmark does not show is scaled from what it does, by ratios of the profile it is based on.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

from models.calibration.estimates import (
    Estimate,
    Repetitions,
    aged_stock,
    dearest,
    difference,
    freed,
    intercept,
    median_of,
    of_nothing,
    per_page,
    per_unit,
    slope,
    slow_down,
    with_interval,
)
from models.costs.kernels import has_newer_rules
from models.costs.laws import Costs
from models.costs.profile import STATE, Profile
from models.memory.entries import ENTRIES_PER_TABLE
from sim.arrays import FloatArray


@dataclass(frozen=True)
class MeasuredTimes:
    """What a machine's micro-benchmarks took, as far as they were run; times in ns.

    Attributes:
        first_fork: the first fork after pages were filled, by their number; 0 of none.
        next_fork: another fork of the same pages.
        child: from the child's first instruction to the end of waiting for it, by pages.
        unmap: the unmapping of pages.
        fill: the first write of all pages, one after the other.
        huge_fork: a fork of huge pages, the first and others, by their number.
        huge_fill: the first write of huge pages.
        hugetlb_fork: a fork of hugetlb pages.
        pair_first_fork: `first_fork` of two processes at once.
        aged_fork: a first fork of pages that lie as on a machine that has run for long.
        faults: median faults of repetitions, by scenario and order: ``cow_parent/rnd``.
        copies: a copy or a clearing, by what and how: ``copy/4096/cold_seq``.
    """

    first_fork: Repetitions
    next_fork: Repetitions
    child: Repetitions = field(default_factory=dict)
    unmap: Repetitions = field(default_factory=dict)
    fill: Repetitions = field(default_factory=dict)
    huge_fork: Repetitions = field(default_factory=dict)
    huge_fill: Repetitions = field(default_factory=dict)
    hugetlb_fork: Repetitions = field(default_factory=dict)
    pair_first_fork: Repetitions = field(default_factory=dict)
    aged_fork: Repetitions = field(default_factory=dict)
    faults: Mapping[str, FloatArray] = field(default_factory=dict)
    copies: Mapping[str, FloatArray] = field(default_factory=dict)


def profile_document(
    times: MeasuredTimes,
    base: Profile,
    *,
    name: str,
    description: str,
    kernel: str,
    machine: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """The profile that micro-benchmarks give, as its file has it.

    Args:
        times: what was measured.
        base: whose ratios, or constants, stand in for what was not.
        name: its name.
        description: what machine it is.
        kernel: the release that was measured, as in ``6.12``.
        machine: what is known of it, see `models.costs.profile.MachineFacts`.

    Raises:
        ValueError: no first and next fork of any memory was measured.
    """
    scaled = _scaled(times, base, exclusive=has_newer_rules(kernel))
    constants = {**dict(scaled), **dict(_measured(times))}
    stock = with_interval(aged_stock, times.aged_fork, times.first_fork)
    source = "fork_touch.csv: with it the law of scattered frames gives the median fork"
    aged = {} if stock is None else {"movable_stock_frames": _constant(stock, source, "frames")}
    fresh = Estimate(0.0, 0.0, 0.0)
    state = "fresh memory: forks of all sizes take as long a page"
    return {
        "name": name,
        "description": description,
        "kernel": kernel,
        "based_on": base.name,
        **({"machine": dict(machine)} if machine else {}),
        "constants": constants,
        "state": {name: _constant(fresh, state, "frames", "assumed") for name in STATE},
        **({"aged": aged} if aged else {}),
        "contention": {"fork": dict(_contention(times, base))},
    }


def _constant(
    estimate: Estimate, source: str, unit: str = "ns", kind: str = "fitted"
) -> dict[str, Any]:
    value, low, high = (float(f"{one:.6g}") for one in estimate)
    found = {"value": value, "unit": unit, "kind": kind, "source": source}
    return (
        found if kind == "assumed" else {**found, "low": min(low, value), "high": max(high, value)}
    )


_MICRO = "fork_micro.csv"
_PER_UNIT = "least squares of relative errors of medians"
_FAULTS = {
    "fault_copy_cold_ns": "cow_parent/rnd",
    "fault_copy_sequential_ns": "cow_parent/seq",
    "fault_reuse_ns": "reuse_parent_child_gone/rnd",
    "fault_table_reuse_ns": "reuse_parent_child_gone/rnd",
    "fault_zero_fill_ns": "zero4k/rnd",
    "fault_zero_map_ns": "readzero4k/rnd",
    "fault_huge_split_ns": "thp_cow_first4k/seq",
    "fault_huge_reuse_ns": "thp_reuse_child_gone/seq",
}
"""By constant, the scenario whose median it is."""


def _measured(times: MeasuredTimes) -> Iterator[tuple[str, dict[str, Any]]]:
    """The constants that are measured directly."""
    found = {
        "fork_base_ns": (with_interval(of_nothing, times.next_fork), "next forks of no memory"),
        "fork_on_demand_base_ns": (with_interval(of_nothing, times.next_fork), "as fork_base_ns"),
        "exit_base_ns": (with_interval(of_nothing, times.child), "children without memory"),
        "fork_huge_base_ns": (with_interval(intercept, times.huge_fork), "thp, a line: its base"),
        "huge_entry_ns": (with_interval(slope, times.huge_fork), "thp, a line: its slope"),
        "hugetlb_entry_ns": (with_interval(slope, times.hugetlb_fork), "hugetlb, as thp"),
        "fill_page_ns": (with_interval(per_unit, times.fill), f"touch_all_ns, {_PER_UNIT}"),
        "huge_fill_ns": (with_interval(per_unit, times.huge_fill), f"thp, {_PER_UNIT}"),
    }
    for name, (estimate, source) in found.items():
        if estimate is not None:
            yield name, _constant(estimate, f"{_MICRO}: {source}")
    for name, scenario in _FAULTS.items():
        if (estimate := median_of(times.faults.get(scenario))) is not None:
            source = f"fault_latency_percentiles.csv: {scenario}, the median of medians"
            yield name, _constant(estimate, source, kind="measured")
    if (estimate := median_of(times.copies.get("copy/4096/cold_seq"))) is not None:
        source = "copy_bandwidth.csv: copy of 4096 bytes, cold_seq, the median"
        yield "copy_page_ns", _constant(estimate, source, kind="measured")


def _scaled(
    times: MeasuredTimes, base: Profile, *, exclusive: bool
) -> Iterator[tuple[str, dict[str, Any]]]:
    """The parts of what is measured as a whole, divided as they are on the other machine."""
    costs = base.costs
    following = with_interval(per_page, times.next_fork)
    protect = with_interval(difference, times.first_fork, times.next_fork)
    if following is None or protect is None:
        raise ValueError("no first and next fork of any memory")
    copied = costs.entry_copy_ns + costs.table_copy_ns / ENTRIES_PER_TABLE
    if exclusive:
        copied += costs.entry_exclusive_ns
    next_ns = f"{_MICRO}: next forks of 4 KiB pages, {_PER_UNIT}; the part"
    for name in ("entry_copy_ns", "entry_exclusive_ns", "table_copy_ns"):
        part = following.times(getattr(costs, name) / copied)
        yield name, _constant(part, f"{next_ns} that it is of one on {base.name}")
    first_ns = f"{_MICRO}: a first fork beside the next one, {_PER_UNIT}"
    yield "entry_protect_ns", _constant(protect, first_ns)
    entry = following.plus(protect.value)
    yield "table_share_ns", _constant(entry, "as an entry of a first fork", kind="assumed")
    factor = following.value / copied
    like = f"that of {base.name}, times {factor:.3g} as a next fork's entry is"
    for name in _LIKE_ENTRIES:
        scaled = Estimate(*[factor * getattr(costs, name)] * 3)
        yield name, _constant(scaled, like, kind="assumed")
    scattered = with_interval(dearest, times.aged_fork, times.first_fork)
    if scattered is not None:
        source = "fork_touch.csv: the dearest tenth of first forks beside fresh ones"
        yield "entry_scattered_ns", _constant(scattered, source)
        yield "table_scattered_ns", _constant(scattered, "as entry_scattered_ns", kind="assumed")
    if (empty := of_nothing(times.next_fork)) is not None:
        vfork = Estimate(*[costs.vfork_ns * empty / costs.fork_base_ns] * 3)
        yield "vfork_ns", _constant(vfork, f"as fork_base_ns, of {base.name}", kind="assumed")
    gone = with_interval(per_page, times.child)
    if gone is None:
        return
    removed = costs.exit_entry_ns + costs.table_zap_ns / ENTRIES_PER_TABLE
    for name in ("exit_entry_ns", "table_zap_ns"):
        part = gone.times(getattr(costs, name) / removed)
        source = f"{_MICRO}: children's ends, {_PER_UNIT}; the part that it is on {base.name}"
        yield name, _constant(part, source)
    if (page := with_interval(freed, times.unmap, times.child)) is not None:
        yield "page_free_ns", _constant(page, f"{_MICRO}: munmap_ns, less a child's end")


_LIKE_ENTRIES = (
    "entry_zero_ns",
    "entry_scattered_ns",
    "table_scattered_ns",
    "huge_deposit_scattered_ns",
    "slot_protect_ns",
    "struct_page_miss_ns",
    "exit_scan_entry_ns",
    "exit_scan_scattered_ns",
)
"""Constants that are, as an entry's, mostly the access to a struct page."""


def _contention(times: MeasuredTimes, base: Profile) -> Iterator[tuple[str, dict[str, Any]]]:
    """What a fork suffers from another one, and the same part of what it does from others."""
    estimate = with_interval(slow_down, times.pair_first_fork, times.first_fork)
    own = base.contention_weights.get("fork", {})
    for stream, weight in own.items():
        if estimate is None:
            constant = base.contention["fork"][stream].model_dump(exclude_none=True)
            yield stream, {**constant, "kind": "assumed", "source": f"that of {base.name}"}
        elif stream == "fork":
            source = f"{_MICRO}: two at once beside one, {_PER_UNIT}"
            yield stream, _constant(estimate, source, "ratio")
        else:
            part = estimate.times(weight / own["fork"])
            source = f"as fork on fork, the part that it is on {base.name}"
            yield stream, _constant(part, source, "ratio", "assumed")


class Residual(NamedTuple):
    """What a fitted machine takes for a fork beside what was measured.

    Attributes:
        what: ``first`` or ``next``.
        pages: of how much memory.
        measured_ns: the median.
        fitted_ns: as the constants have it.
    """

    what: str
    pages: int
    measured_ns: float
    fitted_ns: float

    @property
    def error(self) -> float:
        """The relative error of the fitted time."""
        return self.fitted_ns / self.measured_ns - 1


def residuals(times: MeasuredTimes, costs: Costs, *, exclusive: bool = True) -> list[Residual]:
    """How far forks of fresh memory are from those that were measured."""
    entry = costs.entry_copy_ns + costs.table_copy_ns / ENTRIES_PER_TABLE
    entry += costs.entry_exclusive_ns if exclusive else 0.0
    found = []
    for what, forks, each in (
        ("first", times.first_fork, entry + costs.entry_protect_ns),
        ("next", times.next_fork, entry),
    ):
        for pages, ns in forks.items():
            fitted = costs.fork_base_ns + pages * each
            found.append(Residual(what, pages, float(np.median(ns)), fitted))
    return found
