"""Files of cells of commands on keys: counts, rates, codes, sizes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from named_columns import read_keys
from refusals import refused

from workloads.traces.commands.operations import CODES
from workloads.traces.export import write_csv
from workloads.traces.kinds.key_trace import NO_KEY, KeyTrace
from workloads.traces.reading.columns import MISSING
from workloads.traces.reading.text import TraceError
from workloads.traces.registry import open_as, read_trace

# The first three rows of CacheLib's kvcache traces, and two more in their form.
KVCACHE = """\
key,op,size,op_count,key_size
1668700001,SET,82,1,40
1668700001,GET,0,1,40
1668700005,GET,0,3,63
1665400006,DELETE,0,1,64
1665400007,SET_LEASE,2048,2,52
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "trace.csv"


def test_kvcache_has_sizes_and_counts_but_no_times(path: Path) -> None:
    trace = read_keys(path, KVCACHE, rate=1000.0)
    assert len(trace) == 8
    assert trace.accounting.records == 5
    assert trace.time_ns.tolist() == [number * 10**6 for number in range(8)]
    assert trace.key_id.tolist() == [0, 0, 1, 1, 1, 2, 3, 3]
    assert trace.is_write.tolist() == [True, False, False, False, False, True, True, True]
    assert trace.value_bytes.tolist() == [82, 0, 0, 0, 0, 0, 2048, 2048]
    assert trace.request_bytes.tolist()[0] == len(
        b"*3\r\n$3\r\nSET\r\n$40\r\n" + 40 * b"k" + b"\r\n$82\r\n" + 82 * b"v" + b"\r\n"
    )
    assert trace.facts()["mean_rate_per_s"] == 1000
    assert trace.facts()["commands"] == 8
    assert trace.notes == ()


def test_records_without_times_need_a_rate(path: Path) -> None:
    with pytest.raises(TraceError, match=r"1:1: bad header: .* or a rate of records that have no"):
        read_keys(path, KVCACHE)
    with pytest.raises(TraceError, match="1:1: a rate said of a file that has times: expected"):
        read_keys(path, "time,key\n1,a\n", rate=5.0)
    with pytest.raises(TraceError, match="3:1: time is beyond the year 2262"):
        read_keys(path, "key,op\na,get\nb,get\n", rate=1e-11)


@pytest.mark.parametrize("count", ["0", "-1", "x", "20000001", "9" * 30])
def test_counts_of_commands_are_limited(path: Path, count: str) -> None:
    text = f"time,key,op_count\n1,a,{count}\n".encode()
    said = refused(read_trace, path, text)
    assert said.startswith("2:5: bad op_count: expected ")


@pytest.mark.parametrize("rate", [0.3, 7.0, 1e6, 3e9])
def test_a_rate_is_kept_over_many_records(path: Path, rate: float) -> None:
    trace = read_keys(path, "key,op\n" + "a,get\n" * 1000, rate=rate)
    exact = np.arange(1000) * 1e9 / rate
    assert np.abs(trace.time_ns - exact).max() <= 0.5
    assert np.array_equal(trace.arrival_ns(), trace.time_ns) or rate > 1e9


@pytest.mark.parametrize(
    ("operations", "writes"),
    [
        ({"0": "get", "1": "set"}, [False, True, None]),
        ({"0": "GET", "1": "SET", "3": "delete"}, [False, True, True]),
        (CODES["libcachesim"], [None, False, True]),
        (CODES["cachebench"], [True, False, None]),
    ],
)
def test_codes_of_operations(
    path: Path, operations: dict[str, str], writes: list[bool | None]
) -> None:
    for code, expected in zip("013", writes, strict=True):
        text = f"7 0 k {code} 9\n7 1 k get 9\n"
        said = {"columns": ["time_s", "-", "key", "op", "size"], "operations": operations}
        if expected is None:
            with pytest.raises(TraceError, match=r"1:7: bad operation: .* got '"):
                read_keys(path, text, **said)
        else:
            trace = read_keys(path, text, **said)
            assert trace.is_write.tolist() == [expected, False]
            stores = expected and operations.get(code) != "delete"
            assert trace.value_bytes.tolist() == [9 if stores else 0, 0]


def test_codes_may_be_words(path: Path) -> None:
    """IBM's object store traces: milliseconds, an operation, an object, its size."""
    text = "1219008 REST.PUT.OBJECT 8d4fcda3d675bac9 1056\n1219010 REST.GET.OBJECT 8d4f 12\n"
    said = {
        "columns": ["time_ms", "op", "key", "size"],
        "operations": {"REST.PUT.OBJECT": "set", "REST.GET.OBJECT": "get"},
    }
    trace = read_keys(path, text, **said)
    assert trace.time_ns.tolist() == [0, 2_000_000]
    assert trace.value_bytes.tolist() == [1056, 0]


@pytest.mark.parametrize(
    "name", ["value_size", "size", "value_bytes", "size_bytes", "obj_size", "Object Size"]
)
def test_sizes_of_values_are_kept(path: Path, name: str) -> None:
    trace = read_keys(
        path, f"time,key,op,{name}\n1,a,set,4096\n2,a,get,4096\n3,a,del,7\n4,b,set,\n"
    )
    assert trace.value_bytes.tolist() == [4096, 0, 0, MISSING]
    assert trace.value_bytes.dtype == np.int32
    assert trace.facts()["written_value_max_bytes"] == 4096


def test_sizes_come_back_from_a_converted_trace(path: Path) -> None:
    first = read_keys(path, "time_s,key,op,size\n1,a,set,4096\n1,b,write,\n2,,ping,\n")
    with path.open("wb") as stream:
        write_csv(first, stream)
    second = open_as(KeyTrace, path)
    for column, values in first.table().items():
        assert np.array_equal(values, second.table()[column]), column
    assert second.value_bytes.tolist() == [4096, MISSING, 0]
    assert second.key_id.tolist() == [0, 1, NO_KEY]


@pytest.mark.parametrize("rate", [1e-10, 1e-300, 5e-324])
def test_a_single_record_may_have_any_rate(path: Path, rate: float) -> None:
    trace = read_keys(path, "key,op\na,get\n", rate=rate)
    assert trace.arrival_ns().tolist() == [0]
    with pytest.raises(TraceError, match="3:1: time is beyond the year 2262"):
        read_keys(path, "key,op\na,get\nb,get\n", rate=rate)


def test_operations_that_no_column_has_are_refused(path: Path) -> None:
    with pytest.raises(TraceError, match="1:1: operations said of no column: expected a column"):
        read_keys(path, "time,key\n1,a\n", operations={"0": "get"})
