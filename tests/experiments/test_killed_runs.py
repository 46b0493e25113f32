"""Runs killed at any moment lose nothing that was finished, and leave nobody behind."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import time
from pathlib import Path

import pytest
from processes import done, start
from run_of_fakes import POINTS
from sweeps_of_fakes import content, expected, forksim, points_of

pytestmark = pytest.mark.processes

JOBS = 2
PATIENCE_S = 60


def events_of(file: Path) -> list[dict[str, str]]:
    """The events in a log whose last line may be cut."""
    if not file.exists():
        return []
    whole = file.read_text().rpartition("\n")[0]
    return [json.loads(line) for line in whole.splitlines()]


def ids(events: list[dict[str, str]], kind: str) -> list[str]:
    return [event["id"] for event in events if event["event"] == kind]


def workers_of(pid: int) -> list[int]:
    """Processes that work for the one with this id."""
    found = []
    for status in Path("/proc").glob("[0-9]*/status"):
        try:
            parent = status.read_text().partition("PPid:")[2].split()[0]
            command = status.with_name("cmdline").read_bytes()
        except OSError:  # has just ended
            continue
        if int(parent) == pid and b"spawn_main" in command:
            found.append(int(status.parent.name))
    return found


def alive(pid: int) -> bool:
    try:
        return "State:\tZ" not in (Path("/proc") / str(pid) / "status").read_text()
    except OSError:
        return False


def wait_until_gone(pids: list[int]) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while any(map(alive, pids)):
        assert time.monotonic() < deadline, "a worker outlives its run"
        time.sleep(0.01)


def run(folder: Path, log: Path) -> subprocess.Popen[str]:
    """The sweep at work with two processes."""
    return start("run_of_fakes.py", "points", str(log), str(JOBS), folder=folder)


def wait_for(process: subprocess.Popen[str], log: Path, ended: int) -> None:
    """Return when so many points have ended."""
    deadline = time.monotonic() + PATIENCE_S
    while len(ids(events_of(log), "finished")) < ended:
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.005)


def kill_when(folder: Path, log: Path, ended: int, later_s: float) -> None:
    """Start the run, kill it some time after so many points have ended, and see its workers go."""
    process = run(folder, log)
    wait_for(process, log, ended)
    time.sleep(later_s)
    workers = workers_of(process.pid)
    process.kill()
    process.communicate()
    wait_until_gone(workers)


def check_kills(folder: Path, kills: int, most_ended: int, sweeps: int = 1) -> None:
    """Kill runs of some sweeps, so many times each, and let each sweep be finished."""
    moments = random.Random(kills)  # noqa: S311 - no secret
    for sweep in range(sweeps):
        own = folder / str(sweep)
        own.mkdir()
        check_kills_of_one(own, kills, most_ended, moments)


def check_kills_of_one(folder: Path, kills: int, most_ended: int, moments: random.Random) -> None:
    started: list[str] = []
    for number in range(kills):
        log = folder / f"{number}.log"
        kill_when(folder, log, moments.randint(0, most_ended), moments.uniform(0, 0.1))
        events = events_of(log)
        assert set(ids(events, "finished")) <= set(content(folder / "points"))
        started += ids(events, "started")
    assert done(run(folder, folder / "last.log"))[0] == 0
    last = events_of(folder / "last.log")
    assert [event["event"] for event in (last[0], last[-1])] == ["begin", "end"]
    started += ids(last, "started")
    assert content(folder / "points") == expected(points_of("nap", seeds=POINTS))
    assert len(set(started)) == POINTS
    assert len(started) <= POINTS + kills * JOBS


def test_a_run_killed_at_random_moments_goes_on_where_it_was(tmp_path: Path) -> None:
    check_kills(tmp_path, kills=3, most_ended=9)


@pytest.mark.full
def test_a_run_killed_at_twenty_random_moments_goes_on_where_it_was(tmp_path: Path) -> None:
    # Four sweeps, because twenty runs of one might finish all its points before they are killed.
    check_kills(tmp_path, kills=5, most_ended=4, sweeps=4)


def test_a_killed_worker_loses_no_point(tmp_path: Path) -> None:
    log = tmp_path / "log"
    process = run(tmp_path, log)
    wait_for(process, log, 4)
    os.kill(workers_of(process.pid)[0], signal.SIGKILL)
    assert done(process)[0] == 0
    events = events_of(log)
    assert len(ids(events, "retried")) <= 1
    assert len(ids(events, "started")) == POINTS + len(ids(events, "retried"))
    assert ids(events, "failed") == []
    assert content(tmp_path / "points") == expected(points_of("nap", seeds=POINTS))


def test_two_runs_on_one_folder_at_once(tmp_path: Path) -> None:
    both = [run(tmp_path, tmp_path / name) for name in ("one", "two")]
    for process in both:
        code, _, stderr = done(process)
        assert code == 0, stderr
    points = tmp_path / "points"
    assert content(points) == expected(points_of("nap", seeds=POINTS))
    assert {file.suffix for file in points.iterdir() if file.is_file()} == {".json"}


def test_ctrl_c_leaves_nothing_half_written(tmp_path: Path) -> None:
    log = tmp_path / "log"
    grid = f"sweep.0.grid={{workload.behaviour: [nap], seed: {list(range(POINTS))}}}"
    options = ["--set", grid, "--jobs", str(JOBS), "--events", str(log), "--out", "out"]
    process = forksim(tmp_path, "run", "a.yaml", *options)
    wait_for(process, log, 3)
    workers = workers_of(process.pid)
    os.killpg(process.pid, signal.SIGINT)
    assert done(process)[0] == 130
    assert not any(map(alive, workers))
    files = list((tmp_path / "out").rglob("*"))
    assert not [file for file in files if file.name.startswith(".")]
    assert set(ids(events_of(log), "finished")) <= set(content(tmp_path / "out/points"))
