"""Which pages of Redis's heap SETs dirty."""

from __future__ import annotations

import numpy as np
import pytest
from programs import redis_config

from sim.machine.streams import Streams
from workloads.programs.redis.heap import HeapPages


@pytest.mark.parametrize(
    ("dataset", "share", "total", "written"),
    [
        ("1MiB", 1.0, 256, 256),
        ("1MiB", 0.5, 256, 128),
        ("4097B", 1.0, 2, 2),  # a page that is begun is a page
        ("1MiB", 0.001, 256, 1),  # and SETs write one at least
        ("1MiB", 0.01, 256, 3),
    ],
)
def test_the_written_part_is_a_share_of_the_heap(
    dataset: str, share: float, total: int, written: int
) -> None:
    heap = HeapPages(redis_config(dataset=dataset, keys={"share": share}))
    assert (heap.total, heap.written) == (total, written)


def test_random_keys_reach_every_page_of_the_written_part_and_no_other() -> None:
    heap = HeapPages(redis_config(dataset="1MiB", keys={"share": 0.25}))
    pages = heap.random(np.random.default_rng(1), 2000)
    assert set(pages.tolist()) == set(range(64))


@pytest.mark.parametrize("keys", [1, 64, 100, 1000])
def test_placed_keys_fill_the_written_part_evenly(keys: int) -> None:
    heap = HeapPages(redis_config(dataset="1MiB", keys={"share": 0.25}))
    pages = heap.placed(Streams(1, 0), keys)
    assert len(pages) == keys
    counts = np.bincount(pages, minlength=64)
    assert len(counts) == 64
    assert counts.max() - counts.min() <= 1
