"""How much memory to buy, in a sentence, and as JSON."""

from __future__ import annotations

from typing import Any

from results.metrics import formatting
from results.metrics.memory_needs import MemoryNeed


def sentence(need: MemoryNeed) -> str:
    """``needs 43.1 GiB at 30 GiB: 13 GiB copied, 120 MiB page tables``."""
    peak, own, copied, tables = map(
        formatting.size, (need.peak_bytes, need.own_bytes, need.copied_bytes, need.table_bytes)
    )
    at_least = "at least " if need.at_least else ""
    end = "; the run ended before a child did" if need.at_least else ""
    return f"needs {at_least}{peak} at {own}: {copied} copied, {tables} page tables{end}"


def to_json(need: MemoryNeed) -> dict[str, Any]:
    """Plain data, in bytes."""
    return {
        "peak": need.peak_bytes,
        "own": need.own_bytes,
        "copied": need.copied_bytes,
        "tables": need.table_bytes,
        "at_least": need.at_least,
        "processes": [
            {"process": one.number, "resident": one.resident_bytes, "tables": one.table_bytes}
            for one in need.processes
        ],
    }
