"""From fitted parameters to a whole machine profile: every constant with its source.

The micro-benchmarks of the paper do not show every constant of the cost model. The others are
scaled from those that they do show, by ratios measured on another machine (``measurements`` of the
project's shared material: a Zen 3 guest under Linux 6.18). Ratios carry over where times do not.
"""

from __future__ import annotations

from collections.abc import Mapping

from models.calibration import PAGES_PER_GIB, Fit
from models.profile import Constant, Profile

FIRST_FORK = 94 / 81
"""First fork after a fill over the next one: ns a page in fork_micro.csv, mode 4k."""
CHILD_EXIT = 80 / 81
"""Exit of a classic child over a fork of written-once memory (fork_micro.csv, 4k)."""
UNMAP = 355 / 94
"""Unmapping owned memory over its first fork (fork_micro.csv, 4k, munmap_ns)."""
FILL = 2700 / 95
"""Filling fresh memory over its first fork (fork_micro.csv, 4k up to 1 GiB, touch_all_ns)."""
EMPTY_EXIT = 97.0 / 71.6
"""Exit and wait over fork of a process without data (fork_micro.csv, 4k, size 0)."""
FAULT_COPY_US = 3.2
FAULT_REUSE = 1.5 / FAULT_COPY_US
FAULT_ZERO_FILL = 2.8 / FAULT_COPY_US
FAULT_ZERO_MAP = 1.08 / FAULT_COPY_US
FAULT_HUGE_REUSE = 1.17 / FAULT_COPY_US
"""Median faults over one that copies a page, microseconds in fault_latency_percentiles.csv."""
CLEAR_2MIB = 172_846 / 287_842
"""Clearing over copying 2 MiB, cold random (copy_bandwidth.csv, one thread)."""
STRUCT_PAGE_LOAD = 0.6338
"""Share of the first load of struct page in copy_one_pte (figure 3)."""
SEQUENTIAL_COPY_NS = 750.0
"""A copying fault in a sequential write of 512 MB after a classic fork (DESIGN 5)."""


