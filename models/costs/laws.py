"""What operations on memory cost: the laws, on constants that a machine profile gives.

Times are nanoseconds. Every operation is priced by one call here and rounded once (half to even).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TypeVar

import numpy as np

from models.memory.entries import ENTRIES_PER_TABLE
from sim.arrays import FloatArray

Amount = TypeVar("Amount", float, FloatArray)

DEFAULT = "default"
"""Key of a constant's metadata: an `AssumedValue` for profiles that do not give it."""


@dataclass(frozen=True)
class AssumedValue:
    """What a constant is taken to be where a profile does not say.

    Attributes:
        value: In the constant's unit.
        source: Whose number it is, or what it is scaled from.
    """

    value: float
    source: str


def assumed(value: float, source: str) -> float:
    """A constant of `Costs` that profiles may leave out.

    So a constant that is new in this version does not break the profiles that people have.
    """
    default: float = field(default=value, metadata={DEFAULT: AssumedValue(value, source)})
    return default


FOLIOS = "Hildenbrand, fork() with PTE-mapped THP, 2024-01-22: 1 GiB on a Xeon 4210R"


@dataclass(frozen=True, kw_only=True)
class Costs:
    """The constants of a machine, nanoseconds unless named otherwise.

    Those with an `assumed` value may be left out of a profile.

    Attributes:
        fork_base_ns: Fork of an empty address space, classic.
        fork_huge_base_ns: The same of one with huge pages.
        fork_on_demand_base_ns: The same of On-demand-fork.
        table_copy_ns: A table at fork, or at its copy, whatever it holds: allocated, cleared, its
            512 entries looked at.
        table_zap_ns: The same when entries are removed or a left table is read: looked at, freed.
        entry_zero_ns: Copying or removing an entry of the zero page, which has no struct page.
        entry_copy_ns: Copying a present, already write-protected entry (at fork, table copy).
        entry_protect_ns: Extra for an entry that must be write-protected.
        entry_scattered_ns: Extra for an entry whose frame is scattered.
        entry_exclusive_ns: Extra at a fork of Linux 6.x: testing and clearing PageAnonExclusive.
        folio_16k_ratio: What copying an entry takes in folios of 16 KiB, of what it takes without.
        folio_64k_ratio: The same of 64 KiB.
        folio_2m_ratio: The same of 2 MiB.
        huge_entry_ns: Copying (or removing) the entry of a huge page.
        huge_deposit_scattered_ns: Extra at fork if the child's deposited table lies scattered.
        hugetlb_entry_ns: Copying the entry of a hugetlb page.
        slot_protect_ns: Taking the write permission of a slot, its table untouched.
        vfork_ns: How long a vfork keeps the parent whose child exits at once.
        table_share_ns: Sharing a PTE table at fork.
        table_scattered_ns: Extra if the table's frame is scattered.
        movable_stock_frames: Scattered frames in the allocator's stock for data (frames).
        unmovable_stock_frames: The same for page tables (frames).
        fault_copy_cold_ns: A fault that copies a page, nothing of it in cache.
        fault_copy_sequential_ns: The same right after that of the page before it.
        struct_page_miss_ns: What such a fault saves if the page's struct page is in cache because
            the table above it has just been copied.
        fault_reuse_ns: A fault that makes an entry writable.
        fault_zero_fill_ns: A fault that maps a zeroed page.
        fault_zero_map_ns: A fault that maps the zero page.
        fault_table_reuse_ns: Extra if the fault makes a table's slot writable again.
        fault_huge_copy_ns: A fault that copies 2 MiB.
        fault_huge_reuse_ns: A fault that makes a huge entry writable.
        fault_huge_split_ns: A fault that splits a huge page and copies 4 KiB; also what it takes to
            split one of which a part is unmapped, protected or moved (the copy is little of it).
        tlb_flush_ns: Flushing a core's own TLB.
        tlb_shootdown_ns: Having another core flush: an interrupt and its answer.
        exit_base_ns: Tearing down an empty address space.
        exit_entry_ns: Removing a present entry (with its atomics).
        exit_scan_entry_ns: Reading an entry of a shared table that is left.
        exit_scan_scattered_ns: Extra if its frame is scattered.
        page_free_ns: Freeing a page.
        copy_page_ns: A program's copy of 4 KiB in a long memcpy, nothing of it in cache.
        fill_page_ns: First write of a page in a sequential fill, fault included.
        huge_fill_ns: First write of a huge page, fault included.
        fill_jitter: Relative standard deviation of the time of a fill (ratio).
        context_switch_ns: Switching a core to another task.
        time_slice_ns: How long a task runs while others wait, where the scheduler is `wait`.
        hz: Timer interrupts a second, at which `cfs` and `eevdf` end turns (Hz).
    """

    fork_base_ns: float
    fork_huge_base_ns: float
    fork_on_demand_base_ns: float
    table_copy_ns: float = assumed(0.0, "counted with the entries of a full table")
    table_zap_ns: float = assumed(0.0, "counted with the entries of a full table")
    entry_zero_ns: float = assumed(
        1.3,
        "figure 3: 93.1 % of the work on an entry is on its struct page; of 19 ns (EPYC 7302P)",
    )
    entry_copy_ns: float
    entry_protect_ns: float
    entry_scattered_ns: float
    entry_exclusive_ns: float = assumed(
        5.5,
        "a locked instruction on a line in cache: 18 cycles of a Zen 2 core at 3.3 GHz",
    )
    folio_16k_ratio: float = assumed(
        0.93,
        FOLIOS,
    )
    folio_64k_ratio: float = assumed(
        0.84,
        FOLIOS,
    )
    folio_2m_ratio: float = assumed(
        0.80,
        FOLIOS,
    )
    huge_entry_ns: float
    huge_deposit_scattered_ns: float
    hugetlb_entry_ns: float
    slot_protect_ns: float
    vfork_ns: float
    table_share_ns: float
    table_scattered_ns: float
    movable_stock_frames: float
    unmovable_stock_frames: float
    fault_copy_cold_ns: float
    fault_copy_sequential_ns: float
    struct_page_miss_ns: float
    fault_reuse_ns: float
    fault_zero_fill_ns: float
    fault_zero_map_ns: float
    fault_table_reuse_ns: float
    fault_huge_copy_ns: float
    fault_huge_reuse_ns: float
    fault_huge_split_ns: float
    tlb_flush_ns: float = assumed(
        300.0,
        "a write of CR3 and the first misses after it: 0.1 to 0.5 us",
    )
    tlb_shootdown_ns: float = assumed(
        1500.0,
        "an inter-processor interrupt and its answer: 1 to 3 us (Amit, USENIX ATC '17; LATR, "
        "ASPLOS '18)",
    )
    exit_base_ns: float
    exit_entry_ns: float
    exit_scan_entry_ns: float
    exit_scan_scattered_ns: float
    page_free_ns: float
    copy_page_ns: float
    fill_page_ns: float
    huge_fill_ns: float
    fill_jitter: float
    context_switch_ns: float = assumed(
        2000.0,
        "lmbench's lat_ctx with small processes: 1 to 3 us on x86 servers",
    )
    time_slice_ns: float = assumed(
        3e6,
        "sched_min_granularity of Linux 5.6 with 8 cores or more",
    )
    hz: float = assumed(
        250.0,
        "CONFIG_HZ of the kernels of Debian and Ubuntu",
    )

    def fork_ns(self, tables_ns: float) -> int:
        """A classic fork that copies tables for so long (`tables_ns`)."""
        return round(self.fork_base_ns + tables_ns)

    def fork_huge_ns(self, tables_ns: float, *, huge: int, scattered_deposits: int) -> int:
        """A fork of `huge` huge pages, and of tables beside them.

        For each huge page the child gets a table in reserve (the deposit that a later split uses);
        `scattered_deposits` of these frames lie scattered.
        """
        return round(
            self.fork_huge_base_ns
            + huge * self.huge_entry_ns
            + scattered_deposits * self.huge_deposit_scattered_ns
            + tables_ns
        )

    def fork_hugetlb_ns(self, tables_ns: float, *, huge: int) -> int:
        """A fork of `huge` hugetlb pages, and of tables beside them."""
        return round(self.fork_huge_base_ns + huge * self.hugetlb_entry_ns + tables_ns)

    def folio_factor(self, pages: int) -> float:
        """What copying an entry takes in folios of `pages`, of what it takes without (5).

        Between the sizes that were measured it follows the logarithm of the size.
        """
        sizes = np.log2([1, 4, 16, ENTRIES_PER_TABLE])
        ratios = [1.0, self.folio_16k_ratio, self.folio_64k_ratio, self.folio_2m_ratio]
        return float(np.interp(np.log2(pages), sizes, ratios))

    def fork_on_demand_ns(self, *, tables: int, scattered_tables: int) -> int:
        """An On-demand-fork that shares `tables`, some of which lie scattered."""
        return round(
            self.fork_on_demand_base_ns
            + tables * self.table_share_ns
            + scattered_tables * self.table_scattered_ns
        )

    def tables_ns(
        self, *, tables: Amount, present: Amount, zero: Amount, writable: Amount, scattered: Amount
    ) -> Amount:
        """Copying tables (at fork, or one at a fault), whole or in part; not rounded.

        Args:
            tables: How many.
            present: Their present entries.
            zero: Those of them that map the zero page.
            writable: Those that must be write-protected.
            scattered: Those whose frame is scattered.
        """
        return (
            tables * self.table_copy_ns
            + (present - zero) * self.entry_copy_ns
            + zero * self.entry_zero_ns
            + writable * self.entry_protect_ns
            + scattered * self.entry_scattered_ns
        )

    def scan_ns(
        self, *, tables: Amount, present: Amount, zero: Amount, scattered: Amount
    ) -> Amount:
        """Reading shared tables and their struct pages; not rounded. Arguments as `tables_ns`."""
        return (
            tables * self.table_zap_ns
            + (present - zero) * self.exit_scan_entry_ns
            + zero * self.entry_zero_ns
            + scattered * self.exit_scan_scattered_ns
        )

    def zap_ns(self, *, tables: float, present: int, zero: int, scattered: int) -> float:
        """Removing entries; not rounded. Arguments as `tables_ns`; of a table perhaps a part."""
        return (
            tables * self.table_zap_ns
            + (present - zero) * self.exit_entry_ns
            + zero * self.entry_zero_ns
            + scattered * self.entry_scattered_ns
        )

    def release_ns(self, *, left: int, huge: int, freed: int) -> float:
        """Leaving and freeing what entries of tables do not show; not rounded.

        Args:
            left: Shared tables left to the other sharers unread.
            huge: Huge pages unmapped.
            freed: Pages freed; a huge page counts as one.
        """
        return left * self.table_share_ns + huge * self.huge_entry_ns + freed * self.page_free_ns

    def fill_ns(self, *, pages: int, huge: int = 0) -> int:
        """First write of pages and huge pages, one after the other."""
        return round(pages * self.fill_page_ns + huge * self.huge_fill_ns)
