"""forksim calibrate host: a short real measurement, in C and without; what it leaves behind."""

from __future__ import annotations

import csv
import json
import mmap
import os
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from click.testing import CliRunner
from fake_machine import fake_machine
from process_tree import peak_below, with_in_environment
from processes import done, start

from experiments.commands.cli import main
from experiments.measuring import measure as measuring
from experiments.measuring.bench import COMPILERS
from experiments.measuring.knobs import read_knobs
from experiments.measuring.medians import medians_of
from experiments.measuring.tables import COLUMNS
from models.costs.profile import load_profile

pytestmark = [
    pytest.mark.processes,
    pytest.mark.skipif(
        not Path("/proc/self/smaps_rollup").exists() or not hasattr(os, "fork"),
        reason="measures forks on Linux, by /proc",
    ),
]

MIB = 2**20
HAS_COMPILER = any(
    Path(folder, name).exists()
    for folder in os.environ.get("PATH", "").split(os.pathsep)
    for name in COMPILERS
)
NEEDS_COMPILER = pytest.mark.skipif(not HAS_COMPILER, reason="no C compiler")
MEASURES = ("fork_micro", "fault_latency_percentiles", "copy_bandwidth")


def rows_of(folder: Path, table: str) -> list[dict[str, str]]:
    with (folder / f"{table}.csv").open(encoding="ascii", newline="") as file:
        reader = csv.DictReader(file)
        rows = list(reader)
    assert tuple(reader.fieldnames or ()) == tuple(COLUMNS[table])
    return rows


def measured(folder: Path, seconds: float, memory_bytes: int) -> measuring.Measured:
    return measuring.measure(
        folder, seconds=seconds, memory_bytes=memory_bytes, progress=lambda _: None
    )


@NEEDS_COMPILER
def test_a_short_measurement(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))
    (tmp_path / "temporary").mkdir()
    file, out = tmp_path / "mine.yaml", tmp_path / "mine.rows"
    words = ["calibrate", "host", "--out", str(file), "--seconds", "2", "--memory", "64MiB"]
    result = CliRunner().invoke(main, [*words, "--json"])
    assert result.exit_code == 0, result.output
    answer = json.loads(result.stdout)
    assert {"forksim", "profile", "rows", "language", "gate", "medians"} <= answer.keys()
    profile = load_profile(file)
    assert profile.machine is not None
    assert profile.machine.memory_bytes == read_knobs().memory_bytes
    assert (read_knobs().kernel or "").startswith(profile.kernel)
    assert profile.constants["fault_copy_cold_ns"].kind == "measured"
    # The same rows give the same constants.
    again = tmp_path / "again.yaml"
    fit = ["calibrate", "fit", str(out), "--out", str(again), "--kernel", profile.kernel]
    assert CliRunner().invoke(main, fit).exit_code == 0
    assert load_profile(again).constants == profile.constants
    about = json.loads((out / "machine.json").read_text("utf-8"))
    assert about["language"] == "C"
    assert about["compiler"]
    assert about["memory_bytes_asked"] == 64 * MIB
    assert about["knobs"]["kernel"] == read_knobs().kernel
    assert {file.stem for file in out.iterdir()} == {*COLUMNS, "machine"}
    assert all(rows_of(out, table) for table in COLUMNS)
    assert list((tmp_path / "temporary").iterdir()) == []


