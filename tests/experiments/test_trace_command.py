"""``forksim trace`` from outside: what it prints and writes, and its errors in one line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from experiments.commands.cli import main
from workloads.traces.export import WRITERS
from workloads.traces.kinds.key_trace import KeyTrace
from workloads.traces.registry import BUNDLED, FORMATS, open_as

MONITOR = str(BUNDLED / "redis_monitor.log.gz")
REQUESTS = "7.5,a,set,10\n8,b,get,\n8,a,what,1\n"


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "requests").write_text(REQUESTS)
    return tmp_path


def forksim(*arguments: str) -> Result:
    return CliRunner().invoke(main, ("trace", *arguments))


def test_inspect_says_format_span_rates_popularity_and_what_was_skipped() -> None:
    result = forksim("inspect", MONITOR)
    assert result.exit_code == 0, result.output
    shown = dict(line.split("  ", 1) for line in result.stdout.splitlines())
    shown = {label: value.strip() for label, value in shown.items()}
    assert shown["format"] == "redis_monitor"
    assert shown["lines"] == "60001"
    assert shown["skipped, reply OK"] == "1"
    assert shown["span"] == "20.0 s"
    assert shown["mean rate"] == "3000.03 /s"
    assert shown["write share"] == "50.05%"
    assert shown["keys"] == "19008"
    assert shown["keys hottest 10% share"] == "64.81%"
    assert shown["written value p50"] == "1 KiB"


def test_inspect_prints_exact_numbers_as_json() -> None:
    found = json.loads(forksim("inspect", MONITOR, "--json").stdout)
    assert found["forksim"] == 1
    assert (found["file"], found["format"]) == (MONITOR, "redis_monitor")
    assert (found["lines"], found["records"]) == (60_001, 60_000)
    assert found["skipped"] == {"reply OK": 1}
    assert found["span_ns"] == 19_999_794_000
    assert found["facts"]["keys"] == 19_008
    assert found["facts"]["write_share"] == 30_029 / 60_000


def test_notes_say_what_is_not_read(here: Path) -> None:
    (here / "keys.csv").write_text("time_s,kee,op\n0,a,read\n")
    note = "columns that are not read: 'kee'"
    assert forksim("inspect", "keys.csv").stdout.splitlines()[-1] == f"note: {note}"
    assert json.loads(forksim("inspect", "keys.csv", "--json").stdout)["notes"] == [note]
    assert forksim("convert", "keys.csv").stderr == ""
    assert forksim("convert", "keys.csv", "--out", "x").stderr.splitlines()[1] == f"note: {note}"


@pytest.mark.parametrize("file", sorted(path.name for path in BUNDLED.glob("*[!d]")))
def test_every_bundled_trace_can_be_inspected_and_converted(file: str, here: Path) -> None:
    assert forksim("inspect", str(BUNDLED / file)).exit_code == 0
    for to in WRITERS:
        result = forksim("convert", str(BUNDLED / file), "--to", to, "--out", f"out.{to}")
        assert result.exit_code == 0, result.output
        assert result.stdout == ""
        assert result.stderr.startswith(f"out.{to}: ")
        assert (here / f"out.{to}").stat().st_size > 0


def test_a_converted_trace_can_be_replayed(here: Path) -> None:
    forksim("convert", MONITOR, "--out", "again.csv")
    assert len(open_as(KeyTrace, here / "again.csv")) == 60_000


def test_columns_are_named_by_the_user_and_damage_skipped_if_allowed(here: Path) -> None:
    columns = ("--columns", "time_s, key, op, value_bytes")
    refused = forksim("convert", "requests", *columns)
    assert refused.exit_code == 2
    assert refused.stdout == ""
    assert refused.stderr.startswith("requests:3:5: bad operation: expected read, write or")
    assert refused.stderr.count("\n") == 1
    result = forksim("convert", "requests", *columns, "--skip-damaged", "1")
    assert result.stdout.splitlines() == [
        "time_s,key,op,value_bytes,request_bytes,connection",
        "0.0,0,write,10,37,",
        "0.5,1,read,0,20,",
    ]
    shown = forksim("inspect", "requests", *columns, "--skip-damaged", "1").stdout
    assert "skipped, damaged: bad operation  1\n" in shown


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (("inspect", "missing"), "missing:1:1: No such file or directory: expected a readable"),
        (("inspect", "."), ".:1:1: not a file: expected a regular file, plain, gzip or zstd"),
        (
            ("inspect", "requests"),
            "requests:1:1: unknown format: expected a trace of one of: redis",
        ),
        (("inspect", "requests", "--format", "cvs"), "--format: 'cvs' - did you mean 'csv'?"),
        (("inspect", "requests", "--format", "csv"), "requests:1:1: bad header: expected names"),
        (("inspect", "requests", "--columns", "a,b"), "requests:1:1: bad header: expected names"),
        (
            ("inspect", MONITOR, "--columns", "time", "--format", "redis_monitor"),
            f"{MONITOR}:1:1: columns said of a trace of format redis_monitor: expected none, ",
        ),
        (("inspect", MONITOR, "--skip-damaged", "-1"), "forksim: Invalid value for '--skip-dam"),
        (("convert", MONITOR, "--to", "xml"), "forksim: Invalid value for '--to'"),
        (("convert",), "forksim: Missing argument 'FILE'."),
        ((), "forksim: Missing command."),
    ],
)
def test_bad_input_is_one_line_and_exit_code_2(
    here: Path, arguments: tuple[str, ...], line: str
) -> None:
    result = forksim(*arguments)
    assert result.exit_code == 2
    assert result.stdout == ""
    assert result.stderr.startswith(line)
    assert result.stderr.count("\n") == 1
    assert {path.name for path in here.iterdir()} == {"requests"}


def test_a_trace_is_not_written_over_itself(here: Path) -> None:
    columns = ("--columns", "time_s,key,op,value_bytes", "--skip-damaged", "1")
    result = forksim("convert", "requests", *columns, "--out", str(here / "requests"))
    assert result.exit_code == 2
    assert (here / "requests").read_text() == REQUESTS


def test_a_folder_that_is_not_there_is_one_line(here: Path) -> None:
    result = forksim("convert", MONITOR, "--out", "missing/out.csv")
    assert result.exit_code != 0
    assert result.stderr.count("\n") == 1


def test_the_help_names_what_can_be_chosen() -> None:
    shown = forksim("convert", "--help").stdout
    assert all(to in shown for to in WRITERS)
    assert set(WRITERS) == {"csv", "npz"}
    assert all(name.isidentifier() for name in FORMATS)


def test_inspect_says_what_is_read_and_what_is_assumed(here: Path) -> None:
    shown = forksim("inspect", str(BUNDLED / "sqlite_tests_1GiB.csv")).stdout.splitlines()
    assert "assumed".ljust(20) + "a test may take no time" in "\n".join(
        f"{label:20}{text.strip()}" for label, _, text in (line.partition("  ") for line in shown)
    )
    found = json.loads(forksim("inspect", MONITOR, "--json").stdout)["about"]
    assert found == FORMATS["redis_monitor"].about._asdict()


def test_options_of_the_command_line(here: Path) -> None:
    (here / "codes").write_text("k1 1 4096\nk2 0 7\n")
    said = ("--columns", "key=1,op=2,size=3", "--operations", "0=get,1=set", "--rate", "4")
    assert forksim("convert", "codes", *said).stdout.splitlines() == [
        "time_ns,key,op,value_bytes,request_bytes,connection",
        "0,0,write,4096,4126,",
        "250000000,1,read,0,21,",
    ]
    (here / "log").write_text('1.5 "/a" 0.002\n')
    log_format = ("--log-format", '$msec "$uri" $request_time')
    assert forksim("convert", "log", *log_format).stdout.splitlines()[1] == "0.0,0,,0,2000000"


@pytest.mark.parametrize(
    ("options", "line"),
    [
        (("--columns", "key=1,op"), "--columns: expected names, or NAME=COLUMN for each"),
        (("--operations", "get"), "--operations: 'get': expected CODE=OPERATION,... or one of lib"),
        (("--rate", "fast"), "--rate: fast: expected a rate"),
        (("--rate", "0"), "--rate: 0: expected a rate"),
        (("--log-format", "x"), "requests:1:1: log_format: expected directives of Apache's"),
    ],
)
def test_options_that_cannot_be(here: Path, options: tuple[str, ...], line: str) -> None:
    result = forksim("inspect", "requests", *options)
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.startswith(line), result.stderr
    assert result.stderr.count("\n") == 1
