"""One point tried: its record's bytes or why there is none, and either of them in the store."""

from __future__ import annotations

import time
import traceback
from contextlib import suppress
from dataclasses import dataclass

from experiments.execution.executors.memory_limit import MemoryLimit, is_want_of_memory
from experiments.execution.simulation import simulate
from experiments.planning.points import Point
from results.records import span_file
from results.records.store import Failure, Store
from sim.machine.spans import SpanWindow

_WORTH_A_WAIT_S = 0.1
"""What takes less to simulate again is not waited for until it is on the disk: a power cut may take
the last of it, the end of any process does not."""


@dataclass(frozen=True)
class Attempt:
    """What came of simulating a point; travels between processes and machines.

    Attributes:
        wall_s: seconds it took.
        record: the record's bytes, or None.
        reason: in one line why there is none.
        details: the traceback of that.
        spans: a file of spans, if they were asked for.
    """

    wall_s: float
    record: bytes | None
    reason: str = ""
    details: str = ""
    spans: bytes | None = None


@dataclass(frozen=True)
class Outcome:
    """An attempt whose record or failure is in the store.

    Attributes:
        wall_s: seconds it took.
        failure: None, or in one line why there is no record.
    """

    wall_s: float
    failure: str | None = None


def attempt(point: Point, memory_bytes: int | None = None) -> Attempt:
    """Simulate a point; an exception becomes the attempt's reason.

    Args:
        point: which.
        memory_bytes: what may be allocated for it, or None.
    """
    start = time.perf_counter()
    try:
        point.prepare()
        with MemoryLimit(memory_bytes):
            record, spans = _simulated(point)
    except Exception as error:  # of whatever kind: the other points go on
        reason = in_one_line(error)
        if memory_bytes is not None and is_want_of_memory(error):
            reason += " (--memory)"
        return Attempt(time.perf_counter() - start, None, reason, traceback.format_exc())
    return Attempt(time.perf_counter() - start, record, spans=spans)


def _simulated(point: Point) -> tuple[bytes, bytes | None]:
    """The bytes of the record, and of the spans if they are wanted."""
    if point.watched is None:
        return simulate(point).to_bytes(), None
    window = SpanWindow(*point.watched)
    record = simulate(point, window).to_bytes()
    return record, span_file.to_bytes(window, point.watched)


def keep(tried: Attempt, point: Point, store: Store) -> Outcome:
    """Put an attempt's record or failure into the store.

    Raises:
        OSError: the record cannot be written.
    """
    if tried.record is None:
        reason = tried.reason
        failure = Failure(" ".join(point.label.split()), tried.reason, tried.details)
        with suppress(OSError):  # it is told anyway
            store.write_failure(point.id, failure)
            reason = store.told(point.id, failure)
        return Outcome(tried.wall_s, reason)
    if tried.spans is not None:
        store.write_spans(point.id, tried.spans)
    store.write_bytes(point.id, tried.record, durable=tried.wall_s >= _WORTH_A_WAIT_S)
    store.write_wall(point.id, tried.wall_s)
    return Outcome(tried.wall_s)


def in_one_line(error: BaseException) -> str:
    """The error's type and text, if it has any."""
    return " ".join(f"{type(error).__name__}: {error}".split()).removesuffix(":")
