"""forksim fork: one fork under every scheme, against closed forms and known proportions."""

from __future__ import annotations

import json
import math
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from quantities_asked import SIZE
from ruamel.yaml import YAML

import models
from experiments.commands.cli import main
from experiments.forks import one_fork as module
from experiments.forks.fork_choice import several_forks
from experiments.forks.one_fork import JustFilled, one_fork
from experiments.language.catalogue import catalogue
from models.costs.profile import load_profile
from models.memory.frame_stock import FrameStock
from models.schemes.registry import SCHEMES
from results.records.fork_labels import with_whole_forks

COSTS = load_profile("epyc-7302p-linux-5.6").costs
KIB, MIB, GIB = 2**10, 2**20, 2**30
ALL = {asked.label: asked for asked in several_forks((), None, catalogue())}
OF_4_KIB = ("classic", "on_demand paper", "on_demand patchset", "async")


def forksim(*arguments: str) -> Result:
    return CliRunner().invoke(main, arguments)


@cache
def forks(size: str, *chosen: str) -> dict[str, dict[str, Any]]:
    """Every row by its fork as the table spells it."""
    options = [f"--fork={text}" for text in chosen]
    result = forksim("fork", "--size", size, *options, "--json")
    assert result.exit_code == 0, result.output
    rows = json.loads(result.stdout)["forks"]
    return {_label(row["fork"]): row for row in rows}


def _label(fork: dict[str, Any]) -> str:
    fields = {f"fork.{name}": str(v).lower() if v is True else v for name, v in fork.items()}
    return with_whole_forks([fields])[0]["fork.kind"]


def test_every_scheme_has_a_row_in_each_variant() -> None:
    wanted = [(name, dict(v)) for name, scheme in SCHEMES.items() for v in scheme.variants]
    rows = forks("4MiB").values()
    assert [(r["fork"].pop("kind"), r["fork"]) for r in rows] == wanted
    forks.cache_clear()


@pytest.mark.parametrize("gib", [1, 50])
def test_the_pause_is_the_closed_form_of_the_profile(gib: int) -> None:
    rows, pages, tables = forks(f"{gib}GiB"), gib * 2**18, gib * 512
    scattered = int(FrameStock(COSTS.movable_stock_frames).scattered(pages))
    scattered_tables = int(FrameStock(COSTS.unmovable_stock_frames).scattered(tables))
    entries_ns = (
        tables * COSTS.table_copy_ns
        + pages * (COSTS.entry_copy_ns + COSTS.entry_protect_ns)
        + scattered * COSTS.entry_scattered_ns
    )
    sharing_ns = tables * COSTS.table_share_ns + scattered_tables * COSTS.table_scattered_ns
    wanted_ns = {
        "classic": COSTS.fork_base_ns + entries_ns,
        "on_demand paper": COSTS.fork_on_demand_base_ns + sharing_ns,
        "on_demand head": COSTS.fork_on_demand_base_ns + sharing_ns,
        "on_demand patchset": COSTS.fork_on_demand_base_ns + sharing_ns,
        "async": COSTS.fork_on_demand_base_ns + tables * COSTS.slot_protect_ns,
        "hugetlb": COSTS.fork_huge_base_ns + tables * COSTS.hugetlb_entry_ns,
        "vfork": COSTS.vfork_ns,
    }
    for label, blocked_ns in wanted_ns.items():
        assert rows[label]["blocked_ns"] == pytest.approx(blocked_ns, abs=1), label
        starts_ns = None if label == "vfork" else rows[label]["blocked_ns"]
        if label != "async":
            assert rows[label]["child_runs_ns"] == starts_ns
    # The child does what the parent of a classic fork does; each portion is rounded.
    late_ns = rows["async"]["child_runs_ns"] - rows["async"]["blocked_ns"]
    assert late_ns == pytest.approx(entries_ns, abs=256)


