"""No text of others acts on the terminal: names, contents of files, messages."""

from __future__ import annotations

import io
import json
import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from monitor_lines import line
from processes import FORKSIM_WITH_FAKE
from rich.console import Console

from experiments.commands.cli import main
from experiments.commands.printing import say
from experiments.execution.progress import Reporter
from results.records.fork_labels import with_whole_forks
from results.tables.grid import Grid, print_grid
from sim.printable import printable

ODD = "a\x1b]0;b\x07\x1b[2J\u202ec\u2066d\u200fe\x9bf\rg\nnote: h\x7f\u2028\t"
EXPERIMENT = """\
forksim: 1
name: a
workload:
  kind: sqlite
  database: 1MiB
  log: {kind: trace, path: %s}
fork: {kind: classic}
sweep: [{grid: {workload.log.path: %s}}]
"""
LOG = "test,run_us,faults\n%s,10000,3\n"

odd_texts = st.text(
    st.sampled_from("ab\x1b[\u202e\u2066\u200f\x9b\r\n\t\x07\x7f\u2028\x85\u00a0"), min_size=1
)


def forksim(*arguments: str) -> Result:
    return CliRunner().invoke(main, arguments)


def check(result: Result) -> str:
    """Both outputs of a command, in which nothing but ends of lines is not printable."""
    assert not isinstance(result.exception, Exception), result.exception
    for line_ in result.output.split("\n"):
        assert line_.isprintable()
        assert not line_.startswith("note: h")
    return result.output


def shown(text: str) -> str:
    assert printable(text).isprintable()
    return printable(text)


@given(st.text())
@example("\udcff")
@example(ODD)
def test_escapes_can_be_told_from_text(text: str) -> None:
    assert shown(text) == (text if text.isprintable() else shown(shown(text)))
    assert shown(shown(text)) == shown(text)
    assert [c for c in printable(text, "\n") if not c.isprintable()] == ["\n"] * text.count("\n")


def test_characters_that_reorder_or_move_are_escaped() -> None:
    assert shown(ODD) == (r"a\x1b]0;b\x07\x1b[2J\u202ec\u2066d\u200fe\x9bf\rg\nnote: h\x7f\u2028\t")
    assert shown("Привет, 世界: 3 µs ± 2 %") == "Привет, 世界: 3 µs ± 2 %"


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.figures
def test_names_of_files_and_swept_values(here: Path) -> None:
    names = [f"1{ODD}.csv".replace("/", ""), "2.csv"]
    for name in names:
        Path(name).write_text(LOG % "t")
    file = f"{ODD}.yaml"
    Path(file).write_text(EXPERIMENT % ("2.csv", json.dumps(names)), "utf-8")
    out = f"out{ODD}"
    outputs = [
        check(forksim(*command))
        for command in (
            ["validate", file],
            ["plan", file],
            ["run", file, "--out", out],
            ["run", file, "--out", out],
            ["run", file, "--out", out, "--jobs", "1", "--events", f"events{ODD}"],
            ["status", out],
            ["compare", out, "--by", "workload.log.path"],
            ["export", out, f"{ODD}.csv"],
            ["plot", out, "--x", "workload.log.path", "--y", "test_p50", "--out", f"{ODD}.png"],
            ["trace", "inspect", names[0]],
            ["trace", "convert", names[0], "--out", f"c{ODD}"],
        )
    ]
    assert all(ODD[0] in output for output in outputs)
    assert sum(r"\x1b]0;b" in output for output in outputs) >= 8


