"""Files of cells of every kind of trace, whose columns the file or whoever has it names."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from refusals import check_message, refused

from workloads.traces.commands.operations import CODES
from workloads.traces.export import write_csv
from workloads.traces.kinds.access_trace import AccessTrace
from workloads.traces.kinds.case_trace import CaseTrace
from workloads.traces.kinds.execution_trace import ExecutionTrace
from workloads.traces.kinds.key_trace import NO_KEY, KeyTrace
from workloads.traces.kinds.trace import Trace
from workloads.traces.reading.cells import BLANKS, separator_of, split_cells
from workloads.traces.reading.columns import MISSING
from workloads.traces.reading.fields import Fields
from workloads.traces.reading.naming import base_and_unit
from workloads.traces.reading.text import TraceError
from workloads.traces.registry import FORMATS, Reading, open_as, read_trace

# The first three rows of CacheLib's kvcache traces, and two more in their form.
KVCACHE = """\
key,op,size,op_count,key_size
1668700001,SET,82,1,40
1668700001,GET,0,1,40
1668700005,GET,0,3,63
1665400006,DELETE,0,1,64
1665400007,SET_LEASE,2048,2,52
"""
JUNIT = '"Test","Duration (s)","Result"\n"test_big, with comma","2.10","passed"\n'
HONGGFUZZ = """\
# unix_time, last_cov_update, total_exec, exec_per_sec, crashes
1700000000, 0, 12000, 11800, 0
1700000005, 2, 71000, 11750, 0
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "trace.csv"


def read(path: Path, text: str, **said: object) -> tuple[str, Trace]:
    path.write_text(text)
    trace_format, trace = read_trace(path, Reading.of(said))
    return trace_format.name, trace


def keys(path: Path, text: str, **said: object) -> KeyTrace:
    name, trace = read(path, text, **said)
    assert isinstance(trace, KeyTrace), name
    return trace


def test_kvcache_has_sizes_and_counts_but_no_times(path: Path) -> None:
    trace = keys(path, KVCACHE, rate=1000.0)
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
        keys(path, KVCACHE)
    with pytest.raises(TraceError, match="1:1: a rate said of a file that has times: expected"):
        keys(path, "time,key\n1,a\n", rate=5.0)
    with pytest.raises(TraceError, match="3:1: time is beyond the year 2262"):
        keys(path, "key,op\na,get\nb,get\n", rate=1e-11)


@pytest.mark.parametrize("count", ["0", "-1", "x", "20000001", "9" * 30])
def test_counts_of_commands_are_limited(path: Path, count: str) -> None:
    text = f"time,key,op_count\n1,a,{count}\n".encode()
    said = refused(read_trace, path, text)
    assert said.startswith("2:5: bad op_count: expected ")


@pytest.mark.parametrize("rate", [0.3, 7.0, 1e6, 3e9])
def test_a_rate_is_kept_over_many_records(path: Path, rate: float) -> None:
    trace = keys(path, "key,op\n" + "a,get\n" * 1000, rate=rate)
    exact = np.arange(1000) * 1e9 / rate
    assert np.abs(trace.time_ns - exact).max() <= 0.5
    assert np.array_equal(trace.arrival_ns(), trace.time_ns) or rate > 1e9


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


def test_requests(path: Path) -> None:
    text = (
        "when;url;code;bytes;took\n"
        "2026-06-25T08:55:50.5Z;/a?x;200;12;0.25\n"
        "2026-06-25T08:55:50Z;/b;-;;-\n"
    )
    columns = {"time": "when", "path": "url", "status": "code", "service_s": "took"}
    name, trace = read(path, text, columns=columns)
    assert name == "access_csv"
    assert isinstance(trace, AccessTrace)
    assert trace.time_ns.tolist() == [0, 500_000_000]
    assert trace.status.tolist() == [MISSING, 200]
    assert trace.response_bytes.tolist() == [0, 12]
    assert trace.service_ns.tolist() == [MISSING, 250_000_000]
    assert trace.resource_id.tolist() == [1, 0]
    assert trace.resolution_ns == 10**8
    _, trace = read(path, text, columns={"time": 1, "status": 3, "service_ms": 5, "path": 2})
    assert isinstance(trace, AccessTrace)
    assert trace.service_ns.tolist() == [MISSING, 250_000]


def test_a_table_of_samples_of_a_load_test(path: Path) -> None:
    """JMeter's: times in milliseconds since 1970, requests in order of their ends."""
    text = (
        "timeStamp,elapsed,label,responseCode,bytes\n"
        "1782377750300,40,home,200,512\n1782377750100,250,home,503,0\n"
    )
    said = {"columns": {"time_ms": "timeStamp", "service_ms": "elapsed", "status": "responseCode"}}
    _, trace = read(path, text, **said)
    assert isinstance(trace, AccessTrace)
    assert trace.time_ns.tolist() == [0, 200_000_000]
    assert trace.service_ns.tolist() == [250_000_000, 40_000_000]
    assert trace.out_of_order == 1
    with pytest.raises(TraceError, match="2:1: bad time: expected a time in s before the year"):
        read(path, text, format="access_csv", unit="ms")


