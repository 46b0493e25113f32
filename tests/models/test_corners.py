"""Corners of operations that no recorded scenario and hardly a random history meets."""

from collections.abc import Callable

import numpy as np
import pytest
from fork_scenario import Scenario, counted
from memory_inspection import check_empty
from model_prices import PRICES

from models.memory.areas import BusError, Refusal
from models.memory.counts import Counts
from models.memory.files import File


def test_a_new_program_has_no_resident_pages() -> None:
    """A new program gets a new mm, whose counter starts at 0, whatever the old one."""
    s = Scenario("on_demand", variant="head")
    s.map(512)
    s.write("P", np.arange(512))
    s.fork("P", "C")
    s.exec("P")
    assert s.mm["P"].rss_pages == 0


def test_giving_permission_to_a_part_of_a_huge_page_splits_it() -> None:
    """The kernel splits the PMD wherever it cuts an area (vma_adjust_trans_huge)."""
    s = Scenario("huge")
    s.map(1024)
    s.fill("P", 0, 1024)
    s.protect("P", 0, 1024, writable=False)
    s.protect("P", 0, 256, writable=True)
    assert s.unmap("P", 0, 1024).huge_zapped == 1


@pytest.mark.parametrize("change", [Scenario.unmap, Scenario.discard])
def test_what_no_area_lies_in_copies_nothing(
    change: Callable[[Scenario, str, int, int], Counts],
) -> None:
    """The kernel finds no area in the range and returns, though the slot's table is shared."""
    s = Scenario("on_demand")
    s.map(256, at=256)
    s.write("P", np.arange(256, 512))
    s.fork("P", "C")
    assert counted(change(s, "P", 0, 100)) == {}
    # What the table holds of an area it does not look at: it is copied first (D3).
    s.map(100, at=0)
    assert change(s, "P", 0, 100).actions["table_copy"] == 1


def test_rights_that_stay_copy_nothing() -> None:
    """mprotect_fixup returns at once for an area that has the rights already."""
    s = Scenario("on_demand", variant="patchset")
    s.map(512)
    s.write("P", np.arange(512))
    s.fork("P", "C")
    assert counted(s.protect("P", 0, 256, writable=True)) == {}


def test_a_page_of_the_pool_is_taken_from_grandchildren_too() -> None:
    """The kernel unmaps it from whoever maps it (unmap_ref_private): G must not read P's 3."""
    s = Scenario("hugetlb", pool_pages=2)
    s.map(512)
    s.fill("P", 0, 512)
    s.fork("P", "C")
    s.fork("C", "G")
    s.write("C", 0, 2)
    s.write("P", 0, 3)
    assert s.value("G", 0) != 3


def test_a_read_takes_a_page_from_the_pool() -> None:
    """There is no huge zero page of hugetlbfs (hugetlb_no_page)."""
    s = Scenario("hugetlb", pool_pages=1)
    s.map(512)
    s.read("P", 0)
    assert s.memory.frames.in_use == 512


def test_the_child_of_a_mapper_that_is_gone_has_no_reservation() -> None:
    """Whoever did not map the page itself is killed, and takes it from nobody (2.5)."""
    s = Scenario("hugetlb", pool_pages=1)
    s.map(512)
    s.fill("P", 0, 512)
    s.fork("P", "C")
    s.fork("C", "G")
    s.exit("P")
    try:
        s.write("C", 0, 2)
    except BusError:
        return
    raise AssertionError("C took the page from G")


@pytest.mark.parametrize("scheme, options", [("async", {}), ("on_demand", {"variant": "head"})])
def test_struct_pages_are_warm_after_any_copy_of_their_table(
    scheme: str, options: dict[str, str]
) -> None:
    """A parent that copies a table for its child, or anew, has read them as one that unshares."""
    s = Scenario(scheme, **options)
    s.map(512)
    s.write("P", np.arange(512))
    s.fork("P", "C", start=False)
    if scheme == "on_demand":
        s.write("C", 0)
    s.write("P", 0)
    s.write("P", 100)
    assert s.last_ns == PRICES["fault_copy_cold_ns"] - PRICES["struct_page_miss_ns"]


def test_a_price_does_not_depend_on_how_accesses_are_cut() -> None:
    """Copies of 4 KiB that follow the split of a huge page are as sequential as any."""
    spent = []
    for batches in ([np.arange(10)], [np.arange(1), np.arange(1, 10)]):
        s = Scenario("classic6", huge=True)
        s.map(512)
        s.fill("P", 0, 512)
        s.fork("P", "C")
        spent.append(0)
        for pages in batches:
            s.write("P", pages)
            spent[-1] += s.last_ns
    assert spent[0] == spent[1]


@pytest.mark.parametrize("apart", [64, 512])
def test_a_page_of_a_file_that_one_process_maps_twice_is_held_twice(apart: int) -> None:
    """Below one table or two: copying the tables, writing to both and leaving count it twice."""
    s = Scenario("on_demand", variant="patchset")
    file = File(s.memory.frames, 8)
    both = np.array([0, apart])
    for start in (*both, 1024):
        s.map(8, at=int(start), file=file)
    s.read("P", [0, apart, 1024])
    s.write("P", [1, apart + 1])
    assert s.map_count("P", 0) == 3
    s.fork("P", "C")
    s.write("C", both + 1)  # both tables are copied
    s.write("C", both)
    assert s.map_count("P", 0) == 3
    # The file's pages 0 and 1 go with its last area, and two copies of page 1.
    assert s.exit("C").pages_freed == 4
    assert s.exit("P").pages_freed == 4
    check_empty(s.memory)


