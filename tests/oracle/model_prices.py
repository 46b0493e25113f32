"""A test machine: round, distinct prices, so that a wrong count shows in the sum."""

from models.costs.laws import Costs
from models.memory.physical import PhysicalMemory

PRICES = {
    "fork_base_ns": 100_000.0,
    "fork_huge_base_ns": 110_000.0,
    "fork_on_demand_base_ns": 90_000.0,
    "table_copy_ns": 300.0,
    "table_zap_ns": 512.0,
    "entry_zero_ns": 4.0,
    "entry_copy_ns": 20.0,
    "entry_protect_ns": 3.0,
    "entry_scattered_ns": 50.0,
    "entry_exclusive_ns": 5.0,
    "folio_16k_ratio": 0.9,
    "folio_64k_ratio": 0.8,
    "folio_2m_ratio": 0.75,
    "hugetlb_entry_ns": 40.0,
    "slot_protect_ns": 2.0,
    "vfork_ns": 30_000.0,
    "fault_huge_split_ns": 9000.0,
    "tlb_flush_ns": 250.0,
    "tlb_shootdown_ns": 1700.0,
    "huge_entry_ns": 180.0,
    "huge_deposit_scattered_ns": 60.0,
    "table_share_ns": 24.0,
    "table_scattered_ns": 48.0,
    "movable_stock_frames": 0.0,
    "unmovable_stock_frames": 0.0,
    "fault_copy_cold_ns": 2300.0,
    "fault_copy_sequential_ns": 750.0,
    "struct_page_miss_ns": 33.0,
    "fault_reuse_ns": 700.0,
    "fault_zero_fill_ns": 900.0,
    "fault_zero_map_ns": 600.0,
    "fault_table_reuse_ns": 800.0,
    "fault_huge_copy_ns": 200_000.0,
    "fault_huge_reuse_ns": 1000.0,
    "exit_base_ns": 50_000.0,
    "exit_entry_ns": 21.0,
    "exit_scan_entry_ns": 7.0,
    "exit_scan_scattered_ns": 31.0,
    "page_free_ns": 110.0,
    "copy_page_ns": 410.0,
    "fill_page_ns": 500.0,
    "huge_fill_ns": 80_000.0,
    "fill_jitter": 0.0,
    "context_switch_ns": 1500.0,
    "time_slice_ns": 3_000_000.0,
    "hz": 250.0,
}


def make_costs(**changes: float) -> Costs:
    """The test machine's prices, some of them changed."""
    return Costs(**{**PRICES, **changes})


def make_memory(costs: Costs) -> PhysicalMemory:
    """A machine's memory with the stocks that `costs` gives."""
    return PhysicalMemory(costs.movable_stock_frames, costs.unmovable_stock_frames)
