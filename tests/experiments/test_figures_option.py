"""Figures in the formats that are asked for, and drawn when there is something new to draw."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from experiments.commands.cli import main
from results.figures import style

EXAMPLE = """\
forksim: 1
name: a
machine: {cores: 2}
workload:
  kind: redis
  dataset: 1MiB
  clients: {kind: open, rate: 1k/s}
  duration: 10ms
fork: {kind: classic}
sweep:
  - grid: {seed: [1, 2]}
repetitions: 2
"""

NEVER_WITHOUT_DRAWING = ["matplotlib", "pandas", "scipy", "seaborn"]


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.yaml").write_text(EXAMPLE)
    return tmp_path


@pytest.fixture
def drawings(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """The formats of all figures that get written."""
    written: list[list[str]] = []
    write = style.write

    def noted(figure: Any, stem: Path, endings: list[str]) -> list[Path]:
        written.append(list(endings))
        return write(figure, stem, endings)

    monkeypatch.setattr(style, "write", noted)
    return written


def run(*more: str) -> Result:
    result = CliRunner().invoke(main, ("run", "a.yaml", "--out", "out", "--jobs", "1", *more))
    assert result.exit_code == 0, result.output
    return result


def figures(here: Path) -> list[str]:
    return sorted(file.name for file in (here / "out").glob("figure.*"))


@pytest.mark.figures
def test_a_second_run_does_not_draw_what_is_there(here: Path, drawings: list[list[str]]) -> None:
    run()
    first = [(here / "out" / name).read_bytes() for name in figures(here)]
    run()
    assert drawings == [["png", "svg", "pdf"]]
    (here / "out/figure.svg").unlink()
    run()
    assert len(drawings) == 2
    assert [(here / "out" / name).read_bytes() for name in figures(here)] == first


@pytest.mark.figures
def test_other_points_or_names_are_drawn(here: Path, drawings: list[list[str]]) -> None:
    run("--figures", "png")
    run("--figures", "png", "--set", "sweep.0.grid.seed=[1, 3]")
    run("--figures", "png", "--only", "seed=1")
    assert drawings == [["png"]] * 3


@pytest.mark.figures
def test_formats_that_are_asked_for(here: Path, drawings: list[list[str]]) -> None:
    run("--figures", "none")
    assert figures(here) == []
    run("--figures", "svg,png")
    assert figures(here) == ["figure.png", "figure.svg"]
    run("--figures", "svg")
    assert drawings == [["svg", "png"]]


@pytest.mark.figures
def test_nothing_to_draw_is_not_looked_at_again(
    here: Path, drawings: list[list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    looks: list[int] = []
    monkeypatch.setattr("results.figures.run.draw", lambda *_: looks.append(1))
    run()
    run()
    assert (len(looks), drawings, figures(here)) == (1, [], [])


@pytest.mark.parametrize(
    ("asked", "where"),
    [("gif", "1: 'gif'"), ("png,svgs", "5: 'svgs' - did you mean 'svg'?"), ("", "1: ''")],
)
@pytest.mark.parametrize("command", ["run a.yaml", "paper --only fig07"])
def test_other_formats_are_refused(here: Path, command: str, asked: str, where: str) -> None:
    result = CliRunner().invoke(main, (*command.split(), "--figures", asked))
    assert result.exit_code == 2
    assert result.stderr.startswith(f"--figures:1:{where}")
    assert result.stderr.count("\n") == 1
    assert [file.name for file in here.iterdir()] == ["a.yaml"]


@pytest.mark.processes
@pytest.mark.figures
def test_what_draws_is_imported_only_to_draw(here: Path) -> None:
    run()
    found = subprocess.run(
        [
            sys.executable,
            "-c",
            "import json, sys\n"
            "from experiments.commands.cli import main\n"
            "main(['run', 'a.yaml', '--out', 'out'], standalone_mode=False)\n"
            "print(json.dumps(sorted({name.partition('.')[0] for name in sys.modules})))",
        ],
        check=True,
        capture_output=True,
        text=True,
    )
    imported = json.loads(found.stdout.splitlines()[-1])
    assert [name for name in NEVER_WITHOUT_DRAWING if name in imported] == []
