"""A panel of memory: what a program and its children take of the machine, over time."""

from __future__ import annotations

from collections.abc import Sequence

from matplotlib.axes import Axes

from results.figures.lines import Line
from results.records.record import Record
from sim.measures.recording import Table

FEWEST_NOTES = 3
"""Of fewer there is nothing to see."""


def has_memory(record: Record) -> bool:
    """Whether the first repetition has notes enough to draw."""
    table = _memory(record)
    return table is not None and table["t_ns"].size >= FEWEST_NOTES


def memory_over_time(axes: Axes, lines: Sequence[Line]) -> None:
    """Frames and page tables in use, of the first repetition, in multiples of what it began with.

    So forks of data sets of several sizes are told apart by what a snapshot costs, not by the size.
    Whatever happens at once is noted before and after it; between two notes a program has gone on
    writing, so memory is drawn as growing.
    """
    for line in lines:
        table = _memory(line.record)
        if table is None or not has_memory(line.record):
            continue
        used = table["resident_bytes"] + table["table_bytes"]
        axes.plot(
            table["t_ns"] / 1e9,
            used / max(int(used[0]), 1),
            **line.drawn(used.size),
        )
    axes.set_xlim(left=0)
    axes.set_xlabel("time (s)")
    axes.set_ylabel("memory (x at start)")


def _memory(record: Record) -> Table | None:
    return record.repetitions[0].table("memory", "t_ns", "resident_bytes", "table_bytes")
