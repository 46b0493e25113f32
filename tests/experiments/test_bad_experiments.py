"""Every way an experiment can be wrong ends in one line that says where, what and what else."""

from __future__ import annotations

import pytest
from fake_program import EXAMPLE
from hypothesis import given, settings
from hypothesis import strategies as st
from quantities_asked import DURATION, SHARE, SIZE
from refused_experiments import SWEPT, changed, planned, refusal

from experiments.language.errors import InputError

NAME = "^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$"
UNSWEPT = "expected a field that no sweep sets, or --set sweep=[]"


@pytest.mark.parametrize(
    ("old", "new", "line"),
    [
        # Misspelt names.
        (
            "kind: closed",
            "kind: closd",
            "7:19: workload.clients.kind: 'closd' - did you mean 'closed'?",
        ),
        ("kind: fake", "kind: fak", "5:9: workload.kind: 'fak' - did you mean 'fake'?"),
        ("kind: fake", "kind: 5", "5:9: workload.kind: 5: expected one of 'fake', 'other'"),
        (
            "kind: on_demand",
            "kind: ondemand",
            "11:14: fork.kind: 'ondemand' - did you mean 'on_demand'?",
        ),
        (
            "pipeline:",
            "pipelne:",
            "7:43: workload.clients.pipelne: unknown key - did you mean 'pipeline'?",
        ),
        ("machine:", "machin:", "3:1: machin: unknown key - did you mean 'machine'?"),
        (
            "cores: 16",
            "zzz: 16",
            "3:42: machine.zzz: unknown key: expected one of "
            "'profile', 'cores', 'memory', 'scheduler', 'constants', 'scale'",
        ),
        ("dataset:", "datset:", "6:3: workload.datset: unknown key - did you mean 'dataset'?"),
        (
            "after_changes:",
            "after_change:",
            "9:14: workload.snapshot.after_change: unknown key - did you mean 'after_changes'?",
        ),
        (
            "epyc-7302p-linux-5.6",
            "epyc-7302",
            "3:20: machine.profile: 'epyc-7302' - did you mean 'epyc-7302p-linux-5.6'?",
        ),
        # Missing values.
        ("  dataset: 996MiB\n", "", "5:3: workload.dataset: missing: expected a value"),
        (
            "kind: closed, ",
            "",
            "7:12: workload.clients.kind: missing: expected one of 'closed', 'open', 'trace'",
        ),
        ("forksim: 1\n", "", "1:1: forksim: missing: expected 1, the version of this format"),
        ("kind: fake", "kin: fake", "5:3: workload.kind: missing: expected one of 'fake', 'other'"),
        ("{kind: on_demand}", "", "11:1: fork: None: expected a mapping"),
        (
            "name: fake-run\n",
            "",
            "1:1: name: missing: expected a name, which the folder of the results gets",
        ),
        # Wrong types.
        ("forksim: 1", "forksim: true", "1:10: forksim: True: expected a whole number"),
        ("forksim: 1", "forksim: 1.0", "1:10: forksim: 1.0: expected a whole number"),
        ("forksim: 1", "forksim: 2", "1:10: forksim: 2: expected at most 1"),
        ("cores: 16", "cores: '16'", "3:49: machine.cores: '16': expected a whole number"),
        ("cores: 16", "cores: true", "3:49: machine.cores: True: expected a whole number"),
        ("cores: 16", "cores: 0", "3:49: machine.cores: 0: expected at least 1"),
        ("name: fake-run", "name: 7", "2:7: name: 7: expected text"),
        ("kind: fake", "kind: [fake]", "5:9: workload.kind: ['fake'] - did you mean 'fake'?"),
        ("{kind: on_demand}", "classic", "11:7: fork: 'classic': expected a mapping"),
        ("{kind: on_demand}", "[classic]", "11:7: fork: ['classic']: expected a mapping"),
        ("repetitions: 2", "repetitions: 1e1", "14:14: repetitions: 10.0: expected a whole number"),
        ("repetitions: 2", "repetitions: 0", "14:14: repetitions: 0: expected at least 1"),
        ("seed: 20210426", "seed: -1", "15:7: seed: -1: expected at least 0"),
        ("{after_changes: 10000}", "{at: 5s}", "9:18: workload.snapshot.at: '5s': expected a list"),
        (
            "{after_changes: 10000}",
            "{at: [1s, 5]}",
            f"9:23: workload.snapshot.at.1: 5: {DURATION}",
        ),
        (
            "seed: 20210426",
            "seed: 9223372036854775808",
            "15:7: seed: '9223372036854775808': expected a number below 2^63",
        ),
        (
            "seed: 20210426",
            "seed: 1" + "0" * 5000,
            f"15:7: seed: '1{'0' * 55}...: expected a number or text",
        ),
        # Wrong quantities.
        ("996MiB", "-1", f"6:12: workload.dataset: -1: {SIZE}"),
        ("996MiB", "-996MiB", f"6:12: workload.dataset: '-996MiB': {SIZE}"),
        ("996MiB", ".nan", f"6:12: workload.dataset: nan: {SIZE}"),
        ("996MiB", ".inf", f"6:12: workload.dataset: inf: {SIZE}"),
        (
            "996MiB",
            "0.5",
            f"6:12: workload.dataset: 0.5: {SIZE}, a whole number of the base unit",
        ),
        ("135s", "135", f"10:13: workload.duration: 135: {DURATION}"),
        (
            "135s",
            "1e9h",
            f"10:13: workload.duration: '1e9h': {DURATION}, at most 2^53",
        ),
        (
            "1/11",
            "12/11",
            f"8:14: workload.set_ratio: '12/11': {SHARE}",
        ),
        (
            "1/11",
            ".nan",
            f"8:14: workload.set_ratio: nan: {SHARE}",
        ),
        (
            "  duration:",
            "  weight: .nan\n  duration:",
            "10:11: workload.weight: nan: expected a finite number",
        ),
        (
            "  duration:",
            "  weight: 1e999\n  duration:",
            "10:11: workload.weight: inf: expected a finite number",
        ),
        # Unions.
        ("135s", "135s\n  sizes: 5", "11:10: workload.sizes: 5: expected a list"),
        ("135s", "135s\n  sizes: [1, -5]", f"11:14: workload.sizes.1: -5: {SIZE}"),
        ("135s", "135s\n  sizes: {first: 1, last: -5}", f"11:27: workload.sizes.last: -5: {SIZE}"),
        (
            "135s",
            "135s\n  sizes: {first: 1, lst: 5}",
            "11:21: workload.sizes.lst: unknown key - did you mean 'last'?",
        ),
        (
            "135s",
            "135s\n  sizes: {first: 1}",
            "11:10: workload.sizes.last: missing: expected a value",
        ),
        (
            "135s",
            "135s\n  sizes: {first: 2, last: 1}",
            "11:10: workload.sizes: expected first before last",
        ),
        # Names that would leave the folder of results.
        ("fake-run", "../../etc", "2:7: name: '../../etc': expected text that matches NAME"),
        ("fake-run", ".", "2:7: name: '.': expected text that matches NAME"),
        ("fake-run", "/etc", "2:7: name: '/etc': expected text that matches NAME"),
        ("fake-run", '"a\\n"', "2:7: name: 'a\\n': expected text that matches NAME"),
        # Sweeps.
        ("fork.kind:", "fork.knd:", "13:12: fork.knd: unknown key - did you mean 'kind'?"),
        ("fork.kind:", "frk.kind:", "13:12: frk.kind - did you mean 'fork'?"),
        ("fork.kind:", "name:", "13:12: name: cannot be swept: expected one of SWEPT"),
        (
            "fork.kind:",
            "fork.kind.x:",
            "13:12: fork.kind.x: fork.kind is 'on_demand': expected a mapping",
        ),
        (
            "[classic, on_demand]",
            "[classic, on_demnd]",
            "13:33: fork.kind: 'on_demnd' - did you mean 'on_demand'?",
        ),
        (
            "[classic, on_demand]",
            "classic",
            "13:23: sweep.0.grid.fork.kind: 'classic': expected a list",
        ),
        (
            "[classic, on_demand]",
            "[]",
            "13:23: sweep.0.grid.fork.kind: []: expected at least 1 value",
        ),
        (
            "[classic, on_demand]",
            "[classic, on_demand, classic]",
            "13:44: fork.kind: 'classic': given twice: expected each value once",
        ),
        ("- grid:", "- gird:", "13:5: sweep.0.gird: unknown key - did you mean 'grid'?"),
        (
            "  - grid:",
            "    grid:",
            "13:5: sweep: {'grid': {'fork.kind': ['classic', 'on_demand']}}: expected a list",
        ),
        (
            "{fork.kind: [",
            "{fork: [{kind: huge}], fork.kind: [",
            "13:34: fork.kind: swept twice, also by fork",
        ),
        ("{fork.kind: [", "{'': [", "13:12: : expected one of SWEPT"),
        # Files.
        ("epyc-7302p-linux-5.6", "none.yaml", "3:20: machine.profile: "),
        (
            "{kind: closed, connections: 3, pipeline: 2000}",
            "{kind: trace, path: none.log}",
            "7:32: workload.clients.path: ",
        ),
        (
            "{kind: closed, connections: 3, pipeline: 2000}",
            "{kind: trace, path: fake_program.py}",
            "7:32: workload.clients.path: ",
        ),
        (
            "{kind: closed, connections: 3, pipeline: 2000}",
            "{kind: trace, path: ..}",
            "7:32: workload.clients.path: ",
        ),
    ],
)
def test_one_line(old: str, new: str, line: str) -> None:
    message = refusal(changed(old, new))
    assert message.isprintable()
    if line.endswith(": "):
        assert message.startswith(f"a.yaml:{line}")
    else:
        assert message == f"a.yaml:{line}".replace("NAME", NAME).replace("SWEPT", SWEPT)


