"""What a server did in each phase of its forks: how much, how fast, what it took of memory."""

from __future__ import annotations

import numpy as np

from sim.measures.common_metrics import (
    MEMORY_PEAK,
    PHASES_SERIES,
    REQUESTS,
    THROUGHPUT,
    of_phase,
    per_second,
    time_in,
)
from sim.measures.metrics import Metric
from sim.measures.phases import PHASES, Phase
from sim.measures.recording import Recording, Table


def by_phase(recording: Recording) -> dict[Metric, int | float]:
    """Requests, throughput and the most memory of each phase that a repetition was in.

    Requests count for the phase that they met, so a call of fork has those that it kept waiting.
    """
    values: dict[Metric, int | float] = {}
    times = recording.table(PHASES_SERIES, "phase", "from_ns", "until_ns")
    if times is None:
        return values
    for of in recording.declared.distributions.values():
        if of.part in PHASES and of.name in recording.histograms:
            phase = Phase(of.part)
            lasted_ns = recording.levels.get(time_in(phase).name, 0)
            requests = recording.histograms[of.name].count
            values[of_phase(REQUESTS, phase)] = requests
            if lasted_ns:
                values[of_phase(THROUGHPUT, phase)] = per_second(requests, lasted_ns)
    memory = recording.table("memory", "t_ns", "resident_bytes", "table_bytes")
    if memory is not None and len(memory["t_ns"]):
        for number, phase in enumerate(PHASES):
            chosen = times["phase"] == number
            if chosen.any():
                spans = times["from_ns"][chosen], times["until_ns"][chosen]
                values[of_phase(MEMORY_PEAK, phase)] = _peak_bytes(memory, *spans)
    return values


def _peak_bytes(memory: Table, from_ns: np.ndarray, until_ns: np.ndarray) -> int:
    """The most that was noted in some spans of time; what was last noted holds at their start."""
    noted_ns = memory["t_ns"]
    used_bytes = memory["resident_bytes"] + memory["table_bytes"]
    first = np.maximum(np.searchsorted(noted_ns, from_ns, "right") - 1, 0)
    end = np.maximum(np.searchsorted(noted_ns, until_ns), first + 1)
    return max(int(used_bytes[a:b].max()) for a, b in zip(first, end, strict=True))
