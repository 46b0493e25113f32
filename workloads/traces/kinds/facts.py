"""Numbers that describe a trace: rates, popularity of keys, percentiles."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from workloads.traces.reading.columns import IntColumn

SECOND_NS = 10**9
DAY_NS = 86400 * SECOND_NS


def rates(time_ns: IntColumn, resolution_ns: int) -> dict[str, float]:
    """Mean rate, and that of the busiest second from the first on; {} if no time passes.

    The last time is somewhere in a tick of the clock: the log covers that tick as well.
    """
    if len(time_ns) < 2 or time_ns[-1] == time_ns[0]:
        return {}
    seconds = (time_ns - time_ns[0]) // SECOND_NS
    # Most of a long, sparse log's seconds are empty: count those that are not.
    _, counts = np.unique(seconds, return_counts=True)
    mean = len(time_ns) * SECOND_NS / (int(time_ns[-1] - time_ns[0]) + resolution_ns)
    return {"mean_rate_per_s": mean, "busiest_second_per_s": float(counts.max())}


def longest_gap(time_ns: IntColumn) -> dict[str, int]:
    """The longest time between two records; {} of a single one."""
    return {"longest_gap_ns": int(np.diff(time_ns).max())} if len(time_ns) > 1 else {}


def gap_notes(time_ns: IntColumn) -> tuple[str, ...]:
    """The note that most of a trace is one gap, as by a clock that was wrong; else none."""
    gaps_ns = np.diff(time_ns)
    if not len(gaps_ns):
        return ()
    widest = int(gaps_ns.argmax())
    gap_ns, span_ns = int(gaps_ns[widest]), int(time_ns[-1] - time_ns[0])
    if gap_ns < DAY_NS or gap_ns < 0.9 * span_ns:
        return ()
    return (
        f"record {widest + 2} of {len(time_ns)}, in order of time, comes {gap_ns / DAY_NS:.4g} "
        f"days after the one before, which is {gap_ns / span_ns:.1%} of the trace",
    )


def popularity(ids: NDArray[Any], what: str) -> dict[str, int | float]:
    """How unevenly `ids` (dense, from 0) are used: shares of the uses by the most used of them.

    Args:
        ids: Which was used, one entry a use.
        what: What they are, in the plural.

    Returns:
        How many there are, how many were used once, and the shares of the hottest one, 1 % and
        10 % (at least one).
    """
    counts = np.sort(np.bincount(ids))[::-1]
    counts = counts[counts > 0]
    if not len(counts):
        return {what: 0}
    uses = int(counts.sum())
    top = {"hottest": 1, "hottest_1pct": len(counts) // 100, "hottest_10pct": len(counts) // 10}
    return {
        what: len(counts),
        f"{what}_used_once": int((counts == 1).sum()),
        **{
            f"{what}_{name}_share": int(counts[: max(1, number)].sum()) / uses
            for name, number in top.items()
        },
    }


def percentiles(values: NDArray[Any], name: str, unit: str) -> dict[str, int | float]:
    """Median, 99th percentile (integer ranks) and maximum; {} of nothing."""
    if not len(values):
        return {}
    ordered = np.sort(values)
    rank = {"p50": -(-len(values) // 2), "p99": -(-len(values) * 99 // 100), "max": len(values)}
    return {f"{name}_{p}_{unit}": ordered[r - 1].item() for p, r in rank.items()}