def test_requests_without_times(path: Path) -> None:
    _, trace = read(path, "path,status\n/a,200\n/b,200\n", rate=4.0, format="access_csv")
    assert isinstance(trace, AccessTrace)
    assert trace.arrival_ns().tolist() == [0, 250_000_000]


@pytest.mark.parametrize("separator", [",", "\t", ";", " ", "   ", "|", ", ", "; "])
@pytest.mark.parametrize("header", [True, False])
def test_separators(path: Path, separator: str, header: bool) -> None:
    rows = [["1.5", "a", "set", "10"], ["2", '"b c"', "get", "20"]]
    names = ["time_s", "key", "op", "value_bytes"]
    text = "".join(f"{separator.join(row)}\n" for row in ([names] if header else []) + rows)
    trace = keys(path, text, columns=names)
    assert trace.time_ns.tolist() == [0, 500_000_000]
    assert trace.value_bytes.tolist() == [10, 0]
    assert trace.keys == 2
    if header:
        assert keys(path, text).key_id.tolist() == [0, 1]


@pytest.mark.parametrize("names", [None, ["time_s", "key", "op"]])
@pytest.mark.parametrize("mark", ["#", "# ", " #  "])
def test_a_header_behind_a_mark(path: Path, names: list[str] | None, mark: str) -> None:
    trace = keys(path, f"{mark}time_s key op\n7 a set\n", columns=names)
    assert (trace.accounting.records, trace.notes) == (1, ())


def test_cells_between_blanks_go_wrong_where_they_are(path: Path) -> None:
    text = b'time_s  key op\n 7   "a b" \t nonsense\n'
    assert refused(read_trace, path, text).startswith("2:14: bad operation:")
    assert refused(read_trace, path, text[:-9]).startswith("2:11: cells missing")


@given(cells=st.lists(st.text(st.characters(codec="ascii", exclude_characters='"\r\n'))))
def test_blanks_separate(cells: list[str]) -> None:
    """Cells come back as they were, quoted or not; a plain one has no blanks."""
    plain = ["".join(cell.split()) or "x" for cell in cells]
    assert split_cells(" \t ".join(plain).encode(), BLANKS) == [cell.encode() for cell in plain]
    line = " ".join(f'"{cell}"' for cell in cells).encode()
    assert split_cells(line, BLANKS) == [cell.encode() for cell in cells]


@pytest.mark.parametrize(
    ("line", "cells", "separator"),
    [
        (b"a,b c,d", None, b","),
        (b"a b,c d", 3, BLANKS),
        (b"a;b c;d", None, b";"),
        (b"a\tb,c", 2, b","),
        (b"a\tb c", None, b"\t"),
        (b"alone", None, b","),
        (b'"a;b"', None, b","),
        (b"", None, b","),
    ],
)
def test_the_first_line_tells_what_separates(
    line: bytes, cells: int | None, separator: bytes
) -> None:
    assert separator_of(line, cells) == separator


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
                keys(path, text, **said)
        else:
            trace = keys(path, text, **said)
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
    trace = keys(path, text, **said)
    assert trace.time_ns.tolist() == [0, 2_000_000]
    assert trace.value_bytes.tolist() == [1056, 0]


@pytest.mark.parametrize(
    "name", ["value_size", "size", "value_bytes", "size_bytes", "obj_size", "Object Size"]
)
def test_sizes_of_values_are_kept(path: Path, name: str) -> None:
    trace = keys(path, f"time,key,op,{name}\n1,a,set,4096\n2,a,get,4096\n3,a,del,7\n4,b,set,\n")
    assert trace.value_bytes.tolist() == [4096, 0, 0, MISSING]
    assert trace.value_bytes.dtype == np.int32
    assert trace.facts()["written_value_max_bytes"] == 4096


def test_sizes_come_back_from_a_converted_trace(path: Path) -> None:
    first = keys(path, "time_s,key,op,size\n1,a,set,4096\n1,b,write,\n2,,ping,\n")
    with path.open("wb") as stream:
        write_csv(first, stream)
    second = open_as(KeyTrace, path)
    for column, values in first.table().items():
        assert np.array_equal(values, second.table()[column]), column
    assert second.value_bytes.tolist() == [4096, MISSING, 0]
    assert second.key_id.tolist() == [0, 1, NO_KEY]


