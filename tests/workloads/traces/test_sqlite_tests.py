"""Logs of SQLite test cases: the golden of the sample, and one rule a test."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from refusals import refused

from workloads.traces.formats.sqlite_tests import read_sqlite_tests
from workloads.traces.kinds.case_trace import CaseTrace
from workloads.traces.reading.accounting import Accounting
from workloads.traces.reading.columns import MISSING
from workloads.traces.registry import BUNDLED


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "tests.csv"


def read(path: Path, text: bytes) -> CaseTrace:
    path.write_bytes(text)
    return read_sqlite_tests(path)


def test_numbers_that_awk_counts_too() -> None:
    trace = read_sqlite_tests(BUNDLED / "sqlite_tests_1GiB.csv")
    assert trace.accounting == Accounting(81, 80, {"header": 1})
    assert trace.cases == ("select20", "update20", "delete20", "mixed_ranges")
    assert np.bincount(trace.case_id).tolist() == [20] * 4
    assert trace.duration_ns == int(trace.run_ns.sum()) == 331_179_138
    sums = np.bincount(trace.case_id, weights=trace.run_ns.astype(np.float64))
    assert sums.tolist() == [20_384_373, 19_379_736, 16_290_638, 275_124_391]
    assert int(trace.faults.sum()) == 55_203
    assert trace.facts()["select20_runs"] == 20
    with pytest.raises(ValueError, match="read-only"):
        trace.run_ns[0] = 1


@pytest.mark.parametrize(
    ("text", "run_ns", "faults"),
    [
        (b"test,test_ns\na,5\n", 5, MISSING),
        (b"test,run_us,pages\na,5.5,7\n", 5500, 7),
        (b"faults, x ,Test,run_time_ms\n7,,a,5\n", 5_000_000, 7),
        (b'minflt,"test",test_s\n"",a,0.25\r\n', 250_000_000, MISSING),
        (b"\n\ntest,test_ns\n\na,5\n", 5, MISSING),
    ],
)
def test_columns_are_found_by_name(path: Path, text: bytes, run_ns: int, faults: int) -> None:
    trace = read(path, text)
    assert (trace.cases, trace.run_ns.tolist(), trace.faults.tolist()) == (
        ("a",),
        [run_ns],
        [faults],
    )


def test_names_may_hold_commas_and_quotes(path: Path) -> None:
    trace = read(path, b'test,test_ns\n"a, b",1\n"say ""hi""",2\n"a, b",3\n')
    assert trace.cases == ("a, b", 'say "hi"')
    assert trace.case_id.tolist() == [0, 1, 0]


def test_the_sum_of_long_runs_is_exact(path: Path) -> None:
    day = 86_400 * 10**9
    trace = read(path, b"test,test_ns\n" + b"a,%d\n" % day * 200_000)
    assert trace.duration_ns == day * 200_000 > 2**63


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (b"name,test_ns\na,1\n", "1:1: bad header:"),
        (b"test,time\na,1\n", "1:1: bad header:"),
        (b"test,test_ns\n", "2:1: no test:"),
        (b"test,test_ns\na\n", "2:2: cells missing or too many:"),
        (b"test,test_ns\na,1,2\n", "2:6: cells missing or too many:"),
        (b"test,test_ns\na,1e3\n", "2:3: bad run time:"),
        (b"test,test_ns\na,-1\n", "2:3: bad run time:"),
        (b"test,test_s\na,86401\n", "2:3: bad run time: expected less than a day, got '86401'"),
        (b"test,test_s\na,9999999999999999999\n", "2:3: bad run time:"),
        (b"test,test_ns\n,1\n", "2:1: bad test:"),
        (b"test,test_ns,faults\na,1,1.5\n", "2:5: bad number of faults:"),
        (b'test,test_ns\n"a,1\n', "2:1: bad quotes:"),
        (b'test,test_ns\n"a"b,1\n', "2:1: bad quotes:"),
    ],
)
def test_a_bad_log_is_refused_where_it_goes_wrong(path: Path, text: bytes, message: str) -> None:
    assert refused(read_sqlite_tests, path, text).startswith(message)
