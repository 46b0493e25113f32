"""Closed-loop clients against an event loop that handles every request on its own."""

from __future__ import annotations

import tracemalloc
from collections import Counter
from fractions import Fraction

import numpy as np
import pytest
from faults_of_odd_pages import faults_of_odd_pages
from hypothesis import given, settings
from hypothesis import strategies as st
from plain_server import PlainClosedLoop, Sojourns, sojourns_of
from programs import redis_config

from models.faults.batch import Faults
from sim.arrays import IntArray
from sim.machine.streams import Streams
from workloads.programs.redis.closed_loop import ClosedLoopClients
from workloads.programs.redis.config import ClosedLoop, RedisConfig
from workloads.programs.redis.set_gaps import geometric, geometric_rows

FAULT_NS = 301


def test_gaps_are_numpys_own() -> None:
    for share in (1e-6, 0.01, 1 / 11, 0.33, 1 / 3, 0.5, 1.0):
        expected = np.random.default_rng(5).geometric(share, 10_000)
        assert (geometric(np.random.default_rng(5), share, 10_000) == expected).all()


@given(st.lists(st.integers(1, 40), min_size=1, max_size=9), st.sampled_from([1, 2, 999, 2**33]))
def test_numbers_are_the_same_however_many_are_drawn_at_once(pieces: list[int], keys: int) -> None:
    """Connections draw ahead by what is needed; NumPy promises the same stream, here it is so."""
    count = sum(pieces)
    for share in (1e-6, 1 / 11, 1 / 3, 1.0):
        together, apart = ([np.random.default_rng(seed) for seed in (5, 6)] for _ in range(2))
        rows = [geometric_rows(apart, share, piece) for piece in pieces]
        expected = [geometric(generator, share, count) for generator in together]
        assert (np.concatenate(rows, axis=1) == expected).all()
    one, other = (np.random.default_rng(7) for _ in range(2))
    drawn = np.concatenate([one.integers(0, keys, piece) for piece in pieces])
    assert (drawn == other.integers(0, keys, count)).all()


@pytest.mark.parametrize(
    ("connections", "pipeline", "set_ratio", "mib"),
    [(1000, 1, 1 / 11, 20), (1000, 16, 1.0, 40), (1000, 2000, 1.0, 70), (10_000, 1, 1 / 11, 100)],
)
def test_many_connections_take_little_memory(
    connections: int, pipeline: int, set_ratio: float, mib: int
) -> None:
    """However far a look may go: less than what 25 KB a connection and the data are promised."""
    clients = {"kind": "closed", "connections": connections, "pipeline": pipeline}
    config = redis_config(clients=clients, set_ratio=set_ratio, duration="100s")
    assert isinstance(config.clients, ClosedLoop)
    tracemalloc.start()
    try:
        source = ClosedLoopClients(config, config.clients, Streams(1))
        now_ns = 0
        for _ in range(3):
            ahead = source.upcoming(now_ns, 100 * 10**9, lambda _: Faults.none())
            assert ahead is not None
            now_ns = int(ahead.ends_ns[-1])
            source.served(ahead, ahead.ends_ns)
        assert tracemalloc.get_traced_memory()[1] < mib * 2**20
    finally:
        tracemalloc.stop()


def in_blocks(config: RedisConfig, seed: int, until_ns: int) -> tuple[Sojourns, list[int]]:
    """(reply time, latency) of every request, and the pages written, as the clients say."""
    assert isinstance(config.clients, ClosedLoop)
    clients = ClosedLoopClients(config, config.clients, Streams(seed))
    replies: Sojourns = Counter()
    pages: list[int] = []
    looked_at = np.zeros(0, np.int64)

    def find_faults(written: IntArray) -> Faults:
        nonlocal looked_at
        looked_at = written
        return faults_of_odd_pages(written, FAULT_NS)

    now = 0
    while True:
        ahead = clients.upcoming(now, until_ns, find_faults)
        assert ahead is not None
        count = int(np.searchsorted(ahead.ends_ns, until_ns))
        if count == 0:
            return replies, pages
        pages += looked_at[: ahead.writes_end[count - 1]].tolist()
        served = clients.served(ahead, ahead.ends_ns[:count])
        assert served.weights.sum() == ahead.requests[:count].sum()
        assert (np.diff(served.at_ns) >= 0).all()
        replies += sojourns_of(served.at_ns, served.latency_ns, served.weights)
        now = int(ahead.ends_ns[count - 1])


def one_by_one(config: RedisConfig, seed: int, until_ns: int) -> tuple[Sojourns, list[int]]:
    """The same by the plainest event loop: a byte budget per connection and pass."""
    assert isinstance(config.clients, ClosedLoop)
    clients = PlainClosedLoop(config, config.clients, Streams(seed))
    replies: Sojourns = Counter()
    written: list[int] = []
    now = 0
    while True:
        served = clients.read(now)
        pages = [page for request in served for page in request.pages]
        now += sum(request.service_ns for request in served)
        now += sum(FAULT_NS * (page % 2) for page in pages)
        if now >= until_ns:
            return replies, written
        written += pages
        for request in served:
            replies[now, now - request.sent_ns] += 1
        clients.answered(served, now)


@pytest.mark.parametrize(
    ("connections", "pipeline"),
    # Never drained; always drained; now and then drained in between; a single request.
    [(3, 2000), (2, 100), (2, 430), (1, 330), (2, 220), (5, 1)],
)
def test_every_reply_is_that_of_the_plain_event_loop(connections: int, pipeline: int) -> None:
    clients = {"kind": "closed", "connections": connections, "pipeline": pipeline}
    config = redis_config(clients=clients, set_ratio=0.2, service="500ns")
    until_ns = 15_000_000 if pipeline > 1 else 2_000_000
    assert in_blocks(config, 3, until_ns) == one_by_one(config, 3, until_ns)


@settings(max_examples=25, deadline=None)
@given(
    st.integers(1, 3),
    st.integers(1, 700),
    st.integers(0, 500) | st.sampled_from([16_000, 20_000, 64_000]),
    st.sampled_from([0.01, 1 / 11, 0.5, 1.0]),
    st.integers(0, 1000),
)
def test_replies_match_for_any_clients(
    connections: int, pipeline: int, value_bytes: int, set_ratio: float, seed: int
) -> None:
    clients = {"kind": "closed", "connections": connections, "pipeline": pipeline}
    config = redis_config(
        clients=clients, set_ratio=set_ratio, value_bytes=value_bytes, service="900ns"
    )
    assert in_blocks(config, seed, 3_000_000) == one_by_one(config, seed, 3_000_000)


def test_without_faults_a_request_waits_for_as_many_passes_as_its_queue_has() -> None:
    config = redis_config(
        clients={"kind": "closed", "connections": 1, "pipeline": 1000},
        set_ratio=0,
        key_bytes=12,  # a GET is 32 bytes: a pass reads 512 of them exactly
        service="1us",
    )
    assert config.get_bytes == 32
    replies, _ = in_blocks(config, 0, 100_000_000)
    latencies = Counter[int]()
    for (at, latency), weight in replies.items():
        if at > 10_000_000:
            latencies[latency] += weight
    # Passes of 512 us; request i waits from the pass of i - 1000 to its own: two passes, or one
    # for the 24 of 512 that fit into the next.
    total = sum(latencies.values())
    assert set(latencies) == {512_000, 1_024_000}
    assert Fraction(latencies[512_000], total) == Fraction(24, 512)