def test_first_writes_are_dear_where_tables_are_owed() -> None:
    rows = forks("50GiB")
    # Beyond the stock of scattered frames a table's copy is 512 entries of contiguous ones.
    table_ns = COSTS.table_copy_ns + 512 * (COSTS.entry_copy_ns + COSTS.entry_protect_ns)
    cold_ns = round(COSTS.fault_copy_cold_ns)
    for label in ("classic", "classic6", "classic6 64KiB"):
        assert (rows[label]["first_write_ns"], rows[label]["next_write_ns"]) == (cold_ns, cold_ns)
    for label in ("on_demand paper", "async"):
        assert rows[label]["first_write_ns"] == pytest.approx(cold_ns + table_ns, abs=1)
        assert rows[label]["next_write_ns"] <= cold_ns
    for label in ("huge", "hugetlb"):
        assert rows[label]["first_write_ns"] == round(COSTS.fault_huge_copy_ns)
        assert rows[label]["next_write_ns"] == 0
    assert rows["classic6 huge"]["first_write_ns"] == round(COSTS.fault_huge_split_ns)
    assert rows["classic6 huge"]["next_write_ns"] == cold_ns


def test_the_exit_of_an_idle_child() -> None:
    rows, pages, tables = forks("50GiB"), 50 * 2**18, 50 * 512
    scattered = int(FrameStock(COSTS.movable_stock_frames).scattered(pages))
    removed_ns = pages * COSTS.exit_entry_ns + scattered * COSTS.entry_scattered_ns
    read_ns = pages * COSTS.exit_scan_entry_ns + scattered * COSTS.exit_scan_scattered_ns
    base_ns = COSTS.exit_base_ns
    looked_ns = tables * COSTS.table_zap_ns
    assert rows["classic"]["exit_ns"] == pytest.approx(base_ns + looked_ns + removed_ns, abs=1)
    assert rows["async"]["exit_ns"] == rows["classic"]["exit_ns"]
    assert rows["on_demand paper"]["exit_ns"] == pytest.approx(base_ns + looked_ns + read_ns, abs=1)
    left_ns = tables * COSTS.table_share_ns
    assert rows["on_demand patchset"]["exit_ns"] == pytest.approx(base_ns + left_ns, abs=1)


@pytest.mark.parametrize(("size", "n_bytes"), [("200MiB", 200 * MIB), ("1TiB", 2**40)])
def test_memory_is_tables_and_what_was_written(size: str, n_bytes: int) -> None:
    rows = forks(size, *{label.partition(" ")[0] for label in (*OF_4_KIB, "huge", "hugetlb")})
    tables = n_bytes // 512
    for label in OF_4_KIB:
        row, shared = rows[label], "on_demand" in label
        assert row["table_bytes"] == (0 if shared else tables)
        # Whatever the scheme, by then both have a table for everything that was written.
        assert row["extra_bytes"]["1"] == pytest.approx(tables + n_bytes / 100, rel=1e-9)
        assert row["extra_bytes"]["10"] == pytest.approx(tables + n_bytes / 10, rel=1e-9)
    # One per cent of the pages, spread out, is a page in every 2 MiB.
    assert rows["huge"]["extra_bytes"] == {"1": tables + n_bytes, "10": tables + n_bytes}
    assert rows["hugetlb"]["extra_bytes"] == {"1": n_bytes, "10": n_bytes}


def test_a_sample_stands_for_all_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    pages = 3 * module.SAMPLE_PAGES
    memory = JustFilled(pages)
    sampled = {label: one_fork(asked.scheme, memory) for label, asked in ALL.items()}
    monkeypatch.setattr(module, "SAMPLE_PAGES", pages)
    assert sampled == {label: one_fork(asked.scheme, memory) for label, asked in ALL.items()}


def test_a_pool_gives_what_it_has() -> None:
    enough, little, none = (f"{{kind: hugetlb, pool: {mib}MiB}}" for mib in (800, 440, 400))
    taken = [row["extra_bytes"]["1"] for row in forks("400MiB", enough, little, none).values()]
    assert taken == [400 * MIB, 40 * MIB, 0]


