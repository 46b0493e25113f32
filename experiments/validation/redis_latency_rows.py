"""Rows of `redis_latency_percentiles.csv`: latencies of a Redis by phase of its snapshots.

Files part requests by when they were sent after the call of BGSAVE; the simulation tells apart who
met the fork, and counts the first second from the fork's return. Of a save that takes less than a
second all of that second is told as during it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from fractions import Fraction
from typing import NamedTuple

import numpy as np

from experiments.calibration.measured_rows import MeasuredRow, median_of
from experiments.validation.prediction import Prediction
from experiments.validation.redis_load import COLUMNS as OF_LOADS
from experiments.validation.redis_load import RedisLoad, simulated, together
from experiments.validation.redis_session import WITHOUT, RedisSession
from experiments.validation.targets import FIRST_SECOND, LONGEST_STALL, MEDIAN_LATENCY, Target
from sim.arrays import FloatArray
from sim.machine.streams import Streams
from sim.measures.common_metrics import LATENCY
from sim.measures.histogram import Histogram
from sim.measures.metrics import Unit
from sim.measures.phases import PHASES, Phase

FILE = "redis_latency_percentiles.csv"
PERCENTILES = {
    "p50": Fraction(1, 2),
    "p90": Fraction(9, 10),
    "p95": Fraction(95, 100),
    "p99": Fraction(99, 100),
    "p99_9": Fraction(999, 1000),
    "p99_99": Fraction(9999, 10_000),
    "max": Fraction(1),
}
COLUMNS = (*OF_LOADS, "phase", "requests", "mean_ns", *(f"{name}_ns" for name in PERCENTILES))

FIRST, STALLED = "first_1s_after_bgsave", "in_flight_or_sent_during_fork"

_OF_PHASE: Mapping[str, tuple[Phase, ...]] = {
    WITHOUT: (),
    "whole_run_with_bgsave": PHASES,
    "during_snapshot": (Phase.FORK, Phase.FIRST_SECOND, Phase.DURING),
    FIRST: (Phase.FORK, Phase.FIRST_SECOND),
    STALLED: (Phase.FORK,),
    "between_snapshots": (Phase.AFTER, Phase.BETWEEN),
    **{phase.value: (phase,) for phase in PHASES},
}
"""Phases as the files name them, or the simulation."""

_FIRST_SECOND_OF = ("p99", "p99_9", "p99_99", "max")
_MOST_DRAWN = 2_000_000


class _Delay(NamedTuple):
    """What an open loop's requests wait outside the server: an inverse, linear in between."""

    shares: FloatArray
    quantiles_ns: FloatArray

    @property
    def is_none(self) -> bool:
        return not self.quantiles_ns.any()


def predictions(session: RedisSession) -> list[Prediction]:
    """Of each load's phases the median, the tail of an open loop's first second, the stall."""
    return list(_predictions(session))


def check_phases(rows: list[MeasuredRow]) -> None:
    """Look whether all phases are known.

    Raises:
        InputError: one is not.
    """
    for row in rows:
        row.word("phase", _OF_PHASE)


def _predictions(session: RedisSession) -> Iterator[Prediction]:
    delays: dict[RedisLoad, _Delay] = {}
    for (load, phase), rows in session.phases.items():
        if phase == WITHOUT or (run := session.run(load)) is None:
            continue
        if load not in delays:
            delays[load] = _delay(session, load)
        latencies = together(run, [LATENCY.within(one).name for one in _OF_PHASE[phase]])
        if not latencies.count:
            continue
        basis = _basis(session, load)
        for name, target in _told(load, phase):
            yield Prediction(
                "longest stall" if target is LONGEST_STALL else name.replace("_", "."),
                {**load.fields, "phase": phase},
                median_of(rows, f"{name}_ns"),
                _quantile_ns(latencies, delays[load], PERCENTILES[name]),
                Unit.NANOSECONDS,
                target,
                basis,
            )


def _told(load: RedisLoad, phase: str) -> Iterator[tuple[str, Target]]:
    yield "p50", MEDIAN_LATENCY
    if load.loop == "open" and phase == FIRST:
        yield from ((name, FIRST_SECOND) for name in _FIRST_SECOND_OF)
    if phase in (STALLED, Phase.FORK):
        yield "max", LONGEST_STALL


def _basis(session: RedisSession, load: RedisLoad) -> str:
    service = session.service(load)
    parts = [session.save_ns(load).basis, service.basis if service else ""]
    if load.loop == "open" and (load, WITHOUT) in session.phases:
        parts.append(WITHOUT)
    return "; ".join(parts)


def _delay(session: RedisSession, load: RedisLoad) -> _Delay:
    """How much longer an open loop's requests took without snapshots than the server lets them."""
    shares = np.array([0.0, *map(float, PERCENTILES.values())])
    service = session.service(load)
    rows = session.phases.get((load, WITHOUT))
    if load.loop != "open" or rows is None or service is None:
        return _Delay(shares, np.zeros(len(shares)))
    quiet = simulated(session.config(load, service.value), session.profile)
    served = quiet.histograms[LATENCY.name]
    more_ns = [
        max(median_of(rows, f"{name}_ns") - served.quantile(q), 0.0)
        for name, q in PERCENTILES.items()
    ]
    return _Delay(shares, np.maximum.accumulate([0.0, *more_ns]))


def _quantile_ns(latencies: Histogram, delay: _Delay, q: Fraction) -> float:
    """A quantile of the server's latencies, each with a delay of its own."""
    if delay.is_none:
        return latencies.quantile(q)
    values, counts = latencies.buckets()
    number = min(latencies.count, _MOST_DRAWN)
    ranks = (np.arange(number) + 0.5) / number
    served_ns = values[np.searchsorted(np.cumsum(counts), ranks * latencies.count)]
    order = Streams(0).generator("validation/redis/delays").permutation(number)
    delays_ns = np.interp(ranks, delay.shares, delay.quantiles_ns)[order]
    sums_ns = np.sort(served_ns + delays_ns)
    return float(sums_ns[-(-q.numerator * number // q.denominator) - 1])
