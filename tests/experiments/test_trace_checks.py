"""Traces that cannot be run as asked: one line before anything is simulated."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from experiments.commands.cli import main

EXPERIMENT = """\
forksim: 1
name: measured
workload: {workload}
fork: {{kind: on_demand}}
"""
AFL = "{kind: afl, target: 8GiB, rates: {kind: trace, path: rates}}"
SQLITE = "{kind: sqlite, database: 1GiB, log: {kind: trace, path: log.csv}}"


@pytest.mark.parametrize(
    ("workload", "said"),
    [
        (AFL, "rates:1:1: 400 executions a second leave an input no time to run: expected at most"),
        (
            SQLITE,
            "log.csv:1:1: test 1, 'a', ran 9 us with 9 page faults in the database:",
        ),
        (f"{{kind: mix, programs: {{one: {AFL}}}}}", "rates:1:1: 400 executions a second"),
        (AFL.replace("rates}", "idle}"), "idle:1:1: nothing was executed: expected"),
    ],
)
@pytest.mark.parametrize("command", ["validate", "run"])
def test_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, workload: str, said: str, command: str
) -> None:
    monkeypatch.chdir(tmp_path)
    header = "# relative_time, cycles_done, cur_item, corpus_count, execs_per_sec, total_execs\n"
    Path("rates").write_text(f"{header}5, 0, 0, 4, 400, 2000\n")
    Path("idle").write_text(f"{header}5, 0, 0, 4, 0, 0\n")
    Path("log.csv").write_text("test,run_us,pages\na,9,9\n")
    Path("a.yaml").write_text(EXPERIMENT.format(workload=workload))
    result = CliRunner().invoke(main, [command, "a.yaml"])
    assert result.exit_code == 2
    (line,) = result.stderr.splitlines()
    assert line.startswith(said)
    assert not Path("runs").exists()


REDIS = """\
{kind: redis, dataset: 1MiB, clients: {kind: trace, path: keys.csv}}"""


@pytest.mark.parametrize(
    "command", ["validate", pytest.param("run", marks=[pytest.mark.processes, pytest.mark.figures])]
)
def test_what_of_a_trace_is_not_used_is_noted_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("keys.csv").write_text("time_s,kee,op\n0,a,read\n1,b,write\n")
    Path("a.yaml").write_text(
        EXPERIMENT.format(workload=REDIS) + "sweep: [{grid: {workload.dataset: [1MiB, 2MiB]}}]\n"
    )
    result = CliRunner().invoke(main, [command, "a.yaml"])
    assert result.exit_code == 0, result.output
    assert result.stderr.count("note: keys.csv: columns that are not read: 'kee'\n") == 1
