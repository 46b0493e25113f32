"""Which stages a measurement has, what its rows must look like, and what medians say of them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest
from fake_machine import MIB, THP, fake_machine

from experiments.measuring.bench import COMPILED, INTERPRETED, Bench
from experiments.measuring.knobs import read_knobs
from experiments.measuring.medians import medians_of
from experiments.measuring.stages import Stage, fork_sizes, stages_of
from experiments.measuring.tables import COLUMNS, as_csv, row_of

GIB = 1024 * MIB
IN_C = Bench(
    COMPILED,
    "cc",
    ["hostbench"],
    {"forks", "fills", "faults", "huge_faults", "copies", "switches", "gaps"},
    4 * MIB,
)
IN_NUMPY = Bench(INTERPRETED, None, ["python"], {"forks", "fills", "faults", "copies"}, 64 * MIB)


def stages(
    folder: Path, bench: Bench, memory_bytes: int, changes: Mapping[str, str | None] | None = None
) -> list[Stage]:
    return stages_of(bench, read_knobs(fake_machine(folder, changes)), memory_bytes)


def forked(found: list[Stage]) -> set[tuple[str, int, int]]:
    """Modes, sizes and instances of the forks among stages."""
    return {
        (stage.words[1], int(stage.words[2]), int(stage.words[3]))
        for stage in found
        if stage.words[0] == "forks"
    }


@pytest.mark.parametrize("bench", [IN_C, IN_NUMPY])
@pytest.mark.parametrize("memory_bytes", [200 * MIB, 2**30, 3 * GIB, 64 * GIB])
def test_no_stage_takes_more_than_the_memory(
    tmp_path: Path, bench: Bench, memory_bytes: int
) -> None:
    found = stages(tmp_path, bench, memory_bytes)
    assert {stage.words[0] for stage in found} == bench.stages
    assert max(stage.peak_bytes for stage in found) <= memory_bytes
    assert len({stage.name for stage in found}) == len(found)
    assert found[0].words[0] == "fills"


def test_sizes_are_quarters_of_the_largest_that_fits() -> None:
    assert fork_sizes(IN_C, 8 * GIB) == [64 * MIB, 256 * MIB, GIB, 4 * GIB]
    assert fork_sizes(IN_C, 64 * MIB) == [8 * MIB, 32 * MIB]


def test_what_a_machine_has_not_is_not_forked(tmp_path: Path) -> None:
    without = {
        f"{THP}/enabled": "always madvise [never]",
        "sys/kernel/mm/hugepages/hugepages-2048kB/free_hugepages": "0\n",
        "proc/self/status": "Cpus_allowed_list:\t3\n",
    }
    one = forked(stages(tmp_path / "one", IN_C, GIB, without))
    other = forked(stages(tmp_path / "other", IN_C, GIB))
    assert {mode for mode, _, _ in one} == {"4k", "4k_sparse"}
    assert {mode for mode, _, _ in other} == {"4k", "4k_sparse", "thp"}
    assert {instances for _, _, instances in one} == {1}
    assert {instances for _, _, instances in other} == {1, 2}


def test_hugetlb_pages_are_forked_as_far_as_they_are_free(tmp_path: Path) -> None:
    free = {"sys/kernel/mm/hugepages/hugepages-2048kB/free_hugepages": "100\n"}
    found = forked(stages(tmp_path, IN_C, GIB, free))
    assert {size for mode, size, _ in found if mode == "hugetlb"} == {128 * MIB}


@pytest.mark.parametrize("line", ["", "fork_micro,4k,0", "of_no_table,1,2"])
def test_a_row_that_is_none_is_refused(line: str) -> None:
    with pytest.raises(ValueError, match="no row of a table"):
        row_of(line)


def fork_row(size: int, turn: int, fork_ns: int, mode: str = "4k") -> list[str]:
    values = {"mode": mode, "size_bytes": size, "instances": 1, "fork_no_after_touch": turn}
    costs = {"fork_ns": fork_ns, "child_start_to_wait_return_ns": 7, "touch_all_ns": 8}
    cells = {**values, **costs, "munmap_ns": 9}
    return [str(cells.get(column, 0)) for column in COLUMNS["fork_micro"]]


def test_an_empty_fork_is_taken_from_those_of_pages() -> None:
    rows = [fork_row(0, 1, 50), fork_row(0, 1, 90), fork_row(0, 1, 70)]
    rows += [fork_row(4096 * 10, 1, 70 + 10 * each) for each in (80, 100, 300)]
    found = {one.what: one for one in medians_of({"fork_micro": rows})}
    assert found["fork of an empty process"].median == 70
    first = found["first fork (4k)"]
    assert (first.lower, first.median, first.upper, first.count) == (90, 100, 200, 3)
    assert "next fork (4k)" not in found


def test_forks_are_of_the_largest_size_with_three_rows() -> None:
    rows = [fork_row(0, 2, 0)]
    rows += [fork_row(4096 * pages, 2, pages * each) for pages, each in ((10, 7), (20, 9))]
    rows += [fork_row(4096 * 20, turn, 20 * 9) for turn in (3, 4)]
    rows += [fork_row(4096 * 40, 2, 40 * 50)]
    (found,) = (one for one in medians_of({"fork_micro": rows}) if one.what == "next fork (4k)")
    assert (found.median, found.count, found.size_bytes) == (9, 3, 4096 * 20)


def test_without_an_empty_fork_sizes_are_compared() -> None:
    rows = [fork_row(4096 * 10, 1, 5000), fork_row(4096 * 110, 1, 5000 + 100 * 60)]
    found = {one.what: one.median for one in medians_of({"fork_micro": rows})}
    assert found["first fork (4k)"] == 60
    assert medians_of({"fork_micro": rows[:1]}) == []


def test_tables_without_rows_are_headings() -> None:
    for table, columns in COLUMNS.items():
        assert as_csv(table, []) == (",".join(columns) + "\n").encode()
    assert medians_of({}) == []
