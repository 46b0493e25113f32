"""Open-loop clients against an event loop that handles every request on its own."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from unittest.mock import patch

import numpy as np
import pytest
from faults_of_odd_pages import faults_of_odd_pages
from hypothesis import given, settings
from hypothesis import strategies as st
from plain_server import NEVER_NS, PlainOpenLoop, Sojourns, sojourns_of
from programs import redis_config, run_redis

from models.faults.batch import Faults
from sim.arrays import IntArray
from sim.machine.streams import Streams
from workloads.programs.redis import known_arrivals, open_loop
from workloads.programs.redis.arrivals import Arrivals, GeneratedArrivals, traced_arrivals
from workloads.programs.redis.config import RedisConfig, TraceClients
from workloads.programs.redis.open_loop import OpenLoopClients
from workloads.traces.kinds.key_trace import KeyTrace
from workloads.traces.registry import BUNDLED, open_as

SERVICE_NS = 1000
FAULT_NS = 700


def find_faults(pages: IntArray) -> Faults:
    return faults_of_odd_pages(pages, FAULT_NS)


Stalls = dict[int, int]
"""Iterations after which something keeps the server, a fork say, and for how long."""


def in_blocks(arrivals: Iterable[Arrivals], look_ns: int, stalls: Stalls | None = None) -> Sojourns:
    clients = OpenLoopClients(iter(arrivals))
    replies: Sojourns = Counter()
    now, iterations = 0, 0
    while (ahead := clients.upcoming(now, now + look_ns, find_faults)) is not None:
        count = max(1, int(np.searchsorted(ahead.ends_ns, now + look_ns)))
        stalled = [n for n in stalls or {} if iterations <= n < iterations + count]
        if stalled:
            count = min(stalled) + 1 - iterations
        iterations += count
        ends_ns = ahead.ends_ns[:count].copy()
        ends_ns[-1] += (stalls or {}).get(iterations - 1, 0)
        served = clients.served(ahead, ends_ns)
        replies += sojourns_of(served.at_ns, served.latency_ns, served.weights)
        now = int(ends_ns[-1])
    return replies


def one_by_one(arrivals: Arrivals, stalls: Stalls | None = None) -> Sojourns:
    clients = PlainOpenLoop(arrivals)
    replies: Sojourns = Counter()
    now, iterations = 0, 0
    while (start := max(now, clients.next_ns())) < NEVER_NS:
        served = clients.read(start)
        pages = [page for request in served for page in request.pages]
        now = start + sum(request.service_ns for request in served)
        now += FAULT_NS * sum(page % 2 for page in pages) + (stalls or {}).get(iterations, 0)
        iterations += 1
        for request in served:
            replies[now, now - request.sent_ns] += 1
    return replies


@st.composite
def requests(draw: st.DrawFn) -> Arrivals:
    count = draw(st.integers(1, 80))
    gaps = draw(st.lists(st.integers(0, 3000), min_size=count, max_size=count))
    sizes = draw(st.lists(st.sampled_from([40, 900, 6000, 20_000]), min_size=count, max_size=count))
    writes = draw(st.lists(st.integers(0, 2), min_size=count, max_size=count))
    connections = draw(st.lists(st.integers(0, 2), min_size=count, max_size=count))
    services = draw(st.lists(st.sampled_from([1, 1000]), min_size=count, max_size=count))
    pages = np.arange(sum(writes)) * 7 % 5
    return Arrivals(
        np.cumsum(gaps),
        np.array(connections),
        np.array(sizes),
        np.array(services),
        np.minimum(writes, 1),
        np.append(0, np.cumsum(writes)),
        pages,
    )


def cut(arrivals: Arrivals, length: int) -> list[Arrivals]:
    """Pieces of so many requests."""
    numbers = np.arange(len(arrivals))
    return [arrivals.take(numbers[n : n + length]) for n in range(0, len(arrivals), length)]


STALLS = st.dictionaries(st.integers(0, 30), st.sampled_from([1, 20_000, 300_000]), max_size=4)


@settings(deadline=None)
@given(requests(), st.sampled_from([0, 1, 5000, 10**9]), STALLS)
def test_every_reply_is_that_of_the_plain_event_loop(
    arrivals: Arrivals, look_ns: int, stalls: Stalls
) -> None:
    assert in_blocks([arrivals], look_ns, stalls) == one_by_one(arrivals, stalls)


@settings(deadline=None, max_examples=300)
@given(
    arrivals=requests(),
    look_ns=st.sampled_from([0, 1, 5000, 50_000, 10**9]),
    stalls=STALLS,
    length=st.integers(1, 30),
    ahead=st.integers(1, 9),
    few=st.sampled_from([0, 3]),
)
def test_so_is_it_however_little_is_known_ahead(
    arrivals: Arrivals, look_ns: int, stalls: Stalls, *, length: int, ahead: int, few: int
) -> None:
    """Requests come in pieces, few are looked at together, in plain numbers or in arrays."""
    with (
        patch.object(known_arrivals, "PIECE_REQUESTS", ahead),
        patch.object(open_loop, "PIECE_REQUESTS", ahead),
        patch.object(open_loop, "_LEAST_LOOK", 2),
        patch.object(open_loop, "_FEW", few),
    ):
        together = in_blocks(cut(arrivals, length), look_ns, stalls)
    assert together == one_by_one(arrivals, stalls)


@pytest.mark.parametrize("connections", [1, 3, 50])
@pytest.mark.parametrize(("value_bytes", "ms"), [(32, 90), (3000, 20), (20_000, 6)])
def test_so_is_a_backlog_that_a_long_stall_leaves(
    connections: int, value_bytes: int, ms: int
) -> None:
    clients = {"kind": "open", "rate": "500k/s", "connections": connections}
    config = open_config(
        clients=clients, value_bytes=value_bytes, duration=f"{ms}ms", set_ratio=0.3
    )
    stalls = {0: ms * 250_000, 200: ms * 120_000}
    drawn = [*GeneratedArrivals(config, config.clients, Streams(1))]  # type: ignore[arg-type] # an open loop
    assert in_blocks(drawn, 10**9, stalls) == one_by_one(Arrivals.joined(drawn), stalls)


@settings(deadline=None)
@given(requests(), st.integers(0, 200_000))
def test_a_look_changes_nothing(arrivals: Arrivals, now_ns: int) -> None:
    """The same look again is the same, and an earlier one can still be taken as served."""
    clients = OpenLoopClients(iter([arrivals]))
    first, again = (clients.upcoming(now_ns, now_ns + 5000, find_faults) for _ in range(2))
    assert first is not None
    assert again is not None
    for column in ("start_ns", "ends_ns", "busy_ns", "requests", "changes_end", "writes_end"):
        assert np.array_equal(getattr(first, column), getattr(again, column))
    clients.upcoming(now_ns, now_ns + 10**9, find_faults)
    served = clients.served(first, first.ends_ns)
    assert len(served.at_ns) == first.requests.sum()
    count, now_ns = len(served.at_ns), int(first.ends_ns[-1])
    while (left := clients.upcoming(now_ns, 10**9, find_faults)) is not None:
        count, now_ns = count + int(left.requests.sum()), int(left.ends_ns[-1])
        clients.served(left, left.ends_ns)
    assert count == len(arrivals)


@given(st.lists(st.tuples(st.integers(0, 3000), st.integers(0, 1)), min_size=1, max_size=60))
def test_service_starts_when_lindley_says(requests: list[tuple[int, int]]) -> None:
    """The loop is work-conserving: each busy period ends where the queue's work does."""
    arrivals = np.cumsum([gap for gap, _ in requests])
    writes = np.array([write for _, write in requests])
    service = SERVICE_NS + FAULT_NS * writes
    done, ends = 0, set()
    for number, (arrival, need) in enumerate(zip(arrivals.tolist(), service.tolist(), strict=True)):
        done = max(done, arrival) + need
        if number + 1 == len(arrivals) or arrivals[number + 1] > done:
            ends.add(done)
    small = Arrivals(
        arrivals,
        np.zeros_like(arrivals),
        np.full_like(arrivals, 40),
        np.full_like(arrivals, SERVICE_NS),
        writes,
        np.append(0, np.cumsum(writes)),
        np.ones(int(writes.sum()), np.int64),
    )
    replied = {at for at, _ in in_blocks([small], 10**9)}
    assert ends <= replied
    assert max(replied) == max(ends)