@pytest.mark.parametrize(
    "command",
    [
        ["run", ODD],
        ["validate", ODD],
        ["trace", "inspect", ODD],
        ["trace", "convert", ODD],
        ["status", ODD],
        ["compare", ODD],
        ["export", ODD, "a.csv"],
        ["plot", ODD],
        [ODD],
        ["run", f"--{ODD}"],
        ["run", "a.yaml", "--only", ODD],
        ["run", "a.yaml", "--set", ODD],
        ["run", "a.yaml", "--set", f"name={ODD}"],
        ["run", "a.yaml", "--set", f"workload.{ODD}=1"],
        ["run", "a.yaml", "--set", f"machine.profile={ODD}"],
        ["run", "a.yaml", "--out", f"a.yaml/{ODD}"],
        ["run", "a.yaml", "--scheduler", ODD],
        ["run", "a.yaml", "--timeout", ODD],
        ["run", "a.yaml", "--memory", ODD],
        ["paper", "--only", ODD],
        ["explain", ODD],
        ["fork", "--size", "1GiB", "--fork", ODD],
        ["trace", "inspect", "a.yaml", "--format", ODD],
        ["trace", "inspect", "a.yaml", "--columns", ODD],
        ["trace", "inspect", "a.yaml", "--columns", f"key={ODD}"],
        ["trace", "inspect", "a.yaml", "--operations", ODD],
        ["trace", "inspect", "a.yaml", "--rate", ODD],
        ["trace", "inspect", "a.yaml", "--log-format", ODD],
    ],
    ids=lambda command: "-".join(word.strip("-") for word in command if word.isprintable()),
)
def test_wrong_arguments(here: Path, command: list[str]) -> None:
    Path("a.yaml").write_text(EXPERIMENT % ("2.csv", "[2.csv]"))
    Path("2.csv").write_text(LOG % "t")
    result = forksim(*command)
    assert result.exit_code in (2, 4)
    assert check(result).count("\n") == 1


def test_contents_of_traces(here: Path) -> None:
    odd = ODD.encode()
    log = b"".join(line(odd, b"k", time_us=n) for n in range(10**15, 10**15 + 9))
    Path("a.log").write_bytes(log + b"\x1b[2Jrubbish\n")
    for options in ([], ["--skip-damaged", "9"], ["--format", "access_log"]):
        check(forksim("trace", "inspect", "a.log", *options))
    Path("tests.csv").write_text(LOG % ODD.replace("\n", "").replace("\r", ""))
    check(forksim("trace", "inspect", "tests.csv"))


@pytest.mark.processes
def test_a_converted_trace_is_escaped_on_a_terminal_only(here: Path) -> None:
    name = ODD.replace("\n", "").replace("\r", "").replace("\t", "")
    Path("tests.csv").write_text(LOG % name, "utf-8")
    command = [sys.executable, str(FORKSIM_WITH_FAKE), "trace", "convert", "tests.csv"]
    piped = forksim("trace", "convert", "tests.csv")
    assert name in piped.stdout
    ours, theirs = pty.openpty()
    try:
        subprocess.run(command, stdout=theirs, check=True)  # noqa: S603 - the command under test
        seen = os.read(ours, 10_000).decode()
        refused = subprocess.run(  # noqa: S603
            [*command, "--to", "npz"], stdout=theirs, stderr=subprocess.PIPE, check=False
        )
    finally:
        os.close(ours)
        os.close(theirs)
    assert all(row.isprintable() for row in seen.split("\r\n"))
    assert printable(name) in seen
    assert (refused.returncode, refused.stderr.count(b"\n")) == (2, 1)


@given(odd_texts)
@settings(deadline=None, suppress_health_check=list(HealthCheck))
def test_lines_tables_and_progress(capsys: pytest.CaptureFixture[str], text: str) -> None:
    say(text)
    assert capsys.readouterr().out[:-1].isprintable()
    said = io.StringIO()
    console = Console(file=said, width=500)
    print_grid(Grid([[text, "b"], [text, "1"]], names=2), console)
    Reporter(console).say(text)
    assert all(row.isprintable() for row in said.getvalue().split("\n"))
    (label,) = with_whole_forks([{"fork.kind": text}])
    assert label["fork.kind"].isprintable()


def test_names_in_a_folder_of_a_run(here: Path) -> None:
    for folder in ("out/points", "out/wall"):
        Path(folder).mkdir(parents=True)
    (Path("out/points") / f"{ODD}.corrupt").touch()
    (Path("out/points") / f"{'0' * 64}.failed.txt").write_text(f"{ODD}\n{ODD}\n")
    Path("out/points.json").write_text(
        json.dumps({"name": ODD, "points": [{"id": "0" * 64, "point": ODD, "swept": {ODD: ODD}}]})
    )
    assert r"\x1b]0;b" in check(forksim("status", "out"))
    check(forksim("export", "out", "a.csv"))
