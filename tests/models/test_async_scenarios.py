"""Scenarios of Async-fork by hand (mechanisms.md 6 and 9): who copies a table, and when.

That it ends where classic fork does is in `test_kernel_scenarios.py`.
"""

import numpy as np
import pytest
from fork_scenario import Scenario, counted

A, B, Z = 0, 1, 512
COPIED = {"tables_alloc": 1, "ptes_copied": 512}
SYNCED = {**COPIED, "table_sync": 1}


def begin(pages: int = 1024, at: int = 0) -> Scenario:
    s = Scenario("async")
    s.map(pages, at=at)
    s.write("P", np.arange(at, at + pages), 1)
    return s


def test_s1_the_child_copies_before_it_runs() -> None:
    s = begin()
    assert counted(s.fork("P", "C", start=False)) == {}
    assert s.references("C", 0) is s.references("C", 1) is None
    assert not s.writable("P", 0)
    assert s.map_count("P", A) == 1
    assert counted(s.start("C")) == {"tables_alloc": 2, "ptes_copied": 1024}
    assert (s.map_count("P", A), s.map_count("P", Z)) == (2, 2)
    assert s.writable("P", 0)
    assert counted(s.start("C")) == {}


def test_s18_the_parent_copies_what_it_does_not_wholly_have() -> None:
    s = begin(1024, at=256)
    assert counted(s.fork("P", "C", start=False)) == {"tables_alloc": 2, "ptes_copied": 512}
    assert [s.references("C", slot) for slot in range(3)] == [1, None, 1]
    assert counted(s.start("C")) == COPIED
    assert counted(s.write("C", 256, 2)) == {"faults": 1, "cow_copy": 1}


def test_s26_the_parent_is_first() -> None:
    s = begin()
    s.fork("P", "C", start=False)
    assert counted(s.write("P", A, 2)) == {"faults": 1, **SYNCED, "cow_copy": 1}
    assert counted(s.write("P", B, 2)) == {"faults": 1, "cow_copy": 1}
    assert counted(s.start("C")) == COPIED
    assert [s.value("C", page) for page in (A, B, Z)] == [1, 1, 1]
    assert [s.value("P", page) for page in (A, B, Z)] == [2, 2, 1]


def test_reading_what_is_there_is_no_fault_and_reading_a_hole_is_one() -> None:
    s = Scenario("async")
    s.map(512)
    s.write("P", np.arange(0, 512, 2), 1)
    s.fork("P", "C", start=False)
    assert counted(s.read("P", 0)) == {}
    assert counted(s.read("P", 1)) == {
        "faults": 1,
        "zero_map": 1,
        "tables_alloc": 1,
        "table_sync": 1,
        "ptes_copied": 256,
    }


@pytest.mark.parametrize("change", ["unmap", "protect", "discard", "move"])
def test_whoever_changes_an_area_copies_all_that_is_owed_of_it(change: str) -> None:
    s = begin()
    s.map(512, at=2048)
    s.write("P", np.arange(2048, 2560), 1)
    s.fork("P", "C", start=False)
    match change:
        case "unmap":
            counts = s.unmap("P", 0, 10)
        case "protect":
            counts = s.protect("P", 0, 10, writable=False)
        case "discard":
            counts = s.discard("P", 0, 10)
        case _:
            counts = s.move("P", 0, 10, 4096)
    assert counts.actions["table_sync"] == 2
    assert counted(s.start("C")) == COPIED
    assert [s.value("C", page) for page in (0, 9, 1023, 2559)] == [1, 1, 1, 1]


def test_a_second_fork_copies_everything_for_the_first_child() -> None:
    s = begin()
    s.fork("P", "C", start=False)
    counts = s.fork("P", "D", start=False)
    assert counted(counts) == {"tables_alloc": 2, "ptes_copied": 1024, "table_sync": 2}
    assert counted(s.start("C")) == {}
    assert counted(s.start("D")) == {"tables_alloc": 2, "ptes_copied": 1024}
    assert s.map_count("P", A) == 3


def test_a_parent_that_exits_leaves_its_child_everything() -> None:
    s = begin()
    s.fork("P", "C", start=False)
    assert s.exit("P").actions["table_sync"] == 2
    s.start("C")
    assert [s.value("C", page) for page in (A, Z)] == [1, 1]


def test_a_child_that_never_runs_costs_no_table() -> None:
    s = begin()
    s.fork("P", "C", start=False)
    assert counted(s.exit("C")) == {}
    assert s.writable("P", 0)
    assert counted(s.write("P", A, 2)) == {}


def test_shared_and_file_memory_is_not_left_to_the_child() -> None:
    s = Scenario("async")
    s.map(512, shared=True)
    s.write("P", np.arange(512), 1)
    assert counted(s.fork("P", "C", start=False)) == {}
    assert counted(s.start("C")) == {}
