"""What the test machine asks for a fault and for a table copy, one at a time."""

from model_prices import PRICES
from naive_memory import Entry

PAGE_PRICES = {
    "NONE": 0.0,
    "COW_COPY": PRICES["fault_copy_cold_ns"],
    "COW_REUSE": PRICES["fault_reuse_ns"],
    "ZERO_FILL": PRICES["fault_zero_fill_ns"],
    "ZERO_MAP": PRICES["fault_zero_map_ns"],
    "SHARED_MAP": PRICES["fault_zero_fill_ns"],
    "FILE_MAP": PRICES["fault_zero_map_ns"],
    "HUGE_COPY": PRICES["fault_huge_copy_ns"],
    "HUGE_REUSE": PRICES["fault_huge_reuse_ns"],
    "HUGE_FILL": PRICES["huge_fill_ns"],
    "HUGE_ZERO_MAP": PRICES["fault_zero_map_ns"],
    "HUGE_SPLIT": PRICES["fault_huge_split_ns"],
}
COUNTER = {
    "COW_COPY": "cow_copy",
    "COW_REUSE": "cow_reuse",
    "ZERO_FILL": "zero_fill",
    "ZERO_MAP": "zero_map",
    "SHARED_MAP": "shared_map",
    "FILE_MAP": "file_map",
    "HUGE_COPY": "huge_copy",
    "HUGE_REUSE": "huge_reuse",
    "HUGE_FILL": "huge_fill",
    "HUGE_ZERO_MAP": "huge_zero_map",
    "HUGE_SPLIT": "cow_copy",
}


def copied_page_ns(*, sequential: bool, warm: bool) -> float:
    """A fault that copies 4 KiB, by what of it is in cache."""
    page_ns = PRICES["fault_copy_sequential_ns" if sequential else "fault_copy_cold_ns"]
    return page_ns - (PRICES["struct_page_miss_ns"] if warm else 0.0)


def table_copy_ns(entries: list[Entry], *, protects: bool = True) -> float:
    """Copying some entries of a table, those of the origin write-protected too or not."""
    return PRICES["table_copy_ns"] + copied_entries_ns(entries, protects=protects)


def copied_entries_ns(entries: list[Entry], *, protects: bool = True) -> float:
    """The part of `table_copy_ns` that the entries take."""
    return sum(
        entry_ns(entry, "entry_copy_ns", "entry_scattered_ns")
        + (PRICES["entry_protect_ns"] if entry.writable and protects else 0)
        for entry in entries
    )


def table_scan_ns(entries: list[Entry]) -> float:
    """Reading the entries of a table, and their struct pages."""
    return PRICES["table_zap_ns"] + sum(
        entry_ns(entry, "exit_scan_entry_ns", "exit_scan_scattered_ns") for entry in entries
    )


def entry_ns(entry: Entry, price: str, scattered: str) -> float:
    """An entry alone, or with its struct page, which the zero page has none of."""
    if entry.frame is None:
        return PRICES["entry_zero_ns"]
    return PRICES[price] + entry.frame.scattered * PRICES[scattered]
