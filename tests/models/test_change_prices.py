"""What changes of areas cost, by hand: munmap, MADV_DONTNEED, mremap, brk, mprotect."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from model_prices import PRICES, make_costs, make_memory

from models.memory.address_space import AddressSpace
from models.operations.steps import Operation, Work, perform
from models.schemes.base import Scheme
from models.schemes.registry import make_scheme

LOOKED_NS = PRICES["table_zap_ns"] / 512
"""Looking at one place of a table, whatever is there."""
ZAPPED_NS = LOOKED_NS + PRICES["exit_entry_ns"] + PRICES["page_free_ns"]
"""Removing the last entry of a page, and freeing it."""
LEFT_NS = LOOKED_NS + PRICES["exit_entry_ns"]
"""The same of a page that another process keeps."""
ENTRY_NS = PRICES["entry_protect_ns"]
COPIED_NS = PRICES["table_copy_ns"] + 512 * (PRICES["entry_copy_ns"] + PRICES["entry_protect_ns"])
"""Copying a table whose entries may all be written."""
FLUSH_NS = PRICES["tlb_flush_ns"]


class Process:
    """A process with two slots written, under a scheme."""

    def __init__(self, scheme: str, **options: Any) -> None:
        self.scheme: Scheme = make_scheme(scheme, make_costs(), **options)
        self.mm = AddressSpace(make_memory(self.scheme.costs))
        self.mm.map(1024, at=0)
        self.scheme.fill(self.mm, 0, 1024)

    def does(self, operation: Operation[Any]) -> list[tuple[float, str | None]]:
        """The work of an operation: each piece, and its stream."""
        _, performed = perform(operation)
        return [(step.ns, step.stream) for step in performed.steps if isinstance(step, Work)]

    def forked(self) -> Process:
        perform(self.scheme.fork(self.mm))
        return self


def test_forgetting_pages_costs_their_removal() -> None:
    p = Process("classic")
    assert p.does(p.scheme.discard(p.mm, 100, 30)) == [(30 * ZAPPED_NS, "zap")]
    assert p.does(p.scheme.discard(p.mm, 100, 30)) == [(30 * LOOKED_NS, "zap")]


def test_forgetting_shared_pages_frees_none() -> None:
    p = Process("classic").forked()
    assert p.does(p.scheme.discard(p.mm, 100, 30)) == [(30 * LEFT_NS, "zap")]


def test_forgetting_a_part_of_a_shared_table_copies_it_first() -> None:
    p = Process("on_demand").forked()
    assert p.does(p.scheme.discard(p.mm, 100, 30)) == [(COPIED_NS, "copy"), (30 * LEFT_NS, "zap")]


def test_forgetting_a_part_of_a_huge_page_splits_it() -> None:
    p = Process("huge")
    split_ns = PRICES["fault_huge_split_ns"]
    assert p.does(p.scheme.discard(p.mm, 100, 30)) == [(split_ns, "copy"), (30 * ZAPPED_NS, "zap")]


def test_async_forks_debts_are_paid_before_a_page_is_forgotten() -> None:
    p = Process("async").forked()
    work = p.does(p.scheme.discard(p.mm, 100, 30))
    # Both tables are owed, of one area; only then is anything removed.
    assert work == [(2 * COPIED_NS, "copy"), (30 * LEFT_NS, "zap")]


def test_unmapping_costs_the_removal_alone() -> None:
    p = Process("classic")
    assert p.does(p.scheme.unmap(p.mm, 512, 512)) == [(512 * ZAPPED_NS, "zap")]


@pytest.mark.parametrize(
    ("start_page", "n_pages", "to_page", "moved"),
    [
        (0, 512, 4096, 1),  # a table moves whole ...
        (0, 1024, 4096, 2),
        (0, 512, 4097, 512),  # ... but entry by entry to another place in its slot,
        (0, 100, 4096, 100),  # and a part of one,
        (512, 512, 4096, 1),
        (300, 512, 8492, 512),  # also where parts of two slots go to their like.
    ],
)
def test_moving_costs_a_store_for_each_table_or_entry(
    start_page: int, n_pages: int, to_page: int, moved: int
) -> None:
    p = Process("classic")
    frames = p.mm.frames_at(np.arange(start_page, start_page + n_pages))
    work = p.does(p.scheme.move(p.mm, start_page, n_pages, to_page))
    assert work == [(moved * ENTRY_NS + FLUSH_NS, "copy")]
    assert (p.mm.frames_at(np.arange(to_page, to_page + n_pages)) == frames).all()


def test_a_table_moves_whole_only_to_a_slot_without_one() -> None:
    p = Process("classic")
    p.mm.map(1, at=4096 + 511)
    p.scheme.fill(p.mm, 4096 + 511, 1)
    work = p.does(p.scheme.move(p.mm, 0, 511, 4096))
    assert work == [(511 * ENTRY_NS + FLUSH_NS, "copy")]


def test_moving_shared_tables_copies_them_first() -> None:
    p = Process("on_demand").forked()
    work = p.does(p.scheme.move(p.mm, 0, 512, 4096))
    # The cut at page 512 copies the table behind it, too.
    assert work == [(2 * COPIED_NS + ENTRY_NS + FLUSH_NS, "copy")]


def test_taking_a_right_costs_a_store_for_each_entry() -> None:
    p = Process("classic")
    taken = p.does(p.scheme.protect(p.mm, 0, 100, False))
    assert taken == [(100 * ENTRY_NS + FLUSH_NS, "copy")]
    # There is nothing to change in areas that are so already.
    assert p.does(p.scheme.protect(p.mm, 0, 100, False)) == [(0, "copy")]


def heap_of(scheme: str, n_pages: int) -> Process:
    p = Process(scheme)
    p.mm.map(n_pages, at=4096, heap=True)
    p.scheme.fill(p.mm, 4096, n_pages)
    return p


def test_a_heap_shrinks_as_an_area_is_unmapped_and_grows_for_nothing() -> None:
    p = heap_of("classic", 600)
    assert p.does(p.scheme.brk(p.mm, 500)) == [(100 * ZAPPED_NS + 424 * LOOKED_NS, "zap")]
    assert p.does(p.scheme.brk(p.mm, 500)) == []
    assert p.does(p.scheme.brk(p.mm, 900)) == []
    (heap,) = (vma for vma in p.mm.vmas if vma.heap)
    assert (heap.start_page, heap.n_pages) == (4096, 900)


@pytest.mark.parametrize("n_pages", [0, -1])
def test_a_heap_has_a_page_at_least(n_pages: int) -> None:
    p = heap_of("classic", 600)
    with pytest.raises(ValueError, match="cannot make the heap"):
        p.does(p.scheme.brk(p.mm, n_pages))


def test_a_pool_refuses_a_heap_that_it_has_no_pages_for_and_leaves_it() -> None:
    p = Process("hugetlb", pool_pages=3)
    p.mm.map(512, at=4096, heap=True)
    with pytest.raises(ValueError, match="too small"):
        p.does(p.scheme.brk(p.mm, 1024))
    (heap,) = (vma for vma in p.mm.vmas if vma.heap)
    assert heap.n_pages == 512


def test_growing_a_heap_pays_what_async_fork_owes_of_it() -> None:
    p = heap_of("async", 1024).forked()
    assert p.does(p.scheme.brk(p.mm, 2048)) == [(2 * COPIED_NS, "copy")]


def test_async_fork_leaves_the_heap_to_the_child_too() -> None:
    p = heap_of("async", 512)
    child, _ = perform(p.scheme.fork(p.mm))
    assert p.mm.memory.counts.ptes_copied == 0
    perform(p.scheme.start(child))
    assert p.mm.memory.counts.ptes_copied == 3 * 512
