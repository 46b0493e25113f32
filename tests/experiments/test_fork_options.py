"""Forks in experiments: their options, and vfork for children that exec or exit at once only."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner
from quantities_asked import SIZE

from experiments.commands.cli import main
from experiments.execution.simulation import simulate
from experiments.language.catalogue import catalogue
from experiments.language.document import parse
from experiments.language.errors import InputError, Position
from experiments.planning.points import Plan, plan
from experiments.sweeps.overrides import override

LOOP = """\
forksim: 1
name: loop
workload:
  kind: microbench
  sizes: [4MiB]
fork: {kind: vfork}
"""
MIXED = """\
forksim: 1
name: mixed
workload:
  kind: mix
  programs:
    loop: {kind: microbench, sizes: [4MiB]}
    web: {kind: microbench, program: first_write, sizes: [4MiB]}
fork: {kind: classic}
"""
REFUSED = (
    "fork.kind: 'vfork' lends children their parent's memory, and the children of {} do not exit "
    "or exec at once, before they and their parents do anything else: expected another fork, or "
    "such children (microbench's fork_loop, a script)"
)
SPAWNS = """\
forksim: 1
name: spawns
workload:
  kind: script
  steps:
    - {do: map, pages: 1024, at: 0}
    - {do: write, pages: 0-1023}
    - together:
        - {do: fork, as: C}
        - {do: write, pages: 0-9}
    - {do: exec, who: C}
    - {do: map, who: C, pages: 512}
    - {do: exit, who: C}
    - {do: write, pages: 0-9}
    - {do: fork, as: D}
    - {do: exit, who: D}
    - {do: write, pages: 0-1023}
