"""Scenarios S1-S19 of mechanisms.md section 9, as written there: counts and states by hand.

R is 4 MiB of written private memory, slots T0 and T1; A = page 0, B = page 1, Z = page 512.
`test_kernel_scenarios.py` replays the same on what real kernels did.
"""

import numpy as np
import pytest
from fork_scenario import Scenario, counted

A, B, Z = 0, 1, 512
EVERY_PAGE = np.arange(1024)


def begin(scheme: str, *, slots: int = 2) -> Scenario:
    s = Scenario(scheme)
    s.map(512 * slots)
    s.write("P", np.arange(512 * slots), 1)
    return s


def maps(s: Scenario, who: str, *pages: int) -> list[int | None]:
    return [s.map_count(who, page) for page in pages]


def test_s1_to_s8_classic() -> None:
    s = begin("classic")
    assert counted(s.fork("P", "C")) == {"tables_alloc": 2, "ptes_copied": 1024}
    assert maps(s, "P", A, Z) == [2, 2]
    assert counted(s.read("C", A)) == {}
    assert counted(s.write("C", A, 7)) == {"faults": 1, "cow_copy": 1}
    assert maps(s, "P", A) == maps(s, "C", A) == [1]
    assert counted(s.write("P", A, 8)) == {"faults": 1, "cow_reuse": 1}
    assert counted(s.write("P", B, 9)) == {"faults": 1, "cow_copy": 1}
    assert counted(s.write("C", B, 10)) == {"faults": 1, "cow_reuse": 1}
    assert [s.value(who, page) for who in "PC" for page in (A, B, Z)] == [8, 9, 1, 7, 10, 1]
    assert counted(s.exit("C")) == {"ptes_zapped": 1024, "tables_freed": 2, "pages_freed": 2}
    assert counted(s.exit("P")) == {"ptes_zapped": 1024, "tables_freed": 2, "pages_freed": 1024}


def test_s1_to_s8_on_demand() -> None:
    s = begin("on_demand")
    assert counted(s.fork("P", "C")) == {"tables_shared": 2}
    assert (s.references("P", 0), s.references("P", 1)) == (2, 2)
    assert maps(s, "P", A, Z) == [1, 1]
    assert counted(s.read("C", A)) == {}
    broken = {"faults": 1, "tables_alloc": 1, "table_copy": 1, "ptes_copied": 512}
    assert counted(s.write("C", A, 7)) == {**broken, "cow_copy": 1}
    assert (s.references("P", 0), s.references("P", 1)) == (1, 2)
    assert maps(s, "P", A, B, Z) == [1, 2, 1]
    assert counted(s.write("P", A, 8)) == {"faults": 1, "table_reuse": 1, "cow_reuse": 1}
    assert counted(s.write("P", B, 9)) == {"faults": 1, "cow_copy": 1}
    assert counted(s.write("C", B, 10)) == {"faults": 1, "cow_reuse": 1}
    assert [s.value(who, page) for who in "PC" for page in (A, B, Z)] == [8, 9, 1, 7, 10, 1]
    left = {"ptes_scanned": 512}
    assert counted(s.exit("C")) == {**left, "ptes_zapped": 512, "tables_freed": 1, "pages_freed": 2}
    assert s.references("P", 1) == 1
    assert counted(s.exit("P")) == {
        "table_reuse": 1,
        "ptes_zapped": 1024,
        "tables_freed": 2,
        "pages_freed": 1024,
    }


@pytest.mark.parametrize("first, second", [("C", "P"), ("P", "C")])
def test_s9_s10_the_last_one_reuses(first: str, second: str) -> None:
    s = begin("classic")
    s.fork("P", "C")
    s.exit(first)
    assert counted(s.write(second, EVERY_PAGE, 2)) == {"faults": 1024, "cow_reuse": 1024}
    s = begin("on_demand")
    s.fork("P", "C")
    assert counted(s.exit(first)) == {"ptes_scanned": 1024}
    # Its entries were never write-protected: one fault a table.
    assert counted(s.write(second, EVERY_PAGE, 2)) == {"faults": 2, "table_reuse": 2}
    assert s.mm[second].resident_pages == 1024


def test_s11_both_write_everything() -> None:
    s = begin("classic")
    s.fork("P", "C")
    assert counted(s.write("P", EVERY_PAGE, 2)) == {"faults": 1024, "cow_copy": 1024}
    assert counted(s.write("C", EVERY_PAGE, 3)) == {"faults": 1024, "cow_reuse": 1024}
    s = begin("on_demand")
    s.fork("P", "C")
    assert counted(s.write("P", EVERY_PAGE, 2)) == {
        "faults": 1024,
        "tables_alloc": 2,
        "table_copy": 2,
        "ptes_copied": 1024,
        "cow_copy": 1024,
    }
    assert counted(s.write("C", EVERY_PAGE, 3)) == {
        "faults": 1024,
        "table_reuse": 2,
        "cow_reuse": 1024,
    }


def test_s12_to_s14_grandchild() -> None:
    s = begin("classic")
    s.fork("P", "C")
    s.fork("C", "G")
    assert maps(s, "P", A) == [3]
    for who, action, left in (("G", "cow_copy", 2), ("C", "cow_copy", 1)):
        assert counted(s.write(who, A, 2)) == {"faults": 1, action: 1}
        assert maps(s, "P", A) == [left]
    assert counted(s.write("P", A, 2)) == {"faults": 1, "cow_reuse": 1}

    s = begin("on_demand")
    s.fork("P", "C")
    assert counted(s.fork("C", "G")) == {"tables_shared": 2}
    assert s.references("P", 0) == s.references("P", 1) == 3
    assert maps(s, "P", A) == [1]
    for who, references, of_b in (("G", 2, 2), ("C", 1, 3)):
        assert s.write(who, A, 2).actions["table_copy"] == 1
        assert s.references("P", 0) == references
        assert maps(s, "P", A, B) == [1, of_b]
    assert counted(s.write("P", A, 2)) == {"faults": 1, "table_reuse": 1, "cow_reuse": 1}
    s.exit("C")
    assert maps(s, "P", B) == [2]
    assert counted(s.write("G", B, 3)) == {"faults": 1, "cow_copy": 1}
    assert counted(s.write("P", B, 3)) == {"faults": 1, "cow_reuse": 1}


