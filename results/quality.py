"""Doubts about a point's numbers, in words: too few events, too much spread."""

from __future__ import annotations

from collections.abc import Iterator

from results.metrics import PERCENTILES, summaries
from results.record import Record

FEWEST_IN_TAIL = 100
"""A percentile that rests on fewer values has a standard error above a tenth of its rank."""

WIDEST_SPREAD = 0.1
"""Relative standard deviation between repetitions above which the mean is doubted."""

FEWEST_STALLS = 4
"""Fewer snapshots than this leave the stall's place among the percentiles to chance."""


def doubts(record: Record) -> list[str]:
    """Sentences on what in the record should not be trusted; empty if nothing is known.

    They concern the smallest repetition, because a percentile is taken in each of them.
    """
    return [*_thin_tails(record), *_few_stalls(record), *_wide_spreads(record)]


def _thin_tails(record: Record) -> Iterator[str]:
    counts = [
        recording.histograms["latency_ns"].count
        for recording in record.repetitions
        if "latency_ns" in recording.histograms
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


def _few_stalls(record: Record) -> Iterator[str]:
    taken = [
        recording.series["snapshots"]["fork_ns"].size
        for recording in record.repetitions
        if "snapshots" in recording.series and "latency_ns" in recording.histograms
    ]
    if taken and 0 < min(taken) < FEWEST_STALLS:
        snapshots = "1 snapshot" if min(taken) == 1 else f"{min(taken)} snapshots"
        yield f"{snapshots} in a repetition; the tail rests on as few stalls"


def _wide_spreads(record: Record) -> Iterator[str]:
    for name, summary in summaries(record).items():
        if "_p" not in name or not name.endswith("_ns") or summary.mean == 0:
            continue
        spread = summary.std / summary.mean
        if spread > WIDEST_SPREAD:
            shown = name.removesuffix("_ns").replace("_", " ")
            yield (
                f"the standard deviation of {shown} is {spread:.0%} of its mean "
                f"over {summary.count} repetitions; add repetitions"
            )
