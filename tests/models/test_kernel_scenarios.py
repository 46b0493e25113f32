"""The scenarios of mechanisms.md section 9 as real kernels ran them, counter by counter.

`kernel_5.6_classic.csv`: plain fork on the paper's kernel. `kernel_6.0_patchset.csv`: the authors'
later patch set, whose sharing rules are those that `on_demand` follows.
"""

import csv
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from fork_scenario import Scenario

DATA = Path(__file__).parent / "data"
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
    "pages_freed",
)
R = np.arange(1024)
Action = Callable[[Scenario], object]


def begin(pages: np.ndarray = R, *, shared: bool = False) -> Action:
    """P maps the pages and writes 1000000 + page to each."""

    def act(s: Scenario) -> None:
        s.map(len(pages), at=int(pages[0]), shared=shared)
        s.write("P", pages, 1_000_000 + pages)

    return act


def two_areas(s: Scenario) -> None:
    s.map(256, at=0)
    s.map(256, at=256)
    s.write("P", np.arange(512), 1_000_000 + np.arange(512))


def even_pages(s: Scenario) -> None:
    s.map(512)
    s.write("P", np.arange(0, 512, 2), 1_000_000 + np.arange(0, 512, 2))


def read_page_5(s: Scenario) -> None:
    s.map(512)
    s.read("P", 5)


def read_only_touched(s: Scenario) -> None:
    s.map(1024)
    s.read("P", R)


def write(who: str, pages: int | np.ndarray, values: object) -> Action:
    return lambda s: s.write(who, pages, values)


def read(who: str, pages: int | np.ndarray) -> Action:
    return lambda s: s.read(who, pages)


def fork(parent: str = "P", child: str = "C") -> Action:
    return lambda s: s.fork(parent, child)


def leave(who: str) -> Action:
    return lambda s: s.exit(who)


def unmap(start: int, count: int) -> Action:
    return lambda s: s.unmap("P", start, count)


def snapshot(number: int) -> list[Action]:
    return [fork(), write("P", 0, 70 + number), leave("C"), write("P", 0, 80 + number)]


# Per scenario the pages A, B, Z whose state is recorded, what comes before the first recorded step,
# and one action per recorded step.
SCRIPTS: dict[str, tuple[tuple[int, int, int], Action | None, list[Action | None]]] = {
    "S1-S8": (
        (0, 1, 512),
        begin(),
        [
            None,
            fork(),
            read("C", 0),
            write("C", 0, 7),
            write("P", 0, 8),
            write("P", 1, 9),
            write("C", 1, 10),
            leave("C"),
            leave("P"),
        ],
    ),
    "S9": (
        (0, 1, 512),
        begin(),
        [fork(), leave("C"), write("P", 0, 8), write("P", R, 2_000_000 + R), leave("P")],
    ),
    "S10": (
        (0, 1, 512),
        begin(),
        [fork(), leave("P"), write("C", R, 2_000_000 + R), leave("C")],
    ),
    "S11": (
        (0, 1, 512),
        begin(),
        [
            fork(),
            write("P", R, 2_000_000 + R),
            write("C", R, 3_000_000 + R),
            leave("C"),
            leave("P"),
        ],
    ),
    "S12-S14": (
        (0, 1, 512),
        begin(),
        [
            fork(),
            fork("C", "G"),
            write("G", 0, 21),
            write("C", 0, 22),
            write("P", 0, 23),
            leave("C"),
            write("G", 1, 24),
            write("P", 1, 25),
        ],
    ),
    "S15": (
        (0, 1, 2),
        begin(np.arange(512)),
        [
            fork("P", "C"),
            fork("P", "G"),
            fork("P", "D"),
            write("C", 0, 31),
            write("G", 0, 32),
            write("D", 0, 33),
            write("P", 0, 34),
        ],
    ),
    "S16": (
        (0, 1, 2),
        even_pages,
        [None, fork(), read("C", 1), write("C", 1, 41), read("P", 1)],
    ),
    "S17": (
        (5, 8, 9),
        None,
        [read_page_5, write("P", 6, 43), fork(), write("C", 5, 42)],
    ),
    "S18": (
        (256, 257, 512),
        begin(np.arange(256, 1280)),
        [
            None,
            fork(),
            write("C", 256, 51),
            write("C", 512, 52),
            write("C", 1024, 53),
            leave("C"),
            leave("P"),
        ],
    ),
    "S19": ((0, 256, 1), two_areas, [None, fork(), write("C", 0, 61), write("C", 256, 62)]),
    "S20": ((0, 300, 600), begin(), [fork(), unmap(0, 256), leave("C"), leave("P")]),
    "S21": ((0, 300, 600), begin(), [fork(), unmap(0, 512), leave("C"), leave("P")]),
    "S22": ((0, 300, 600), begin(), [fork(), unmap(512, 512), leave("C"), leave("P")]),
    "S23": ((0, 1, 512), begin(), [fork(), unmap(0, 1024), read("C", R), leave("C")]),
    "S24": ((0, 100, 101), begin(), [fork(), unmap(100, 1), leave("C")]),
    "S25": ((0, 1, 512), begin(), [*snapshot(1), *snapshot(2), *snapshot(3), leave("P")]),
    "S29": ((0, 1, 512), begin(), [None, fork(), write("C", 0, 91)]),
    "S30a": (
        (0, 1, 512),
        begin(shared=True),
        [None, fork(), write("C", 0, 92), read("P", 0)],
    ),
    "S30b": (
        (0, 1, 512),
        lambda s: s.map(1024),
        [None, fork(), write("C", 0, 93), write("P", 0, 94)],
    ),
    "S30c": ((0, 1, 512), read_only_touched, [None, fork(), write("C", 0, 93)]),
    "S31": ((0, 1, 512), begin(), [None, fork(), write("C", 0, 95)]),
}