def open_config(**changes: object) -> RedisConfig:
    fields = {"clients": {"kind": "open", "rate": "100k/s", "connections": 4}, **changes}
    return redis_config(**fields)


def test_an_iteration_reads_all_that_has_arrived_wherever_it_is_drawn() -> None:
    """One that begins at the end of a piece reads of the next; of many at one moment all."""
    clients = {"kind": "open", "rate": "800k/s", "connections": 50}
    config = open_config(clients=clients, duration="80ms", service="1us")
    drawn = [*GeneratedArrivals(config, config.clients, Streams(1))]  # type: ignore[arg-type] # an open loop
    assert len(drawn) > 2
    assert in_blocks(drawn, 10**9) == one_by_one(Arrivals.joined(drawn))
    at_ns, once, nothing = np.full(60_000, 10**9), np.ones(60_000, np.int64), np.zeros(0, np.int64)
    at_once = Arrivals(at_ns, 0 * once, once, once, 0 * once, np.zeros(60_001, np.int64), nothing)
    halves = cut(at_once, 30_000)
    assert in_blocks(halves, 10**10) == one_by_one(at_once)


def all_arrivals(config: RedisConfig, seed: int = 1) -> Arrivals:
    return Arrivals.joined(GeneratedArrivals(config, config.clients, Streams(seed)))  # type: ignore[arg-type] # an open loop


