"""How many pages a snapshot of a real Redis copied: by a closed form, and by the simulation.

Redis 7.0.15 with Debian's jemalloc on Linux 6.18, keys of 16 bytes drawn uniformly, values of
1 KiB. Nothing is fitted: sizes are those of Redis's structures, keys as many as were loaded.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import lcm

import pytest
from programs import redis_config, run_redis

from workloads.programs.redis.heap import RedisHeap

PAGE = 4096


@dataclass(frozen=True)
class Load:
    """What the snapshots under one load did, means if there were two.

    Attributes:
        dataset: how large Redis was made, with all that it takes.
        sets: answered while a snapshot was made.
        faults: minor faults of the parent meanwhile.
        copied: `rdb_last_cow_size`, in pages.
    """

    dataset: str
    sets: int
    faults: float
    copied: float


LOADS = {
    "0.5 GiB, closed": Load("0.5GiB", 420_155, 125_646, 124_704),
    "0.5 GiB, pipelines of 16, two snapshots": Load("0.5GiB", 875_256, 127_289.5, 127_075),
    "0.5 GiB, open": Load("0.5GiB", 192_752, 111_579, 109_354),
    "1 GiB, closed": Load("1GiB", 966_418, 252_522, 251_390),
    "1 GiB, pipelines of 16, two snapshots": Load("1GiB", 1_260_560, 253_791.5, 253_226),
    # Its requests are counted together; half of them are SETs.
    "1 GiB, half SETs, closed": Load("1GiB", 458_332, 232_626, 227_353),
    "1 GiB, open": Load("1GiB", 357_854, 217_681, 214_766),
}
KEYS = {"0.5GiB": 382_114, "1GiB": 764_229}
USED_MEMORY = {"0.5GiB": 524_795_576, "1GiB": 1_048_666_280}
"""Of Redis with these keys, bytes."""
IDLE_FAULTS = {"0.5GiB": 102, "1GiB": 134}
"""Of the parent during a snapshot without clients, medians of three."""

under_every_load = pytest.mark.parametrize("load", LOADS.values(), ids=LOADS)


@dataclass(frozen=True)
class Part:
    """Allocations of one size class, those of one key side by side.

    Attributes:
        bytes_of_key: that a key has of the class.
        begin: of what a SET writes of them ...
        end: ... up to, without this byte.
    """

    bytes_of_key: int
    begin: int
    end: int

    def pages(self, keys: int, sets: int) -> float:
        """How many pages so many SETs are expected to write, keys uniform."""
        slab = lcm(self.bytes_of_key, PAGE)
        writers = [0] * (slab // PAGE)
        for first in range(0, slab, self.bytes_of_key):
            for page in {(first + byte) // PAGE for byte in range(self.begin, self.end)}:
                writers[page] += 1
        slabs = keys * self.bytes_of_key / slab
        return slabs * sum(1 - (1 - here / keys) ** sets for here in writers)


VALUE = Part(1280, 0, 5 + 1024 + 1)
"""A header, the text and a zero."""
OBJECT = Part(16, 0, 16)
ENTRIES = {"debian": Part(32 + 32, 8, 16), "redis": Part(24 + 24, 8, 16)}
"""A key's entry in the hash table, of which a SET writes the second pointer, and the key's text (24
and 18 bytes). Classes are multiples of 16 in Debian's jemalloc, of 8 in what Redis brings along."""


def written_pages(keys: int, sets: int, jemalloc: str) -> float:
    return sum(part.pages(keys, sets) for part in (ENTRIES[jemalloc], OBJECT, VALUE))


@pytest.mark.parametrize("dataset", KEYS)
def test_debians_classes_make_up_the_memory_of_a_loaded_redis(dataset: str) -> None:
    keys = KEYS[dataset]
    buckets = 8 * 2 ** (keys - 1).bit_length()
    heap = keys * (32 + 32 + 16 + 1280) + buckets
    assert heap == pytest.approx(USED_MEMORY[dataset], rel=0.002)
    assert heap - 16 * keys < 0.99 * USED_MEMORY[dataset], "those of Redis's own would not"


def test_a_value_of_1_kib_lies_on_one_and_a_quarter_pages() -> None:
    # 16 slots on 5 pages; every page has four writers.
    keys = 16 * 1000
    expected = 5 * 1000 * (1 - (1 - 4 / keys) ** 7)
    assert VALUE.pages(keys, 7) == pytest.approx(expected, rel=1e-12)


@under_every_load
def test_a_real_snapshot_copied_what_uniform_sets_write(load: Load) -> None:
    pages = written_pages(KEYS[load.dataset], load.sets, "debian")
    assert pages == pytest.approx(load.faults - IDLE_FAULTS[load.dataset], rel=0.005)
    assert pages == pytest.approx(load.copied, rel=0.021)


@under_every_load
def test_a_simulated_snapshot_copies_what_a_real_one_did(load: Load) -> None:
    """The simulated Redis is as large, not of as many keys, and has the jemalloc of its makers."""
    recording = run_redis(
        dataset=load.dataset,
        value_bytes=1024,
        set_ratio=1,
        service="1us",
        clients={"kind": "open", "rate": f"{load.sets / 4}/s", "arrivals": "fixed"},
        snapshot={"at": ["0.2s"], "save_rate": f"{int(float(load.dataset[:-3]) * 2**30 / 4)}B"},
        duration="4.5s",
    )
    copies = recording.counters["faults/cow_copy"]
    keys = RedisHeap(redis_config(dataset=load.dataset, value_bytes=1024)).keys
    assert copies == pytest.approx(written_pages(keys, load.sets, "redis"), rel=0.002)
    assert copies == pytest.approx(load.faults, rel=0.024)
    assert copies == pytest.approx(load.copied, rel=0.037)
