"""Which pages of Redis's heap SETs dirty."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from programs import redis_config, run_redis

from sim.machine.streams import Streams
from workloads.programs.redis.arrivals import traced_arrivals
from workloads.programs.redis.config import TraceClients
from workloads.programs.redis.heap import DirtiedPages, RedisHeap, keys_that_fill
from workloads.programs.redis.objects import memory_of_key, size_class
from workloads.traces.kinds.key_trace import KeyTrace
from workloads.traces.registry import open_as

PAGE = 4096


def heap_of(
    value_bytes: int = 32, *, lengths: list[int] | None = None, **changes: object
) -> RedisHeap:
    config = redis_config(value_bytes=value_bytes, **changes)
    return RedisHeap(config, None if lengths is None else np.array(lengths))


@pytest.mark.parametrize(
    ("asked", "taken"),
    # jemalloc's table of size classes for a quantum of 8 (its manual, "size classes").
    [
        *[(1, 8), (8, 8), (9, 16), (24, 24), (25, 32), (64, 64), (65, 80), (81, 96), (128, 128)],
        *[(129, 160), (193, 224), (257, 320), (1030, 1280), (1281, 1536), (14336, 14336)],
        *[(14337, 16384), (16385, 20480), (65546, 81920), (2**29 + 10, 2**29 + 2**27)],
    ],
)
def test_an_allocation_takes_its_size_class(asked: int, taken: int) -> None:
    assert size_class(np.array([asked])).tolist() == [taken]


@given(st.integers(1, 2**30))
def test_a_size_class_wastes_at_most_a_fifth(asked: int) -> None:
    (taken,) = size_class(np.array([asked])).tolist()
    assert asked <= taken < max(asked + 8, 1.25 * asked)
    assert size_class(np.array([taken])).tolist() == [taken]


@pytest.mark.parametrize(
    ("value_bytes", "memory"),
    # Entry 24, text of the key 1 + 15 + 1 in 24, bucket 8, and
    [
        (0, 56 + 24),  # object and value together: 16 + 3 + 0 + 1
        (32, 56 + 56),
        (44, 56 + 64),  # the longest that is embedded
        (45, 56 + 16 + 56),  # object 16, value 3 + 45 + 1
        (252, 56 + 16 + 256),
        (256, 56 + 16 + 320),  # from here on the header has 5 bytes
        (1024, 56 + 16 + 1280),
        (65_536, 56 + 16 + 81_920),
    ],
)
def test_a_key_takes_what_its_allocations_take(value_bytes: int, memory: int) -> None:
    assert memory_of_key(15, value_bytes) == memory


@given(st.integers(33, 2**40), st.integers(1, 10**6))
def test_as_many_keys_as_fit_beside_a_table_of_a_power_of_two(dataset: int, each: int) -> None:
    def taken(keys: int) -> int:
        return keys * each + 8 * 2 ** max(keys - 1, 0).bit_length() if keys else 0

    keys = keys_that_fill(dataset, each)
    assert taken(keys) <= dataset
    # One more does not fit, with its own bucket or with a table of twice the size.
    assert taken(keys + 1) > dataset


def naive_pages(value_bytes: int, keys: int, key: int) -> set[int]:
    """What a SET writes of a heap that is laid out allocation by allocation."""
    assert value_bytes > 44, "not embedded"
    header = 3 if value_bytes < 256 else 5
    value = header + value_bytes + 1
    (value_class,) = size_class(np.array([value])).tolist()
    layout: dict[int, list[tuple[str, int]]] = {}
    for number in range(keys):
        for what, size in (("entry", 24), ("text", 24), ("object", 16), ("value", value_class)):
            layout.setdefault(size, []).append((what, number))
    written = {"entry": (8, 16), "object": (0, 16), "value": (0, value), "text": (0, 0)}
    pages, at = set(), 0
    for size in sorted(layout, reverse=True):
        for what, number in layout[size]:
            first, end = written[what]
            if number == key:
                pages |= {(at + byte) // PAGE for byte in range(first, end)}
            at += size
    return pages


@pytest.mark.parametrize("value_bytes", [45, 300, 1024, 3000, 5000, 20_000])
def test_a_set_dirties_its_entry_its_object_and_its_value(value_bytes: int) -> None:
    heap = heap_of(value_bytes, dataset="1MiB")
    for key in range(0, heap.keys, max(heap.keys // 20, 1)):
        pages = set(heap.written(np.array([key])).pages.tolist())
        assert pages == naive_pages(value_bytes, heap.keys, key)


def test_an_embedded_value_lies_with_its_object() -> None:
    heap = heap_of(32)
    written = heap.written(np.arange(heap.keys))
    # 73 values of 56 bytes a page, of which one in 73 or so lies on two; the entry on one.
    assert len(written.pages) / heap.keys == pytest.approx(2 + 51 / 4096, rel=1e-3)


@settings(deadline=None)
@given(
    st.integers(0, 70_000),
    st.lists(st.integers(0, 70_000), min_size=1, max_size=30) | st.none(),
    st.sampled_from([0.001, 0.3, 1.0]),
    st.data(),
)
def test_every_page_is_of_the_heap_and_every_set_has_its_own(
    value_bytes: int, lengths: list[int] | None, share: float, data: st.DataObject
) -> None:
    stored = None if lengths is None else [n for n in lengths if n]
    heap = heap_of(value_bytes, lengths=stored, dataset="1MiB", keys={"share": share})
    count = data.draw(st.integers(0, 20)) if lengths is None else len(lengths)
    keys = heap.random(np.random.default_rng(1), count)
    assert (keys < max(1, round(share * heap.keys))).all()
    asked = None if lengths is None else np.array(lengths, np.int64)
    together = heap.written(keys, asked)
    assert ((together.pages >= 0) & (together.pages < 256)).all()
    assert len(together.ends) == count
    apart = DirtiedPages.none()
    for number in range(count):
        one = slice(number, number + 1)
        alone = heap.written(keys[one], None if asked is None else asked[one])
        assert 1 <= len(alone.pages) <= heap.pages_of_a_set
        apart = apart.then(alone)
    assert np.array_equal(apart.pages, together.pages)
    assert np.array_equal(apart.ends, together.ends)
    cut = count // 2
    assert np.array_equal(
        together.after(cut).pages,
        together.pages[len(apart.pages[: int(np.append(0, apart.ends)[cut])]) :],
    )


def test_what_stores_nothing_writes_an_entry() -> None:
    heap = heap_of(1024)
    written = heap.written(np.arange(5), np.array([0, 1024, 0, 0, 1024]))
    assert np.diff(written.ends, prepend=0)[[0, 2, 3]].tolist() == [1, 1, 1]


def test_values_of_several_sizes_fill_regions_in_proportion() -> None:
    """Half the keys of 100 bytes, half of 3,000: each class has room for its own."""
    heap = heap_of(lengths=[100, 3000], dataset="64MiB")
    keys = np.arange(heap.keys)
    small = set(heap.written(keys, np.full(len(keys), 100)).pages.tolist())
    large = set(heap.written(keys, np.full(len(keys), 3000)).pages.tolist())
    of_entries = small & large
    entries = heap.keys * (24 + 24 + 16) / PAGE
    assert len(of_entries) == pytest.approx(entries, rel=0.01)
    assert len(small) - len(of_entries) == pytest.approx(heap.keys / 2 * 112 / PAGE, rel=0.01)
    assert len(large) - len(of_entries) == pytest.approx(heap.keys / 2 * 3072 / PAGE, rel=0.01)


def test_a_value_that_does_not_fit_is_refused() -> None:
    with pytest.raises(ValueError, match="a value of 2000000 bytes: expected values that fit"):
        heap_of(lengths=[100] * 50 + [2_000_000], dataset="1MiB")
    with pytest.raises(ValueError, match="dataset that holds a key, which takes 81992 bytes"):
        redis_config(dataset="64KiB", value_bytes="64KiB")


@pytest.mark.parametrize("keys", [1, 64, 100, 1000])
def test_placed_keys_fill_the_written_part_evenly(keys: int) -> None:
    heap = heap_of(3000, dataset="1MiB", keys={"share": 0.25})
    places = heap.placed(Streams(1, 0), keys)
    assert len(places) == keys
    counts = np.bincount(places, minlength=heap.reached)
    assert len(counts) == heap.reached
    assert counts.max() - counts.min() <= 1


def test_requests_are_served_longer_the_longer_their_values_are() -> None:
    def latency_ns(value_bytes: int) -> int:
        recording = run_redis(
            clients={"kind": "open", "rate": "100/s", "arrivals": "fixed"},
            value_bytes=value_bytes,
            service={"base": "900ns", "per_byte": "0.1ns"},
            duration="1s",
        )
        return recording.histograms["latency_ns"].quantile(Fraction(1, 2))

    # Nobody waits, and no page faults: the service time, and no more.
    assert latency_ns(0) == 900
    assert latency_ns(10_001) == 1900  # and 0.1 ns


def test_a_read_of_a_trace_takes_as_long_as_what_was_stored_last(tmp_path: Path) -> None:
    path = tmp_path / "requests.csv"
    rows = ["1,a,GET,0", "2,a,SET,1000", "3,b,GET,0", "4,a,GET,0", "5,a,SET,10", "6,a,GET,0"]
    path.write_text("\n".join(["time_s,key,op,value_bytes", *rows]))
    config = redis_config(
        clients={"kind": "trace", "path": str(path)},
        value_bytes=100,
        service={"base": "1us", "per_byte": "2ns"},
    )
    assert isinstance(config.clients, TraceClients)
    trace = open_as(KeyTrace, path)
    (arrivals,) = traced_arrivals(config, config.clients, trace, Streams(0))
    assert arrivals.service_ns.tolist() == [1200, 3000, 1200, 3000, 1020, 1020]
