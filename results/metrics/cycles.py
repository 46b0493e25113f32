"""What whole cycles of snapshots would give, of a run that is not made of them."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

import numpy as np

from results.metrics.formatting import duration
from results.records.record import Record
from sim.measures.common_metrics import CYCLE, CYCLES, LATENCY, SNAPSHOT_FORKS, time_in
from sim.measures.histogram import Histogram
from sim.measures.phases import FIRST_SECOND_NS, Phase
from sim.measures.recording import Recording

PERCENT = "99.9"
"""Of the latencies in whole cycles this percentile is told."""


def not_whole(record: Record) -> str | None:
    """That a run is not whole cycles, though it forks regularly, and what they would give."""
    run = [r for r in record.repetitions if CYCLE.name in r.levels and CYCLES.name not in r.levels]
    latencies = _merged(run, LATENCY.name)
    if not run or not latencies.count:
        return None
    cycle_ns = sum(int(r.levels[CYCLE.name]) for r in run) / len(run)
    says = f"not whole cycles of snapshots, which take {duration(round(cycle_ns))}"
    known = _phases_of_a_cycle(run, cycle_ns)
    if known is None:
        return f"{says}: no snapshot has ended, so what they would give is not known; run longer"
    q = Fraction(PERCENT) / 100
    would_ns = _quantile(known, q)
    return (
        f"{says}: over these p{PERCENT} would be {duration(would_ns)}, and is "
        f"{duration(latencies.quantile(q))} here"
    )


def _merged(run: Sequence[Recording], name: str) -> Histogram:
    merged = Histogram()
    for recording in run:
        if name in recording.histograms:
            merged.merge(recording.histograms[name])
    return merged


def _phases_of_a_cycle(
    run: Sequence[Recording], cycle_ns: float
) -> list[tuple[Histogram, float]] | None:
    """The latencies of each phase, and how many requests of it a whole cycle has.

    Returns:
        None if no snapshot has ended, or nothing is known of the time after one.
    """
    tables = [r.series[SNAPSHOT_FORKS.series] for r in run if SNAPSHOT_FORKS.series in r.series]
    start_ns, fork_ns, end_ns = (
        np.concatenate([table[name] for table in tables])
        for name in ("start_ns", SNAPSHOT_FORKS.of.name, "end_ns")
    )
    ended = end_ns >= 0
    if not ended.any():
        return None
    call_ns = float(fork_ns.mean())
    child_ns = float((end_ns - start_ns)[ended].mean())
    second_ns = min(FIRST_SECOND_NS, max(cycle_ns - call_ns, 0))
    during_ns = max(child_ns - call_ns - second_ns, 0)
    lengths_ns = {
        Phase.FIRST_SECOND: second_ns,
        Phase.DURING: during_ns,
        Phase.AFTER: max(cycle_ns - call_ns - second_ns - during_ns, 0),
    }
    calls = _merged(run, LATENCY.within(Phase.FORK).name)
    known = [(calls, calls.count / len(start_ns))]
    for phase, length_ns in lengths_ns.items():
        parts = (phase,) if phase is not Phase.AFTER else (Phase.AFTER, Phase.BETWEEN)
        latencies, met_ns = Histogram(), 0.0
        for part in parts:
            latencies.merge(_merged(run, LATENCY.within(part).name))
            met_ns += sum(r.levels.get(time_in(part).name, 0) for r in run)
        if length_ns and not (met_ns and latencies.count):
            return None
        if length_ns:
            known.append((latencies, latencies.count / met_ns * length_ns))
    return known


def _quantile(known: Sequence[tuple[Histogram, float]], q: Fraction) -> int:
    """The quantile of several histograms, each of so many requests."""
    seen = [(latencies, many) for latencies, many in known if latencies.count and many]
    columns = [latencies.buckets() for latencies, _ in seen]
    values = np.concatenate([lowest for lowest, _ in columns])
    weights = np.concatenate(
        [
            counts * (many / latencies.count)
            for (_, counts), (latencies, many) in zip(columns, seen, strict=True)
        ]
    )
    order = np.argsort(values, kind="stable")
    cumulated = np.cumsum(weights[order])
    place = int(np.searchsorted(cumulated, float(q) * cumulated[-1]))
    return int(values[order][min(place, len(values) - 1)])
