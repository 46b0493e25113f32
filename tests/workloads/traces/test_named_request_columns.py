"""Files of cells of requests to a web server."""

from __future__ import annotations

from pathlib import Path

import pytest
from named_columns import read

from workloads.traces.kinds.access_trace import AccessTrace
from workloads.traces.reading.columns import MISSING
from workloads.traces.reading.text import TraceError


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "trace.csv"


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


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("time,request,uri,status\n1,GET /a HTTP/1.1,/same,200\n1,GET /b HTTP/1.1,/same,200\n", {}),
        (
            '{"time":1,"request":"GET /a HTTP/1.1","uri":"/same"}\n'
            '{"time":1,"request":"GET /b HTTP/1.1","uri":"/same"}\n',
            {},
        ),
        (
            '[25/Jun/2026:08:55:50 +0000] "GET /a HTTP/1.1" /same\n'
            '[25/Jun/2026:08:55:50 +0000] "GET /b HTTP/1.1" /same\n',
            {"log_format": '[$time_local] "$request" $uri'},
        ),
    ],
    ids=["csv", "json", "log"],
)
@pytest.mark.parametrize(
    ("columns", "resources"), [({"path": "uri"}, 1), ({"request": "request"}, 2)]
)
def test_what_people_say_names_the_resource(
    path: Path, text: str, said: dict[str, object], columns: dict[str, str], resources: int
) -> None:
    """Whatever else of the file would name it."""
    _, trace = read(path, text, columns=columns, **said)
    assert isinstance(trace, AccessTrace)
    assert trace.resources == resources


@pytest.mark.parametrize(
    "columns",
    [
        {"service_ms": "took", "service_us": "took"},
        {"service_ms": "took", "service_s": "more"},
        {"response_bytes": "took", "service_s": "took"},
    ],
)
@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("time,status,took,more\n1,200,5,6\n", {}),
        ('{"time":1,"status":200,"took":5,"more":6}\n', {}),
        ("1 200 5 6\n", {"log_format": "$msec $status $took $more"}),
    ],
    ids=["csv", "json", "log"],
)
def test_one_is_said_of_one(
    path: Path, text: str, said: dict[str, object], columns: dict[str, str]
) -> None:
    with pytest.raises(TraceError, match=r"1:1: columns: service_u?s: said twice: expected a "):
        read(path, text, columns=columns, **said)