def test_accesses_before_the_one_that_kills_hold() -> None:
    """C has written page 512 when it comes to page 0, which P has taken from it."""
    s = Scenario("hugetlb", pool_pages=3)
    s.map(1024)
    s.fill("P", 0, 1024)
    s.fork("P", "C")
    s.write("P", 512)
    s.write("P", 0, 3)
    before = s.memory.counts.copy()
    faults = s.scheme.classify(s.mm["C"], [512, 0, 513])
    with pytest.raises(BusError):
        s.scheme.apply(s.mm["C"], faults)
    assert counted(s.memory.counts - before) == {"faults": 1, "huge_reuse": 1}
    assert faults.total_ns == PRICES["fault_huge_reuse_ns"]


def test_a_child_does_not_fill_what_the_pool_has_no_page_for() -> None:
    """It has no reservation for what its parent has mapped and never touched (2.5)."""
    s = Scenario("hugetlb", pool_pages=3)
    s.map(1024)
    s.fork("P", "C")
    with pytest.raises(BusError):
        s.fill("C", 0, 1024)
    assert s.memory.huge_pages == 1


def test_a_heap_does_not_grow_beyond_the_pool() -> None:
    """A reservation is refused when it is made, not when it is used."""
    s = Scenario("hugetlb", pool_pages=2)
    s.map(1024, heap=True)
    with pytest.raises(Refusal):
        s.brk("P", 1536)
    assert s.mm["P"].vmas[0].n_pages == 1024


def test_rights_that_stay_cut_no_page_of_the_pool() -> None:
    """mprotect_fixup leaves such an area alone before it cuts it."""
    s = Scenario("hugetlb")
    s.map(512)
    assert counted(s.protect("P", 0, 100, writable=True)) == {}
    with pytest.raises(Refusal):
        s.protect("P", 0, 100, writable=False)


@pytest.mark.parametrize("scheme, options", [("huge", {}), ("classic6", {"huge": True})])
def test_splitting_a_huge_page_for_a_change_takes_time(
    scheme: str, options: dict[str, bool]
) -> None:
    """At the cut of an area, for a discard of a part and for a move out of line (2.4)."""
    changes: list[Callable[[Scenario], Counts]] = [
        lambda s: s.unmap("P", 0, 100),
        lambda s: s.protect("P", 0, 100, writable=False),
        lambda s: s.discard("P", 0, 100),
        lambda s: s.move("P", 0, 512, 1100),
    ]
    for change in changes:
        s = Scenario(scheme, **options)
        s.map(512)
        s.fill("P", 0, 512)
        assert change(s).actions["huge_split"] == 1
        assert s.last_ns >= PRICES["fault_huge_split_ns"]


def test_discarding_two_areas_does_not_drop_the_table_that_they_share() -> None:
    """Neither of them spans the slot, so each is removed from a copy."""
    s = Scenario("on_demand", variant="patchset")
    for start in (0, 256):
        s.map(256, at=start)
    s.write("P", np.arange(512))
    s.fork("P", "C")
    assert counted(s.discard("P", 0, 512))["table_copy"] == 1


def test_a_moved_page_says_nothing_about_its_new_neighbours() -> None:
    """A fork has shared the page that moves in, not those of large folios beside it (2, 6.0)."""
    s = Scenario("classic6", folio_pages=16)
    s.map(512)
    s.fill("P", 0, 512)
    s.fork("P", "C")
    s.exit("C")
    s.map(512, at=1024)
    s.fill("P", 1024, 512)
    s.unmap("P", 1024, 256)
    s.move("P", 0, 256, 1024)
    s.protect("P", 1024, 512, writable=False)
    s.protect("P", 1024, 512, writable=True)
    assert counted(s.write("P", 1280)) == {"faults": 1, "cow_reuse": 1}
    assert counted(s.write("P", 1024)) == {"faults": 1, "cow_copy": 1, "pages_freed": 1}


def test_a_reused_huge_page_is_exclusive_when_it_is_split() -> None:
    """Its pages are nobody else's again (PageAnonExclusive goes to all of them)."""
    s = Scenario("classic6", huge=True)
    s.map(512)
    s.fill("P", 0, 512)
    s.fork("P", "C")
    s.exit("C")
    assert s.write("P", 0).actions["huge_reuse"] == 1
    s.unmap("P", 0, 256)
    s.protect("P", 256, 256, writable=False)
    s.protect("P", 256, 256, writable=True)
    assert counted(s.write("P", 300)) == {"faults": 1, "cow_reuse": 1}


def test_who_replaces_what_others_may_have_in_their_tlb_has_them_flush() -> None:
    """The zero page, or a page of a file, by a copy; not what was absent (mechanisms.md 1.5)."""
    s = Scenario("classic")
    s.map(512)
    s.map(8, at=512, file=File(s.memory.frames, 8))
    s.read("P", [5, 512])
    for page, flushes in ((4, 0), (5, 1), (512, 1), (513, 0)):
        assert s.scheme.flushes(s.scheme.touch(s.mm["P"], [page])) == flushes
    # Within one batch as well.
    assert s.scheme.flushes(s.scheme.touch(s.mm["P"], [7, 7], [False, True])) == 1


def test_folios_save_in_a_table_that_is_copied_in_part_too() -> None:
    """copy_present_ptes batches up to the end of the area, whatever else has the table."""

    def fork_ns(folio_pages: int, *, heap: bool) -> int:
        s = Scenario("classic6", folio_pages=folio_pages)
        s.map(512)
        s.fill("P", 0, 512)
        s.unmap("P", 0, 64)
        if heap:
            s.map(64, heap=True)  # never written, so fork passes over it
        s.fork("P", "C")
        return s.last_ns

    assert fork_ns(16, heap=True) == fork_ns(16, heap=False) < fork_ns(1, heap=True)