def calibrated_profile(
    name: str, description: str, fork: Fit, contention: Fit, fault_ms: Mapping[str, float]
) -> Profile:
    """The profile that the fits and table 1's faults (``fork``, ``fork_huge``) give."""
    fitted = {
        parameter: (value, f"figure 7, fit: +- {fork.half_widths[parameter]:.3g} (95 %)")
        for parameter, value in fork.values.items()
    }
    entry_ns, entry_source = fitted["entry_ns"]
    scattered_ns, scattered_source = fitted["scattered_ns"]
    copy_ns = entry_ns / FIRST_FORK
    exit_ns = copy_ns * CHILD_EXIT
    fault_ns, huge_fault_ns = fault_ms["fork"] * 1e6, fault_ms["fork_huge"] * 1e6
    gib_ms = UNMAP * entry_ns * PAGES_PER_GIB / 1e6

    def ns(value: float, kind: str, source: str) -> Constant:
        return _constant(value, "ns", kind, source)

    def scaled(value: float, of: str, measured: str) -> Constant:
        return ns(value, "assumed", f"{of}, scaled by the ratio measured in {measured}")

    constants = {
        "fork_base_ns": ns(fitted["fork_base_ns"][0], "fitted", fitted["fork_base_ns"][1]),
        "fork_huge_base_ns": ns(
            fitted["fork_huge_base_ns"][0], "fitted", fitted["fork_huge_base_ns"][1]
        ),
        "fork_on_demand_base_ns": ns(
            fitted["fork_base_ns"][0], "fitted", "the same parameter as fork_base_ns"
        ),
        "entry_copy_ns": ns(
            copy_ns,
            "fitted",
            f"{entry_source}; of {entry_ns:.4g} ns for an entry that must be write-protected, what "
            "is left for one that is: first against next fork in fork_micro.csv",
        ),
        "entry_protect_ns": ns(entry_ns - copy_ns, "fitted", "the rest, see entry_copy_ns"),
        "entry_scattered_ns": ns(scattered_ns, "fitted", scattered_source),
        "huge_entry_ns": ns(fitted["huge_entry_ns"][0], "fitted", fitted["huge_entry_ns"][1]),
        "huge_deposit_scattered_ns": ns(
            fitted["huge_deposit_scattered_ns"][0],
            "fitted",
            fitted["huge_deposit_scattered_ns"][1],
        ),
        "table_share_ns": ns(
            entry_ns, "fitted", "one struct page a table: the same parameter as an entry's"
        ),
        "table_scattered_ns": ns(
            scattered_ns, "fitted", "the same parameter as entry_scattered_ns"
        ),
        "movable_stock_frames": _constant(*fitted_frames(fitted, "movable_stock_frames")),
        "unmovable_stock_frames": _constant(*fitted_frames(fitted, "unmovable_stock_frames")),
        "fault_copy_cold_ns": ns(fault_ns, "measured", "table 1, fork"),
        "fault_copy_warm_ns": ns(
            SEQUENTIAL_COPY_NS, "measured", "sequential writes of 512 MB after a classic fork"
        ),
        "fault_reuse_ns": scaled(
            fault_ns * FAULT_REUSE, "table 1, fork", "fault_latency_percentiles.csv"
        ),
        "fault_zero_fill_ns": scaled(
            fault_ns * FAULT_ZERO_FILL, "table 1, fork", "fault_latency_percentiles.csv"
        ),
        "fault_zero_map_ns": scaled(
            fault_ns * FAULT_ZERO_MAP, "table 1, fork", "fault_latency_percentiles.csv"
        ),
        "fault_table_reuse_ns": ns(
            fault_ns * FAULT_REUSE, "assumed", "as fault_reuse_ns: an exception and one entry set"
        ),
        "fault_huge_copy_ns": ns(huge_fault_ns, "measured", "table 1, fork with huge pages"),
        "fault_huge_reuse_ns": scaled(
            fault_ns * FAULT_HUGE_REUSE, "table 1, fork", "fault_latency_percentiles.csv"
        ),
        "exit_base_ns": scaled(
            fitted["fork_base_ns"][0] * EMPTY_EXIT, "fork_base_ns", "fork_micro.csv, size 0"
        ),
        "exit_entry_ns": scaled(exit_ns, "entry_copy_ns", "fork_micro.csv"),
        "exit_scan_entry_ns": ns(
            copy_ns * STRUCT_PAGE_LOAD,
            "assumed",
            "figure 3: the load of struct page is 63.38 % of the work on an entry",
        ),
        "exit_scan_scattered_ns": ns(
            scattered_ns * STRUCT_PAGE_LOAD, "assumed", "the same share of entry_scattered_ns"
        ),
        "page_free_ns": scaled(
            UNMAP * entry_ns - exit_ns, f"an unmap of {gib_ms:.0f} ms a GiB", "fork_micro.csv"
        ),
        "fill_page_ns": scaled(entry_ns * FILL, "the first fork of a page", "fork_micro.csv"),
        "huge_fill_ns": scaled(
            huge_fault_ns * CLEAR_2MIB, "table 1, fork with huge pages", "copy_bandwidth.csv"
        ),
        "fill_jitter": _constant(
            contention.values["fill_jitter"], "ratio", "fitted", "figure 2, concurrent"
        ),
        "context_switch_ns": ns(2000.0, "assumed", "the usual figure for x86 servers"),
        "time_slice_ns": ns(
            3e6, "assumed", "sched_min_granularity of Linux 5.6 with 8 cores or more"
        ),
    }
    weights = {
        stream: _constant(contention.values[stream], "ratio", "fitted", "figure 2, concurrent")
        for stream in ("fork", "fill", "zap")
    }
    return Profile(
        name=name, description=description, constants=constants, contention={"fork": weights}
    )


def fitted_frames(
    fitted: Mapping[str, tuple[float, str]], parameter: str
) -> tuple[float, str, str, str]:
    """A fitted number of frames as the arguments of a constant."""
    value, source = fitted[parameter]
    return value, "frames", "fitted", source


def _constant(value: float, unit: str, kind: str, source: str) -> Constant:
    return Constant.model_validate({"value": value, "unit": unit, "kind": kind, "source": source})
