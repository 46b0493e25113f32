"""Traces for other programs: what is written, and that readers here read it again."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import numpy as np
import pytest
from monitor_lines import line
from refusals import refused
from samples import FORMAT_OF

from workloads.traces.export import write_csv, write_npz
from workloads.traces.formats.afl_plot_data import read_plot_data
from workloads.traces.formats.generic_csv import read_csv
from workloads.traces.formats.monitor import read_monitor
from workloads.traces.formats.sqlite_tests import read_sqlite_tests
from workloads.traces.kinds.access_trace import AccessTrace
from workloads.traces.kinds.case_trace import CaseTrace
from workloads.traces.kinds.execution_trace import ExecutionTrace
from workloads.traces.kinds.key_trace import KeyTrace
from workloads.traces.kinds.server_info import ServerInfo
from workloads.traces.kinds.trace import Trace
from workloads.traces.reading.columns import MISSING
from workloads.traces.reading.fields import NOTHING_SAID, Fields
from workloads.traces.reading.text import TraceError
from workloads.traces.registry import BUNDLED, Reading, open_as, open_trace, read_trace


def as_csv(trace: Trace) -> str:
    stream = io.BytesIO()
    write_csv(trace, stream)
    assert not stream.closed
    return stream.getvalue().decode()


@pytest.mark.parametrize("name", FORMAT_OF)
def test_every_row_is_written(name: str) -> None:
    trace = open_trace(BUNDLED / name)
    header, *rows = csv.reader(io.StringIO(as_csv(trace)))
    assert header == list(trace.table())
    assert len(rows) == len(trace)
    stream = io.BytesIO()
    write_npz(trace, stream)
    with np.load(io.BytesIO(stream.getvalue())) as arrays:
        assert set(arrays) == set(header)
        for number, column in enumerate(header):
            cells = [row[number] for row in rows]
            expected = ["" if value == MISSING else str(value) for value in arrays[column].tolist()]
            assert cells == expected


def test_commands_on_keys_come_back_the_same(tmp_path: Path) -> None:
    log, again = tmp_path / "monitor.log", tmp_path / "again.csv"
    senders = (b"127.0.0.1:5", b'unix:/run/a, "b"', b"[::1]:2")
    commands: list[tuple[bytes, ...]] = [
        (b"SET", b"a", b"123"),
        (b"PING",),
        (b"MSET", b"b", b"1", b"a", b"22", b"c", b""),
        (b"GET", b"never written"),
        (b"DEL", b"c", b"a"),
        (b"JSON.SET", b"x"),
        (b"MSET", b"d", b"1"),
    ]
    script = line(b"SET", b"e", b"22", sender=b"lua") + line(b"DEL", b"f", b"a", sender=b"lua")
    log.write_bytes(
        b"".join(
            line(*command, time_us=10**15 + number // 2, sender=senders[number % 3])
            for number, command in enumerate(commands)
        )
        + script
    )
    first = read_monitor(log)
    again.write_text(as_csv(first))
    second = read_csv(again)
    for name in (
        "time_ns",
        "key_id",
        "is_write",
        "value_bytes",
        "request_bytes",
        "connection",
        "further_command",
        "further_key_id",
        "further_value_bytes",
    ):
        assert np.array_equal(getattr(first, name), getattr(second, name)), name
        assert getattr(first, name).dtype == getattr(second, name).dtype
    assert second.keys == first.keys
    assert second.connections == first.connections
    assert as_csv(second) == as_csv(first)


def same(one: object, other: object) -> bool:
    equal_nan = isinstance(one, np.ndarray) and one.dtype.kind == "f"
    return np.array_equal(one, other, equal_nan=equal_nan)  # type: ignore[arg-type] # any column


@pytest.mark.parametrize("name", FORMAT_OF)
def test_what_was_converted_is_what_it_was(name: str, tmp_path: Path) -> None:
    """The same kind, and the same to a program, spread times included."""
    fields = Fields(unit="us") if FORMAT_OF[name] == "access_log" else NOTHING_SAID
    if "common" in name:
        fields = NOTHING_SAID
    _, first = read_trace(BUNDLED / name, Reading(fields=fields))
    (tmp_path / "again.csv").write_text(as_csv(first))
    second = open_trace(tmp_path / "again.csv")
    assert second.notes == (first.notes if isinstance(first, ServerInfo) else ())
    assert second.duration_ns == first.duration_ns
    assert as_csv(second) == as_csv(first)
    for column, values in first.table().items():
        assert same(values, second.table()[column]), column
    if isinstance(first, KeyTrace):
        assert isinstance(second, KeyTrace)
        assert same(first.arrival_ns(), second.arrival_ns())
        assert (first.keys, first.resolution_ns) == (second.keys, second.resolution_ns)
    if isinstance(first, AccessTrace):
        assert isinstance(second, AccessTrace)
        assert same(first.arrival_ns(), second.arrival_ns())
        assert first.service_ns.dtype == second.service_ns.dtype
    if isinstance(first, ExecutionTrace):
        assert isinstance(second, ExecutionTrace)
        assert same(first.stretches(), second.stretches())


def test_missing_rates_and_totals_that_fall_come_back_the_same(tmp_path: Path) -> None:
    first = read_plot_data(_written(tmp_path, b"5,10,50\n9,-nan,90\n12,0.00001,3\n"))
    text = as_csv(first)
    assert text.splitlines()[2:] == ["9000000000,,90", "12000000000,1e-05,3"]
    (tmp_path / "again.csv").write_text(text)
    second = open_trace(tmp_path / "again.csv")
    assert isinstance(second, ExecutionTrace)
    assert same(first.execs_per_s, second.execs_per_s)
    assert same(first.executions, second.executions)


def _written(folder: Path, rows: bytes) -> Path:
    path = folder / "plot_data"
    path.write_bytes(b"# relative_time, execs_per_sec, total_execs\n" + rows)
    return path


def test_a_converted_access_log_is_no_trace_of_keys(tmp_path: Path) -> None:
    path = tmp_path / "access.csv"
    rows = "0,0,200,12,3000000\n0,0,404,,\n1000000000,,200,12,3200000\n"
    path.write_text("time_ns,key,status,response_bytes,service_ns\n" + rows)
    trace = open_as(AccessTrace, path)
    assert trace.arrival_ns().tolist() == [0, 10**9 // 2, 10**9]
    assert trace.service_ns.tolist() == [3_000_000, MISSING, 3_200_000]
    assert trace.status.tolist() == [200, 404, 200]
    with pytest.raises(TraceError, match="a trace of format access_csv: expected one of format"):
        open_as(KeyTrace, path)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("time_s,status\n0,2000\n", "2:3: bad status:"),
        ("time_s,status,service_s\n1,200,9999999\n", "2:7: service time too long:"),
        ("time_s,status\n1,200,3\n", "2:8: cells missing or too many:"),
        ("time_s,execs_per_s\n1,-2\n", "2:3: bad rate:"),
        ("time_s,execs_per_s\n1,1e999\n", "2:3: bad rate:"),
        ("time_s,execs_per_s\n1,\n", "2:1: neither a rate nor a total:"),
        ("time_s,execs_per_s,executions\n1,,x\n", "2:4: bad total:"),
    ],
)
def test_a_bad_row_is_refused_where_it_goes_wrong(tmp_path: Path, text: str, message: str) -> None:
    assert refused(open_trace, tmp_path / "bad.csv", text.encode()).startswith(message)


def test_test_cases_come_back_the_same(tmp_path: Path) -> None:
    path = tmp_path / "tests.csv"
    path.write_bytes(b'test,test_us,faults\n"a, ""b""",1.5,\nc,2,3\n')
    first = read_sqlite_tests(path)
    path.write_text(as_csv(first))
    second = read_sqlite_tests(path)
    assert isinstance(open_trace(path), CaseTrace)
    assert second.cases == first.cases
    assert second.run_ns.tolist() == [1500, 2000]
    assert second.faults.tolist() == [MISSING, 3]


def test_equal_traces_make_equal_bytes() -> None:
    written = []
    for _ in range(2):
        stream = io.BytesIO()
        write_npz(open_trace(BUNDLED / "twitter_cluster026.csv"), stream)
        written.append(stream.getvalue())
    assert written[0] == written[1]
