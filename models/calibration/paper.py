"""From fitted parameters to a whole machine profile: every constant with its source.

The micro-benchmarks of the paper do not show every constant of the cost model. The others are
scaled from those that they do show, by ratios measured on another machine. Ratios carry over where
times do not.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources

from models.calibration.fits import PAGES_PER_GIB, Fit
from models.costs.profile import Constant, Profile, default_constants
from models.memory.entries import ENTRIES_PER_TABLE

MEDIANS = "measured_medians.csv"
"""The medians: an AMD EPYC (Zen 3) guest under Linux 6.18."""

STRUCT_PAGE_LOAD = 0.6338
"""Share of the first load of struct page in copy_one_pte (figure 3)."""


def measured_medians() -> dict[str, float]:
    """The medians measured on another machine, by name."""
    text = (resources.files("models.calibration") / MEDIANS).read_text("utf-8")
    return {row["name"]: float(row["median"]) for row in csv.DictReader(text.splitlines())}


STRUCT_PAGE_WORK = STRUCT_PAGE_LOAD + 0.1388 + 0.1527 + 0.0057
"""With the two atomics and the read between them (figure 3): the rest is the entry alone."""


@dataclass(frozen=True)
class TableCost:
    """What a pass over tables takes, so divided that a full table takes what it did (ns).

    Attributes:
        table_ns: for a table, whatever it holds ...
        entry_ns: ... and for each of its entries.
    """

    table_ns: float
    entry_ns: float

    @classmethod
    def of_full_tables(cls, per_entry_ns: float, one: float, full: float) -> TableCost:
        """Of what a full table takes per entry, by what tables of one and of 512 pages took."""
        each = (full - one) / (ENTRIES_PER_TABLE - 1)
        entries = (one - each) / each  # so many entries is a table worth
        entry_ns = per_entry_ns / (1 + entries / ENTRIES_PER_TABLE)
        return cls(entries * entry_ns, entry_ns)


def struct_page_misses_ns(fork: Mapping[str, float]) -> tuple[float, float]:
    """The least and the most that finding a struct page in cache can save a fault (ns).

    The load is 63.38 % of the work on an entry (figure 3). Copying pages one after the other reads
    neighbouring struct pages: if the copying in between leaves them prefetched, the load is that of
    an entry in a contiguous run; if not, that of a scattered one.
    """
    least = STRUCT_PAGE_LOAD * fork["entry_ns"]
    return least, least + STRUCT_PAGE_LOAD * fork["scattered_ns"]


def calibrated_profile(
    name: str,
    description: str,
    kernel: str,
    *,
    fork: Fit,
    contention: Fit,
    fault_ms: Mapping[str, float],
) -> Profile:
    """The profile that the fits and table 1's faults (``fork``, ``fork_huge``) give."""
    fitted = {
        parameter: (value, f"figure 7, fit: +- {fork.half_widths[parameter]:.3g} (95 %)")
        for parameter, value in fork.values.items()
    }
    entry_ns, entry_source = fitted["entry_ns"]
    scattered_ns, scattered_source = fitted["scattered_ns"]
    assumed = default_constants()
    measured = measured_medians()
    copy_ns = entry_ns / (measured["first_fork"] / measured["next_fork"])
    copied = TableCost.of_full_tables(
        copy_ns, measured["table_at_fork"], measured["full_table_at_fork"]
    )
    exit_ns = copy_ns * (measured["child_exit"] / measured["next_fork"])
    zapped = TableCost.of_full_tables(
        exit_ns, measured["table_at_exit"], measured["full_table_at_exit"]
    )
    unmap_ns = measured["unmap"] / measured["first_fork"] * entry_ns
    fault_ns, huge_fault_ns = fault_ms["fork"] * 1e6, fault_ms["fork_huge"] * 1e6
    # Of a fault on a huge page, what is left for copying beside what one takes beyond clearing.
    measured_copy_ns = measured["copy_2mib"] / ENTRIES_PER_TABLE
    around_ns = measured["fault_huge_fill"] * 1e3 - measured["clear_2mib"]
    huge_copy_ns = huge_fault_ns * measured["copy_2mib"] / (measured["copy_2mib"] + around_ns)
    fill_ns = entry_ns * (measured["fill_up_to_1gib"] / measured["first_fork_up_to_1gib"])
    least_ns = fill_ns * measured["fault_copy"] / measured["fault_zero_fill"]
    most_ns = fault_ns * measured["sequential_fault_copy"] / measured["first_fault_copy"]
    gib_ms = unmap_ns * PAGES_PER_GIB / 1e6

    def ns(value: float, kind: str, source: str) -> Constant:
        return _constant(value, "ns", kind, source)

    def like_fault(name: str) -> Constant:
        """A fault that is to table 1's as its median is to that of a copying fault."""
        ratio = measured[name] / measured["fault_copy"]
        return scaled(fault_ns * ratio, "table 1, fork", "fault_latency_percentiles.csv")

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
        "table_copy_ns": ns(
            copied.table_ns,
            "assumed",
            f"of {copy_ns:.4g} ns an entry in full tables, the part that a table takes whatever it "
            "holds: tables of one page against full ones, measured as sparse_fork.c does",
        ),
        "table_zap_ns": ns(
            zapped.table_ns, "assumed", f"the same of {exit_ns:.4g} ns an entry at a child's exit"
        ),
        "entry_zero_ns": ns(
            entry_ns * (1 - STRUCT_PAGE_WORK),
            "assumed",
            f"figure 3: {STRUCT_PAGE_WORK:.2%} of the work on an entry is on its struct page",
        ),
        "entry_copy_ns": ns(
            copied.entry_ns,
            "fitted",
            f"{entry_source}; of {entry_ns:.4g} ns for an entry that must be write-protected, what "
            "is left for one that is (first against next fork in fork_micro.csv), less its share "
            "of table_copy_ns",
        ),
        "entry_protect_ns": ns(
            entry_ns - copy_ns, "fitted", "the rest of figure 7's entry, see entry_copy_ns"
        ),
        "entry_scattered_ns": ns(scattered_ns, "fitted", scattered_source),
        "entry_exclusive_ns": assumed["entry_exclusive_ns"],
        **{
            name: constant.model_copy(update={"kind": "measured"})
            for name, constant in assumed.items()
            if name.startswith("folio_")
        },
        "huge_entry_ns": ns(fitted["huge_entry_ns"][0], "fitted", fitted["huge_entry_ns"][1]),
        "huge_deposit_scattered_ns": ns(
            fitted["huge_deposit_scattered_ns"][0],
            "fitted",
            fitted["huge_deposit_scattered_ns"][1],
        ),
        "hugetlb_entry_ns": scaled(
            fitted["huge_entry_ns"][0] * (measured["hugetlb_fork"] / measured["huge_fork"]),
            "huge_entry_ns",
            "fork_micro.csv",
        ),
        "slot_protect_ns": scaled(
            copy_ns * (measured["async_fork_table"] / measured["async_machine_next_fork"]),
            "the next fork of a page",
            "measured_medians.csv: a table of an Async-fork on a Xeon under Linux 6.6",
        ),
        "vfork_ns": scaled(
            fitted["fork_base_ns"][0] * (measured["vfork_and_exit"] / measured["fork_call"]),
            "fork_base_ns",
            "measured_medians.csv",
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
        "fault_copy_sequential_ns": ns(
            (least_ns * most_ns) ** 0.5,
            "assumed",
            f"the middle (geometric) between {least_ns:.0f} (fill_page_ns, scaled by a copying "
            f"fault against a zero fill, both in a loop) and {most_ns:.0f} (table 1, fork, scaled "
            "by faults page after page against the first one)",
        ),
        "struct_page_miss_ns": ns(
            sum(struct_page_misses_ns(fork.values)) / 2,
            "assumed",
            "the middle between {:.4g} (figure 3's share of an entry whose struct page was "
            "prefetched) and {:.4g} (of one that lies scattered)".format(
                *struct_page_misses_ns(fork.values)
            ),
        ),
        "fault_reuse_ns": like_fault("fault_reuse"),
        "fault_zero_fill_ns": like_fault("fault_zero_fill"),
        "fault_zero_map_ns": like_fault("fault_zero_map"),
        "fault_table_reuse_ns": ns(
            like_fault("fault_reuse").value,
            "assumed",
            "as fault_reuse_ns: an exception and one entry set",
        ),
        "fault_huge_copy_ns": ns(huge_fault_ns, "measured", "table 1, fork with huge pages"),
        "fault_huge_reuse_ns": like_fault("fault_huge_reuse"),
        "fault_huge_split_ns": like_fault("fault_huge_split"),
        "tlb_flush_ns": assumed["tlb_flush_ns"],
        "tlb_shootdown_ns": assumed["tlb_shootdown_ns"],
        "exit_base_ns": scaled(
            fitted["fork_base_ns"][0] * (measured["empty_exit"] / measured["empty_fork"]),
            "fork_base_ns",
            "fork_micro.csv, size 0",
        ),
        "exit_entry_ns": scaled(
            zapped.entry_ns, "entry_copy_ns", "fork_micro.csv, less its share of table_zap_ns"
        ),
        "exit_scan_entry_ns": ns(
            copy_ns * STRUCT_PAGE_LOAD - zapped.table_ns / ENTRIES_PER_TABLE,
            "assumed",
            "figure 3: the load of struct page is 63.38 % of the work on an entry; less its share "
            "of table_zap_ns",
        ),
        "exit_scan_scattered_ns": ns(
            scattered_ns * STRUCT_PAGE_LOAD, "assumed", "the same share of entry_scattered_ns"
        ),
        "page_free_ns": scaled(
            unmap_ns - exit_ns, f"an unmap of {gib_ms:.0f} ms a GiB", "fork_micro.csv"
        ),
        "fill_page_ns": scaled(
            fill_ns,
            "the first fork of a page",
            "fork_micro.csv",
        ),
        "copy_page_ns": scaled(
            huge_copy_ns / ENTRIES_PER_TABLE * (measured["memcpy_page"] * 1e3 / measured_copy_ns),
            "table 1, fork with huge pages, the part that copies",
            "copy_bandwidth.csv",
        ),
        "huge_fill_ns": scaled(
            huge_fault_ns * (measured["clear_2mib"] / measured["copy_2mib"]),
            "table 1, fork with huge pages",
            "copy_bandwidth.csv",
        ),
        "fill_jitter": _constant(
            contention.values["fill_jitter"], "ratio", "fitted", "figure 2, concurrent"
        ),
        "context_switch_ns": assumed["context_switch_ns"],
        "time_slice_ns": assumed["time_slice_ns"],
        "hz": assumed["hz"],
    }
    weights = {
        stream: _constant(contention.values[stream], "ratio", "fitted", "figure 2, concurrent")
        for stream in ("fork", "fill", "zap")
    }
    return Profile(
        name=name,
        description=description,
        kernel=kernel,
        constants=constants,
        contention={"fork": weights},
    )


def fitted_frames(
    fitted: Mapping[str, tuple[float, str]], parameter: str
) -> tuple[float, str, str, str]:
    """A fitted number of frames as the arguments of a constant."""
    value, source = fitted[parameter]
    return value, "frames", "fitted", source


def _constant(value: float, unit: str, kind: str, source: str) -> Constant:
    return Constant.model_validate({"value": value, "unit": unit, "kind": kind, "source": source})
