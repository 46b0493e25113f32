"""CSVs with named columns: one rule a test."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from monitor_lines import resp
from refusals import refused

from workloads.traces.formats.generic_csv import looks_like_csv, read_csv
from workloads.traces.kinds.key_trace import NO_KEY, KeyTrace
from workloads.traces.reading.accounting import Accounting
from workloads.traces.reading.columns import MISSING
from workloads.traces.reading.fields import Fields
from workloads.traces.reading.text import ReadLimits
from workloads.traces.registry import BUNDLED, open_as


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "requests.csv"


def read(path: Path, text: bytes, names: list[str] | None = None) -> KeyTrace:
    path.write_bytes(text)
    return read_csv(path, fields=Fields(tuple(names or ())))


def test_the_sample_is_the_beginning_of_the_capture() -> None:
    """The rest of the capture's columns begin with those of the CSV made of its first rows."""
    part = open_as(KeyTrace, BUNDLED / "requests.csv")
    whole = open_as(KeyTrace, BUNDLED / "redis_monitor.log.gz")
    assert part.accounting == Accounting(201, 200, {"header": 1})
    assert (part.keys, len(part.connections)) == (155, 20)
    for name in ("time_ns", "key_id", "is_write", "value_bytes", "request_bytes", "connection"):
        assert getattr(part, name).tolist() == getattr(whole, name)[:200].tolist()
    assert part.connections == whole.connections


def test_all_columns(path: Path) -> None:
    trace = read(
        path,
        b"time_us,key,op,value_bytes,request_bytes,connection\n"
        b"1000,a,set,10,50,c1\n"
        b"1000.5,b,get,,40,c2\n"
        b"1002,,ping,,,c1\n"
        b"1002,a,write,3,60,c1\n"
        b"1002,c,further,4,,\n"
        b"\n",
    )
    assert trace.accounting == Accounting(7, 5, {"header": 1, "blank": 1})
    assert trace.start_ns == 1_000_000
    assert trace.time_ns.tolist() == [0, 500, 2000, 2000]
    assert trace.key_id.tolist() == [0, 1, NO_KEY, 0]
    assert trace.is_write.tolist() == [True, False, False, True]
    assert trace.value_bytes.tolist() == [10, 0, 0, 3]
    assert trace.request_bytes.tolist()[:2] == [50, 40]
    assert trace.connection.tolist() == [0, 1, 0, 0]
    assert trace.connections == ("c1", "c2")
    assert trace.further_command.tolist() == [3]
    assert trace.further_key_id.tolist() == [2]
    assert trace.further_value_bytes.tolist() == [4]
    assert trace.resolution_ns == 100


@pytest.mark.parametrize("name", ["key_id", "object", "object_id", "obj_id", "ObjID"])
def test_names_of_the_key(path: Path, name: str) -> None:
    trace = read(path, b"time,%b\n1,a\n2,b\n" % name.encode())
    assert (trace.key_id.tolist(), trace.notes) == ([0, 1], ())


def test_columns_that_are_not_read_are_named(path: Path) -> None:
    trace = read(path, b"time_s,kee,op,Qux\n0,a,read,1\n")
    assert trace.notes == ("columns that are not read: 'kee', 'Qux'",)
    many = ",".join(f"c{number}" for number in range(25)).encode()
    (note,) = read(path, b"time,key," + many + b"\n0,a" + b",1" * 25 + b"\n").notes
    assert note.endswith("'c19' and 5 more")


def test_only_a_time_and_a_key(path: Path) -> None:
    trace = read(path, b"Timestamp,Object,x\n1,a,?\n2,b,?\n")
    assert trace.time_ns.tolist() == [0, 10**9]
    assert not trace.is_write.any()
    assert trace.connections == ("",)
    assert trace.request_bytes.tolist() == [len(resp([b"GET", b"a"]))] * 2
    assert trace.resolution_ns == 10**9


def test_a_missing_request_size_is_that_of_a_client_of_redis(path: Path) -> None:
    trace = read(path, b"time,key,op,size\n1,key,w,1000\n2,key,w,\n3,key,r,1000\n")
    expected = [[b"SET", b"key", b"x" * 1000], [b"SET", b"key"], [b"GET", b"key"]]
    assert trace.request_bytes.tolist() == [len(resp(command)) for command in expected]
    assert trace.value_bytes.tolist() == [1000, MISSING, 0]


@pytest.mark.parametrize(
    ("operation", "is_write"),
    [
        (b"READ", False),
        (b"r", False),
        (b"W", True),
        (b"write", True),
        (b"gets", False),
        (b"cas", True),
        (b"hgetall", False),
        (b"HSET", True),
        (b"DEL", True),
        (b"", False),
    ],
)
def test_operations(path: Path, operation: bytes, is_write: bool) -> None:
    assert read(path, b"time,op\n1," + operation + b"\n").is_write.tolist() == [is_write]


