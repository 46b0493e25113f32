"""Access logs by their servers' own format strings: lines that Apache, NGINX and Tomcat wrote."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from refusals import check_read, refused
from samples import lines_of

from workloads.traces.formats.access_log import read_access_log
from workloads.traces.formats.log_format import log_pattern
from workloads.traces.kinds.access_trace import AccessTrace
from workloads.traces.reading.columns import MISSING
from workloads.traces.reading.fields import Fields, SaidError
from workloads.traces.reading.text import ReadLimits
from workloads.traces.registry import BUNDLED, Reading, read_trace

COMBINED = r"%h %l %u %t \"%r\" %>s %b \"%{Referer}i\" \"%{User-Agent}i\""
NGINX = (
    '$remote_addr - $remote_user [$time_local] "$request" $status $body_bytes_sent '
    '"$http_referer" "$http_user_agent"'
)
HEAD = '10.0.0.1 - - [25/Jun/2026:08:55:50 +0000] "GET /a?x HTTP/1.1" 200 12 "-" "M (X11; L) \\"q"'
HEAD_NS = 1_782_377_750 * 10**9


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "access.log"


def read(path: Path, log_format: str, *lines: str, **said: object) -> AccessTrace:
    path.write_text("".join(f"{line}\n" for line in lines))
    return read_access_log(path, fields=Fields.of({"log_format": log_format, **said}))


# What Apache 2.4.68 wrote of requests to itself, each line as the format above it has it; the
# values are those of apachelogs 0.6.1.
OF_APACHE = [
    (
        r'LogFormat "%h %l %u %t \"%r\" %>s %b \"%{Referer}i\" \"%{User-Agent}i\" %D" D',
        r'127.0.0.1 - - [30/Nov/2026:17:19:13 +0000] "GET /p/4.html?a=b%20c\"d HTTP/1.1" 200 2800 '
        r'"-" "" 202',
        (1_796_059_153_000_000_000, 10**9, 200, 2800, 202_000),
    ),
    (
        r'LogFormat "%h %l %u %t \"%r\" %>s %b %T" T',
        '127.0.0.1 - - [30/Nov/2026:17:19:13 +0000] "GET /p/2.html?x=1 HTTP/1.1" 200 1400 3',
        (1_796_059_153_000_000_000, 10**9, 200, 1400, 3 * 10**9),
    ),
    (
        r'"%v:%p %h %l %u %t \"%r\" %>s %O \"%{Referer}i\" \"%{User-Agent}i\" %{ms}T %P %I"'[1:-1],
        'localhost:80 127.0.0.1 - - [30/Nov/2026:17:19:13 +0000] "GET /p/2.html?x=1 HTTP/1.1" 200 '
        '1605 "-" "curl/7" 7 24367 137',
        (1_796_059_153_000_000_000, 10**9, 200, 1605, 7_000_000),
    ),
    (
        r"%a [%{%d/%b/%Y %T}t.%{msec_frac}t %{%z}t] %m \"%U%q\" %H %s %B %X rt:%D(us) %{us}T",
        '127.0.0.1 [30/Nov/2026 17:19:13.825 +0000] GET "/p/2.html?x=1" HTTP/1.1 200 1400 + '
        "rt:611(us) 611",
        (1_796_059_153_825_000_000, 10**6, 200, 1400, 611_000),
    ),
    (
        r"%{usec}t %{begin:sec}t %h \"%r\" %>s %b %T/%D",
        '1796059153825134 1796059153 127.0.0.1 "GET /p/2.html?x=1 HTTP/1.1" 200 1400 0/611',
        (1_796_059_153_825_134_000, 1000, 200, 1400, 611_000),
    ),
    (
        r"{\"time\":\"%{%Y-%m-%dT%T}t.%{usec_frac}t%{%z}t\",\"request\":\"%r\",\"us\":%D}",
        '{"time":"2026-11-30T17:19:13.825134+0100","request":"GET /p/2.html HTTP/1.1","us":611}',
        (1_796_055_553_825_134_000, 1000, MISSING, 0, 611_000),
    ),
]
# What NGINX 1.22 wrote, with two upstream servers of which one was down.
OF_NGINX = [
    (
        NGINX.replace("$time_local", "$time_iso8601").replace("] ", "] $msec ")
        + ' $http_x_forwarded_for rt=$request_time uct="$upstream_connect_time" '
        'urt="$upstream_response_time" $upstream_addr $upstream_status',
        '127.0.0.1 - - [2026-11-30T17:18:40+00:00] 1796059120.545 "GET /up/5.html HTTP/1.1" 200 '
        '3500 "-" "" 10.0.0.1, 10.0.0.2 rt=0.001 uct="-, 0.000" urt="0.000, 0.000" '
        "127.0.0.1:18999, 127.0.0.1:18081 502, 200",
        (1_796_059_120_545_000_000, 10**6, 200, 3500, 1_000_000),
    ),
    (
        "log_format uri escape=default '$msec $remote_addr $request_method '\n"
        "    '$uri$is_args$args $status $bytes_sent $request_time';",
        r"1796059120.343 127.0.0.1 GET /p/4.html?a=b%20c\x22d 200 3039 0.002",
        (1_796_059_120_343_000_000, 10**6, 200, 3039, 2_000_000),
    ),
    (
        """'{"time":"$time_local","status":"$status","rt":"$request_time"}'""",
        '{"time":"30/Nov/2026:17:18:40 +0000","status":"404","rt":"0.250"}',
        (1_796_059_120_000_000_000, 10**9, 404, 0, 250_000_000),
    ),
]


@pytest.mark.parametrize(("log_format", "line", "expected"), OF_APACHE + OF_NGINX)
def test_lines_that_servers_wrote(
    path: Path, log_format: str, line: str, expected: tuple[int, ...]
) -> None:
    trace = read(path, log_format, line)
    assert (
        trace.start_unix_ns,
        trace.resolution_ns,
        int(trace.status[0]),
        int(trace.response_bytes[0]),
        int(trace.service_ns[0]),
    ) == expected
    assert trace.accounting.skipped == {}


@pytest.mark.parametrize(
    ("log_format", "end", "service_ns"),
    [
        (COMBINED + " %D", " 1500", 1_500_000),
        (COMBINED + " %T", " 2", 2 * 10**9),
        (COMBINED + " %{s}T", " 2", 2 * 10**9),
        (COMBINED + " %{ms}T", " 2", 2_000_000),
        (COMBINED + " %{us}T", " 2", 2000),
        (COMBINED + " %T", " 0.005", 5_000_000),  # Tomcat's
        (COMBINED + " %P %I %D", " 4711 137 9", 9000),
        (COMBINED + " %D %P", " 9 4711", 9000),
        (COMBINED + " %P", " 4711", MISSING),
        (COMBINED + " %I", " 137", MISSING),
        (COMBINED + " %F", " 137", MISSING),
        (NGINX + " $request_time", " 0.210", 210_000_000),
        (NGINX + ' "$request_time"', ' "0.210"', 210_000_000),
        (NGINX + " $request_time $upstream_response_time", " 0.005 0.004", 5_000_000),
        (NGINX + ' "$request_time" "$upstream_response_time"', ' "0.005" "0.004"', 5_000_000),
        (NGINX + " $upstream_response_time", " 0.004", 4_000_000),
        (NGINX + " $upstream_response_time", " 0.004, 0.010 : 0.001", 15_000_000),
        (NGINX + ' "$upstream_response_time"', ' "0.004, -, 0.010"', 14_000_000),
        (NGINX + " $upstream_response_time", " -", MISSING),
        (NGINX + " $upstream_response_time rt=$request_time", " - rt=0.007", 7_000_000),
        (NGINX + " ${request_time}s", " 0.007s", 7_000_000),
        (NGINX + " $request_length $msec", " 300 1656556208.724", MISSING),
    ],
)
def test_units_follow_from_directives(
    path: Path, log_format: str, end: str, service_ns: int
) -> None:
    trace = read(path, log_format, HEAD + end)
    assert trace.service_ns.tolist() == [service_ns]
    assert (trace.status.tolist(), trace.response_bytes.tolist()) == ([200], [12])
    assert trace.resources == 1
    has_time = re.search(r"request_time|response_time|%D|%(\{\w+\})?T", log_format)
    assert ("no service times: the log format has none" in trace.notes) == (has_time is None)


@pytest.mark.parametrize(
    ("columns", "unit", "service_ns"),
    [
        ({}, None, 5_000_000),
        ({"service": "$upstream_response_time"}, None, 4_000_000),
        ({"service": "upstream_response_time"}, None, 4_000_000),
        ({"service_ms": "$upstream_response_time"}, None, 4000),
        ({"service_us": "$pid"}, None, 77_000),
        ({"service": "$pid"}, "ms", 77_000_000),
        ({"service_us": 11}, None, 77_000),
        ({}, "ms", 5000),
    ],
)
def test_people_say_which_directive_is_the_service_time_and_in_which_unit(
    path: Path, columns: dict[str, str | int], unit: str | None, service_ns: int
) -> None:
    log_format = NGINX + " $request_time $upstream_response_time $pid"
    trace = read(path, log_format, HEAD + " 0.005 0.004 77", columns=columns, unit=unit)
    assert trace.service_ns.tolist() == [service_ns]


def test_tomcat_before_10_writes_milliseconds(path: Path) -> None:
    pattern = 'pattern="%h %l %u %t &quot;%r&quot; %s %b %D"'
    line = '0:0:0:0:0:0:0:1 - - [25/Jun/2026:08:55:50 +0200] "POST /app/x HTTP/1.1" 200 - 12'
    assert read(path, pattern, line).service_ns.tolist() == [12_000]
    trace = read(path, pattern, line, columns={"service_ms": "%D"})
    assert trace.service_ns.tolist() == [12_000_000]
    assert trace.start_unix_ns == HEAD_NS - 7200 * 10**9
    dated = '%{yyyy-MM-dd HH:mm:ss.SSS Z}t %I "%r" %s %F %D'
    line = '2026-06-25 08:55:50.250 +0000 http-nio-8080-exec-1 "GET /x HTTP/1.1" 503 3 4'
    trace = read(path, dated, line, unit="ms")
    assert (trace.start_unix_ns, trace.resolution_ns) == (HEAD_NS + 250_000_000, 10**6)
    assert (trace.service_ns.tolist(), trace.status.tolist()) == ([4_000_000], [503])


@pytest.mark.parametrize(
    ("uri", "paths"),
    [
        (("/a", "/b-", "/a?x-"), [0, 1, 0]),
        (("/a-", "/b--", "/a?x-"), [0, 1, 2]),
    ],
)
def test_nginx_writes_a_minus_for_no_query(
    path: Path, uri: tuple[str, ...], paths: list[int]
) -> None:
    """`$args` is `-` if there are none; it is no part of the path. `$request_uri` is whole."""
    alone = "$msec $request_uri $status"
    behind = "$msec $uri$is_args$args $status"
    lines = [f"1.0 {one} 200" for one in uri]
    if paths == [0, 1, 0]:
        assert read(path, alone, *lines).resource_id.tolist() == paths
    else:
        first, second, _ = read(path, behind, *lines).resource_id.tolist()
        assert (first, second) == (0, 1)
        assert read(path, behind, "1.0 /a- 200", "1.0 /a?x 200").resources == 1


def test_a_log_format_reads_what_the_usual_reader_does() -> None:
    file = BUNDLED / "apache_combined_D.log.gz"
    own = read_access_log(file, fields=Fields(log_format=COMBINED + " %D"))
    usual = read_access_log(file, fields=Fields(unit="us"))
    for name, column in usual.table().items():
        assert np.array_equal(own.table()[name], column), name
    assert own.accounting == usual.accounting


@pytest.mark.parametrize("name", ["combined", " common ", "vhost_combined"])
def test_formats_that_have_a_name(path: Path, name: str) -> None:
    line = HEAD if "combined" in name else HEAD[: HEAD.index(' "-"')]
    trace = read(path, name, f"example.org:80 {line}" if "vhost" in name else line)
    assert (trace.status.tolist(), trace.start_unix_ns) == ([200], HEAD_NS)


def test_a_log_format_makes_a_file_an_access_log(path: Path) -> None:
    path.write_text('1.5 "/a" 0.002\n')
    fields = Fields(log_format='$msec "$uri" $request_time')
    trace_format, trace = read_trace(path, Reading(fields=fields))
    assert trace_format.name == "access_log"
    assert isinstance(trace, AccessTrace)
    assert trace.service_ns.tolist() == [2_000_000]


def test_of_several_service_times_the_one_that_is_read_is_told(path: Path) -> None:
    (note,) = read(path, COMBINED + " %T %D", HEAD + " 1 1500000").notes
    assert note == "service times are those of %D, not of %T"
    (note,) = read(path, COMBINED + " %T", HEAD + " 0").notes
    assert note == "service times are whole seconds (%T): 0 is anything below one"


@pytest.mark.parametrize(
    ("log_format", "line", "message"),
    [
        (NGINX + " $request_time", HEAD + " 1656556208.724", "1:91: service time too long:"),
        (NGINX + " $request_time", HEAD + " soon", "1:91: bad service time: expected a number"),
        (NGINX + " $pid", HEAD, "1:75: bad $http_user_agent: expected text with '\" ' behind it"),
        (NGINX, HEAD + " 7", "1:90: bad end: expected the end of the line"),
        (COMBINED, HEAD.replace(" 200 ", " 2000 "), "1:66: bad line: expected ' '"),
        (COMBINED, HEAD.replace("25/Jun", "31/Jun"), "1:15: bad date: expected a day that exists"),
        (COMBINED, HEAD.replace("2026", "3026"), "1:15: time is beyond the year 2262:"),
        (COMBINED, HEAD.replace("[25", "{25"), "1:12: bad %u: expected text with ' [' behind"),
        (COMBINED, HEAD.replace("Jun", "jun"), "1:18: bad %t: expected the month of a time"),
        ("$msec $status", "99999999999.5 200", "1:1: time is beyond the year 2262:"),
    ],
)
def test_a_line_is_refused_where_it_goes_wrong(
    path: Path, log_format: str, line: str, message: str
) -> None:
    fields = Fields(log_format=log_format)
    text = f"{line}\n".encode()
    said = refused(lambda p: read_access_log(p, fields=fields), path, text)
    assert said.startswith(message), said


@pytest.mark.parametrize(
    ("said", "message"),
    [
        ({"log_format": "combned"}, "log_format: expected directives of Apache's"),
        ({"log_format": "%h %Y"}, "log_format: '%Y': expected a directive of Apache's LogFormat"),
        ({"log_format": "%h %r"}, "log_format: expected a whole time in it"),
        ({"log_format": "%{%H:%M}t"}, "log_format: expected a whole time in it"),
        ({"log_format": "%{%Q}t"}, "'%Q' in '%Q', a form of a time: expected one of %Y"),
        ({"log_format": "%t %s%b"}, "log_format: expected something between %s and %b"),
        ({"log_format": "[$time_local]$status$request_time"}, "log_format: expected something"),
        ({"log_format": "%t %{min}T"}, "log_format: '%{min}T': expected us, ms or s"),
        ({"log_format": "%t %h", "unit": "s"}, "unit beside a log format without a service time"),
        ({"log_format": "%t %P", "columns": {"service": "%P"}}, "columns: %P: expected its unit"),
        ({"log_format": "%t", "columns": {"service_s": "%D"}}, "columns: '%D': expected one of "),
        ({"log_format": "%t %D", "columns": {"servce": "%D"}}, "columns: 'servce': expected one"),
        (
            {"log_format": "%t %D", "columns": {"service": 3}},
            "columns: 3: expected one of %D, or its",
        ),
        (
            {"log_format": "%t %D", "columns": {"service_ms": "%D"}, "unit": "us"},
            "unit us beside service_ms: expected one unit",
        ),
        ({"log_format": "%t %D", "columns": ["%D"]}, "columns in a list beside a log format"),
        ({"log_format": "LogFormat %h"}, "log_format: expected the format in quotes behind"),
        ({"log_format": "%t" * 3000}, "log_format: expected 4096 characters at most"),
    ],
)
def test_what_cannot_be_said(path: Path, said: dict[str, object], message: str) -> None:
    fields = Fields.of(said)
    with pytest.raises(SaidError) as caught:
        log_pattern(fields)
    assert str(caught.value).startswith(message)
    assert refused(lambda p: read_access_log(p, fields=fields), path, b"x\n").startswith("1:1: ")


APACHE_WORDS = ("%t", "%h", "%D", '"%r"', "%>s", "%b", "%{ms}T", "%{%Y-%m-%d}t", "%", "%%", "%{")
NGINX_WORDS = ("$time_local", "$msec", "$request", "$uri$args", "$status", "$request_time", "${")
OTHER_WORDS = ("[", "]", '"', "'", "\\", "-", " ", "}t", "$", "LogFormat ", ";", "ä", "\0", "*+?(")
TOKENS = st.lists(st.sampled_from(APACHE_WORDS + NGINX_WORDS + OTHER_WORDS), max_size=12)


@pytest.mark.histories
@given(tokens=TOKENS, edits=st.lists(st.tuples(st.integers(0, 500), st.binary(max_size=4))))
@settings(max_examples=600, deadline=None)
def test_any_format_and_any_lines(
    tmp_path_factory: pytest.TempPathFactory,
    tokens: list[str],
    edits: list[tuple[int, bytes]],
) -> None:
    text = bytearray(b"".join(lines_of("nginx_combined.log.gz")[:4]))
    for place, piece in edits:
        text[place : place + len(piece)] = piece
    file = tmp_path_factory.getbasetemp() / "any_format.log"
    file.write_bytes(text)
    fields = Fields(log_format="".join(tokens) or "x")
    check_read(lambda: read_access_log(file, ReadLimits(max_damaged=2), fields), file)


def test_long_lines_that_do_not_match_take_no_longer_than_their_length(path: Path) -> None:
    """A megabyte of what may begin anything, through fields that each could take all of it."""
    fields = Fields(log_format='%t "%{a}i" "%{b}i" "%{c}i" %h - %u - %D')
    for filler in (b'" "', b" - ", b'\\"', b"x"):
        text = b'[25/Jun/2026:08:55:50 +0000] "' + filler * (900_000 // len(filler)) + b"\n"
        said = refused(lambda p: read_access_log(p, fields=fields), path, text)
        assert said.startswith("1:")