@pytest.mark.parametrize("scheme", ["classic", "on_demand"])
def test_s15_fan_out(scheme: str) -> None:
    s = begin(scheme, slots=1)
    for child in ("C0", "C1", "C2"):
        s.fork("P", child)
    assert maps(s, "P", A) == [4 if scheme == "classic" else 1]
    copied = 0
    for child in ("C0", "C1", "C2"):
        counts = s.write(child, A, 2)
        assert (counts.faults, counts.actions["cow_copy"]) == (1, 1)
        copied += counts.actions["table_copy"]
    assert copied == (0 if scheme == "classic" else 3)
    counts = s.write("P", A, 3)
    assert (counts.actions["cow_reuse"], counts.actions["table_reuse"]) == (
        1,
        0 if scheme == "classic" else 1,
    )


def test_s16_reading_a_hole_copies_the_table() -> None:
    for scheme, first, last in (
        ("classic", {}, {}),
        (
            "on_demand",
            {"tables_alloc": 1, "table_copy": 1, "ptes_copied": 256},
            {"table_reuse": 1},
        ),
    ):
        s = Scenario(scheme)
        s.map(512)
        s.write("P", np.arange(0, 512, 2), 1)
        s.fork("P", "C")
        assert counted(s.read("C", 1)) == {"faults": 1, "zero_map": 1, **first}
        assert counted(s.write("C", 1, 5)) == {"faults": 1, "zero_fill": 1}
        assert counted(s.read("P", 1)) == {"faults": 1, "zero_map": 1, **last}
        assert s.value("P", 1) == 0


def test_s17_the_zero_page_is_copied_without_a_count() -> None:
    for scheme, copied in (
        ("classic", {}),
        ("on_demand", {"tables_alloc": 1, "table_copy": 1, "ptes_copied": 2}),
    ):
        s = Scenario(scheme)
        s.map(512)
        s.write("P", 0, 1)
        s.read("P", 5)
        assert s.fork("P", "C").ptes_copied == (2 if scheme == "classic" else 0)
        assert counted(s.write("C", 5, 2)) == {"faults": 1, "zero_fill": 1, **copied}
        assert s.value("P", 5) == 0


def test_s17_memory_that_was_only_read_is_passed_over() -> None:
    for scheme in ("classic", "on_demand", "huge"):
        s = Scenario(scheme)
        s.map(1024)
        s.read("P", EVERY_PAGE)
        assert counted(s.fork("P", "C")) == {}
        assert s.mm["C"].n_tables == 0


def test_s18_partly_covered_slots_are_shared_too() -> None:
    pages = np.arange(256, 1280)
    for scheme, forked, edge in (
        ("classic", {"tables_alloc": 3, "ptes_copied": 1024}, {}),
        (
            "on_demand",
            {"tables_shared": 3},
            {"tables_alloc": 1, "table_copy": 1, "ptes_copied": 256},
        ),
    ):
        s = Scenario(scheme)
        s.map(1024, at=256)
        s.write("P", pages, 1)
        assert counted(s.fork("P", "C")) == forked
        assert counted(s.write("C", 256, 2)) == {"faults": 1, "cow_copy": 1, **edge}


def test_s19_two_areas_in_one_slot_are_shared_once() -> None:
    s = Scenario("on_demand")
    s.map(256)
    s.map(256, at=256)
    s.write("P", np.arange(512), 1)
    assert counted(s.fork("P", "C")) == {"tables_shared": 1}
    assert s.references("P", 0) == 2
    assert s.write("C", 0, 2).ptes_copied == 512
    assert counted(s.write("C", 256, 2)) == {"faults": 1, "cow_copy": 1}


def test_s32_huge_pages_of_5_6() -> None:
    s = begin("huge")
    assert counted(s.fork("P", "C")) == {"tables_alloc": 2}
    assert counted(s.write("C", A, 2)) == {"faults": 1, "huge_copy": 1}
    assert counted(s.write("P", A, 2)) == {"faults": 1, "huge_reuse": 1}
    assert counted(s.write("P", B, 2)) == {}


def test_a_huge_page_of_which_another_keeps_a_part_is_copied() -> None:
    s = begin("huge")
    s.fork("P", "C")
    assert counted(s.unmap("C", 100, 1)) == {"huge_split": 1, "ptes_zapped": 1}
    assert s.mm["C"].resident_pages == 1023
    # Only P's huge page held page 100 on.
    assert counted(s.write("P", A, 2)) == {"faults": 1, "huge_copy": 1, "pages_freed": 1}
    # The child's pages are 4 KiB ones now, and nobody else's.
    assert counted(s.write("C", A, 3)) == {"faults": 1, "cow_reuse": 1}


def test_n1_a_reused_table_does_not_leak_writes() -> None:
    """N1: a table that is reused must not let a write through to a page that is shared again."""
    s = begin("on_demand")
    s.fork("P", "C")
    s.write("C", A, 7)
    assert counted(s.write("P", B, 9)) == {"faults": 1, "table_reuse": 1, "cow_copy": 1}
    assert s.value("C", B) == 1