def test_a_misspelt_key_comes_before_what_is_missing_for_it() -> None:
    text = changed("duration: 135s", "duratio: 135s\n  x: 1")
    assert refusal(text) == "a.yaml:10:3: workload.duratio: unknown key - did you mean 'duration'?"


def test_the_sweep_may_give_what_is_missing_elsewhere() -> None:
    text = changed("{kind: on_demand}", "{}")
    assert [point.config["fork"]["kind"] for point in planned(text).points] == [
        "classic",
        "on_demand",
    ]
    kinds = "one of 'classic', 'huge', 'on_demand'"
    line = f"a.yaml:11:7: fork.kind: missing: expected {kinds}"
    assert refusal(text, "sweep=[]") == line
    line = f"a.yaml:1:1: fork: missing: expected a mapping whose kind is {kinds}"
    assert refusal(changed("fork: {kind: on_demand}\n", ""), "sweep=[]") == line


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["machine.cors=4"], "--set:1:1: machine.cors: unknown key - did you mean 'cores'?"),
        (["seed=1", "machine.cores=-4"], "--set:2:15: machine.cores: -4: expected at least 1"),
        (["machine.cores"], "--set:1:1: 'machine.cores': expected a.b=value"),
        (["=4"], "--set:1:1: '=4': expected a.b=value"),
        (["machine..cores=4"], "--set:1:1: 'machine..cores=4': expected a.b=value"),
        (["machine.cores="], "--set:1:15: machine.cores: None: expected a whole number"),
        (["machine.cores=[1"], "--set:1:17: not YAML: "),
        (
            ["workload.dataset.x=1"],
            "--set:1:1: workload.dataset.x: workload.dataset is '996MiB': expected a mapping",
        ),
        (["fork={kind: hug}", "sweep=[]"], "--set:1:13: fork.kind: 'hug' - did you mean 'huge'?"),
        (
            ["seed=9223372036854775808"],
            "--set:1:6: seed: '9223372036854775808': expected a number below 2^63",
        ),
        *[
            (["seed=1", setting], f"--set:2:1: fork.kind is swept: {UNSWEPT}")
            for setting in ("fork.kind=classic", "fork={kind: classic}")
        ],
        (
            ["fork.kind=classic", "sweep=[{grid: {fork: [{kind: huge}, {kind: classic}]}}]"],
            f"--set:1:1: fork is swept: {UNSWEPT}",
        ),
        (["x=1"], "--set:1:1: x: unknown key: expected one of "),
        (
            ["sweep=[{grid: {fork.kind: [x]}}]"],
            "--set:1:28: fork.kind: 'x': expected one of 'classic', 'huge', 'on_demand'",
        ),
        (
            [".".join("a" * 5000) + "=1"],
            "--set:1:1: " + "a." * 30 + "...: 5000 levels: expected at most 32",
        ),
        (
            ["name=" + "a" * 70],
            "--set:1:6: name: '" + "a" * 56 + "...: expected text",
        ),
    ],
)
def test_settings_name_the_option(arguments: list[str], line: str) -> None:
    assert refusal(EXAMPLE, *arguments).startswith(line)


