"""The phases of a point's forks beside each other: how long they were, and what requests met."""

from __future__ import annotations

from collections.abc import Mapping

from results.metrics import formatting
from results.metrics.summary import Summary
from results.tables.cells import NOTHING, SIGNS, Signs, cells
from results.tables.grid import Grid
from sim.measures.common_metrics import (
    LATENCY,
    MEMORY_PEAK,
    REQUESTS,
    THROUGHPUT,
    of_phase,
    time_in,
)
from sim.measures.phases import PHASES, Phase

_STATISTICS = ("p50", "p99", "p99.9", "max")
_OF_SERVER = (THROUGHPUT, MEMORY_PEAK)
_HEADINGS = (
    *("phase", REQUESTS.heading, "share of time"),
    *_STATISTICS,
    *(metric.heading for metric in _OF_SERVER),
)


def phase_table(metrics: Mapping[str, Summary], signs: Signs = SIGNS) -> Grid | None:
    """A row for each phase that was met, in their order; None where none is known.

    Args:
        metrics: of a program of a point, by name.
        signs: as the terminal can write them.
    """
    met = [phase for phase in PHASES if time_in(phase).name in metrics]
    if not met:
        return None
    columns = [
        cells([metrics.get(name) for name in names], signs)
        for names in (
            [of_phase(REQUESTS, phase).name for phase in met],
            *([LATENCY.within(phase).named(one) for phase in met] for one in _STATISTICS),
            *([of_phase(metric, phase).name for phase in met] for metric in _OF_SERVER),
        )
    ]
    requests, *rest = columns
    words = [heading_of(phase) for phase in met]
    rows = zip(words, requests, _shares(metrics, met), *rest, strict=True)
    return Grid([_HEADINGS, *map(list, rows)])


def heading_of(phase: Phase) -> str:
    """The phase in words: ``first second``."""
    return phase.replace("_", " ")


def _shares(metrics: Mapping[str, Summary], met: list[Phase]) -> list[str]:
    times = [metrics[time_in(phase).name].mean for phase in met]
    whole = sum(times)
    return [formatting.share(time / whole) if whole else NOTHING for time in times]
