"""The files of a measurement: their columns, and by which clock each column is.

The first three have the form of published tables of such measurements: a row for each repetition
or event, so that medians, intervals and outliers remain to be seen. A cell is empty where the
program that measured cannot know it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType

FORKS, FAULTS, COPIES = "fork_micro", "fault_latency_percentiles", "copy_bandwidth"
PROCESSOR = "processor"
"""What the processor takes whatever is measured: switches between processes, gaps of a loop."""

COLUMNS: Mapping[str, Sequence[str]] = MappingProxyType(
    {
        FORKS: (
            "mode",
            "size_bytes",
            "instances",
            "instance_id",
            "pinned_cpu",
            "rep",
            "fork_no_after_touch",
            "fork_start_mono_ns",
            "fork_ns",
            "fork_to_child_start_ns",
            "child_start_to_wait_return_ns",
            "fork_exit_wait_total_ns",
            "touch_all_ns",
            "munmap_ns",
        ),
        FAULTS: (
            "scenario",
            "concurrency",
            "order",
            "prewarmed",
            "worker",
            "rep",
            "n_accesses",
            "timer_overhead_subtracted_ns",
            "loop_elapsed_ns",
            "mean_ns",
            "min_ns",
            "p1_ns",
            "p5_ns",
            "p10_ns",
            "p25_ns",
            "p50_ns",
            "p75_ns",
            "p90_ns",
            "p95_ns",
            "p99_ns",
            "p99_9_ns",
            "max_ns",
        ),
        COPIES: (
            "op",
            "impl",
            "unit_bytes",
            "locality",
            "user_mapping",
            "threads",
            "thread",
            "rep",
            "ns_per_op",
            "gigabytes_per_s",
        ),
        PROCESSOR: (
            "what",
            "rep",
            "events",
            "elapsed_ns",
            "total_ns",
            "p50_ns",
            "p99_ns",
            "p99_9_ns",
            "max_ns",
        ),
    }
)

MODES: Mapping[str, str] = MappingProxyType(
    {
        "4k": "every 4 KiB page of the size is touched",
        "4k_sparse": "one 4 KiB page of every 2 MiB of the size is touched: a table for each page",
        "thp": "transparent huge pages of 2 MiB",
        "hugetlb": "2 MiB pages of the pool that is set aside for hugetlb",
    }
)
"""Of forks, how their memory is made."""

_CPU = "CPU time of the thread"
_WALL = "wall clock"
CLOCKS: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {
        FORKS: {
            "fork_ns": _CPU,
            "child_start_to_wait_return_ns": "CPU time of the child, start and exit, as wait4 says",
            "touch_all_ns": _CPU,
            "munmap_ns": _CPU,
            "fork_start_mono_ns": _WALL,
            "fork_to_child_start_ns": _WALL,
            "fork_exit_wait_total_ns": _WALL,
        },
        FAULTS: {"loop_elapsed_ns": _WALL, "all others": f"{_WALL}, the timer's cost subtracted"},
        COPIES: {"all": _CPU},
        PROCESSOR: {
            "elapsed_ns": _WALL,
            "total_ns": "of context_switch CPU time of both processes; of gap wall clock",
            "all others": _WALL,
        },
    }
)
"""By which clock the columns are; wall clocks also measure what else the machine does."""

CLOCKS_OF_CHUNKS: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {
        **CLOCKS,
        FAULTS: {
            "loop_elapsed_ns": _WALL,
            "all others": f"{_CPU}; quantiles are of means over some faults each",
        },
    }
)
"""The same of what was measured without a compiler, which cannot time single faults."""


def as_csv(table: str, rows: Sequence[Sequence[str]]) -> bytes:
    """A table as its file has it."""
    lines = [COLUMNS[table], *rows]
    return "".join(",".join(line) + "\n" for line in lines).encode("ascii")


def row_of(line: str) -> tuple[str, list[str]]:
    """A row that a measuring program printed: its table, and its cells.

    Raises:
        ValueError: it is of no table, or has not as many cells as it.
    """
    table, *cells = line.split(",")
    if table not in COLUMNS or len(cells) != len(COLUMNS[table]):
        raise ValueError(f"no row of a table: {line[:80]!r}")
    return table, cells