@NEEDS_COMPILER
def test_numbers_are_of_a_real_machine(tmp_path: Path) -> None:
    """What follows from how kernels work, whatever the machine."""
    found = measured(tmp_path / "mine", seconds=2, memory_bytes=64 * MIB)
    forks = rows_of(found.folder, "fork_micro")
    assert all(cell != "" for row in forks for cell in row.values())
    assert {row["fork_no_after_touch"] for row in forks} == {"1", "2", "3", "4"}
    assert all(int(row["fork_ns"]) > 0 for row in forks)
    medians = {one.what: one for one in medians_of(found.rows)}
    # A page that is copied is filled with a page's content too, one that is there is only noted.
    assert medians["cow_parent (seq)"].median > medians["reuse_parent_child_gone (seq)"].median
    assert medians["reuse_parent_child_gone (seq)"].median > medians["write_present (seq)"].median
    # A fork copies eight bytes of a page that a fill clears.
    assert medians["fill (4k)"].median > medians["first fork (4k)"].median > 0
    faults = rows_of(found.folder, "fault_latency_percentiles")
    assert all(
        float(row["min_ns"]) <= float(row["p50_ns"]) <= float(row["p99_ns"]) <= float(row["max_ns"])
        for row in faults
    )


def hide_compilers(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    monkeypatch.setenv("PATH", str(folder))


def test_without_a_compiler_numpy_measures_what_it_can(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hide_compilers(monkeypatch, tmp_path)
    found = measured(tmp_path / "mine", seconds=4, memory_bytes=256 * MIB)
    about = json.loads((found.folder / "machine.json").read_text("utf-8"))
    assert (about["language"], about["compiler"]) == ("NumPy", None)
    assert "measured without C (no compiler)" in about["shortcomings"]
    assert {table: bool(rows_of(found.folder, table)) for table in COLUMNS} == {
        **dict.fromkeys(MEASURES, True),
        "processor": False,
    }
    assert "0" not in {row["size_bytes"] for row in rows_of(found.folder, "fork_micro")}
    for row in rows_of(found.folder, "fault_latency_percentiles"):
        assert float(row["p50_ns"]) >= 0
        assert row["p99_ns"] == row["max_ns"] == ""
    medians = {one.what: one.median for one in medians_of(found.rows)}
    assert medians["cow_parent (seq)"] > medians["write_present (seq)"]


def test_a_compiler_that_fails_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    compiler = tmp_path / "cc"
    compiler.write_text("#!/bin/sh\necho broken >&2\nexit 1\n", "utf-8")
    compiler.chmod(0o755)
    hide_compilers(monkeypatch, tmp_path)
    found = measured(tmp_path / "mine", seconds=1.5, memory_bytes=160 * MIB)
    assert found.language == "NumPy"
    assert found.shortcomings[0] == "measured without C (cc: broken)"


@pytest.mark.parametrize(
    "language",
    [pytest.param("C", marks=NEEDS_COMPILER), pytest.param("NumPy", marks=pytest.mark.full)],
)
def test_memory_stays_below_what_was_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, language: str
) -> None:
    memory_bytes = (128 if language == "C" else 256) * MIB
    if language == "NumPy":
        hide_compilers(monkeypatch, tmp_path)
    with peak_below() as peak:
        found = measured(tmp_path / "mine", seconds=3, memory_bytes=memory_bytes)
    assert found.language == language
    assert memory_bytes / 4 < peak() <= memory_bytes


def becomes_true(condition: Callable[[], bool]) -> bool:
    """Whether it does, soon."""
    until = time.monotonic() + 10
    while not condition() and time.monotonic() < until:
        time.sleep(0.01)
    return condition()


def interrupted(folder: Path, monkeypatch: pytest.MonkeyPatch, number: int) -> Mapping[str, object]:
    """What is left when a measurement is ended by a signal in the midst of a stage."""
    temporary, mark = folder / "temporary", f"FORKSIM_TEST={folder}"
    temporary.mkdir()
    monkeypatch.setenv("TMPDIR", str(temporary))
    monkeypatch.setenv("FORKSIM_TEST", str(folder))
    words = ("calibrate", "host", "--out", "./mine.yaml", "--seconds", "60", "--memory", "256MiB")
    process = start("forksim_with_fake.py", *words, folder=folder)
    assert process.stderr is not None
    assert process.stderr.readline()  # a stage is over
    assert becomes_true(lambda: len(with_in_environment(mark)) > 1)  # the next is at work
    process.send_signal(number)
    code, _, _ = done(process)
    becomes_true(lambda: not with_in_environment(mark))
    return {
        "code": code,
        "processes": with_in_environment(mark),
        "temporary": list(temporary.iterdir()),
        "out": any(folder.glob("mine*")),
    }


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, code: int
) -> None:
    left = interrupted(tmp_path, monkeypatch, number)
    assert left == {"code": code, "processes": [], "temporary": [], "out": False}


