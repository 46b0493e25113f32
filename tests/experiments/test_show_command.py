"""forksim show: a run is printed again as it was printed, and what is missing of it is said."""

from __future__ import annotations

import fcntl
import json
import os
import pty
import struct
import subprocess
import sys
import termios
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from fake_program import EXAMPLE
from processes import FORKSIM_WITH_FAKE

from experiments.commands.cli import main

OPTIONS = [[], ["--all"], ["--notes"], ["--metric", "p99,max"], ["--phases"], ["--json"],
           ["--markdown"], ["--markdown", "--metric", "p50", "--phases"]]  # fmt: skip
SOME_FAIL = ("--set", "sweep.0.grid={workload.behaviour: [good, raise], seed: [1, 2]}")
QUIET = ("--figures", "none")


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("a.yaml").write_text(EXAMPLE)


def forksim(*arguments: str) -> Result:
    return CliRunner().invoke(main, arguments)


@pytest.mark.parametrize("options", OPTIONS, ids=" ".join)
@pytest.mark.parametrize("settings", [(), SOME_FAIL], ids=["all done", "some failed"])
def test_a_run_is_shown_as_it_was_printed(options: list[str], settings: tuple[str, ...]) -> None:
    ran = forksim("run", "a.yaml", "--out", "out", *QUIET, *settings, *options)
    before = {file: file.read_bytes() for file in Path("out").rglob("*") if file.is_file()}
    shown = forksim("show", "out", *options)
    assert shown.stdout == ran.stdout != ""
    assert shown.exit_code == ran.exit_code == (1 if settings else 0)
    assert before == {file: file.read_bytes() for file in Path("out").rglob("*") if file.is_file()}


def test_options_of_forks_are_fields_in_json_and_part_of_the_name_in_tables() -> None:
    rows = "sweep=[{list: [{fork.kind: on_demand, fork.variant: head}, {fork.kind: classic}]}]"
    ran = forksim("run", "a.yaml", "--out", "out", *QUIET, "--set", rows, "--json")
    shown = forksim("show", "out", "--json")
    assert shown.stdout == ran.stdout
    first, second = (point["fields"] for point in json.loads(shown.stdout)["points"])
    assert first == {"fork.kind": "on_demand", "fork.variant": "head"}
    assert second["fork.kind"] == "classic"
    assert "\non_demand head " in forksim("show", "out").stdout


def test_what_failed_is_said_with_its_reason() -> None:
    forksim("run", "a.yaml", "--out", "out", *QUIET, *SOME_FAIL)
    shown = forksim("show", "out")
    assert shown.exit_code == 1
    files = sorted(map(str, Path("out/points").glob("*.failed.txt")))
    assert sorted(line.partition(" (")[0] for line in shown.stderr.splitlines()) == [
        f"point workload.behaviour=raise seed={n} failed: ArithmeticError: no result"
        for n in (1, 2)
    ]
    assert all(f" (traceback in {file})\n" in shown.stderr for file in files)


def test_of_points_that_all_failed_there_is_no_table() -> None:
    forksim("run", "a.yaml", "--out", "out", *QUIET, "--set", "workload.behaviour=raise")
    shown = forksim("show", "out")
    assert (shown.exit_code, shown.stdout, shown.stderr.count("failed: ")) == (1, "", 2)
    assert json.loads(forksim("show", "out", "--json").stdout)["points"] == []


def test_what_is_not_done_is_said_and_no_failure() -> None:
    forksim("run", "a.yaml", "--out", "out", *QUIET, "--limit", "1")
    shown = forksim("show", "out")
    assert (shown.exit_code, shown.stderr) == (0, "out: 1 of 2 points are not done\n")
    assert "classic" in shown.stdout and "on_demand" not in shown.stdout
    answer = json.loads(forksim("show", "out", "--json").stdout)
    assert (len(answer["points"]), answer["untried"]) == (1, ["fork.kind=on_demand"])


def test_a_damaged_record_is_said_and_the_rest_shown() -> None:
    forksim("run", "a.yaml", "--out", "out", *QUIET)
    listed = json.loads(Path("out/points.json").read_text())["points"]
    file = Path("out/points") / f"{listed[0]['id']}.json"
    file.write_bytes(file.read_bytes()[:-9])
    shown = forksim("show", "out")
    assert (shown.exit_code, shown.stderr) == (
        1,
        "point fork.kind=classic is damaged: run it again\n",
    )
    assert "on_demand" in shown.stdout and "classic" not in shown.stdout


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["nowhere"], "nowhere: expected the folder of a run, such as runs/NAME"),
        (["a.yaml"], "a.yaml: expected the folder of a run, such as runs/NAME"),
        (["."], ".: expected the folder of a run, such as runs/NAME"),
        (["out", "--metric", "p98"], "--metric: p98: no such metric: expected one of requests,"),
        (["out", "--metric", ""], "--metric: : no such metric: expected one of requests,"),
        (["out", "--json", "--markdown"], "--json, --markdown: expected one of them"),
        (["out", "--all", "--metric", "p99"], "--metric, --all: expected one of them"),
    ],
)
def test_wrong_questions_are_one_line(arguments: list[str], line: str) -> None:
    forksim("run", "a.yaml", "--out", "out", *QUIET)
    result = forksim("show", *arguments)
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.startswith(line)
    assert result.stderr.count("\n") == 1


def test_a_run_with_options_that_exclude_each_other_is_not_begun() -> None:
    result = forksim("run", "a.yaml", "--out", "out", "--json", "--markdown")
    assert result.exit_code == 2
    assert not Path("out").exists()


def test_a_run_that_is_asked_for_an_unknown_metric_is_kept() -> None:
    result = forksim("run", "a.yaml", "--out", "out", *QUIET, "--metric", "p98")
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.splitlines()[-1].startswith("--metric: p98: no such metric")
    assert forksim("show", "out").exit_code == 0


def test_markdown_stands_in_one_table_and_a_list() -> None:
    forksim("run", "a.yaml", "--out", "out", *QUIET)
    lines = forksim("show", "out", "--markdown", "--metric", "requests").stdout.splitlines()
    assert lines[:4] == [
        "| fork.kind | requests |",
        "|---|---:|",
        "| classic | 1,000 |",
        "| on_demand | 1,000 |",
    ]
    assert lines[4] == ""
    assert all(line.startswith("* ") for line in lines[5:])


@pytest.mark.processes
@pytest.mark.parametrize("columns", [40, 80])
def test_a_terminal_is_not_left_at_its_right(columns: int) -> None:
    forksim("run", "a.yaml", "--out", "out", *QUIET)
    ours, theirs = pty.openpty()
    environment = {**os.environ, "TERM": "xterm", "NO_COLOR": "1"}
    try:
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
        subprocess.run(  # noqa: S603 - the command under test
            [sys.executable, str(FORKSIM_WITH_FAKE), "show", "out", "--all"],
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            env=environment,
            check=True,
        )
        seen = os.read(ours, 100_000).decode()
    finally:
        os.close(ours)
        os.close(theirs)
    plain = seen.replace("\x1b[1m", "").replace("\x1b[0m", "")
    assert "\x1b" not in plain
    lines = plain.split("\r\n")
    assert columns // 2 < max(map(len, lines)) <= columns