def test_memory_of_less_than_a_table() -> None:
    rows = forks("20KiB")
    for label in ("classic", "on_demand head", "async", "huge", "hugetlb"):
        # Slots covered in part are copied at once; one page of five is written.
        assert rows[label]["table_bytes"] == 4 * KIB
        assert rows[label]["extra_bytes"] == {"1": 8 * KIB, "10": 8 * KIB}
        assert rows[label]["child_runs_ns"] == rows[label]["blocked_ns"]
    assert rows["on_demand paper"]["table_bytes"] == 0


def test_a_choice_is_all_variants_of_a_name_or_one_mapping() -> None:
    assert list(forks("4MiB", "on_demand", "{kind: classic6, folio: 16KiB}")) == [
        *(f"on_demand {name}" for name in ("paper", "head", "patchset")),
        "classic6 16KiB",
    ]


def test_the_command_prints_a_row_each(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    result = forksim("fork", "--size", "1GiB")
    assert result.exit_code == 0, result.output
    heading, _, *rows = [line for line in result.stdout.splitlines() if line.strip()]
    assert heading.split("   ")[0].strip() == "fork"
    note = " ".join(rows[len(ALL) :])
    assert note.startswith("note: a process of 1 GiB, just filled, on epyc-7302p-linux-5.6")
    assert note.endswith("when so much is written, tables and copies.")
    assert all(row.strip().startswith(label) for row, label in zip(rows, ALL, strict=False))
    (vfork,) = (row for row in rows if row.strip().startswith("vfork"))
    assert vfork.count(" - ") == 4


@pytest.mark.parametrize("width", [40, 80, 100])
def test_the_table_of_all_forks_fits(width: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    lines = forksim("fork", "--size", "8GiB").stdout.splitlines()
    assert max(map(len, lines)) <= width
    assert sum(line.count("42.3 ms") for line in lines) == 3  # two of classic, one of async


def test_markdown_is_one_table_however_wide() -> None:
    heading, sides, *rows = forksim("fork", "--size", "1GiB", "--markdown").stdout.splitlines()
    assert heading.startswith("| fork | parent blocked | child runs |")
    assert sides == "|---|---:|---:|---:|---:|---:|---:|---:|---:|"
    assert [row.split(" | ")[0] for row in rows[: len(ALL)]] == [f"| {label}" for label in ALL]
    assert rows[len(ALL) :] == ["", rows[-1]]
    assert rows[-1].startswith("* note: a process of 1 GiB")


SCHEMES_QUOTED = ", ".join(repr(name) for name in SCHEMES)


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["--size", "5Gx"], f"--size:1:1: '5Gx': {SIZE}"),
        (["--size", "0"], "--size:1:1: '0': expected more than 0 and at most 4TiB"),
        (["--size", "5TiB"], "--size:1:1: '5TiB': expected more than 0 and at most 4TiB"),
        (["--size", "1GiB", "--fork", "hug"], "--fork:1:1: fork: 'hug' - did you mean 'huge'?"),
        (
            ["--size", "1GiB", "--fork", "huge", "--fork", "[1]"],
            f"--fork:2:1: fork: [1]: expected one of {SCHEMES_QUOTED}",
        ),
        (
            ["--size", "1GiB", "--fork", "{kind: hugetlb, pool: -1GiB}"],
            f"--fork:1:23: fork.pool: '-1GiB': {SIZE}",
        ),
        (
            ["--size", "1GiB", "--fork", "{kind: hugetlb, pool: 1MiB}"],
            "--fork:1:23: fork.pool: '1MiB': expected a multiple of 2MiB",
        ),
        (
            ["--size", "1GiB", "--fork", "{kind: hugetlb, pool: 4MiB}"],
            "--size:1:1: 1 GiB: hugetlb 4MiB: the pool of 2 huge pages is too small",
        ),
        (
            ["--size", "1GiB", "--fork", "{variant: head}"],
            f"--fork:1:1: fork.kind: missing: expected one of {SCHEMES_QUOTED}",
        ),
        (
            ["--size", "1GiB", "--profile", "epyc"],
            "--profile:1:1: machine.profile: 'epyc': expected one of 'epyc-7302p-linux-5.6', "
            "'xeon-4210r-linux-6.9', 'xeon-6982p-vm-linux-6.6'",
        ),
        ([], "--size:1:1: expected one of --size, --pid and --smaps"),
        (["--size", "1GiB", "--pid", "1"], "--size:1:1: expected one of --size, --pid and --smaps"),
    ],
)
def test_wrong_questions_are_one_line(arguments: list[str], line: str) -> None:
    result = forksim("fork", *arguments)
    assert (result.exit_code, result.stdout) == (2, "")
    # The kinds of a union are told in an order of their own.
    assert sorted(result.stderr.rstrip("\n")) == sorted(line)
    assert result.stderr.startswith(line[:40])


