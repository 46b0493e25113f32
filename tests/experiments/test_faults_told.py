"""What a user does wrong, or a pipe does, ends without a traceback."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from fake_program import EXAMPLE
from processes import FORKSIM_WITH_FAKE

from experiments.commands.cli import main
from experiments.language.catalogue import EXAMPLES


def forksim(*arguments: str) -> Result:
    return CliRunner().invoke(main, arguments)


@pytest.mark.processes
@pytest.mark.parametrize("arguments", [["schema"], ["run", "a.yaml"]])
def test_a_reader_that_has_gone_ends_a_command_quietly(
    tmp_path: Path, arguments: list[str]
) -> None:
    (tmp_path / "a.yaml").write_text(EXAMPLE)
    reading, writing = os.pipe()
    os.close(reading)
    try:
        done = subprocess.run(  # noqa: S603 - the command under test
            [sys.executable, str(FORKSIM_WITH_FAKE), *arguments],
            cwd=tmp_path,
            stdout=writing,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    finally:
        os.close(writing)
    assert done.returncode == 0
    assert "Error" not in done.stderr
    assert "Exception" not in done.stderr
    if arguments[0] == "run":
        assert (tmp_path / "runs/fake-run/table.csv").is_file()


@pytest.mark.figures
def test_another_experiment_in_a_folder_is_said(tmp_path: Path) -> None:
    file, out = tmp_path / "a.yaml", str(tmp_path / "out")
    file.write_text(EXAMPLE)
    assert "has the results" not in forksim("run", str(file), "--out", out).stderr
    records = sorted((tmp_path / "out/points").glob("*.json"))
    assert "has the results" not in forksim("run", str(file), "--out", out).stderr
    file.write_text(EXAMPLE.replace("fake-run", "another"))
    result = forksim("run", str(file), "--out", out, "--set", "seed=7")
    assert result.exit_code == 0
    assert f"{out}: has the results of 'fake-run': its records stay; " in result.stderr
    assert set(records) < set((tmp_path / "out/points").glob("*.json"))


@pytest.mark.parametrize(
    "arguments", [["plan"], ["run"], ["run", "a.yaml", "--out"], ["status"], ["compare"]]
)
def test_a_name_that_cannot_be_one_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.yaml").write_text(EXAMPLE)
    result = forksim(*arguments, "a" * 300)
    assert result.exit_code == 2
    assert "File name too long" in result.stderr
    assert "Errno" not in result.stderr
    assert result.stderr.count("\n") == 1


def test_a_misspelt_program_of_a_mix_is_blamed_where_it_is_named(tmp_path: Path) -> None:
    example = EXAMPLES / "mix.yaml"
    result = forksim("plan", str(example), "--set", "workload.programs.cach.dataset=2GiB")
    assert result.exit_code == 2
    assert result.stderr.startswith("--set:1:1: workload.programs.cach.kind: missing: ")
    head = example.read_text().partition("sweep:")[0]
    file = tmp_path / "a.yaml"
    file.write_text(f"{head}sweep:\n  - grid: {{workload.programs.cach.dataset: [1GiB, 2GiB]}}\n")
    result = forksim("plan", str(file))
    assert result.exit_code == 2
    line = len(head.splitlines()) + 2
    assert result.stderr.startswith(f"{file}:{line}:12: workload.programs.cach.kind: missing: ")
