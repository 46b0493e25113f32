"""What a server that forks while it serves records of its phases."""

from __future__ import annotations

import numpy as np

from sim.measures.common_metrics import LATENCY, PHASES_SERIES, time_in
from sim.measures.phased_sums import PhasedSums
from sim.measures.phases import PHASES, Phases
from sim.measures.recording import Recording


def add_phases(
    recording: Recording, by_phase: PhasedSums, phases: Phases, from_ns: int, until_ns: int
) -> None:
    """Add each phase's latencies, their causes, and how long it was met.

    Args:
        recording: where to.
        by_phase: the latencies.
        phases: when each was met.
        from_ns: from when on latencies were recorded ...
        until_ns: ... and until when.
    """
    within = {LATENCY.within(phase): own for phase, own in by_phase.by_phase().items()}
    times = phases.columns(until_ns)
    lasted_ns = times["until_ns"] - np.clip(times["from_ns"], from_ns, times["until_ns"])
    recording.add(
        histograms={of: own.latencies for of, own in within.items()},
        causes=within,
        series={PHASES_SERIES: times},
        levels={
            time_in(phase): int(lasted_ns[times["phase"] == number].sum())
            for number, phase in enumerate(PHASES)
        },
    )
