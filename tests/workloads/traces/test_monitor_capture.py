"""The bundled capture of a real Redis: numbers counted by other tools, and invariants."""

from __future__ import annotations

import gzip
import re

import numpy as np
import pytest

from workloads.traces.kinds.monitor_trace import MonitorTrace
from workloads.traces.reading.accounting import Accounting
from workloads.traces.reading.text import trace_digest
from workloads.traces.registry import BUNDLED, open_as

CAPTURE = BUNDLED / "redis_monitor.log.gz"


@pytest.fixture(scope="module")
def trace() -> MonitorTrace:
    return open_as(MonitorTrace, CAPTURE)


def test_numbers_that_awk_counts_too(trace: MonitorTrace) -> None:
    assert trace.accounting == Accounting(60_001, 60_000, {"reply OK": 1})
    assert trace.unknown == {}
    assert int(trace.is_write.sum()) == 30_029
    assert trace.keys == 19_008
    assert len(trace.connections) == 20
    assert trace.start_ns == 1_795_407_776_482_128_000
    assert trace.duration_ns == 19_999_794_000


def test_every_set_sends_one_kibibyte_and_every_get_nothing(trace: MonitorTrace) -> None:
    assert np.array_equal(trace.value_bytes, np.where(trace.is_write, 1024, 0))
    # Keys have 16 bytes: *2 $3 GET $16 and *3 $3 SET $16 $1024, each with its line ends.
    expected = np.where(trace.is_write, 4 + 9 + 23 + 1024 + 9, 4 + 9 + 23)
    assert np.array_equal(trace.request_bytes, expected)


def test_columns_are_consistent(trace: MonitorTrace) -> None:
    assert trace.time_ns[0] == 0
    assert (np.diff(trace.time_ns) >= 0).all()
    assert (trace.time_ns % 1000 == 0).all()
    for dense, count in ((trace.key_id, trace.keys), (trace.connection, len(trace.connections))):
        values, first = np.unique(dense, return_index=True)
        assert np.array_equal(values, np.arange(count))
        assert (np.diff(first) > 0).all()
    assert len(trace.further_command) == 0


def test_each_row_is_its_line() -> None:
    """A second, slower reader of this one shape of line agrees row by row."""
    shape = re.compile(rb'(\d+)\.(\d+) \[0 ([\d.:]+)\] "(GET|SET)" "(key:\d{12})"(?: "(x+)")?\n')
    keys: dict[bytes, int] = {}
    rows = []
    with gzip.open(CAPTURE) as lines:
        assert next(lines) == b"OK\n"
        for text in lines:
            match = shape.fullmatch(text)
            assert match is not None
            seconds, microseconds, sender, name, key, value = match.groups()
            unix_ns = int(seconds) * 10**9 + int(microseconds) * 10**3
            key_id = keys.setdefault(key, len(keys))
            rows.append((unix_ns, key_id, name == b"SET", len(value or b""), sender.decode()))
    trace = open_as(MonitorTrace, CAPTURE)
    assert rows == list(
        zip(
            (trace.time_ns + trace.start_ns).tolist(),
            trace.key_id.tolist(),
            trace.is_write.tolist(),
            trace.value_bytes.tolist(),
            [trace.connections[i] for i in trace.connection],
            strict=True,
        )
    )


def test_the_capture_is_the_one_that_was_measured() -> None:
    assert trace_digest(CAPTURE) == (
        "acd384ef5b889f9c58c937d3bc4e8bbecc97faccffeb166ec9d89e69f75ace4d"
    )


def test_the_capture_is_small_and_its_gzip_names_no_time() -> None:
    packed = CAPTURE.read_bytes()
    assert len(packed) < 2**20
    assert packed[4:8] == bytes(4)
