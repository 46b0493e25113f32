"""A machine of which nothing is known but how long one fork took."""

from __future__ import annotations

from typing import Any

from models.costs.kernels import has_newer_rules
from models.costs.profile import Profile
from models.memory.entries import ENTRIES_PER_TABLE
from models.memory.frames import FRAME_BYTES

SCALED = (
    "entry_copy_ns",
    "entry_exclusive_ns",
    "entry_protect_ns",
    "entry_scattered_ns",
    "entry_zero_ns",
    "exit_entry_ns",
    "exit_scan_entry_ns",
    "exit_scan_scattered_ns",
    "slot_protect_ns",
    "struct_page_miss_ns",
    "table_copy_ns",
    "table_scattered_ns",
    "table_share_ns",
    "table_zap_ns",
)
"""Constants that are the access to a struct page, or to an entry, as most of a fork is."""


def scaled_document(
    base: Profile, *, fork_ns: int, size_bytes: int, source: str, name: str, kernel: str
) -> tuple[dict[str, Any], float]:
    """A profile whose fork of so much memory takes so long, and by what its entries are scaled.

    The fork is taken for one of memory that was forked before, none of whose frames is scattered:
    what made it dearer, if anything did, is in the factor.

    Args:
        base: what it is scaled from.
        fork_ns: how long the parent was stopped.
        size_bytes: its resident memory, in pages of 4 KiB.
        source: who says so.
        name: of the profile.
        kernel: the release, as in ``6.12``.

    Raises:
        ValueError: the fork is shorter than one of no memory, or of less than a page.
    """
    costs, pages = base.costs, size_bytes // FRAME_BYTES
    if not pages:
        raise ValueError(f"{size_bytes} bytes: expected a page at least")
    entry = costs.entry_copy_ns + costs.table_copy_ns / ENTRIES_PER_TABLE
    entry += costs.entry_exclusive_ns if has_newer_rules(kernel) else 0.0
    factor = (fork_ns - costs.fork_base_ns) / (pages * entry)
    if factor <= 0:
        base_us = costs.fork_base_ns / 1e3
        raise ValueError(f"a fork of {fork_ns / 1e3:g} us: expected more than {base_us:.3g} us")
    said = f"that of {base.name}, times {factor:.4g}: {source}"
    constants = {
        constant: {
            "value": float(f"{factor * base.constants[constant].value:.6g}"),
            "unit": "ns",
            "kind": "fitted" if constant == "entry_copy_ns" else "assumed",
            "source": said,
        }
        for constant in SCALED
    }
    stocks = {stock: base.constants[stock] for stock in ("movable_stock_frames",)}
    state = {
        stock: {**constant.model_dump(exclude_none=True), "value": 0.0, "kind": "assumed"}
        for stock, constant in stocks.items()
    }
    return {
        "name": name,
        "description": f"{base.name}, its forks scaled by {factor:.3g}",
        "kernel": kernel,
        "based_on": base.name,
        "constants": constants,
        "state": state,
        "contention": base.model_dump(exclude_none=True)["contention"],
    }, factor
