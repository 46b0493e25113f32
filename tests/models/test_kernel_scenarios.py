"""The scenarios of mechanisms.md section 9 as real kernels ran them, counter by counter.

`kernel_scenarios.csv` holds what instrumented kernels counted, and the state that they were in
after each step. Where a kernel has a fault that the model has not, `KNOWN_FAULTS` says what is
right. B2 (mprotect writes into shared tables) shows in no counter, and D2 (a leak) needs a race.
"""

import csv
from pathlib import Path

import pytest
from fork_scenario import Scenario
from kernel_scripts import SCRIPTS

from models.faults.actions import by_kind

Row = dict[str, str]
Cell = tuple[str, str, str, str]

COUNTERS = (
    "faults",
    "tables_alloc",
    "tables_copied",
    "tables_reused",
    "tables_freed",
    "tables_shared",
    "ptes_copied",
    "page_copies",
    "page_reuse",
    "zero_fill",
    "zero_map",
    "ptes_zapped",
    "ptes_scanned",
    "pages_freed",
)
OURS = {
    "tables_copied": "table_copy",
    "tables_reused": "table_reuse",
    "page_copies": "cow_copy",
    "page_reuse": "cow_reuse",
}
"""What the kernels' counters are called in the model, where it is not the same."""

RSS = "_rss_anon_pages"
RECORDED = Path(__file__).parent / "data" / "kernel_scenarios.csv"


def recorded(kernel: str, scheme: str) -> dict[str, list[Row]]:
    """The steps that one kernel recorded under one scheme, by scenario."""
    scenarios: dict[str, list[Row]] = {}
    with RECORDED.open(newline="") as lines:
        for row in csv.DictReader(lines):
            if (row["kernel"], row["scheme"]) == (kernel, scheme):
                scenarios.setdefault(row["scenario"], []).append(row)
    return scenarios


PAPER_KERNEL, PATCHED_KERNEL = "odf-5.6.19-HEAD-instr", "odf-v2-6.0.6-instr"
KERNELS = {
    "classic on 5.6": recorded(PAPER_KERNEL, "classic"),
    "classic on 6.0": recorded(PATCHED_KERNEL, "classic"),
    "P": recorded(PAPER_KERNEL, "P"),
    "V": recorded(PATCHED_KERNEL, "V"),
}
MODELS = {
    "classic on 5.6": ("classic", {}),
    "classic on 6.0": ("classic6", {}),
    "P": ("on_demand", {"variant": "head"}),
    "V": ("on_demand", {"variant": "patchset"}),
}
COPIED = {"faults": "1", "tables_alloc": "1", "tables_copied": "1", "ptes_copied": "512"}

