"""Files of cells of runs: of tests, and of fuzzers."""

from __future__ import annotations

from pathlib import Path

import pytest
from named_columns import read
from refusals import refused

from workloads.traces.kinds.case_trace import CaseTrace
from workloads.traces.kinds.execution_trace import ExecutionTrace
from workloads.traces.reading.text import TraceError
from workloads.traces.registry import Reading, read_trace

JUNIT = '"Test","Duration (s)","Result"\n"test_big, with comma","2.10","passed"\n'
HONGGFUZZ = """\
# unix_time, last_cov_update, total_exec, exec_per_sec, crashes
1700000000, 0, 12000, 11800, 0
1700000005, 2, 71000, 11750, 0
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "trace.csv"


@pytest.mark.parametrize(
    ("said", "records"),
    [
        ({}, 1),
        ({"columns": {"test": "Test", "run_s": "Duration (s)"}}, 1),
        ({"columns": {"test": "test", "run": "duration (s)"}, "unit": "s"}, 1),
        ({"columns": {"test": 1, "run_s": 2}}, 1),
        ({"columns": ["test", "run_s", "-"]}, 1),
    ],
)
def test_reports_of_tests(path: Path, said: dict[str, object], records: int) -> None:
    name, trace = read(path, JUNIT, **said)
    assert name == "sqlite_tests"
    assert isinstance(trace, CaseTrace)
    assert trace.cases == ("test_big, with comma",)
    assert trace.run_ns.tolist() == [2_100_000_000]
    assert trace.accounting.records == records
    unread = () if said.get("columns") == ["test", "run_s", "-"] else ("Result",)
    assert trace.notes == tuple(f"columns that are not read: {name!r}" for name in unread)


@pytest.mark.parametrize(
    "said",
    [
        {},
        {"columns": {"unix_time": 1, "total_execs": 3, "execs_per_sec": 4}},
        {
            "columns": {
                "unix_time": "unix_time",
                "total_execs": "total_exec",
                "execs_per_sec": "exec_per_sec",
            }
        },
        {"columns": ["unix_time", "-", "total_execs", "execs_per_sec", "-"]},
        {"format": "execution_csv"},
    ],
)
def test_statistics_of_fuzzers(path: Path, said: dict[str, object]) -> None:
    name, trace = read(path, HONGGFUZZ, **said)
    assert name == ("execution_csv" if said else "afl_plot_data")
    assert isinstance(trace, ExecutionTrace)
    assert trace.mean_execs_per_s == (71000 - 12000) / 5
    assert trace.time_ns.tolist() == [0, 5 * 10**9]
    assert trace.execs_per_s.tolist() == [11800, 11750]


def test_unix_time_is_no_time_since_the_start(path: Path) -> None:
    said = {"columns": {"time_s": 1, "execs_per_sec": 4}}
    with pytest.raises(TraceError, match="2:1: bad time: expected less than ten years since"):
        read(path, HONGGFUZZ, **said)


@pytest.mark.parametrize(
    ("option", "value"),
    [("rate", 5.0), ("operations", {"0": "get"}), ("log_format", "%t"), ("unit", "s")],
)
def test_what_a_format_does_not_take_is_refused(path: Path, option: str, value: object) -> None:
    reading = Reading.of({"format": "afl_plot_data", option: value})
    message = refused(lambda p: read_trace(p, reading), path, HONGGFUZZ.encode())
    assert message.startswith(f"1:1: {option} said of a trace of format afl_plot_data: ")