def test_people_come_before_names(path: Path) -> None:
    """What is said is taken even if the file has a column of the usual name."""
    text = "time,ts_ms,key,hash\n99,1500,a,h1\n98,2000,a,h2\n"
    trace = keys(path, text, columns={"time_ms": "ts_ms", "key": "hash"})
    assert trace.time_ns.tolist() == [0, 500_000_000]
    assert trace.keys == 2
    assert trace.notes == ("columns that are not read: 'time', 'key'",)


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"key": "kee"}, "1:1: no column 'kee': expected one of 'time', 'k', or its number"),
        ({"key": 3}, "1:1: no column 3: expected one of"),
        ({"kee": "k"}, "1:1: columns: nothing is called 'kee': expected one of time_ms, key"),
        ({"key": "k", "obj_id": "k"}, "1:1: columns: obj_id: said twice: expected"),
        ({"key": "k", "op": 2}, "1:1: columns: op: said twice: expected"),
    ],
)
def test_columns_that_are_not_there(
    path: Path, columns: dict[str, str | int], message: str
) -> None:
    fields = Fields.of({"columns": columns})
    reading = Reading("csv", fields=fields)
    assert refused(lambda p: read_trace(p, reading), path, b"time,k\n1,a\n").startswith(message)


@pytest.mark.parametrize(
    "text", ["time_ms,key\n1,a\n", "time,status,service_us\n1,200,3\n", "test,run_ms\na,1\n"]
)
def test_a_unit_that_nothing_needs_is_refused(path: Path, text: str) -> None:
    message = refused(lambda p: read_trace(p, Reading.of({"unit": "s"})), path, text.encode())
    assert message.startswith("1:1: a unit said of no column: expected a time whose name has none")


@pytest.mark.parametrize(
    ("option", "value"),
    [("rate", 5.0), ("operations", {"0": "get"}), ("log_format", "%t"), ("unit", "s")],
)
def test_what_a_format_does_not_take_is_refused(path: Path, option: str, value: object) -> None:
    reading = Reading.of({"format": "afl_plot_data", option: value})
    message = refused(lambda p: read_trace(p, reading), path, HONGGFUZZ.encode())
    assert message.startswith(f"1:1: {option} said of a trace of format afl_plot_data: ")


@pytest.mark.parametrize(
    ("name", "base", "unit"),
    [
        ("time_ms", "time", "ms"),
        ("Duration (s)", "duration", "s"),
        ("Run Time [us]", "run_time", "us"),
        ("latency-ns", "latency", "ns"),
        ("elapsed_msec", "elapsed", "ms"),
        ("Time (seconds)", "time", "s"),
        ("times", "times", None),
        ("msec", "msec", None),
        ("", "", None),
        ("_s", "_s", None),
    ],
)
def test_names_that_end_in_a_unit(name: str, base: str, unit: str | None) -> None:
    assert base_and_unit(name) == (base, unit)


WORDS = ("time", "time_ms", "unix_time", "key", "op", "size", "op_count", "status", "path")
MORE_WORDS = ("test", "run", "duration (s)", "execs_per_sec", "total_execs", "service", "-", "é")
NAMES = st.sampled_from(WORDS + MORE_WORDS)
SAID = st.fixed_dictionaries(
    {},
    optional={
        "columns": st.one_of(
            st.lists(NAMES, max_size=5),
            st.dictionaries(NAMES, st.one_of(NAMES, st.integers(1, 6)), max_size=3),
        ),
        "unit": st.sampled_from(["ns", "us", "ms", "s"]),
        "operations": st.just({"0": "get", "1": "set"}),
        "rate": st.sampled_from([1e-3, 1.0, 1e9]),
        "format": st.sampled_from(["csv", "access_csv", "execution_csv", "sqlite_tests"]),
        "skip_damaged": st.integers(0, 3),
    },
)
CELLS = st.one_of(
    st.sampled_from(
        ["0", "1", "2.5", "200", "get", "set", "a", "", "-", "nan", '"', '"a,b"', "9" * 25]
    ),
    st.text(max_size=3),
)


@pytest.mark.histories
@given(
    said=SAID,
    rows=st.lists(st.lists(st.one_of(NAMES, CELLS), min_size=1, max_size=5), max_size=5),
    separator=st.sampled_from([",", " ", ";", "\t"]),
)
@settings(max_examples=600, deadline=None)
def test_whatever_is_said_of_whatever_cells(
    tmp_path_factory: pytest.TempPathFactory,
    said: dict[str, object],
    rows: list[list[str]],
    separator: str,
) -> None:
    file = tmp_path_factory.getbasetemp() / "any_cells.csv"
    file.write_bytes("".join(f"{separator.join(row)}\n" for row in rows).encode("utf-8", "replace"))
    try:
        trace_format, trace = read_trace(file, Reading.of(said))
    except TraceError as error:
        check_message(error, file)
        return
    accounting = trace.accounting
    assert accounting.lines == accounting.records + sum(accounting.skipped.values())
    assert len(trace) >= accounting.records or trace_format.name == "afl_fuzzer_stats"
    assert FORMATS[trace_format.name] is trace_format
