"""Doubts about a point's numbers, in words: too few events, too much spread."""

from __future__ import annotations

from collections.abc import Iterator

from results.metrics.cycles import not_whole
from results.metrics.summary import GIB, PERCENTILES, summaries
from results.records.record import Record
from sim.measures.common_metrics import (
    CYCLES,
    DURATION,
    KILLED_AT,
    KILLED_AT_USE,
    SERVED,
    SNAPSHOT_FORKS,
    SNAPSHOTS_KILLED,
    SNAPSHOTS_NOT_REACHED,
    SNAPSHOTS_REFUSED,
    SNAPSHOTS_UNFINISHED,
    WARM_UP,
)
from sim.measures.histogram import Histogram
from sim.measures.recording import Recording

FEWEST_IN_TAIL = 100
"""A percentile that rests on fewer values has a standard error above a tenth of its rank."""

WIDEST_INTERVAL = 0.1
"""Half-width of an interval, relative to the mean, above which the mean is doubted."""

LONGEST_WARM_UP = 0.45
"""Share of a run above which its warm-up may last longer: MSER-5 looks at the first half only."""

FEWEST_STALLS = 4
"""Fewer snapshots than this leave the stall's place among the percentiles to chance."""


def doubts(record: Record) -> list[str]:
    """Sentences on what in the record should not be trusted; empty if nothing is known.

    They concern the smallest repetition, because a percentile is taken in each of them.
    """
    return [
        *_killed(record),
        *_killed_snapshots(record),
        *_snapshots_not_taken(record),
        *_unfinished_snapshots(record),
        *_thin_tails(record),
        *_few_stalls(record),
        *_wide_intervals(record),
        *_long_warm_ups(record),
        *_not_whole_cycles(record),
    ]


def _killed(record: Record) -> Iterator[str]:
    """Who died of the machine's limit of memory, and when, in how many repetitions."""
    for program, own in record.by_program():
        deaths = [r.levels for r in own.repetitions if KILLED_AT.name in r.levels]
        if deaths:
            first = min(deaths, key=lambda levels: levels[KILLED_AT.name])
            who = program or record.at("workload.kind")
            used = first.get(KILLED_AT_USE.name, 0) / GIB
            there = record.at("machine.memory", 0) / GIB
            yield (
                f"{who} was killed after {first[KILLED_AT.name] / 1e9:.3g} s, out of memory: "
                f"{used:.4g} GiB in use on a machine with {there:.4g} GiB (in {len(deaths)} of "
                f"{len(own.repetitions)} repetitions); what it shows ends there"
            )


def _killed_snapshots(record: Record) -> Iterator[str]:
    counts = [r.counters.get(SNAPSHOTS_KILLED.name, 0) for r in record.repetitions]
    killed = max(counts, default=0)
    if killed:
        snapshots = "1 snapshot" if killed == 1 else f"{killed} snapshots"
        yield f"{snapshots} failed: the child was killed (SIGBUS), fork.pool had no page left"


def _snapshots_not_taken(record: Record) -> Iterator[str]:
    """Which snapshots were asked for and not taken, as many as in the worst repetition."""
    for metric, why in (
        (SNAPSHOTS_REFUSED, "refused: due while another was running, or together with one"),
        (SNAPSHOTS_NOT_REACHED, "not reached: the run ended before their time"),
    ):
        missing = max((r.counters.get(metric.name, 0) for r in record.repetitions), default=0)
        if missing:
            yield f"{'1 snapshot' if missing == 1 else f'{missing} snapshots'} {why}"


def _unfinished_snapshots(record: Record) -> Iterator[str]:
    """That what goes on takes more memory; of a killed program more is said."""
    if any(
        recording.counters.get(SNAPSHOTS_UNFINISHED.name, 0)
        and KILLED_AT.name not in recording.levels
        for recording in record.repetitions
    ):
        yield (
            "a snapshot was still running at the end: extra memory and memory are at least what is "
            "shown; run longer"
        )


def _thin_tails(record: Record) -> Iterator[str]:
    """The first percentile that rests on few of those that were served."""
    counts = [
        int(r.levels.get(SERVED.name, latencies.count))
        for r in record.repetitions
        for latencies in _of_requests(r)
    ]
    fewest = min(counts, default=0)
    if fewest == 0:
        return
    for name, q in PERCENTILES.items():
        rank = -(-q.numerator * fewest // q.denominator)
        tail = fewest - rank + 1
        if tail < FEWEST_IN_TAIL:
            requests = "1 request" if tail == 1 else f"{tail} requests"
            yield f"{name} rests on {requests}; run longer"
            return


def _of_requests(recording: Recording) -> list[Histogram]:
    """How long those waited whom the program served."""
    return [
        histogram
        for name, histogram in recording.histograms.items()
        if (of := recording.declared.distribution(name)).of_requests and not of.part
    ]


def _few_stalls(record: Record) -> Iterator[str]:
    taken = [
        table[SNAPSHOT_FORKS.of.name].size
        for recording in record.repetitions
        if (table := recording.table(SNAPSHOT_FORKS.series, SNAPSHOT_FORKS.of.name))
        and _of_requests(recording)
    ]
    if taken and max(taken) == 0 and record.at("workload.snapshot") is not None:
        yield "no snapshot was taken, so nothing here shows a fork; run longer, or snapshot earlier"
    elif taken and 0 < min(taken) < FEWEST_STALLS:
        snapshots = "1 snapshot" if min(taken) == 1 else f"{min(taken)} snapshots"
        yield f"{snapshots} in a repetition; the tail rests on as few stalls"


def _wide_intervals(record: Record) -> Iterator[str]:
    """The widest interval, if it is too wide, and of how many more metrics it is."""
    if len(record.repetitions) == 1:  # which has none
        return
    percentiles = {
        of.named(percentile)
        for recording in record.repetitions
        for name in recording.histograms
        if not (of := recording.declared.distribution(name)).part
        for percentile in PERCENTILES
    }
    wide = [
        (interval.relative, summary.metric.label, interval.count)
        for name, summary in summaries(record).items()
        if name in percentiles
        if (interval := summary.interval) and interval.relative > WIDEST_INTERVAL
    ]
    if wide:
        relative, name, count = max(wide)
        others = "" if len(wide) == 1 else f" (and of {len(wide) - 1} more above +-10%)"
        yield (
            f"the 95% interval of {name} is +-{relative:.0%} over {count} repetitions{others}; "
            "add repetitions"
        )


def _long_warm_ups(record: Record) -> Iterator[str]:
    for recording in record.repetitions:
        levels = recording.levels
        if CYCLES.name in levels:  # the first is left out, and the time before it
            return
        if levels.get(WARM_UP.name, 0) > LONGEST_WARM_UP * levels.get(DURATION.name, 0):
            yield (
                "nearly half of a repetition was cut off as warm-up, the most that is looked for; "
                "run longer"
            )
            return


def _not_whole_cycles(record: Record) -> Iterator[str]:
    says = not_whole(record)
    if says is not None:
        yield says