# By kernel, scenario and step: the fault, and what is right in the cells that it makes wrong.
KNOWN_FAULTS: dict[tuple[str, str, str], tuple[str, Row]] = {
    ("P", "N2", "fork"): (
        "B1: tables below a read-only area are shared, but their slots keep the write permission",
        {f"{who}_T{slot}_rw": "RO" for who in "PC" for slot in (0, 1)},
    ),
    ("P", "N2", "C exits"): (
        "B1: so whoever leaves first frees what the other still maps",
        {
            "tables_freed": "0",
            "ptes_zapped": "0",
            "ptes_scanned": "1024",
            "pages_freed": "0",
            "P_T0_ref": "1",
            "P_T0_rw": "RO",
            "P_T1_ref": "1",
            "P_T1_rw": "RO",
            "P_A_map": "1",
            "P_B_map": "1",
            "P_Z_map": "1",
            "P_A_val": "1000000",
            "P_B_val": "1000001",
            "P_Z_val": "1000512",
        },
    ),
    ("P", "N2", "P reads A"): (
        "B1: and that one reads zeros",
        {
            "faults": "0",
            "zero_map": "0",
            "P_T0_ref": "1",
            "P_T0_rw": "RO",
            "P_T1_ref": "1",
            "P_T1_rw": "RO",
            "P_A_map": "1",
            "P_B_map": "1",
            "P_Z_map": "1",
            "P_A_val": "1000000",
            "P_B_val": "1000001",
            "P_Z_val": "1000512",
        },
    ),
    ("P", "N2b", "fork"): (
        "B1: as in N2",
        {f"{who}_T{slot}_rw": "RO" for who in "PC" for slot in (0, 1)},
    ),
    ("P", "N2b", "C mprotect RW"): (
        "B1: as in N2",
        {f"{who}_T{slot}_rw": "RO" for who in "PC" for slot in (0, 1)},
    ),
    ("P", "N2b", "C writes A"): (
        "B1: a page mapped by one table of two processes is reused, and both read what is written",
        {
            **{name: n for name, n in COPIED.items() if name != "faults"},
            "page_copies": "1",
            "page_reuse": "0",
            "P_T0_ref": "1",
            "P_T0_rw": "RO",
            "P_T1_rw": "RO",
            "P_B_map": "2",
            "P_A_val": "1000000",
            "C" + RSS: str(52 + 512),
            "C_T0_ref": "1",
            "C_T1_rw": "RO",
            "C_B_map": "2",
        },
    ),
    ("P", "N2b", "P reads A"): (
        "B1: both read what is written",
        {
            "P_T0_ref": "1",
            "P_T0_rw": "RO",
            "P_T1_rw": "RO",
            "P_B_map": "2",
            "P_A_val": "1000000",
            "C" + RSS: str(52 + 512),
            "C_T0_ref": "1",
            "C_T1_rw": "RO",
            "C_B_map": "2",
        },
    ),
    ("V", "N3", "C DONTNEED A"): (
        "D3: forgetting one page of a shared table forgets all of them",
        {
            **{name: n for name, n in COPIED.items() if name != "faults"},
            "ptes_zapped": "1",
            "P_B_map": "2",
            "C" + RSS: str(4 + 511),
            "C_T0_ref": "1",
            "C_T0_rw": "RW",
            "C_B_map": "2",
            "C_B_val": "1000001",
        },
    ),
    ("V", "N3", "C reads B"): (
        "D3: so that the others read as zeros",
        {
            "faults": "0",
            "tables_alloc": "0",
            "zero_map": "0",
            "P_B_map": "2",
            "C" + RSS: str(4 + 511),
            "C_B_map": "2",
            "C_B_val": "1000001",
        },
    ),
    ("V", "N3", "C reads A"): (
        "D3: still",
        {"P_B_map": "2", "C" + RSS: str(4 + 511), "C_B_map": "2", "C_B_val": "1000001"},
    ),
}

# A kernel that crashed in the step after the last recorded one, and the fault it crashed of.
CRASHES = {("V", "VX"): "D9: a break of a slot runs past the table if an area ends at its start"}

# What the instruments do not see: the table that a fault on a shared mapping allocates beforehand.
# That it is there shows in the state: the slot had no table before the step, and has one after it.
UNSEEN = {"S30a": ("C writes A", "tables_alloc", "C_T0_ref")}

# Pages outside the region that a process has when it first shows, and later got or lost: P of V is
# watched before it forks, and its children begin with what they touch themselves, not with a copy.
OUTSIDE_V = {"N1": 5, "N1b": 5, "N2": 3, "N2b": 5, "MPROT": 3}
USUALLY_OUTSIDE_V = 4
MOVED_OUTSIDE = {
    ("V", "S12-S14", "S12b C forks G", "C"): +3,
    ("V", "STICKY", "P plain fork", "P"): -4,
}


class Outside:
    """How many resident pages of each process lie outside the region that the scenario is about."""

    def __init__(self, kernel: str, scenario: str, first: Row, s: Scenario) -> None:
        self.kernel = kernel
        self.scenario = scenario
        self.pages = {"P": int(first["P" + RSS] or 0) - s.mm["P"].rss_pages if "P" in s.mm else 0}

    def of(self, who: str, step: str) -> int:
        if who not in self.pages:
            # Plain fork, and on-demand-fork on 5.6, copy what lies outside to the child.
            usual = OUTSIDE_V.get(self.scenario, USUALLY_OUTSIDE_V)
            self.pages[who] = usual if self.kernel == "V" else self.pages["P"]
        moved = MOVED_OUTSIDE.get((self.kernel, self.scenario, step, who), 0)
        self.pages[who] += moved
        return self.pages[who]


def state(s: Scenario, watched: tuple[int, int, int]) -> Row:
    """The state columns of the CSV, RSS excepted, as the model has them."""
    seen: Row = {}
    for who in s.mm:
        for slot in (0, 1):
            references = s.references(who, slot)
            seen[f"{who}_T{slot}_ref"] = "none" if references is None else str(references)
            seen[f"{who}_T{slot}_rw"] = "" if references is None else _permission(s, who, slot)
        for name, page in zip("ABZ", watched, strict=True):
            mapped = s.map_count(who, page)
            value = None if mapped is None else s.value(who, page)
            seen[f"{who}_{name}_map"] = "none" if mapped is None else str(mapped)
            seen[f"{who}_{name}_val"] = "" if value is None else str(value)
    return seen


