"""A panel of fork times against the memory of the process."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, NullFormatter

from results.figures import style
from results.figures.lines import Line
from results.metrics import formatting
from results.metrics.summary import GIB, forks_by_size
from results.records.record import Record


def fork_times(axes: Axes, lines: Sequence[Line]) -> None:
    """The mean fork time of each size."""
    for line in lines:
        size_bytes, mean_ns = fork_curve(line.record)
        axes.plot(
            size_bytes / GIB,
            mean_ns / 1e6,
            **line.drawn(size_bytes.size),
        )
    axes.set_xscale("log", base=2)
    axes.xaxis.set_major_formatter(FuncFormatter(lambda gib, _: formatting.size(gib * GIB)))
    axes.xaxis.set_minor_formatter(NullFormatter())
    style.log_y(axes)
    axes.set_xlabel("memory of the process")
    axes.set_ylabel("fork (ms)")


def fork_curve(
    record: Record,
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float64]]:
    """The sizes forked (int64 [n], bytes, ascending) and the mean fork time of each (ns)."""
    forks = [kept for recording in record.repetitions for kept in forks_by_size(recording)]
    if not forks:
        return np.zeros(0, np.int64), np.zeros(0, np.float64)
    size_bytes, fork_ns = (np.concatenate(columns) for columns in zip(*forks, strict=True))
    sizes, places = np.unique(size_bytes, return_inverse=True)
    mean_ns = np.bincount(places, weights=fork_ns) / np.bincount(places)
    return sizes, mean_ns