@pytest.mark.parametrize("header", [b"", b"ts,k,what,len\n"])
def test_names_given_by_the_user_stand_for_the_header_or_a_missing_one(
    path: Path, header: bytes
) -> None:
    text = header + b"7.25,a,set,10\n8.5,b,get,20\n"
    trace = read(path, text, names=["time_s", "key", "op", "value_bytes"])
    assert trace.accounting.records == 2
    assert trace.accounting.skipped == ({"header": 1} if header else {})
    assert trace.time_ns.tolist() == [0, 1_250_000_000]
    assert trace.value_bytes.tolist() == [10, 0]
    assert trace.resolution_ns == 10**7


def test_wrong_names_given_are_the_users_mistake_at_the_first_line(path: Path) -> None:
    for names in (["when", "key"], ["op", "size"]):
        message = refused(lambda p, n=names: read_csv(p, fields=Fields(tuple(n))), path, b"1,a\n")  # type: ignore[misc] # mypy cannot infer a default's type
        assert message.startswith("1:1: bad header:")


@given(st.lists(st.tuples(st.integers(0, 10**9), st.integers(0, 999_999_999)), min_size=1))
@settings(deadline=None)
def test_decimal_times_are_exact(
    tmp_path_factory: pytest.TempPathFactory, times: list[tuple[int, int]]
) -> None:
    times.sort()
    rows = b"".join(b"%d.%09d,k\n" % time for time in times)
    trace = read(tmp_path_factory.getbasetemp() / "times.csv", b"time_s,key\n" + rows)
    exact = [seconds * 10**9 + fraction for seconds, fraction in times]
    assert trace.time_ns.tolist() == [time - exact[0] for time in exact]
    assert trace.start_ns == exact[0]
    assert trace.resolution_ns == 1


def test_digits_below_a_nanosecond_are_cut(path: Path) -> None:
    assert read(path, b"time_ns,key\n1.9,a\n3.1,a\n").time_ns.tolist() == [0, 2]


def test_keys_may_hold_anything_that_quotes_hold(path: Path) -> None:
    trace = read(path, b'time,key\n1,"a,b"\n2,"say ""hi"""\n3,"a,b"\n4,\xff\n')
    assert trace.key_id.tolist() == [0, 1, 0, 2]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (b"when,key\n1,a\n", "1:1: bad header: expected names of columns, one of time_ns,"),
        (b'"time,key\n', "1:1: bad quotes:"),
        (b"time,key\n", "2:1: no row:"),
        (b"time,key\n1\n", "2:2: cells missing or too many: expected 2 cells"),
        (b"time,key\n1,a,b\n", "2:6: cells missing or too many: expected 2 cells"),
        (b"time,key\n2,a\n1,a\n", "3:1: time goes backwards:"),
        (b"key,time\na,1e9\n", "2:3: bad time:"),
        (b"key,time\na,-1\n", "2:3: bad time:"),
        (b"key,time\na,9223372037\n", "2:3: bad time:"),
        (b"time,op\n1,frobnicate\n", "2:3: bad operation: expected read, write or"),
        (b"time,op,size\n1,w,1.5\n", "2:5: bad size: expected a whole number"),
        (b"time,op,size\n1,w,536870913\n", "2:5: bad size:"),
        (b"time,request_bytes\n1,many\n", "2:3: bad size:"),
        (b"time,key,op\n1,a,further\n", "2:1: nothing to go further:"),
        (b"time,key,op\n1,a,w\n1,,further\n", "3:1: nothing to go further:"),
    ],
)
def test_a_bad_csv_is_refused_where_it_goes_wrong(path: Path, text: bytes, message: str) -> None:
    assert refused(read_csv, path, text).startswith(message)


def test_a_cell_in_a_message_is_cut(path: Path) -> None:
    message = refused(read_csv, path, b"time,op\n1," + b"x" * 10_000 + b"\n")
    assert message.endswith("got '" + "x" * 40 + "'")


def test_a_further_key_of_a_skipped_command_goes_to_the_one_above(path: Path) -> None:
    """It is counted where it stands; a damaged command's own keys cannot be told."""
    path.write_bytes(b"time,key,op\n1,a,w\n1,b,?\n1,c,further\n")
    trace = read_csv(path, ReadLimits(max_damaged=1))
    assert trace.further_command.tolist() == [0]
    assert trace.accounting == Accounting(4, 2, {"header": 1, "damaged: bad operation": 1})


@pytest.mark.parametrize(
    "start", [b"time,key", b"\n Time_ns , op\n1,get\n", b'"timestamp","size",x\n', b"key,ts,time\n"]
)
def test_recognised(start: bytes) -> None:
    assert looks_like_csv(start)


@pytest.mark.parametrize(
    "start",
    [b"", b"time\n", b"time_ns,execs_per_s\n", b"a,b\n1,2\n", b'"time,key\n', b"time,time_s"],
)
def test_not_recognised(start: bytes) -> None:
    assert not looks_like_csv(start)
