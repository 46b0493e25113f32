"""Local processes: nobody's trouble is another's, and limits hold."""

from __future__ import annotations

import random
import subprocess
import sys
from multiprocessing import active_children
from pathlib import Path

import pytest
from click.testing import CliRunner
from fake_program import EXAMPLE
from processes import done
from quantities_asked import DURATION, SIZE
from sweeps_of_fakes import content, expected, failures, forksim, heard, points_of

from experiments.commands.cli import main
from experiments.execution.executors.here import InThisProcess
from experiments.execution.executors.interface import Executor, PointLimits, PointRetry
from experiments.execution.executors.local import LocalProcesses
from experiments.execution.executors.worker import ending
from results.records.store import Store

pytestmark = pytest.mark.processes


@pytest.mark.parametrize(
    "executor",
    [InThisProcess(), LocalProcesses(2), LocalProcesses(4, None, "forkserver")],
    ids=["here", "spawn", "forkserver"],
)
def test_any_executor_leaves_the_same_bytes_in_any_order(
    tmp_path: Path, executor: Executor
) -> None:
    points = points_of("good", seeds=6)
    shuffled = tuple(random.Random(3).sample(points, len(points)))  # noqa: S311 - no secret
    assert failures(heard(executor, shuffled, tmp_path)) == dict.fromkeys(range(6))
    assert content(tmp_path) == expected(points)


def test_processes_that_stay_simulate_the_next_run_too(tmp_path: Path) -> None:
    executor, store = LocalProcesses(1), Store(tmp_path)
    first, second, third = points_of("good", seeds=3)
    with executor.staying():
        assert failures(list(executor.run([first], store))) == {0: None}
        (process,) = active_children()
        assert failures(list(executor.run([second, third], store))) == {0: None, 1: None}
        assert active_children() == [process]
    assert active_children() == []
    assert content(tmp_path) == expected((first, second, third))


def test_a_killed_process_is_replaced_and_its_point_tried_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    deaths = tmp_path / "deaths"
    deaths.mkdir()
    monkeypatch.setenv("FAKE_DEATHS", str(deaths))
    points = points_of("die_once", "good", seeds=1)
    events = heard(LocalProcesses(1), points, tmp_path / "points")
    assert failures(events) == {0: None, 1: None}
    assert events.count(PointRetry(0, "its process was killed by SIGKILL")) == 1
    assert content(tmp_path / "points") == expected(points)


def test_a_point_that_kills_twice_has_failed_with_its_signal(tmp_path: Path) -> None:
    points = points_of("die", "raise", "good", seeds=1)
    events = heard(LocalProcesses(2), points, tmp_path)
    reason = "its process was killed by SIGKILL, twice"
    trouble = tmp_path / f"{points[1].id}.failed.txt"
    assert failures(events) == {
        0: reason,
        1: f"ArithmeticError: no result (traceback in {trouble})",
        2: None,
    }
    kept = dict(Store(tmp_path).failures())
    assert kept[points[0].id].reason == reason
    assert kept[points[0].id].point == points[0].label
    assert "ArithmeticError" in kept[points[1].id].details
    assert list(content(tmp_path)) == [points[2].id]


@pytest.mark.parametrize(("number", "name"), [(40, "signal 40"), (34, "SIGRTMIN"), (6, "SIGABRT")])
def test_any_signal_that_kills_has_a_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, name: str
) -> None:
    monkeypatch.setenv("FAKE_SIGNAL", str(number))
    points = points_of("die", "good", seeds=1)
    ended = failures(heard(LocalProcesses(1), points, tmp_path))
    assert ended == {0: f"its process was killed by {name}, twice", 1: None}


def test_limits_of_time_and_memory_stop_a_point_and_no_other(tmp_path: Path) -> None:
    points = points_of("hang", "eat", "good", seeds=1)
    limits = PointLimits(seconds=1.5, memory_bytes=2**26)
    ended = failures(heard(LocalProcesses(2, limits), points, tmp_path))
    assert ended[0] == "was stopped after 1.5 s (--timeout)"
    assert str(ended[1]).startswith("MemoryError: Unable to allocate 128. MiB")
    assert "(--memory)" in str(ended[1])
    assert ended[2] is None


def test_memory_that_suffices_is_no_limit(tmp_path: Path) -> None:
    limits = PointLimits(memory_bytes=3 * 2**26)
    points = points_of("eat", seeds=1)
    assert failures(heard(LocalProcesses(1, limits), points, tmp_path)) == {0: None}


def test_a_store_that_cannot_be_written_stops_the_run_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    for executor in (InThisProcess(), LocalProcesses(2)):
        with pytest.raises(OSError, match=r"File exists|Not a directory"):
            heard(executor, points_of("good"), tmp_path / "file" / "points")


def test_a_process_starts_without_what_only_commands_need() -> None:
    code = (
        "import sys, experiments.execution.executors.worker;"
        "heavy = {'scipy.stats', 'pandas', 'matplotlib', 'seaborn', 'distributed'};"
        "sys.exit(', '.join(heavy & set(sys.modules)) or 0)"
    )
    command = [sys.executable, "-c", code]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
    assert (ended.returncode, ended.stderr) == (0, "")


def test_fail_fast_stops_at_the_first_failure(tmp_path: Path) -> None:
    grid = 'sweep.0.grid={"workload.behaviour": [good, raise, hang]}'
    command = ("run", "a.yaml", "--set", grid, "--fail-fast", "--json", "--jobs", "1")
    code, stdout, stderr = done(forksim(tmp_path, *command))
    assert code == 1
    assert '"untried": ["workload.behaviour=hang"]' in stdout
    assert "stopped: 1 points were not tried" in stderr.splitlines()


@pytest.mark.parametrize(
    ("option", "value", "line"),
    [
        ("--timeout", "5", f"--timeout:1:1: '5': {DURATION}"),
        ("--timeout", "0s", "--timeout:1:1: '0s': expected more than 0"),
        ("--memory", "much", f"--memory:1:1: 'much': {SIZE}"),
        ("--scheduler", "here", "--scheduler:1:1: 'here': expected an address such as tcp://"),
        ("--scheduler", "local:0", "--scheduler:1:1: 'local:0': expected an address"),
        ("--events", "no/such/file", "--events:1:1: no/such/file: No such file or directory"),
    ],
)
def test_bad_options_are_one_line_and_exit_code_2(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, option: str, value: str, line: str
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("a.yaml").write_text(EXAMPLE)
    result = CliRunner().invoke(main, ["run", "a.yaml", option, value])
    assert (result.exit_code, result.stdout, result.stderr.count("\n")) == (2, "", 1)
    assert result.stderr.startswith(line)


@pytest.mark.parametrize(
    ("code", "said"),
    [
        (-9, "was killed by SIGKILL"),
        (-40, "was killed by signal 40"),
        (3, "ended with exit code 3"),
    ],
)
def test_every_way_to_end_has_words(code: int, said: str) -> None:
    assert ending(code) == said