# Cells in which model and kernel differ, and why.
DIFFERS: dict[tuple[str, str, str], str] = {
    ("S30a", "C writes A", "tables_alloc"): "the kernel does not count the table that a fault on "
    "a shared mapping allocates beforehand",
}


def rows(file: str) -> dict[str, list[dict[str, str]]]:
    by_scenario: dict[str, list[dict[str, str]]] = {}
    with (DATA / file).open(newline="") as lines:
        for row in csv.DictReader(lines):
            by_scenario.setdefault(row["scenario"], []).append(row)
    return by_scenario


CLASSIC = rows("kernel_5.6_classic.csv")
PATCHSET = rows("kernel_6.0_patchset.csv")


def state(s: Scenario, watched: tuple[int, int, int], resident_offset: int) -> dict[str, str]:
    """The state columns of the CSV as the model has them."""
    seen = {}
    for who, mm in s.mm.items():
        seen[f"{who}_rss_anon_pages"] = str(mm.resident_pages + resident_offset)
        for slot in (0, 1):
            references = s.references(who, slot) if slot < len(mm.slot_table) else None
            seen[f"{who}_T{slot}_ref"] = "none" if references is None else str(references)
            if references is not None:
                seen[f"{who}_T{slot}_rw"] = "RW" if s.writable(who, slot) else "RO"
        for name, page in zip("ABZ", watched, strict=True):
            mapped = s.map_count(who, page) if page // 512 < len(mm.slot_table) else None
            seen[f"{who}_{name}_map"] = "none" if mapped is None else str(mapped)
            value = s.value(who, page) if mapped is not None else None
            seen[f"{who}_{name}_val"] = "" if value is None else str(value)
    return seen


def replay(scheme: str, scenario: str, recorded: list[dict[str, str]], ignored: set[str]) -> None:
    watched, before, actions = SCRIPTS[scenario]
    assert len(actions) == len(recorded), "one action a recorded step"
    s = Scenario(scheme)
    if before is not None:
        before(s)
    offset = None
    for action, row in zip(actions, recorded, strict=True):
        counts = s.memory.counts.copy()
        if action is not None:
            action(s)
        happened = (s.memory.counts - counts).as_dict()
        for name in COUNTERS:
            if (scenario, row["step"], name) not in DIFFERS:
                assert happened[name] == int(row[name]), (row["step"], name)
        if offset is None:
            offset = int(row["P_rss_anon_pages"]) - s.mm["P"].resident_pages
        for column, value in state(s, watched, offset).items():
            recorded_value = row[column]
            if not recorded_value and not column.endswith("_val"):
                continue  # not watched in this scenario
            if recorded_value == "" and row[column.replace("_val", "_map")] == "":
                continue
            if column not in ignored:
                assert value == recorded_value, (row["step"], column)


@pytest.mark.parametrize("scenario", CLASSIC)
def test_classic_does_what_linux_5_6_did(scenario: str) -> None:
    replay("classic", scenario, CLASSIC[scenario], set())


# A table's pages are accounted for by one owner there; here by every process that sees them.
OWNER_ACCOUNTING = {f"{who}_rss_anon_pages" for who in "CGD"}


@pytest.mark.parametrize("scenario", [name for name in PATCHSET if name != "S31"])
def test_on_demand_does_what_the_patch_set_did(scenario: str) -> None:
    replay("on_demand", scenario, PATCHSET[scenario], OWNER_ACCOUNTING)


def test_on_demand_shares_populated_memory_too() -> None:
    """S31: the patch set marks populated tables exclusive and copies them; the paper does not."""
    s = Scenario("on_demand")
    begin()(s)
    counts = s.fork("P", "C")
    assert (counts.tables_shared, counts.tables_alloc, counts.ptes_copied) == (2, 0, 0)


def test_every_recorded_scenario_is_replayed() -> None:
    assert set(CLASSIC) | {"S31"} == set(SCRIPTS) == set(PATCHSET)
