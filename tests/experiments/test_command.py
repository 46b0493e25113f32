"""The forksim command from outside: exit codes, what goes to stdout, stderr and the disk."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from fake_program import EXAMPLE, Fake
from processes import start

from experiments.commands.cli import main
from experiments.language.catalogue import catalogue
from workloads.traces.registry import BUNDLED

DESIGN = """\
forksim: 1
name: redis-snapshot
machine: {profile: epyc-7302p-linux-5.6, cores: 16}
workload:
  kind: redis
  dataset: 996MiB
  clients: {kind: closed, connections: 3, pipeline: 2000}
  set_ratio: 1/11
  snapshot: {after_changes: 10000}
  duration: 135s
fork: {kind: on_demand}
sweep:
  - grid: {fork.kind: [classic, on_demand]}
repetitions: 5
seed: 20210426
"""


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A current folder that holds the example."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.yaml").write_text(EXAMPLE)
    return tmp_path


def forksim(*arguments: str) -> Result:
    return CliRunner().invoke(main, arguments)


def files(folder: Path) -> set[str]:
    return {
        file.relative_to(folder).as_posix()
        for file in folder.rglob("*")
        if file.is_file() and not {"points", "wall"} & set(file.parts)
    }


@pytest.mark.figures
def test_run_prints_a_table_and_writes_the_folder(here: Path) -> None:
    result = forksim("run", "a.yaml")
    assert result.exit_code == 0, result.output
    assert "fork.kind" in result.stdout
    assert "classic" in result.stdout
    assert result.stderr.splitlines()[-1] == "results in runs/fake-run"
    assert files(here) == {"a.yaml"} | {
        f"runs/fake-run/{name}"
        for name in (
            *("experiment.yaml", "points.json", "table.csv"),
            *("figure.png", "figure.svg", "figure.pdf", "drawn/figure.json"),
        )
    }
    records = {file.name for file in (here / "runs/fake-run/points").iterdir()}
    assert len(records) == 2
    assert {file.name for file in (here / "runs/fake-run/wall").iterdir()} == records


@pytest.mark.figures
def test_the_folders_own_experiment_gives_the_same_points(here: Path) -> None:
    forksim("run", "a.yaml", "--set", "machine.cores=3", "--out", "one")
    forksim("run", "one/experiment.yaml", "--out", "two")
    assert (here / "one/table.csv").read_bytes() == (here / "two/table.csv").read_bytes()


@pytest.mark.figures
def test_json_is_one_object_on_stdout(here: Path) -> None:
    result = forksim("run", "a.yaml", "--json", "--out", "x")
    answer = json.loads(result.stdout)
    assert answer["forksim"] == 1
    assert answer["name"] == "fake-run"
    assert answer["folder"] == "x"
    assert answer["failed"] == []
    assert [point["fields"] for point in answer["points"]] == [
        {"fork.kind": "classic"},
        {"fork.kind": "on_demand"},
    ]
    assert answer["points"][0]["metrics"]["requests"]["mean"] == 1000


@pytest.mark.figures
def test_some_failed_points_are_exit_code_1(here: Path) -> None:
    sweep = "sweep.0.grid={workload.behaviour: [raise, good]}"
    result = forksim("run", "a.yaml", "--json", "--set", sweep)
    assert result.exit_code == 1
    answer = json.loads(result.stdout)
    assert [failed["point"] for failed in answer["failed"]] == ["workload.behaviour=raise"]
    assert len(answer["points"]) == 1
    assert (here / "runs/fake-run/table.csv").is_file()


def test_all_points_failed_is_exit_code_1(here: Path) -> None:
    result = forksim("run", "a.yaml", "--set", "workload.behaviour=raise")
    assert result.exit_code == 1
    assert result.stdout == ""
    assert not (here / "runs/fake-run/figure.png").exists()


def test_validate_counts_the_points(here: Path) -> None:
    result = forksim("validate", "a.yaml", "--set", "sweep=[]")
    assert (result.exit_code, result.stdout) == (0, "a.yaml: valid, 1 point\n")
    assert forksim("validate", "a.yaml").stdout == "a.yaml: valid, 2 points\n"
    assert files(here) == {"a.yaml"}


BAD = {
    "unknown key": (EXAMPLE.replace("cores", "cors"), "bad.yaml:3:42: machine.cors"),
    "wrong type": (EXAMPLE.replace("cores: 16", "cores: many"), "bad.yaml:3:49: machine.cores"),
    "negative size": (EXAMPLE.replace("996MiB", "-1GiB"), "bad.yaml:6:12: workload.dataset"),
    "NaN": (EXAMPLE.replace("1/11", ".nan"), "bad.yaml:8:14: workload.set_ratio"),
    "duplicate key": (EXAMPLE + "seed: 1\n", "bad.yaml:16:1: seed: given twice"),
    "brackets": ("[" * 100_000, "bad.yaml:1:33: nested too deeply"),
    "binary": ("\x7fELF\0\0", "bad.yaml:1:1: character"),
    "empty": ("", "bad.yaml:1:1: empty"),
}


@pytest.mark.parametrize("command", ["run", "validate"])
@pytest.mark.parametrize("name", BAD)
def test_bad_input_is_one_line_and_exit_code_2(here: Path, command: str, name: str) -> None:
    text, line = BAD[name]
    (here / "bad.yaml").write_text(text)
    result = forksim(command, "bad.yaml")
    assert result.exit_code == 2
    assert result.stdout == ""
    assert result.stderr.startswith(line)
    assert result.stderr.count("\n") == 1
    assert files(here) == {"a.yaml", "bad.yaml"}


@pytest.mark.parametrize(
    ("content", "line"),
    [
        (b"", "1:1: "),
        (b"garbage\n", "1:1: "),
        ((BUNDLED / "redis_monitor.log.gz").read_bytes()[:5000], ""),
        (
            b'1700000000.000002 [0 ::1:1] "GET" "a"\n1700000000.000001 [0 ::1:1] "GET" "a"\n',
            "2:1: ",
        ),
    ],
)
def test_a_bad_trace_is_one_line_and_exit_code_2(here: Path, content: bytes, line: str) -> None:
    (here / "trace.log").write_bytes(content)
    result = forksim("run", "a.yaml", "--set", "workload.clients={kind: trace, path: trace.log}")
    assert result.exit_code == 2
    assert result.stderr.startswith(f"--set:1:38: workload.clients.path: trace.log:{line}")
    assert result.stderr.count("\n") == 1
    assert files(here) == {"a.yaml", "trace.log"}


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["run", "missing.yaml"], "missing.yaml:1:1: no such file: expected an experiment in YAML"),
        (["run", "."], ".:1:1: a folder: expected an experiment in YAML"),
        (
            ["run", "a.yaml", "--out", "a.yaml"],
            "a.yaml: not a folder: expected one for the results",
        ),
        (
            ["run", "a.yaml", "--out", "a.yaml/b"],
            "a.yaml: not a folder: expected one for the results",
        ),
        (
            ["run", "a.yaml", "--out", "/proc/foo"],
            "/proc/foo: No such file or directory: expected a folder that can be made",
        ),
        (
            ["run", "a.yaml", "--out", "/proc"],
            "/proc/points: No such file or directory: expected a folder that can be made",
        ),
        (
            ["run", "a.yaml", "--jobs", "0"],
            "forksim: Invalid value for '--jobs': 0 is not in the range",
        ),
        (["run"], "forksim: Missing argument 'FILE'."),
        (["run", "a.yaml", "--bogus"], "forksim: No such option '--bogus'"),
        (["rum", "a.yaml"], "forksim: No such command 'rum'"),
        (["paper", "--only", "fig07,fig2"], "--only:1:7: 'fig2' - did you mean "),
    ],
)
def test_bad_arguments(here: Path, arguments: list[str], line: str) -> None:
    result = forksim(*arguments)
    assert result.exit_code == 2
    assert result.stderr.startswith(line)
    assert result.stderr.count("\n") == 1
    assert files(here) == {"a.yaml"}


def test_list_names_what_is_registered(here: Path) -> None:
    lines = forksim("list").stdout.splitlines()
    kinds = [tuple(line.split()[:2]) for line in lines]
    assert ("workload", Fake.name) in kinds
    assert {("fork", name) for name in ("classic", "huge", "on_demand")} <= set(kinds)
    assert ("machine", "epyc-7302p-linux-5.6") in kinds


def test_schema_is_a_json_schema_of_what_is_registered(here: Path) -> None:
    schema = json.loads(forksim("schema").stdout)
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert set(schema["required"]) == {"forksim", "name", "workload", "fork"}
    assert Fake.name in schema["properties"]["workload"]["discriminator"]["mapping"]
    assert schema["additionalProperties"] is False


def test_the_bundled_examples_are_valid() -> None:
    examples = catalogue().examples
    names = {"afl_fuzzing", "apache_prefork", "mix", "redis_replay", "sqlite_tests"}
    assert names <= {file.stem for file in examples}
    for file in examples:
        assert forksim("validate", str(file)).exit_code == 0


def test_the_example_of_the_design_is_valid(here: Path) -> None:
    (here / "design.yaml").write_text(DESIGN)
    result = forksim("validate", "design.yaml")
    assert result.stdout == "design.yaml: valid, 2 points\n"


def hanging(here: Path, jobs: str) -> tuple[subprocess.Popen[str], list[str]]:
    """A run whose first two points are done and whose others never end; what it said of them."""
    sweep = "sweep.0.grid={workload.behaviour: [good, hang], seed: [1, 2]}"
    events = ("--events", "events")
    process = start(
        "forksim_with_fake.py",
        "run",
        "a.yaml",
        "--jobs",
        jobs,
        "--set",
        sweep,
        *events,
        folder=here,
    )
    assert process.stderr is not None
    return process, [process.stderr.readline(), process.stderr.readline()]


@pytest.mark.processes
@pytest.mark.parametrize(
    ("jobs", "number", "code"),
    [
        ("1", signal.SIGINT, 130),
        ("2", signal.SIGINT, 130),
        ("1", signal.SIGTERM, 143),
        ("2", signal.SIGTERM, 143),
        ("1", signal.SIGHUP, 129),
        ("2", signal.SIGHUP, 129),
    ],
)
def test_a_signal_ends_a_run_and_keeps_what_is_finished(
    here: Path, jobs: str, number: int, code: int
) -> None:
    process, heard = hanging(here, jobs)
    os.killpg(process.pid, number)
    stdout, stderr = process.communicate()
    assert process.returncode == code
    end = json.loads((here / "events").read_text().splitlines()[-1])
    assert (end["event"], end["finished"], end["failed"]) == ("end", 2, 0)
    assert stdout == ""
    assert stderr == "interrupted: what was finished is kept; run it again to go on\n"
    assert all("behaviour=good" in line for line in heard)
    points = here / "runs/fake-run/points"
    assert len(list(points.glob("*.json"))) == 2


@pytest.mark.figures
def test_ascii_output_has_every_number(here: Path) -> None:
    (here / "a.yaml").write_text(EXAMPLE.replace("repetitions: 2", "repetitions: 3"))
    result = CliRunner(charset="ascii").invoke(main, ["run", "a.yaml"])
    assert result.exit_code == 0, result.output
    assert "us +-" in result.stdout


@pytest.mark.processes
def test_a_hup_that_is_ignored_at_the_start_stays_so(here: Path) -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        process, _ = hanging(here, "2")
    finally:
        signal.signal(signal.SIGHUP, before)
    os.killpg(process.pid, signal.SIGHUP)
    with pytest.raises(subprocess.TimeoutExpired):
        process.wait(1)
    os.killpg(process.pid, signal.SIGTERM)
    process.communicate()
    assert process.returncode == 143


@pytest.mark.processes
def test_help_imports_nothing_heavy() -> None:
    code = (
        "import sys; from experiments.commands.cli import main;"
        "main(['--help'], standalone_mode=False);"
        "heavy = {'numpy', 'pydantic', 'ruamel', 'rich', 'simpy', 'matplotlib'};"
        "sys.exit(', '.join(heavy & set(sys.modules)) or 0)"
    )
    done = subprocess.run(  # noqa: S603 - our own code
        [sys.executable, "-c", code], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("Usage: ")


@pytest.mark.processes
def test_the_bytes_depend_on_neither_hash_seed_nor_jobs(
    here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written = []
    for number in ("1", "2"):
        monkeypatch.setenv("PYTHONHASHSEED", number)
        process = start(
            "forksim_with_fake.py", "run", "a.yaml", "--out", number, "--jobs", number, folder=here
        )
        process.communicate()
        assert process.returncode == 0
        points = (here / number / "points").glob("?" * 64 + ".json")
        written.append({file.name: file.read_bytes() for file in points})
    assert len(written[0]) == 2
    assert written[0] == written[1]
