"""Where the model and mechanisms.md differ: each test fails until one of them is changed."""

import numpy as np
import pytest
from fork_scenario import Scenario, counted

differs = pytest.mark.xfail(strict=True, raises=AssertionError)


@differs
def test_a_new_program_has_no_resident_pages() -> None:
    """A new program gets a new mm, whose counter starts at 0, whatever the old one."""
    s = Scenario("on_demand", variant="head")
    s.map(512)
    s.write("P", np.arange(512))
    s.fork("P", "C")
    s.exec("P")
    assert s.mm["P"].rss_pages == 0


@differs
def test_giving_permission_to_a_part_of_a_huge_page_splits_it() -> None:
    """The kernel splits the PMD wherever it cuts an area (vma_adjust_trans_huge)."""
    s = Scenario("huge")
    s.map(1024)
    s.fill("P", 0, 1024)
    s.protect("P", 0, 1024, writable=False)
    s.protect("P", 0, 256, writable=True)
    assert s.unmap("P", 0, 1024).huge_zapped == 1


@differs
def test_unmapping_where_nothing_is_mapped_copies_nothing() -> None:
    """The kernel finds no area in the range and returns, though the slot's table is shared."""
    s = Scenario("on_demand")
    s.map(256, at=256)
    s.write("P", np.arange(256, 512))
    s.fork("P", "C")
    assert counted(s.unmap("P", 0, 100)) == {}


@differs
def test_rights_that_stay_copy_nothing() -> None:
    """mprotect_fixup returns at once for an area that has the rights already."""
    s = Scenario("on_demand", variant="patchset")
    s.map(512)
    s.write("P", np.arange(512))
    s.fork("P", "C")
    assert counted(s.protect("P", 0, 256, writable=True)) == {}
