"""What tells of a run one of whose records is damaged tells so, and ends with 1."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from experiments.commands.cli import main

TEXT = """\
forksim: 1
name: a
workload:
  kind: redis
  dataset: 64MiB
  clients: {kind: open, rate: 5k/s}
  service: 20us
  snapshot: {at: [20ms], save_rate: 8GiB}
  duration: 60ms
fork: {kind: classic}
sweep: [grid: {fork.kind: [classic, on_demand], seed: [1, 2]}]
"""
COMMANDS = [
    ("show", "runs/a"),
    ("report", "runs/a"),
    ("blame", "runs/a", "--figures", "none"),
    ("compare", "runs/a", "--by", "fork.kind"),
    ("export", "runs/a", "-"),
    ("export", "runs/a", "a.csv"),
    ("export", "runs/a", "each/"),
    ("plot", "runs/a", "--out", "a.png"),
]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("run")
    (folder / "a.yaml").write_text(TEXT)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        ran = CliRunner().invoke(main, ["run", "a.yaml", "--figures", "none", "--jobs", "1"])
    assert ran.exit_code == 0, ran.output
    return folder


@pytest.mark.figures
@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_one_damaged_record_is_exit_code_1(
    made: Path, monkeypatch: pytest.MonkeyPatch, command: tuple[str, ...]
) -> None:
    monkeypatch.chdir(made)
    record = min((made / "runs/a/points").iterdir())
    whole = record.read_bytes()
    assert CliRunner().invoke(main, command).exit_code == 0
    try:
        record.write_bytes(whole[: len(whole) // 2])
        result = CliRunner().invoke(main, command)
    finally:
        record.write_bytes(whole)
    assert result.exit_code == 1, result.output
    assert "damaged" in result.stderr or "1 of 4 points" in result.stderr