def _permission(s: Scenario, who: str, slot: int) -> str:
    return "RW" if s.writable(who, slot) else "RO"


def watched_columns(rows: list[Row]) -> set[str]:
    """The state columns that a scenario records at all; the others are empty throughout."""
    named = {column for row in rows for column, value in row.items() if value}
    return named | {column.replace("_map", "_val") for column in named if column.endswith("_map")}


def replay(s: Scenario, kernel: str, scenario: str, *, skipped: frozenset[str]) -> None:
    """Play a scenario, every step compared with what the kernel recorded.

    Args:
        s: The model.
        kernel: Key of `KERNELS`.
        scenario: Which.
        skipped: Columns that are not compared.
    """
    script, rows = SCRIPTS[scenario], KERNELS[kernel][scenario]
    crashed = (kernel, scenario) in CRASHES
    assert (len(rows) < len(script.steps)) == crashed
    columns = watched_columns(rows) - skipped
    script.before(s)
    outside = None
    for act, row in zip(script.steps, rows, strict=not crashed):
        before = s.memory.counts.copy()
        act(s)
        counts = s.memory.counts - before
        counted = {**counts.events(), **by_kind(counts)}
        happened = {name: str(counted[OURS.get(name, name)]) for name in COUNTERS}
        outside = outside or Outside(kernel, scenario, row, s)
        seen = {**happened, **state(s, script.watched)}
        for who, mm in s.mm.items():
            seen[who + RSS] = str(mm.rss_pages + outside.of(who, row["step"]))
        _, right = KNOWN_FAULTS.get((kernel, scenario, row["step"]), ("", {}))
        for column in sorted(columns & set(seen)):
            where = (scenario, row["step"], column)
            if UNSEEN.get(scenario, ())[:2] == where[1:]:
                continue
            if column in right:
                assert right[column] != row[column], (where, "the kernel is right: no exception")
            assert seen[column] == right.get(column, row[column]), where
    for act in script.steps[len(rows) :]:
        act(s)


@pytest.mark.parametrize(
    "kernel, scenario", [(kernel, scenario) for kernel in KERNELS for scenario in KERNELS[kernel]]
)
def test_does_what_the_kernel_did(kernel: str, scenario: str) -> None:
    name, options = MODELS[kernel]
    replay(Scenario(name, **options), kernel, scenario, skipped=frozenset())


def test_every_known_fault_is_one_of_the_kernels() -> None:
    """An exception that no step meets would hide nothing, but say something wrong."""
    for (kernel, scenario, step), (reason, right) in KNOWN_FAULTS.items():
        assert step in [row["step"] for row in KERNELS[kernel][scenario]]
        assert reason[:2] in ("B1", "D3")
        assert right


def test_the_table_that_instruments_do_not_see_is_there() -> None:
    for scenario, (step, _, column) in UNSEEN.items():
        for kernel in KERNELS.values():
            steps = [row["step"] for row in kernel[scenario]]
            after = steps.index(step)
            assert kernel[scenario][after - 1][column] == "none"
            assert kernel[scenario][after][column] == "1"


# A table's pages are accounted for by one owner there; here by every process that sees them.
# Reading tables for that accounting is not done here, reading them to leave them is.
OWNER_ACCOUNTING = frozenset({*(who + RSS for who in "CGD"), "ptes_scanned"})


@pytest.mark.parametrize("scenario", [name for name in KERNELS["V"] if name != "S31"])
def test_the_paper_s_rules_are_those_of_the_patch_set(scenario: str) -> None:
    replay(Scenario("on_demand"), "V", scenario, skipped=OWNER_ACCOUNTING)


def test_the_paper_shares_populated_memory_too() -> None:
    """S31: the patch set marks populated tables exclusive and copies them; the paper does not."""
    s = Scenario("on_demand")
    SCRIPTS["S31"].before(s)
    counts = s.fork("P", "C")
    assert (counts.tables_shared, counts.tables_alloc, counts.ptes_copied) == (2, 0, 0)


@pytest.mark.parametrize("scenario", KERNELS["classic on 5.6"])
def test_async_fork_ends_where_classic_fork_does(scenario: str) -> None:
    """I10: once the child has copied its tables, nothing is left to be told apart."""
    replay(Scenario("async"), "classic on 5.6", scenario, skipped=frozenset())


def test_every_script_is_replayed() -> None:
    assert set(SCRIPTS) == {scenario for kernel in KERNELS.values() for scenario in kernel}
