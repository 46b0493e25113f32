"""Traces for other programs: what is written, and that readers here read it again."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import numpy as np
import pytest
from monitor_lines import line
from samples import FORMAT_OF

from workloads.traces.export import write_csv, write_npz
from workloads.traces.formats.generic_csv import read_csv
from workloads.traces.formats.monitor import read_monitor
from workloads.traces.formats.sqlite_tests import read_sqlite_tests
from workloads.traces.kinds.case_trace import CaseTrace
from workloads.traces.kinds.trace import Trace
from workloads.traces.reading.columns import MISSING
from workloads.traces.registry import BUNDLED, open_trace


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
