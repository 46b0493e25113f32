"""Links that somebody has planted where forksim writes lead nowhere; a read-only store is shown."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from fake_program import EXAMPLE
from own_disk import own_disk, remount
from samples import lines_of

from experiments.commands.cli import main

pytestmark = pytest.mark.figures

VICTIM = b"dear"


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A current folder with the example, a trace and something that is not to be overwritten."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.yaml").write_text(EXAMPLE)
    (tmp_path / "trace.csv").write_bytes(b"".join(lines_of("requests.csv")[:9]))
    (tmp_path / "victim").mkdir()
    (tmp_path / "victim/file").write_bytes(VICTIM)
    return tmp_path


def forksim(*arguments: str) -> Result:
    return CliRunner().invoke(main, arguments)


def run(*options: str) -> Result:
    return forksim("run", "a.yaml", "--out", "out", *options)


def untouched(here: Path) -> bool:
    (only,) = (here / "victim").iterdir()
    return only.read_bytes() == VICTIM


def test_every_file_of_a_run_replaces_a_link(here: Path) -> None:
    assert run().exit_code == 0
    written = [file for file in (here / "out").rglob("*") if file.is_file()]
    assert len(written) > 8
    for file in written:
        file.unlink()
        file.symlink_to(here / "victim/file")
    assert run().exit_code == 0
    assert untouched(here)
    assert not any(file.is_symlink() for file in written)
    aside = [file for file in (here / "out/points").iterdir() if file.suffix == ".corrupt"]
    assert len(aside) == 2  # what the links lead to is no record


@pytest.mark.parametrize("folder", ["points", "wall"])
def test_a_folder_of_a_run_that_is_a_link_is_refused(here: Path, folder: str) -> None:
    (here / "out").mkdir()
    (here / "out" / folder).symlink_to(here / "victim")
    result = run()
    assert (result.exit_code, result.stderr.count("\n")) == (2, 1)
    assert f"out/{folder}: a link, which is not followed" in result.stderr
    assert untouched(here)


def test_the_folder_that_is_named_may_be_a_link(here: Path) -> None:
    (here / "elsewhere").mkdir()
    (here / "out").symlink_to("elsewhere")
    assert run().exit_code == 0
    assert len(list((here / "elsewhere/points").iterdir())) == 2


@pytest.mark.parametrize(
    "command",
    [
        ["export", "out", "named.csv"],
        ["plot", "out", "--out", "named.png"],
        ["trace", "convert", "trace.csv", "--out", "named"],
        ["run", "a.yaml", "--out", "out", "--events", "named"],
    ],
    ids=["export", "plot", "convert", "events"],
)
@pytest.mark.parametrize("link", ["symbolic", "hard", "to the temporary name"])
def test_a_file_that_is_named_replaces_a_link(here: Path, command: list[str], link: str) -> None:
    run()
    name = next(word for word in command if word.startswith("named"))
    planted = here / (f".{name}.tmp" if link.startswith("to") else name)
    if link == "hard":
        planted.hardlink_to(here / "victim/file")
    else:
        planted.symlink_to(here / "victim/file")
    result = forksim(*command)
    assert result.exit_code == 0, result.output
    assert untouched(here)
    assert (here / name).is_file()
    assert not (here / name).is_symlink()


def test_events_are_there_as_they_happen(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[str] = []
    monkeypatch.setattr(
        "experiments.execution.output.write",
        lambda *_: seen.append((here / "events").read_text()),
    )
    (here / "events").write_text("old")
    assert run("--events", "events").exit_code == 0
    assert [json.loads(line)["event"] for line in seen[0].splitlines()][::5] == ["begin", "end"]


@pytest.fixture
def read_only(here: Path) -> Iterator[Path]:
    """The folder ``out`` of a run, on a disk that cannot be written to."""
    disk = here / "out"
    with own_disk(disk, "8m"):
        assert run().exit_code == 0
        remount(disk, "ro")
        yield disk


@pytest.mark.processes
def test_a_complete_store_that_is_read_only_is_shown(here: Path, read_only: Path) -> None:
    result = run()
    assert result.exit_code == 0
    assert "on_demand" in result.stdout
    assert "Read-only file system: nothing is written, the points are there" in result.stderr
    assert len(json.loads(run("--json").stdout)["points"]) == 2
    for command in (["status", "out"], ["compare", "out"], ["export", "out", "named.csv"]):
        assert forksim(*command).exit_code == 0
    assert forksim("plot", "out", "--out", "named.png").exit_code == 0
    result = forksim("plot", "out")
    assert (result.exit_code, result.stderr) == (
        4,
        "forksim: out/figure.png: Read-only file system\n",
    )


@pytest.mark.processes
def test_a_store_that_is_read_only_and_lacks_points_is_refused(here: Path, read_only: Path) -> None:
    result = run("--set", "seed=7")
    assert result.exit_code == 4
    assert result.stderr.count("\n") == 1
    assert result.stderr.endswith("Read-only file system\n")
    remount(read_only, "rw")
    damaged = next(iter((read_only / "points").glob("*.json")))
    damaged.write_bytes(b"damaged")
    remount(read_only, "ro")
    result = forksim("export", "out", "named.csv")
    assert (result.exit_code, damaged.read_bytes()) == (1, b"damaged")
    assert "1 of 2 points are not done" in result.stderr
    result = run()
    assert result.exit_code == 4
    assert "Traceback" not in result.stderr