def test_a_swept_field_can_be_set_once_the_sweep_is_gone() -> None:
    for given_first, given_last in (("fork.kind=huge", "sweep=[]"), ("sweep=[]", "fork.kind=huge")):
        (point,) = planned(EXAMPLE, given_first, given_last).points
        assert point.config["fork"]["kind"] == "huge"
    both = planned(EXAMPLE, "sweep.0.grid={workload.dataset: [1GiB, 2GiB]}", "fork.kind=huge")
    assert [p.config["fork"]["kind"] for p in both.points] == ["huge", "huge"]


def test_what_holds_swept_fields_may_be_set_without_them() -> None:
    sweep = "sweep=[{grid: {machine.cores: [1, 2]}}]"
    points = planned(EXAMPLE, sweep, "machine={profile: epyc-7302p-linux-5.6}").points
    assert [point.config["machine"]["cores"] for point in points] == [1, 2]


def mutations() -> st.SearchStrategy[str]:
    """The example with pieces cut out, doubled, or replaced by what means something in YAML."""
    signs = ["", " ", "\n", "\t", "\0", "- ", "\\", *"{}[]:,-?'\"|>%#~"]
    words = ["&a", "*a", "!!x", ".nan", "1e999", "0x", "kind", "fork.kind"]
    pieces = st.sampled_from(signs + words) | st.text(max_size=3)

    def mutate(edits: list[tuple[int, int, str]]) -> str:
        text = EXAMPLE
        for start, size, piece in edits:
            at = start % (len(text) + 1)
            text = text[:at] + piece + text[at + size :]
        return text

    edit = st.tuples(st.integers(0, len(EXAMPLE)), st.integers(0, 4), pieces)
    return st.lists(edit, min_size=1, max_size=4).map(mutate)


@pytest.mark.histories
@settings(deadline=None)
@given(mutations())
def test_any_mutation_is_an_experiment_or_one_line(text: str) -> None:
    try:
        planned(text)
    except InputError as error:
        assert str(error).isprintable()
        assert str(error).startswith("a.yaml:")


@settings(deadline=None)
@given(st.text(max_size=40))
def test_any_setting_is_applied_or_one_line(setting: str) -> None:
    try:
        planned(EXAMPLE, setting)
    except InputError as error:
        assert str(error).isprintable()
