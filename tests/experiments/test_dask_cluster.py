"""Points on a Dask cluster: the same bytes, and no death of a worker loses another's point."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner
from dask_commands import free_port, running
from fake_program import EXAMPLE
from processes import done, start
from run_of_fakes import POINTS
from sweeps_of_fakes import content, expected, points_of
from test_killed_runs import events_of, ids, wait_for

from experiments.commands.cli import main


@pytest.fixture(scope="module")
def scheduler(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a scheduler with two workers, each a process of its own."""
    address = f"tcp://127.0.0.1:{free_port()}"
    folder = tmp_path_factory.mktemp("dask")
    workers = ("--nworkers", "2", "--nthreads", "1", "--local-directory", ".")
    with running(
        folder,
        ("scheduler", "--host", address, "--no-dashboard"),
        ("worker", address, *workers),
    ):
        yield address


def workers_of(group: str) -> list[int]:
    """Processes that simulate for the scheduler at this address."""
    found = []
    for cmdline in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            command = cmdline.read_bytes()
            parent = int(cmdline.with_name("stat").read_text().rpartition(")")[2].split()[1])
            above = (Path("/proc") / str(parent) / "cmdline").read_bytes()
        except OSError:  # has just ended
            continue
        if b"spawn_main" in command and group.encode() in above and b"worker" in above:
            found.append(int(cmdline.parent.name))
    return found


@pytest.mark.processes
def test_two_workers_leave_the_same_bytes_and_the_death_of_one_loses_nothing(
    scheduler: str, tmp_path: Path
) -> None:
    log = tmp_path / "log"
    process = start("run_of_fakes.py", "points", str(log), scheduler, folder=tmp_path)
    wait_for(process, log, 8)
    os.kill(workers_of(scheduler)[0], signal.SIGKILL)
    code, _, stderr = done(process)
    assert (code, stderr) == (0, "")
    events = events_of(log)
    assert len(ids(events, "finished")) == POINTS
    assert len(ids(events, "started")) <= POINTS + len(ids(events, "retried"))
    assert content(tmp_path / "points") == expected(points_of("nap", seeds=POINTS))


def on_a_local_cluster(folder: Path, *behaviours: str, limit: str = "1s") -> dict[str, str]:
    """Why points failed, by their behaviour, each given so long; "" of one that did not."""
    (folder / "a.yaml").write_text(EXAMPLE)
    grid = f"sweep.0.grid={{workload.behaviour: [{', '.join(behaviours)}]}}"
    options = ["--set", grid, "--scheduler", "local:2", "--timeout", limit, "--json"]
    code, stdout, stderr = done(
        start("forksim_with_fake.py", "run", "a.yaml", *options, folder=folder)
    )
    assert code == 1, stderr
    assert "Traceback" not in stderr
    answer = json.loads(stdout)
    finished = {point["fields"]["workload.behaviour"]: "" for point in answer["points"]}
    failed = {point["point"].rpartition("=")[2]: point["reason"] for point in answer["failed"]}
    return finished | failed


@pytest.mark.processes
def test_a_local_cluster_stops_what_takes_too_long(tmp_path: Path) -> None:
    reasons = on_a_local_cluster(tmp_path, "hang", "raise", "good")
    assert reasons.pop("raise").startswith("ArithmeticError: no result (traceback in ")
    assert reasons == {"hang": "was stopped after 1 s (--timeout)", "good": ""}


@pytest.mark.full
@pytest.mark.processes
def test_a_local_cluster_gives_up_what_kills(tmp_path: Path) -> None:
    reasons = on_a_local_cluster(tmp_path, "die", "good", limit="1min")
    assert reasons == {"die": "every worker that tried it died", "good": ""}


def test_a_scheduler_that_is_not_there_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a.yaml").write_text(EXAMPLE)
    address = f"tcp://127.0.0.1:{free_port()}"
    monkeypatch.setattr("experiments.execution.executors.dask._PATIENCE_S", 0.5)
    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(main, ["run", "a.yaml", "--scheduler", address])
    line = f"--scheduler:1:1: {address}: cannot be reached: expected a running Dask scheduler\n"
    assert (result.exit_code, result.stdout, result.stderr) == (2, "", line)


def test_without_dask_the_extra_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.yaml").write_text(EXAMPLE)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("experiments.execution.executors.choice.find_spec", lambda _: None)
    result = CliRunner().invoke(main, ["run", "a.yaml", "--scheduler", "local:2"])
    line = (
        "--scheduler:1:1: Dask is not installed: expected the extra, pip install 'forksim[dask]'\n"
    )
    assert (result.exit_code, result.stdout, result.stderr) == (2, "", line)