def test_no_process_outlives_a_killed_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    left = interrupted(tmp_path, monkeypatch, signal.SIGKILL)
    assert (left["processes"], left["out"]) == ([], False)


def refused(*words: str) -> str:
    """The one line that a refusal prints."""
    result = CliRunner().invoke(main, ["calibrate", "host", *words])
    assert result.exit_code == 2, result.output
    assert result.stdout == ""
    (line,) = result.stderr.splitlines()
    return line


def test_more_memory_than_there_is(tmp_path: Path) -> None:
    out = tmp_path / "mine"
    line = refused("--out", str(out), "--memory", "900TiB")
    assert line.startswith("calibrate host: 900 TiB of memory: expected at most what ")
    assert not out.exists()


def test_more_memory_than_its_control_group_has(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    changes = {"proc/meminfo": "MemTotal: 99999999 kB\nMemAvailable: 99999999 kB\n"}
    knobs = read_knobs(fake_machine(tmp_path, changes))
    monkeypatch.setattr(measuring, "read_knobs", lambda: knobs)
    line = refused("--out", str(tmp_path / "mine"), "--memory", "64MiB")
    assert line == (
        "calibrate host: 64 MiB of memory: expected at most what this process's control group "
        "has left, 12 MiB"
    )


def test_no_proc(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(measuring, "read_knobs", lambda: read_knobs(tmp_path))
    line = refused("--out", str(tmp_path / "mine"), "--memory", "64MiB")
    assert line.startswith("calibrate host: /proc/meminfo cannot be read")


def test_another_system(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    line = refused("--out", str(tmp_path / "mine"), "--memory", "64MiB")
    assert line == "calibrate host: forks are measured on Linux, and this is darwin"


def test_larger_pages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mmap, "PAGESIZE", 65536)
    line = refused("--out", str(tmp_path / "mine"), "--memory", "64MiB")
    assert line == "calibrate host: pages of this machine are of 64 KiB: expected 4 KiB"


def test_a_folder_that_cannot_be_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "access", lambda *_: False)  # root may write everywhere
    words = ["calibrate", "host", "--out", str(tmp_path / "mine"), "--memory", "64MiB"]
    result = CliRunner().invoke(main, words)
    assert (result.exit_code, result.stdout) == (4, "")
    assert result.stderr.splitlines() == [f"forksim: {tmp_path}: Permission denied"]


def test_folders_of_something_else_are_left_alone(tmp_path: Path) -> None:
    line = refused("--out", str(tmp_path), "--memory", "64MiB")
    assert line == f"--out:1:1: {tmp_path}: a folder: expected a name or a file"
    (tmp_path / "mine.rows").mkdir()
    (tmp_path / "mine.rows/notes.txt").write_text("mine", "utf-8")
    line = refused("--out", str(tmp_path / "mine.yaml"), "--memory", "64MiB")
    assert line == (
        f"calibrate host: {tmp_path / 'mine.rows'}: expected no folder, an empty one or a "
        "measurement's"
    )
    assert not (tmp_path / "mine.yaml").exists()


@pytest.mark.parametrize("memory", ["lots", "1MiB"])
def test_memory_that_is_none_or_too_little(tmp_path: Path, memory: str) -> None:
    line = refused("--out", str(tmp_path / "mine"), "--memory", memory)
    assert memory.replace("MiB", " MiB") in line
    assert "expected" in line