fork: {kind: vfork}
"""
HERE = Path(__file__).parent


def planned(text: str, *settings: str) -> Plan:
    return plan(override(parse(text, Position("a.yaml")), settings), HERE, catalogue())


def refusal(text: str, *settings: str) -> str:
    with pytest.raises(InputError) as caught:
        planned(text, *settings)
    return str(caught.value)


def test_vfork_runs_a_fork_loop() -> None:
    (point,) = planned(LOOP).points
    record = simulate(point)
    (repetition,) = record.repetitions
    assert repetition.counters["forks"] == 1
    assert repetition.histograms["fork_ns"].maximum == round(point.profile.costs.vfork_ns)


@pytest.mark.parametrize("program", ["first_write", "fork_and_access"])
def test_vfork_is_refused_where_children_work(program: str) -> None:
    wanted = "a.yaml:6:14: " + REFUSED.format("workload (microbench)")
    assert refusal(LOOP, f"workload.program={program}") == wanted


@pytest.mark.parametrize("file", ["redis_replay", "afl_fuzzing", "sqlite_tests", "apache_prefork"])
def test_vfork_is_refused_by_the_other_programs(file: str) -> None:
    path = next((HERE.parents[1] / "experiments/examples").glob(f"{file}.yaml"))
    document = override(
        parse(path.read_text(), Position("a.yaml")), ["sweep=[]", "fork={kind: vfork}"]
    )
    kind = document.data["workload"]["kind"]
    with pytest.raises(InputError) as caught:
        plan(document, path.parent, catalogue())
    assert str(caught.value) == "--set:2:13: " + REFUSED.format(f"workload ({kind})")


def test_vfork_is_refused_when_swept() -> None:
    swept = MIXED + "sweep:\n  - grid: {fork.kind: [classic, vfork]}\n"
    wanted = "a.yaml:10:33: " + REFUSED.format("workload.programs.web (microbench)")
    assert refusal(swept) == wanted
    by_program = LOOP + "sweep:\n  - grid: {workload.program: [fork_loop, first_write]}\n"
    assert refusal(by_program) == "a.yaml:6:14: " + REFUSED.format("workload (microbench)")
    whole = MIXED + "sweep:\n  - list: [{fork: {kind: huge}}, {fork: {kind: vfork}}]\n"
    assert refusal(whole) == "a.yaml:10:48: " + REFUSED.format("workload.programs.web (microbench)")


def test_vfork_is_allowed_where_no_point_lets_children_work() -> None:
    swept = MIXED + "sweep:\n  - grid: {fork.kind: [classic, huge]}\n"
    assert len(planned(swept, "fork.kind=vfork", "sweep.0.grid={seed: [1]}", *_LOOPS).points) == 1
    replaced = LOOP + "sweep:\n  - grid: {workload.program: [first_write], fork.kind: [classic]}\n"
    assert len(planned(replaced).points) == 1


def test_vfork_runs_a_script_whose_children_exec_or_exit_at_once() -> None:
    (point,) = planned(SPAWNS).points
    (repetition,) = simulate(point).repetitions
    counts = {
        name: count
        for name, count in repetition.counters.items()
        if count and not name.startswith(("core_time/", "lock/"))
    }
    # The parent's own pages are all that is ever there, and each is filled once.
    assert counts == {
        "faults": 1024,
        "faults/zero_fill": 1024,
        "tables_alloc": 2,
        "steps/002_P_write/faults": 1024,
        "steps/002_P_write/zero_fill": 1024,
        "steps/002_P_write/tables_alloc": 2,
    }
    costs = point.profile.costs
    assert repetition.levels["steps/008_P_fork/took_ns"] == round(costs.vfork_ns)
    assert repetition.levels["steps/009_D_exit/took_ns"] == 0
    table = repetition.series["memory"]
    assert (table["resident_bytes"][1:] == 1024 * 4096).all()


@pytest.mark.parametrize(
    "steps",
    [
        "[{do: fork, as: C}, {do: write, who: C, pages: 0}, {do: exec, who: C}]",
        "[{do: fork, as: C}, {do: write, pages: 0}, {do: exec, who: C}]",
        "[{do: fork, as: C}]",
        "[{do: fork, as: C}, {do: fork, as: D}, {do: exec, who: C}, {do: exit, who: D}]",
        "[{do: fork, as: C}, {do: exec, who: C}, {do: fork, who: C, as: D}, "
        "{do: brk, who: C, pages: 3}, {do: exit, who: D}]",
        "[{do: fork, as: C}, {together: [{do: exec, who: C}, {do: read, pages: 0}]}]",
    ],
)
def test_vfork_is_refused_where_a_script_does_more_before_a_child_leaves(steps: str) -> None:
    whole = f"[{{do: map, pages: 9, at: 0}}, {{do: write, pages: 0-8}}, {steps[1:]}"
    text = SPAWNS[: SPAWNS.index("  steps:")] + f"  steps: {whole}\nfork: {{kind: vfork}}\n"
    assert refusal(text) == "a.yaml:6:14: " + REFUSED.format("workload (script)")
    assert planned(text, "fork.kind=classic").points


@pytest.mark.parametrize(
    "steps",
    [
        "[{do: fork, as: C}, {do: exec, who: C}, {do: fork, who: C, as: D}, {do: exec, who: D}]",
        "[{do: fork, as: C}, {do: sleep, time: 1ms, who: P}]",
    ],
)
def test_who_waits_for_whom_is_told_apart(steps: str) -> None:
    """A child of a child; and a parent that sleeps does something."""
    text = SPAWNS[: SPAWNS.index("  steps:")] + f"  steps: {steps}\nfork: {{kind: vfork}}\n"
    if "sleep" in steps:
        assert refusal(text)
    else:
        assert planned(text).points


_LOOPS = ("workload.programs.web.program=fork_loop",)


@pytest.mark.parametrize(
    ("fork", "wrong", "message"),
    [
        ("{kind: classic6, folio: 5KiB}", "5KiB", "folio: '5KiB': expected a power of two from "),
        ("{kind: classic6, folio: 4MiB}", "4MiB", "folio: '4MiB': expected a power of two from "),
        ("{kind: classic6, folio: 0}", "0}", "folio: 0: expected a power of two from 4KiB to 2MiB"),
        ("{kind: classic6, huge: 1}", "1}", "huge: 1: expected true or false"),
        ("{kind: hugetlb, pool: -2MiB}", "-2MiB", f"pool: '-2MiB': {SIZE}"),
        ("{kind: hugetlb, pool: 3MiB}", "3MiB", "pool: '3MiB': expected a multiple of 2MiB"),
        ("{kind: on_demand, variant: heed}", "heed", "variant: 'heed' - did you mean 'head'?"),
        ("{kind: classic, variant: head}", "variant", "variant: unknown key: expected 'kind'"),
        ("{kind: hugetlb, folio: 4KiB}", "folio", "folio: unknown key: expected one of "),
    ],
)
def test_options_without_sense_are_refused(fork: str, wrong: str, message: str) -> None:
    text = LOOP.replace("{kind: vfork}", fork)
    assert refusal(text).startswith(_place(text, wrong) + f" fork.{message}")
    # The same where a sweep gives it, though some points are right.
    swept = LOOP.replace("vfork", "huge")
    swept += f"sweep:\n  - list: [{{fork: {{kind: classic}}}}, {{fork: {fork}}}]\n"
    assert refusal(swept).startswith(_place(swept, wrong) + f" fork.{message}")


def _place(text: str, wrong: str) -> str:
    """Where the last occurrence of something begins."""
    before = text[: text.rindex(wrong)]
    return f"a.yaml:{before.count(chr(10)) + 1}:{len(before) - before.rfind(chr(10))}:"


@pytest.mark.parametrize(
    "fork",
    [
        "{kind: classic6, folio: 64KiB, huge: true}",
        "{kind: classic6, folio: 2MiB}",
        "{kind: hugetlb, pool: 20GiB}",
        "{kind: hugetlb}",
        "{kind: on_demand, variant: patchset}",
    ],
)
def test_options_with_sense_are_simulated(fork: str) -> None:
    (point,) = planned(LOOP.replace("{kind: vfork}", fork)).points
    assert simulate(point).repetitions[0].counters["forks"] == 1


def test_list_names_options(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "400")
    result = CliRunner().invoke(main, ["list"])
    forks = {line.split()[1]: line for line in result.stdout.splitlines() if line[:4] == "fork"}
    assert "[variant: paper, head, patchset]" in forks["on_demand"]
    assert "[folio: size of the folios of 4 KiB pages] [huge: " in forks["classic6"]
    assert "[pool: " in forks["hugetlb"]
    assert not any("[" in forks[name] for name in ("classic", "huge", "async", "vfork"))
