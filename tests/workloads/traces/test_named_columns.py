"""Files of cells of any kind of trace, whose columns the file or whoever has it names."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from named_columns import read_keys
from refusals import check_message, refused

from workloads.traces.reading.cells import BLANKS, separator_of, split_cells
from workloads.traces.reading.fields import Fields
from workloads.traces.reading.naming import base_and_unit
from workloads.traces.reading.text import TraceError
from workloads.traces.registry import FORMATS, Reading, read_trace


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "trace.csv"


@pytest.mark.parametrize("separator", [",", "\t", ";", " ", "   ", "|", ", ", "; "])
@pytest.mark.parametrize("header", [True, False])
def test_separators(path: Path, separator: str, header: bool) -> None:
    rows = [["1.5", "a", "set", "10"], ["2", '"b c"', "get", "20"]]
    names = ["time_s", "key", "op", "value_bytes"]
    text = "".join(f"{separator.join(row)}\n" for row in ([names] if header else []) + rows)
    trace = read_keys(path, text, columns=names)
    assert trace.time_ns.tolist() == [0, 500_000_000]
    assert trace.value_bytes.tolist() == [10, 0]
    assert trace.keys == 2
    if header:
        assert read_keys(path, text).key_id.tolist() == [0, 1]


@pytest.mark.parametrize("names", [None, ["time_s", "key", "op"]])
@pytest.mark.parametrize("mark", ["#", "# ", " #  "])
def test_a_header_behind_a_mark(path: Path, names: list[str] | None, mark: str) -> None:
    trace = read_keys(path, f"{mark}time_s key op\n7 a set\n", columns=names)
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


def test_people_come_before_names(path: Path) -> None:
    """What is said is taken even if the file has a column of the usual name."""
    text = "time,ts_ms,key,hash\n99,1500,a,h1\n98,2000,a,h2\n"
    trace = read_keys(path, text, columns={"time_ms": "ts_ms", "key": "hash"})
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