def blocked_ns(*arguments: str) -> int:
    result = CliRunner().invoke(
        main, ["fork", "--size", "1GiB", "--fork", "classic", "--json", *arguments]
    )
    assert result.exit_code == 0, result.output
    (row,) = json.loads(result.stdout)["forks"]
    found: int = row["blocked_ns"]
    return found


def test_a_heap_has_a_history(tmp_path: Path) -> None:
    pages = 2**30 // 4096
    costs = load_profile("epyc-7302p-linux-5.6").costs
    entry = costs.entry_copy_ns + costs.entry_protect_ns + costs.table_copy_ns / 512
    contiguous = costs.fork_base_ns + pages * entry
    assert blocked_ns("--scattered", "0") == round(contiguous)
    third = blocked_ns("--scattered", "30%")
    assert third == pytest.approx(contiguous + 0.3 * pages * costs.entry_scattered_ns, rel=1e-4)
    every = round(contiguous + pages * costs.entry_scattered_ns)
    assert blocked_ns("--heap", "aged") == blocked_ns("--scattered", "1") == every
    fresh = blocked_ns()
    assert blocked_ns("--heap", "fresh") == fresh
    assert contiguous < fresh < every
    # A machine that has run for long hands out more of them.
    profile = YAML(typ="safe").load(
        (Path(models.__file__).parent / "costs/machines/epyc-7302p-linux-5.6.yaml").read_text()
    )
    stock = {**profile["constants"]["movable_stock_frames"], "value": 3e5}
    file = tmp_path / "old.yaml"
    with file.open("w") as stream:
        YAML(typ="safe").dump({**profile, "aged": {"movable_stock_frames": stock}}, stream)
    loaded = blocked_ns("--heap", "loaded", "--profile", str(file))
    scattered = 3e5 * -math.expm1(-pages / 3e5)
    assert loaded == pytest.approx(contiguous + scattered * costs.entry_scattered_ns, rel=1e-4)
    assert blocked_ns("--profile", str(file)) == fresh


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--size", "1GiB", "--scattered", "2"), "--scattered:1:1: '2': expected a share"),
        (("--size", "1GiB", "--scattered", "few"), "--scattered:1:1: 'few'"),
        (("--size", "1GiB", "--heap", "aged", "--scattered", "0"), "expected all of an aged heap"),
        (("--pid", "1", "--heap", "aged"), "--heap:1:1: expected --size with it"),
        (("--size", "1GiB", "--heap", "old"), "'old' is not one of"),
    ],
)
def test_a_history_that_is_none_is_one_line(arguments: tuple[str, ...], said: str) -> None:
    result = CliRunner().invoke(main, ["fork", *arguments])
    assert (result.exit_code, result.stdout) == (2, "")
    assert said in result.stderr
