"""Access logs in JSON, an object a line: as NGINX and Apache wrote them, and as they should not."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from refusals import check_read, refused

from workloads.traces.formats.json_log import looks_like_json_log, read_json_log
from workloads.traces.kinds.access_trace import AccessTrace
from workloads.traces.reading.accounting import Accounting
from workloads.traces.reading.columns import MISSING
from workloads.traces.reading.fields import Fields
from workloads.traces.reading.text import ReadLimits
from workloads.traces.registry import BUNDLED, open_as

NGINX = (
    '{"time_local":"25/Jun/2026:08:55:50 +0000","remote_addr":"10.0.0.1",'
    '"request":"GET /a?x HTTP/1.1","status":"200","body_bytes_sent":"12","request_time":"0.014"}'
)
NESTED = (
    r'{"@timestamp":"2026-11-30T17:18:40.250+00:00","http":{"uri":"/p/4.html?a=b%20c\"d",'
    r'"status":404,"bytes":2800},"duration_s":0.5,"upstream":"0.004, 0.010"}'
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "access.json"


def read(path: Path, *lines: str, **said: object) -> AccessTrace:
    path.write_text("".join(f"{line}\n" for line in lines))
    return read_json_log(path, fields=Fields.of(said))


def test_the_sample() -> None:
    trace = open_as(AccessTrace, BUNDLED / "nginx_json.log.gz")
    assert trace.accounting == Accounting(30, 30, {})
    assert sorted(set(trace.status.tolist())) == [200, 404]
    assert trace.resources == 6
    assert trace.resolution_ns == 10**9
    assert (trace.service_ns == MISSING).all()
    assert trace.notes == (
        "keys that are not read: 'remote_addr', 'request_time', 'agent'",
        "no service times: no key is said to be one, with its unit",
    )


@pytest.mark.parametrize(
    ("columns", "unit", "service_ns"),
    [
        ({"service_s": "request_time"}, None, 14_000_000),
        ({"service": "request_time"}, None, 14_000_000),  # NGINX's own variable: seconds
        ({"service": "request_time", "time": "time_local"}, "ms", 14_000),
        ({"service_ms": "request_time"}, None, 14_000),
        ({}, "s", 14_000_000),
        ({}, None, MISSING),
    ],
)
def test_people_name_the_keys(
    path: Path, columns: dict[str, str], unit: str | None, service_ns: int
) -> None:
    trace = read(path, NGINX, columns=columns, unit=unit)
    assert trace.service_ns.tolist() == [service_ns]
    assert trace.start_unix_ns == 1_782_377_750 * 10**9
    assert (trace.status.tolist(), trace.response_bytes.tolist()) == ([200], [12])
    assert trace.resources == 1


def test_a_key_that_ends_in_its_unit_says_it(path: Path) -> None:
    trace = read(path, NESTED)
    assert trace.service_ns.tolist() == [500_000_000]
    assert (trace.start_unix_ns, trace.resolution_ns) == (1_796_059_120_250_000_000, 10**6)
    assert trace.status.tolist() == [MISSING]
    assert "'http.status'" in trace.notes[0]


def test_keys_of_inner_objects(path: Path) -> None:
    columns = {
        "path": "http.uri",
        "status": "http.status",
        "bytes": "http.bytes",
        "service_s": "upstream",
    }
    trace = read(path, NESTED, NESTED.replace('"0.004, 0.010"', "null"), columns=columns)
    assert trace.status.tolist() == [404, 404]
    assert trace.response_bytes.tolist() == [2800, 2800]
    assert trace.resources == 1
    assert trace.service_ns.tolist() == [14_000_000, MISSING]
    assert trace.notes == ("keys that are not read: 'duration_s'",)


@pytest.mark.parametrize(
    ("time", "unix_ns", "resolution_ns"),
    [
        ('"1796059120.545"', 1_796_059_120_545_000_000, 10**6),
        ("1796059120.5", 1_796_059_120_500_000_000, 10**8),
        ("1796059120", 1_796_059_120_000_000_000, 10**9),
        ('"2026-11-30T17:18:40Z"', 1_796_059_120_000_000_000, 10**9),
        ('"2026-11-30 17:18:40,123456"', 1_796_059_120_123_456_000, 1000),
        ('"30/Nov/2026:18:18:40 +0100"', 1_796_059_120_000_000_000, 10**9),
    ],
)
def test_times(path: Path, time: str, unix_ns: int, resolution_ns: int) -> None:
    trace = read(path, f'{{"ts":{time},"status":200}}')
    assert (trace.start_unix_ns, trace.resolution_ns) == (unix_ns, resolution_ns)


def test_times_in_milliseconds(path: Path) -> None:
    trace = read(path, '{"t":1796059120545}', columns={"time_ms": "t"})
    assert (trace.start_unix_ns, trace.resolution_ns) == (1_796_059_120_545_000_000, 10**6)


def test_what_a_line_does_not_say(path: Path) -> None:
    trace = read(path, NGINX, '{"time_local":"25/Jun/2026:08:55:51 +0000","status":"-"}')
    assert trace.status.tolist() == [200, MISSING]
    assert trace.response_bytes.tolist() == [12, 0]
    assert trace.resource_id.tolist() == [0, MISSING]


@pytest.mark.parametrize(
    ("text", "said", "message"),
    [
        ('{"a":1', {}, "1:7: bad JSON: expected an object a line ("),
        ("[1,2]", {}, "1:1: bad JSON: expected an object a line"),
        ("[" * 100_000, {}, "1:1: bad JSON: expected an object a line ("),
        ('{"time": NaN}', {}, "1:1: bad JSON: expected an object a line (NaN is no number)"),
        ('{"a":1}', {}, "1:1: no time: expected a key named time_local"),
        ('{"time":true}', {}, "1:9: bad time: expected a text or a number"),
        ('{"time":{"x":1}}', {"columns": {"time": "time"}}, "1:1: no key 'time': expected one of"),
        ('{"time":"now"}', {}, "1:9: bad time: expected a date such as"),
        ('{"time":"31/Jun/2026:08:55:50 +0000"}', {}, "1:9: bad time: expected a day that exists"),
        ('{"time":"3026-01-01T00:00:00Z"}', {}, "1:9: bad time: expected fewer than 2^63 ns"),
        ('{"time":1796059120545}', {}, "1:9: bad time: expected a time in s before the year 2262"),
        ('{"time":1, "status":1000}', {}, "1:21: bad status: expected a whole number below 1000"),
        ('{"time":1, "bytes":[]}', {}, "1:20: bad bytes: expected a text or a number"),
        ('{"time":1, "d_s":1}', {"unit": "s"}, "1:1: no service time: expected a key"),
        (
            '{"time":1, "d":9999999}',
            {"columns": {"service_s": "d"}},
            "1:16: service time too long: expected a time below 30 days, in s",
        ),
        ('{"time":1, "d":1}', {"columns": {"service": "d"}}, "1:1: no unit of 'd': expected"),
        ('{"time":1}', {"columns": ["time"]}, "1:1: columns in a list of a log in JSON: expected"),
        (
            '{"time":1, "d":1}',
            {"columns": {"service_ms": "d"}, "unit": "s"},
            "1:1: unit s beside service_ms: expected one unit",
        ),
        ('{"time":1, "d":1}', {"columns": {"servce": "d"}}, "1:1: columns: servce: 'd': expected"),
        ('{"time":1, "d":1}', {"columns": {"service_s": 2}}, "1:1: columns: service_s: 2: expec"),
    ],
)
def test_a_line_is_refused_where_it_goes_wrong(
    path: Path, text: str, said: dict[str, object], message: str
) -> None:
    fields = Fields.of(said)
    shown = refused(lambda p: read_json_log(p, fields=fields), path, f"{text}\n".encode())
    assert shown.startswith(message), shown


@pytest.mark.parametrize("start", [NGINX.encode(), b' { "a": 1', b'\n{"a'])
def test_recognised(start: bytes) -> None:
    assert looks_like_json_log(start)


@pytest.mark.parametrize("start", [b"", b"[1]", b"{1}", b'"a"', b"time,key"])
def test_not_recognised(start: bytes) -> None:
    assert not looks_like_json_log(start)


VALUES = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers().map(str),
        st.text(max_size=6),
        st.sampled_from(["200", "0.1", "-", "1e5", "25/Jun/2026:08:55:50 +0000", "\\ud800"]),
    ),
    lambda inner: st.dictionaries(st.text(max_size=3), inner, max_size=3) | st.lists(inner),
    max_leaves=4,
)


@pytest.mark.histories
@given(
    objects=st.lists(
        st.dictionaries(
            st.sampled_from(
                ["time", "status", "request", "bytes", "d", "service_ms", "é", "\ud800"]
            ),
            VALUES,
        ),
        max_size=4,
    ),
    columns=st.dictionaries(
        st.sampled_from(["time", "service_ms", "service", "status", "x"]),
        st.sampled_from(["time", "d", "é", "status"]),
        max_size=2,
    ),
)
@settings(max_examples=300, deadline=None)
def test_any_objects(
    tmp_path_factory: pytest.TempPathFactory,
    objects: list[dict[str, object]],
    columns: dict[str, str],
) -> None:
    file = tmp_path_factory.getbasetemp() / "any_objects.json"
    file.write_text("".join(f"{json.dumps(one)}\n" for one in objects))
    check_read(
        lambda: read_json_log(file, ReadLimits(max_damaged=2), Fields.of({"columns": columns})),
        file,
    )
