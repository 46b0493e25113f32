"""forksim explain: steps are really played, so their costs are the closed forms of the profile."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

import pytest
from click.testing import CliRunner, Result

from experiments.commands.cli import main
from experiments.forks.fork_choice import several_forks
from experiments.forks.in_words import sayable, told
from experiments.forks.steps import FORK, LEAVING, MANY, START, STEPS, SchemeStep, steps_of
from experiments.language.catalogue import catalogue
from models.costs.profile import load_profile

COSTS = load_profile("epyc-7302p-linux-5.6").costs
ROUNDING_NS = 1 / MANY
"""Two prices rounded to a nanosecond, over as many things."""
ENTRY_NS = COSTS.entry_copy_ns + COSTS.entry_protect_ns
FIRST_WRITE = "the parent's first write below a table"
TABLE = "each table of 512 pages just written"
ALL = {asked.label: asked for asked in several_forks((), None, catalogue())}


@cache
def steps(label: str) -> list[SchemeStep]:
    return list(steps_of(ALL[label].scheme))


def forksim(*arguments: str) -> Result:
    return CliRunner().invoke(main, arguments)


@cache
def explained(*arguments: str) -> dict[str, Any]:
    result = forksim("explain", *arguments, "--json")
    assert result.exit_code == 0, result.output
    answer: dict[str, Any] = json.loads(result.stdout)
    return answer


def step(answer: dict[str, Any], what: str, part: str = "") -> dict[str, Any]:
    found = [s for s in answer["steps"] if s["step"] == what and part in s["part"]]
    return dict(found[0])


@pytest.mark.parametrize(
    ("fork", "runs_ns", "scattered_ns", "counts"),
    [
        (
            ["classic"],
            COSTS.table_copy_ns + 512 * ENTRY_NS,
            COSTS.table_copy_ns + 512 * (ENTRY_NS + COSTS.entry_scattered_ns),
            {"tables_alloc": 1, "ptes_copied": 512},
        ),
        (
            ["on_demand"],
            COSTS.table_share_ns,
            COSTS.table_share_ns + COSTS.table_scattered_ns,
            {"tables_shared": 1},
        ),
        (
            ["on_demand", "--set", "fork.variant=head"],
            COSTS.table_share_ns,
            COSTS.table_share_ns + COSTS.table_scattered_ns,
            {"tables_shared": 1},
        ),
        (["async"], COSTS.slot_protect_ns, COSTS.slot_protect_ns, {}),
        (
            ["huge"],
            COSTS.huge_entry_ns,
            COSTS.huge_entry_ns + COSTS.huge_deposit_scattered_ns,
            {"tables_alloc": 1},
        ),
        (
            ["classic6"],
            COSTS.table_copy_ns + 512 * (ENTRY_NS + COSTS.entry_exclusive_ns),
            COSTS.table_copy_ns
            + 512 * (ENTRY_NS + COSTS.entry_exclusive_ns + COSTS.entry_scattered_ns),
            {"tables_alloc": 1, "ptes_copied": 512},
        ),
        (
            ["classic6", "--set", "fork.folio=64KiB"],
            COSTS.table_copy_ns
            + 512 * COSTS.folio_64k_ratio * (ENTRY_NS + COSTS.entry_exclusive_ns),
            COSTS.table_copy_ns
            + 512
            * COSTS.folio_64k_ratio
            * (ENTRY_NS + COSTS.entry_exclusive_ns + COSTS.entry_scattered_ns),
            {"tables_alloc": 1, "ptes_copied": 512},
        ),
        (["hugetlb"], COSTS.hugetlb_entry_ns, COSTS.hugetlb_entry_ns, {}),
        (["vfork"], 0, 0, {}),
    ],
    ids=lambda value: "-".join(value) if isinstance(value, list) else "",
)
def test_a_further_table_costs_what_the_profile_says(
    fork: list[str], runs_ns: float, scattered_ns: float, counts: dict[str, int]
) -> None:
    found = step(explained(*fork), TABLE)
    assert found["runs"]["ns"] == pytest.approx(runs_ns, abs=ROUNDING_NS)
    assert found["scattered"]["ns"] == pytest.approx(scattered_ns, abs=ROUNDING_NS)
    assert found["runs"]["counts"] == found["scattered"]["counts"] == counts


COPY_NS = COSTS.fault_copy_cold_ns


@pytest.mark.parametrize(
    ("fork", "ns", "counts"),
    [
        (["classic"], COPY_NS, {"faults": 1, "cow_copy": 1}),
        (
            ["on_demand"],
            COPY_NS + COSTS.table_copy_ns + 512 * ENTRY_NS,
            {"faults": 1, "table_copy": 1, "tables_alloc": 1, "ptes_copied": 512} | {"cow_copy": 1},
        ),
        (
            ["on_demand", "--set", "fork.variant=head"],
            COPY_NS + COSTS.table_copy_ns + 512 * COSTS.entry_copy_ns,
            {"faults": 1, "table_copy": 1, "tables_alloc": 1, "ptes_copied": 512} | {"cow_copy": 1},
        ),
        (
            ["on_demand", "--set", "fork.variant=patchset"],
            COPY_NS
            + (COSTS.table_copy_ns + COSTS.table_zap_ns)
            + 512 * (ENTRY_NS + COSTS.exit_scan_entry_ns)
            + COSTS.tlb_flush_ns,
            {"faults": 1, "table_copy": 1, "tables_alloc": 1, "ptes_copied": 512}
            | {"cow_copy": 1, "ptes_scanned": 512},
        ),
        (["async"], COPY_NS, {"faults": 1, "cow_copy": 1}),
        (["huge"], COSTS.fault_huge_copy_ns, {"faults": 1, "huge_copy": 1}),
        (
            ["classic6", "--set", "fork.huge=true"],
            COSTS.fault_huge_split_ns,
            {"faults": 1, "huge_split": 1, "cow_copy": 1},
        ),
    ],
    ids=lambda value: "-".join(value) if isinstance(value, list) else "",
)
def test_a_first_write_costs_what_the_profile_says(
    fork: list[str], ns: float, counts: dict[str, int]
) -> None:
    found = step(explained(*fork), FIRST_WRITE, "child lives")["runs"]
    assert found["ns"] == pytest.approx(ns, abs=1)
    assert found["counts"] == counts


def test_the_last_sharer_reuses_or_copies_as_its_kernel_does() -> None:
    alone = {
        variant: step(
            explained("on_demand", "--set", f"fork.variant={variant}"), FIRST_WRITE, "wrote nothing"
        )["runs"]["counts"]
        for variant in ("paper", "head", "patchset")
    }
    # S9 of mechanisms.md.
    assert alone["paper"] == alone["patchset"] == {"faults": 1, "table_reuse": 1}
    assert alone["head"] == {
        **{"faults": 1, "table_copy": 1, "tables_alloc": 1, "ptes_copied": 512},
        **{"tables_freed": 1, "ptes_zapped": 512, "cow_reuse": 1},
    }


def test_locks_are_those_that_are_taken() -> None:
    def locks(fork: str, what: str) -> list[str]:
        (found,) = (s for s in steps(fork) if s.what == what and "lives" in s.part)
        return list(found.runs.locks)

    assert locks("classic", FIRST_WRITE) == ["mm read"]
    assert locks("classic6", FIRST_WRITE) == ["area read"]
    assert locks("on_demand head", FIRST_WRITE) == [
        "mm read",
        "1 GiB write",
    ]
    assert locks("classic", "the child reads a page") == []


def test_only_a_child_that_copies_has_a_start() -> None:
    started = {label for label in ALL if any(s.part == START for s in steps(label))}
    assert started == {"async"}


def test_a_child_in_its_parents_memory_has_no_faults_of_its_own() -> None:
    parts = {told.part for told in steps("vfork")}
    assert parts == {FORK, LEAVING}


@pytest.mark.parametrize("label", ALL)
def test_every_step_has_words(label: str) -> None:
    of_fork = steps(label)
    assert all(told(seen) for s in of_fork for seen in (s.runs, s.scattered))
    assert {s.what for s in of_fork} <= {s.what for s in STEPS}
    # What scattered frames cost is never less, and they change nothing else.
    assert all(s.runs.counts == s.scattered.counts and s.runs.ns <= s.scattered.ns for s in of_fork)


def test_everything_that_is_counted_has_words() -> None:
    assert sayable()


def test_costs_follow_the_profile() -> None:
    def costs_of(*settings: str) -> list[tuple[float, float]]:
        answer = explained("on_demand", *settings)
        return [(s["runs"]["ns"], s["scattered"]["ns"]) for s in answer["steps"]]

    factors = [f"{name}: 2" for name in vars(COSTS) if name.endswith("_ns")]
    doubled = costs_of("--set", f"machine.scale={{{', '.join(factors)}}}")
    for once, twice in zip(costs_of(), doubled, strict=True):
        assert twice == pytest.approx([2 * ns for ns in once], abs=2)


@pytest.mark.parametrize("label", ["on_demand head", "vfork"])
def test_the_command_prints_words_and_steps(label: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "400")
    asked = ALL[label]
    settings = [f"--set=fork.{n}={v}" for n, v in asked.written.items() if n != "kind"]
    result = forksim("explain", asked.written["kind"], *settings)
    assert result.exit_code == 0, result.output
    lines = result.stdout.splitlines()
    assert lines[0].startswith(f"{label}: ")
    words = asked.scheme.words
    assert {f"  shared: {words.shared}", f"  locks: {words.locks}"} < set(lines)
    assert {f"  who pays: {words.payer}", f"  what breaks: {words.breaks}"} < set(lines)

    def printed(told_step: SchemeStep) -> bool:
        return any(told_step.what in line and told(told_step.runs) in line for line in lines)

    assert all(map(printed, steps(label)))


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["ondemand"], "NAME:1:1: 'ondemand' - did you mean 'on_demand'?"),
        (
            ["on_demand", "--set", "fork.variant=heed"],
            "--set:1:14: fork.variant: 'heed' - did you mean 'head'?",
        ),
        (
            ["classic6", "--set", "fork.folio=5KiB"],
            "--set:1:12: fork.folio: '5KiB': expected a power of two from 4KiB to 2MiB",
        ),
        (
            ["classic", "--set", "fork.folio=4KiB"],
            "--set:1:1: fork.folio: unknown key: expected 'kind'",
        ),
        (
            ["classic", "--set", "workload.kind=redis"],
            "--set:1:1: workload: unknown key: expected one of 'machine', 'fork'",
        ),
        (
            ["classic", "--profile", "epyc"],
            "--profile:1:1: machine.profile: 'epyc': expected one of 'epyc-7302p-linux-5.6', "
            "'xeon-4210r-linux-6.9', 'xeon-6982p-vm-linux-6.6'",
        ),
        ([], "forksim: Missing argument 'NAME'."),
    ],
)
def test_wrong_questions_are_one_line(arguments: list[str], line: str) -> None:
    result = forksim("explain", *arguments)
    assert (result.exit_code, result.stdout, result.stderr) == (2, "", f"{line}\n")


def test_a_pool_that_is_too_small_for_a_step_leaves_it_out(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("COLUMNS", "400")
    result = forksim("explain", "hugetlb", "--set", "fork.pool=4MiB")
    assert result.exit_code == 0, result.stderr
    # Two pages are there for two tables' worth, and none for seventeen.
    assert "the child writes the first page too" in result.stdout
    assert "1 process killed" in result.stdout
    assert "each table of 512 pages just written" not in result.stdout
