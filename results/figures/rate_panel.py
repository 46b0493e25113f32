"""A panel of how fast a program works: what it did a second, over time."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter

from results.figures import style
from results.figures.lines import Line
from results.records.record import Record
from sim.arrays import IntArray
from sim.measures.common_metrics import DURATION, EXECUTED


def has_rates(record: Record) -> bool:
    """Whether the first repetition counts what was executed in windows of time."""
    starts_ns, _ = _windows(record)
    return starts_ns.size > 0


def rates_over_time(axes: Axes, lines: Sequence[Line]) -> None:
    """Executions a second in each window of the first repetition."""
    for line in lines:
        if not has_rates(line.record):
            continue
        ends_s, rates = rates_of(line.record)
        axes.step(
            np.append(0, ends_s),
            np.append(rates[:1], rates),
            where="pre",
            **line.drawn(rates.size + 1),
        )
    axes.set_xlim(left=0)
    axes.set_ylim(bottom=0)
    axes.yaxis.set_major_formatter(FuncFormatter(style.plain))
    axes.set_xlabel("time (s)")
    axes.set_ylabel("executions (/s)")


def rates_of(
    record: Record,
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """When each window of the first repetition ends (s), and what was executed in it a second.

    The end of the run cuts the last window; if less than half of it is left, it is taken together
    with the one before.
    """
    starts_ns, counts = _windows(record)
    duration_ns = record.repetitions[0].levels.get(DURATION.name, 0)
    end_ns = max(int(duration_ns), int(starts_ns[-1]) + 1)
    if len(starts_ns) > 1 and 2 * (end_ns - starts_ns[-1]) < starts_ns[-1] - starts_ns[-2]:
        starts_ns, counts = starts_ns[:-1], np.append(counts[:-2], counts[-2:].sum())
    ends_ns = np.append(starts_ns[1:], end_ns)
    return ends_ns / 1e9, counts / (ends_ns - starts_ns) * 1e9


def _windows(record: Record) -> tuple[IntArray, IntArray]:
    """Where windows start, and what was executed in each; none where the record does not say."""
    table = record.repetitions[0].table(EXECUTED, "t_ns", "executions")
    none = np.zeros(0, np.int64)
    return (table["t_ns"], table["executions"]) if table is not None else (none, none)
