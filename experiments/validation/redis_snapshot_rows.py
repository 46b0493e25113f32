"""Rows of `redis_bgsave_events.csv`: snapshots of a Redis, idle or under load."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from experiments.calibration.measured_rows import MeasuredRow, median_of
from experiments.validation.prediction import Prediction
from experiments.validation.redis_load import COLUMNS as OF_LOADS
from experiments.validation.redis_load import RedisLoad
from experiments.validation.redis_session import ASSUMED_SERVICE_NS, DURING, RedisSession, Told
from experiments.validation.targets import (
    COPIED_GIVEN_FEW_SETS,
    COPIED_GIVEN_SETS,
    COPIED_GIVEN_TIME,
    REDIS_FORK,
)
from models.faults.actions import PageAction
from sim.machine.streams import Streams
from sim.measures.metrics import Unit
from workloads.programs.redis.heap import RedisHeap
from workloads.running.faults import fault_of
from workloads.running.pages import pages_of

FILE = "redis_bgsave_events.csv"
COLUMNS = (
    *OF_LOADS,
    "latest_fork_ns",
    "snapshot_duration_ns",
    "parent_minflt_delta",
    "used_memory_bytes",
)

_FEW = 0.2
"""SETs a page of the data set, below which copies are told by other targets."""
_MOST_SETS = 50_000_000


def predictions(session: RedisSession) -> list[Prediction]:
    """Of each load the fork, and the pages that were copied: given the SETs, given the time."""
    return list(_predictions(session))


def _predictions(session: RedisSession) -> Iterator[Prediction]:
    for load, rows in session.events.items():
        fields = load.fields
        fork_ns = median_of(rows, "latest_fork_ns")
        yield Prediction(
            "fork", fields, fork_ns, session.fork_ns(load), Unit.NANOSECONDS, REDIS_FORK, "profile"
        )
        measured = median_of(rows, "parent_minflt_delta")
        if not load.set_share or not measured:
            continue
        if (sets := _sets(session, load, rows)) is not None:
            few = sets.value < _FEW * pages_of(session.dataset_bytes(load))
            yield Prediction(
                "copies given SETs",
                fields,
                measured,
                _written(session, load, round(sets.value)),
                Unit.COUNT,
                COPIED_GIVEN_FEW_SETS if few else COPIED_GIVEN_SETS,
                sets.basis,
            )
        run, service = session.run(load), session.service(load)
        if run is not None and service is not None:
            copies = run.counters[fault_of(PageAction.COW_COPY.counter).name] / len(
                run.series["snapshots"]["start_ns"]
            )
            basis = f"{session.save_ns(load).basis}; {service.basis}"
            yield Prediction(
                "copies given time", fields, measured, copies, Unit.COUNT, COPIED_GIVEN_TIME, basis
            )


def _sets(session: RedisSession, load: RedisLoad, events: Sequence[MeasuredRow]) -> Told | None:
    """SETs of each snapshot; None if the rows of latencies do not tell."""
    rows = session.phases.get((load, DURING))
    if rows is None:
        return None
    sets = median_of(rows, "requests") * load.set_share / len(events)
    return Told(min(sets, _MOST_SETS), f"requests {DURING}")


def _written(session: RedisSession, load: RedisLoad, sets: int) -> int:
    """Pages that so many SETs of keys drawn uniformly dirty."""
    heap = RedisHeap(session.config(load, ASSUMED_SERVICE_NS))
    keys = heap.random(Streams(0).generator("validation/redis/keys"), sets)
    return len(np.unique(heap.written(keys).pages)) if sets else 0
