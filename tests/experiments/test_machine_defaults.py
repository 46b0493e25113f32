"""What an experiment leaves to its profile: cores, memory, and whose rules a fork has."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from experiments.commands.cli import main

XEON = "xeon-6982p-vm-linux-6.6"
TEXT = """\
forksim: 1
name: a
machine: {MACHINE}
workload: {kind: microbench, sizes: [64MiB]}
fork: {kind: KIND}
"""


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def ran(
    machine: str, kind: str = "classic6", sweep: str = ""
) -> tuple[list[dict[str, Any]], Result]:
    text = TEXT.replace("MACHINE", machine).replace("KIND", kind) + sweep
    Path("a.yaml").write_text(text)
    result = CliRunner().invoke(main, ["run", "a.yaml", "--figures", "none", "--jobs", "1"])
    assert result.exit_code == 0, result.output
    records = [json.loads(file.read_text()) for file in Path("runs/a/points").glob("*.json")]
    return [record["config"]["machine"] for record in records], result


def test_cores_and_memory_are_the_profiles(here: Path) -> None:
    (machine,), result = ran(f"profile: {XEON}")
    assert (machine["cores"], machine["memory"]) == (8, 61_000_000_000)
    assert f"machine.cores: 8 as profile {XEON} has it" in result.stderr
    assert "machine.memory: 61,000,000,000" in result.stderr


def test_what_is_written_stays(here: Path) -> None:
    (machine,), result = ran(f"profile: {XEON}, cores: 3, memory: 1GiB")
    assert (machine["cores"], machine["memory"]) == (3, 2**30)
    assert "as profile" not in result.stderr


def test_swept_profiles_are_compared_on_the_same_cores(here: Path) -> None:
    sweep = f"sweep: [grid: {{machine.profile: [{XEON}, epyc-7302p-linux-5.6]}}]\n"
    machines, result = ran(f"profile: {XEON}", sweep=sweep)
    assert {machine["cores"] for machine in machines} == {16}
    assert "as profile" not in result.stderr


@pytest.mark.parametrize(
    ("profile", "kind", "doubted"),
    [(XEON, "classic", True), (XEON, "classic6", False), ("epyc-7302p-linux-5.6", "huge", False)],
)
def test_rules_of_another_kernel_are_doubted(
    here: Path, profile: str, kind: str, doubted: bool
) -> None:
    _, result = ran(f"profile: {profile}, cores: 4", kind)
    assert ("has the rules of Linux 5.6" in result.stderr) is doubted
