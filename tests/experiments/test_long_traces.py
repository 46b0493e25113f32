"""Traces that take longer than a record's times go, and gaps in which nothing happens."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from experiments.commands.cli import main

APACHE = "{kind: apache, clients: {kind: trace, path: a.log%s}%s}"
LINE = '10.0.0.1 - - [%s:08:55:5%d +0000] "GET /a HTTP/1.1" 200 5\n'


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def log(last_day: str) -> None:
    lines = [LINE % ("25/Jun/2026", second) for second in range(5)]
    Path("a.log").write_text("".join(lines) + LINE % (last_day, 6))


def validate(workload: str) -> Result:
    Path("a.yaml").write_text(
        f"forksim: 1\nname: a\nworkload: {workload}\nfork: {{kind: classic}}\n"
    )
    return CliRunner().invoke(main, ["validate", "a.yaml"])


@pytest.mark.parametrize(
    ("speed", "duration", "said"),
    [
        ("", "", "takes 365 days (record 6 of 6, in order of time, comes 365 days after"),
        (", speed: 3", "", "takes 121.7 days"),
        (", speed: 8", "", None),
        ("", ", duration: 10s", None),
        (", speed: 0.001", ", duration: 24h", None),
    ],
)
def test_one_line_a_year_late(here: Path, speed: str, duration: str, said: str | None) -> None:
    log("25/Jun/2027")
    result = validate(APACHE % (speed, duration))
    assert result.exit_code == (2 if said else 0)
    if said:
        (line,) = result.stderr.splitlines()
        assert line.startswith(f"a.yaml:3:55: workload.clients.path: a.log {said}")
        assert ": expected at most 52, as by a higher speed or a duration" in line
    else:
        assert "note: a.log: record 6 of 6, in order of time, comes 365 days" in result.stderr


def test_one_line_a_thousand_years_late(here: Path) -> None:
    log("25/Jun/3026")
    result = validate(APACHE % ("", ""))
    assert result.exit_code == 2
    assert "a.log:6:15: time is beyond the year 2262" in result.stderr


def test_a_thousand_years_later_altogether_is_refused_at_the_first_line(here: Path) -> None:
    Path("a.log").write_text(LINE % ("25/Jun/3026", 1))
    assert "a.log:1:15: time is beyond" in validate(APACHE % ("", "")).stderr


@pytest.mark.parametrize(
    ("workload", "text", "said"),
    [
        (
            "{kind: mix, programs: {one: {kind: redis, dataset: 1MiB, clients: "
            "{kind: trace, path: t, speed: 0.01}}}}",
            "time_s,key\n0,a\n100000,a\n",
            "workload.programs.one.clients.path: t takes 115.7 days",
        ),
        (
            "{kind: afl, target: 1MiB, rates: {kind: trace, path: t}}",
            "time_s,execs_per_sec\n0,5\n100000000,5\n",
            "workload.rates.path: t takes 1157 days",
        ),
        (
            "{kind: sqlite, database: 1MiB, rounds: 200, log: {kind: trace, path: t}}",
            "test,run_s\na,80000\n",
            "workload.log.path: t takes 185.2 days",
        ),
    ],
)
def test_every_program_that_a_trace_drives(here: Path, workload: str, text: str, said: str) -> None:
    Path("t").write_text(text)
    result = validate(workload)
    assert result.exit_code == 2
    assert said in result.stderr
    assert result.stderr.count("\n") == 1