def test_poisson_arrivals_have_the_rate_and_the_gaps_of_one() -> None:
    arrivals = all_arrivals(open_config(duration="2s"))
    count = len(arrivals)
    # Five standard deviations of a Poisson count of 200,000.
    assert abs(count - 200_000) < 5 * 200_000**0.5
    gaps = np.diff(arrivals.at_ns)
    # An exponential's standard deviation is its mean; the estimate's own deviation is 1/sqrt(n).
    assert abs(gaps.std() / gaps.mean() - 1) < 5 * 2 / count**0.5
    sets = int(arrivals.changes.sum())
    assert abs(sets - count / 11) < 5 * (count * 10 / 121) ** 0.5


def test_fixed_arrivals_are_equally_far_apart() -> None:
    clients = {"kind": "open", "rate": "100k/s", "arrivals": "fixed", "connections": 1}
    arrivals = all_arrivals(open_config(clients=clients, duration="1s"))
    assert len(arrivals) == 99_999  # the next would come at the very end
    assert set(np.diff(arrivals.at_ns).tolist()) == {10_000}


def test_a_poisson_queue_waits_as_pollaczek_and_khinchine_say() -> None:
    """M/D/1: a request's service starts after the work that it finds, whoever replies when."""
    rate, service_ns = 500_000, 1000
    arrivals = all_arrivals(
        open_config(clients={"kind": "open", "rate": f"{rate}/s", "connections": 9}, duration="2s")
    ).at_ns.astype(np.float64)
    # Lindley's recursion in closed form: the queue that the clients' arrivals make.
    drift = service_ns * np.arange(len(arrivals)) - arrivals
    waits = drift - np.minimum.accumulate(drift)
    load = rate * service_ns / 1e9
    expected = service_ns * load / (2 * (1 - load))
    # The mean of a million waits correlated over busy periods of a few requests.
    batches = waits[: len(waits) // 100 * 100].reshape(100, -1).mean(axis=1)
    assert abs(waits.mean() - expected) < 4 * batches.std(ddof=1) / 10
    assert batches.std(ddof=1) / 10 < 0.02 * expected


def test_writes_whose_size_a_trace_does_not_say_have_the_configured_one(tmp_path: Path) -> None:
    """And those that store nothing have none."""
    files = {"said": "9000,set,b,9000\n", "left out": "9000,set,b,\n"}
    found = []
    for name, rows in files.items():
        file = tmp_path / name
        file.write_text(f"time_ns,op,key,size\n1000,del,a,\n{rows}9000,get,b,\n9000,set,c,70\n")
        config = redis_config(
            clients={"kind": "trace", "path": str(file)},
            value_bytes=9000,
            service={"base": "1us", "per_byte": "1ns"},
        )
        assert isinstance(config.clients, TraceClients)
        trace = open_as(KeyTrace, file)
        found.append(Arrivals.joined(traced_arrivals(config, config.clients, trace, Streams(0))))
    said, left_out = found
    assert np.array_equal(said.pages, left_out.pages)
    assert np.array_equal(said.service_ns, left_out.service_ns)
    assert left_out.service_ns.tolist()[1:] == [10_000, 10_000, 1070]
    assert len(set(said.pages.tolist())) > 3  # of three pages at least is the long value


def test_a_trace_gives_every_command_its_own_time_and_its_writes() -> None:
    trace = open_as(KeyTrace, BUNDLED / "redis_monitor.log.gz")
    config = redis_config(clients={"kind": "trace", "path": "x"}, dataset="64MiB")
    assert isinstance(config.clients, TraceClients)
    arrivals = Arrivals.joined(traced_arrivals(config, config.clients, trace, Streams(0)))
    assert len(arrivals) == 60_000
    assert arrivals.changes.sum() == 30_029
    assert np.abs(arrivals.at_ns - trace.time_ns).max() < 1000  # MONITOR's clock ticks in us
    assert (arrivals.changes == trace.is_write).all()
    hottest = np.bincount(trace.key_id[trace.is_write]).argmax()
    same_key = np.flatnonzero(trace.is_write & (trace.key_id == hottest))
    written = {tuple(arrivals.take(np.array([number])).pages.tolist()) for number in same_key}
    assert len(same_key) > 1
    assert len(written) == 1
    # A value of 1 KiB lies on a page and a quarter; its object and its entry on one each
    # (not exactly: a few hot keys are written most often).
    assert len(arrivals.pages) / 30_029 == pytest.approx(3.25, abs=0.05)
    assert 0 <= arrivals.pages.min() <= arrivals.pages.max() < 64 * 256


@pytest.mark.parametrize("scheme", ["classic", "huge", "on_demand"])
def test_the_bundled_trace_is_served_whole(scheme: str) -> None:
    path = str(BUNDLED / "redis_monitor.log.gz")
    recording = run_redis(
        scheme,
        clients={"kind": "trace", "path": path},
        dataset="256MiB",
        snapshot={"after_changes": 5000, "save_rate": "128MiB"},
    )
    assert recording.counters["requests"] == 60_000
    assert recording.histograms["latency_ns"].count == 60_000
    assert recording.counters["snapshots"] >= 4
