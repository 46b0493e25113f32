"""Scenarios of huge pages and large folios by hand (mechanisms.md 2.4, 2.5, 5; S32, S33)."""

import numpy as np
import pytest
from fork_scenario import Scenario, counted

from models.memory.areas import BusError

A, B = 0, 1
HUGE = 512
COPY = {"faults": 1, "cow_copy": 1}
SPLIT = {**COPY, "huge_split": 1}


def begin(scheme: str, slots: int = 2, **options: object) -> Scenario:
    s = Scenario(scheme, **options)
    s.map(HUGE * slots)
    s.fill("P", 0, HUGE * slots)
    return s


def test_s32_huge_pages_of_6_x_are_split_by_each_writer() -> None:
    s = begin("classic6", huge=True)
    assert counted(s.fork("P", "C")) == {"tables_alloc": 2}
    assert counted(s.write("C", A, 2)) == SPLIT
    # No fault reuses a page of what was a huge page and another has: it is copied again.
    assert counted(s.write("P", A, 3)) == {**SPLIT, "pages_freed": 1}
    assert counted(s.write("P", B, 3)) == COPY
    assert counted(s.write("C", B, 2)) == {**COPY, "pages_freed": 1}
    assert counted(s.write("C", B, 2)) == {}
    assert [s.value(who, page) for who in "PC" for page in (A, B, 2)] == [3, 3, 1, 2, 2, 1]


def test_s32_a_huge_page_that_nobody_else_has_is_reused_whole() -> None:
    s = begin("classic6", huge=True)
    s.fork("P", "C")
    s.exit("C")
    assert counted(s.write("P", A, 2)) == {"faults": 1, "huge_reuse": 1}
    assert counted(s.write("P", B, 2)) == {}


def test_a_page_of_a_split_huge_page_is_never_reused_after_a_fork() -> None:
    s = begin("classic6", 1, huge=True)
    s.fork("P", "C")
    s.write("C", A, 2)
    s.exit("P")
    # The child is alone, and copies all the same.
    rest = np.arange(1, HUGE)
    assert counted(s.write("C", rest, 2)) == {
        "faults": 511,
        "cow_copy": 511,
        "pages_freed": 511,
    }


def test_large_folios_are_not_reused_after_a_fork_and_small_ones_are() -> None:
    for folio_pages, second in (
        (1, {"faults": 1, "cow_reuse": 1}),
        (16, {**COPY, "pages_freed": 1}),
    ):
        s = begin("classic6", folio_pages=folio_pages)
        assert counted(s.fork("P", "C")) == {"tables_alloc": 2, "ptes_copied": 1024}
        assert counted(s.write("C", A, 2)) == COPY
        assert counted(s.write("P", A, 3)) == second


def test_pages_protected_without_a_fork_are_still_exclusive() -> None:
    s = begin("classic6", folio_pages=16)
    s.protect("P", 0, 1024, writable=False)
    s.protect("P", 0, 1024, writable=True)
    assert counted(s.write("P", A, 2)) == {"faults": 1, "cow_reuse": 1}


@pytest.mark.parametrize("pages", [0, 3, 1024])
def test_folios_have_2_to_some_power_pages(pages: int) -> None:
    with pytest.raises(ValueError, match="folio"):
        Scenario("classic6", folio_pages=pages)


def test_s33_a_child_that_the_pool_has_no_page_for_is_killed() -> None:
    s = begin("hugetlb", pool_pages=2)
    assert counted(s.fork("P", "C")) == {}
    with pytest.raises(BusError):
        s.write("C", A, 2)
    s.exit("C")
    # Nobody else has the page now.
    assert counted(s.write("P", A, 3)) == {"faults": 1, "huge_reuse": 1}


def test_s33_the_mapper_takes_its_page_from_its_child() -> None:
    s = begin("hugetlb", pool_pages=2)
    s.fork("P", "C")
    counts = s.write("P", A, 3)
    assert (counts.faults, counts.actions["huge_copy"], counts.actions["huge_reuse"]) == (1, 0, 1)
    assert s.value("P", A) == 3
    with pytest.raises(BusError):
        s.read("C", A)
    # The other page was not taken.
    assert s.value("C", HUGE) == 1


def test_s33_with_a_page_left_the_first_writer_copies() -> None:
    s = begin("hugetlb", pool_pages=3)
    s.fork("P", "C")
    assert counted(s.write("C", A, 2)) == {"faults": 1, "huge_copy": 1}
    assert counted(s.write("P", A, 3)) == {"faults": 1, "huge_reuse": 1}
    with pytest.raises(BusError):
        s.write("C", HUGE, 2)
    assert [s.value(who, A) for who in "PC"] == [3, 2]


def test_pages_are_reserved_when_they_are_mapped() -> None:
    s = Scenario("hugetlb", pool_pages=2)
    s.map(HUGE)
    with pytest.raises(ValueError, match="pool"):
        s.map(2 * HUGE, at=4 * HUGE)
    s.map(HUGE, at=4 * HUGE)
    assert s.write("P", [0, 4 * HUGE], 1).actions["huge_fill"] == 2


def test_hugetlb_without_a_limit_copies_as_5_6_does() -> None:
    s = begin("hugetlb")
    assert counted(s.fork("P", "C")) == {}
    assert counted(s.write("C", A, 2)) == {"faults": 1, "huge_copy": 1}
    assert counted(s.write("P", A, 3)) == {"faults": 1, "huge_reuse": 1}
    assert counted(s.exit("C")) == {"huge_zapped": 2, "pages_freed": 512}
