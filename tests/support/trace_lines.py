"""Files of separated and logged lines: most good, some odd, some damaged."""

from __future__ import annotations

import re

from hypothesis import strategies as st

from workloads.traces.reading.fields import NOTHING_SAID, Fields

TIMES = st.one_of(
    st.integers(0, 10**6).map(str),
    st.decimals(0, 10**10, places=3).map(str),
    st.decimals(0, 10, places=12).map(str),
    st.sampled_from(
        ["", "1.", ".5", "-1", "1e3", "9223372036.854775807", "9223372037", "1" * 19, "1" * 20]
    ),
)
DATES = st.sampled_from(
    [
        "2026-11-23T07:25:04Z",
        "2026-11-23T07:25:04.123456789123Z",
        "2026-11-23T07:25:04,5+01:00",
        "2026-11-23 07:25:04.25 -0130",
        "2026-11-23 07:25:05",
        "23/Nov/2026:07:25:05 +0000",
        "2026-11-23T07:25:60Z",
        "2026-02-30T07:25:04Z",
        "2026-11-23T07:25:04.Z",
        "2262-04-11T23:47:16.9Z",
        "1795418704.5",
        "yesterday",
    ]
)
KEYS = st.sampled_from(["k", "key:1", "key:2", "a b", " padded ", "", 'q"', '"q"', "x" * 70, "é"])
OPS = st.sampled_from(["get", "SET", "write", "", "further", "del", "r", "1", "nonsense"])
SIZES = st.sampled_from(["", "0", "7", "123456789", "536870912", "536870913", "-1", "1.5", " 12"])
CLIENTS = st.sampled_from(["", "a", "10.0.0.1:5", "b"])
REPEATS = st.sampled_from(["1", "1", "1", "", "3", "0", "x"])
CSV_COLUMNS = {
    "time_s": TIMES,
    "time_us": TIMES,
    "time": DATES,
    "key": KEYS,
    "op": OPS,
    "value_bytes": SIZES,
    "key_bytes": SIZES,
    "request_bytes": SIZES,
    "connection": CLIENTS,
    "op_count": REPEATS,
    "other": KEYS,
}


GOOD_CELLS = {
    "op": "set",
    "time": "2026-11-23T07:25:04.5Z",
    "connection": "c",
    "op_count": "1",
    "path": "/a?b",
    "request": "GET /a HTTP/1.1",
}
"""Those of other columns are the number of their row."""


@st.composite
def csv_files(draw: st.DrawFn) -> tuple[list[bytes], Fields]:
    times = draw(st.sampled_from(["time_s", "time_us", "time", ""]))
    others = [name for name in CSV_COLUMNS if not name.startswith("time")]
    chosen = draw(st.lists(st.sampled_from(others), min_size=1, max_size=6, unique=True))
    names = [*([times] if times else []), *chosen]
    if "key" not in names:
        names.append("key")
    separator = draw(st.sampled_from([",", ",", ", ", "\t", ";", "|", " "]))
    fields = Fields() if times else Fields(rate=draw(st.sampled_from([1.0, 3.0, 7e9])))
    return table(draw, CSV_COLUMNS, names, separator), fields


def table(
    draw: st.DrawFn, columns: dict[str, st.SearchStrategy[str]], names: list[str], separator: str
) -> list[bytes]:
    """A header, and rows that are good but for two cells at most."""
    rows = []
    for number in range(draw(st.integers(1, 30))):
        row = [GOOD_CELLS.get(name, str(number)) for name in names]
        for changed in draw(st.lists(st.integers(0, len(names) - 1), max_size=2)):
            row[changed] = draw(columns[names[changed]])
        rows.append(row)
    return [separator.join(row).encode() for row in (names, *rows)]


ACCESS_COLUMNS = {
    "time_ns": st.sampled_from(["0", "5", "1000000000", "9" * 19, "x", "-", ""]),
    "time_s": TIMES,
    "time": DATES,
    "status": st.sampled_from(["200", "404", "", "-", "1000", "x"]),
    "path": st.sampled_from(["/", "/a?b", "-", "", "?x", "a b", "/é", "/" + "x" * 70]),
    "request": st.sampled_from(["GET /a HTTP/1.1", "GET /a?b", "-", "", "get /a", "GET  /"]),
    "response_bytes": st.sampled_from(["17", "", "-", "9" * 18, "9" * 19, "x"]),
    "service_ms": st.sampled_from(["1", "0.5", "", "-", "0.1, 2", "99999999999", "x"]),
    "other": KEYS,
}
PROGRESS_COLUMNS = {
    "time_s": TIMES,
    "unix_time": st.one_of(TIMES, DATES),
    "execs_per_sec": st.sampled_from(
        ["0", "1.5", "", "inf", "nan", "1e3", "123456789.123456789", "9" * 17, "0." + "3" * 16, "x"]
    ),
    "total_execs": st.sampled_from(["0", "7", "", "9" * 18, "9" * 19, "x"]),
    "other": KEYS,
}


@st.composite
def access_csv_files(draw: st.DrawFn) -> tuple[list[bytes], Fields]:
    time = draw(st.sampled_from(["time_ns", "time_s", "time", "time", ""]))
    others = [name for name in ACCESS_COLUMNS if not name.startswith("time") and name != "status"]
    chosen = draw(st.lists(st.sampled_from(others), max_size=5, unique=True))
    names = [*([time] if time else []), "status", *chosen]
    separator = draw(st.sampled_from([",", ", ", "\t", ";"]))
    fields = Fields() if time else Fields(rate=3.0)
    return table(draw, ACCESS_COLUMNS, names, separator), fields


@st.composite
def execution_csv_files(draw: st.DrawFn) -> tuple[list[bytes], Fields]:
    time = draw(st.sampled_from(["time_s", "unix_time"]))
    others = ["execs_per_sec", "total_execs", "other"]
    names = [time, *draw(st.lists(st.sampled_from(others), min_size=1, unique=True))]
    return table(draw, PROGRESS_COLUMNS, names, draw(st.sampled_from([",", "; "]))), Fields()


@st.composite
def plot_data_files(draw: st.DrawFn) -> tuple[list[bytes], Fields]:
    time = draw(st.sampled_from(["unix_time", "relative_time"]))
    others = ["total_execs", "other", "another"]
    names = [time, "execs_per_sec", *draw(st.lists(st.sampled_from(others), unique=True))]
    names = draw(st.permutations(names)) if draw(st.booleans()) else names
    cells = {**PROGRESS_COLUMNS, "relative_time": TIMES, "another": KEYS}
    header, *rows = table(draw, cells, names, ", ")
    for place in draw(st.lists(st.integers(0, len(rows)), max_size=3)):
        more = draw(st.sampled_from([b"# " + header, b"#1, 2, 3", b"# another, header"]))
        rows.insert(place, more)
    more_cells = draw(st.sampled_from([b"", b", 7"]))
    return [b"# " + header, *(row + more_cells for row in rows)], Fields()


TWITTER = st.tuples(
    st.sampled_from(["1", "1", "2", "7", "99999999999", ""]),
    st.sampled_from(["k", "a,b", "k" * 70, 'q"', "", "é", "a b"]),
    st.sampled_from(["3", "0", "536870912", "536870913", "1234567890"]),
    st.sampled_from(["3", "0", "536870912", "536870913", "x"]),
    st.sampled_from(["1", "2", "9" * 19, "9" * 20, "a"]),
    st.sampled_from(["get", "set", "incr", "gets", "GET", "nope"]),
    st.sampled_from(["0", "600", "9" * 18, "9" * 19, "-1"]),
).map(lambda cells: ",".join(cells).encode())
GOOD_TWITTER = st.tuples(
    st.sampled_from([b"k", b"a,b", b"x"]), st.sampled_from([b"get", b"set"])
).map(lambda one: b"7," + one[0] + b",1,20,3," + one[1] + b",0")

SECONDS = st.sampled_from(
    ["23/Nov/2026:07:25:04 +0000", "23/Nov/2026:07:25:05 +0000", "23/Nov/2026:07:25:04 -0130",
     "31/Feb/2026:07:25:04 +0000", "23/Nov/2026:07:25:04 Z", "23/Nov/2026:25:25:04 +0000"]
)  # fmt: skip
REQUESTS = st.sampled_from(
    ["GET / HTTP/1.1", "GET /a?b=c HTTP/1.1", "POST /a#b HTTP/1.0", "GET /nothing-behind", "-", "",
     "get /lower HTTP/1.1", "GET  /two HTTP/1.1", "GET", r"GET /\"q\" HTTP/1.1", "GET /[x] y",
     "OPTIONS * HTTP/1.0", "GET ? HTTP/1.1", "GET /é HTTP/1.1", "GET /" + "x" * 70 + " HTTP/1.1"]
)  # fmt: skip
STATUS = st.sampled_from(["200", "404", "-", "20", "2000", "2x0"])
BYTES = st.sampled_from(["0", "17", "-", "123456789012", "9" * 19, "1k"])
RESTS = st.lists(
    st.sampled_from(
        ['"-"', '"curl/7 (x; y)"', "289", "0.004", "-", "rt=0.5", '"0.25"', '"-"', '""', "x",
         'a"b', '"open', "99999999999", "0.1, 0.2", "", '"a"b', '"12', "12.", '"1.5'
         ]
    ),
    max_size=4,
).map(lambda fields: "".join(f" {field}" for field in fields))  # fmt: skip
SENDERS = st.sampled_from(
    ["127.0.0.1 - -", "h - a b", "::1 - -", "vhost:80 1.2.3.4 - -", '"q - -', "", 'a "b" -', "[x"]
)
ACCESS = st.tuples(SENDERS, SECONDS, REQUESTS, STATUS, BYTES, RESTS).map(
    lambda p: f'{p[0]} [{p[1]}] "{p[2]}" {p[3]} {p[4]}{p[5]}'.encode()
)
GOOD_ACCESS = st.tuples(
    st.sampled_from(["/a", "/b?c", "/"]), st.sampled_from(["17", "0.25", '"3"', "-"])
).map(
    lambda p: (
        f'::1 - - [23/Nov/2026:07:25:04 +0000] "GET {p[0]} HTTP/1.1" 200 7 "-" "c u" {p[1]}'
    ).encode()
)
ACCESS_FIELDS = st.sampled_from(
    [
        NOTHING_SAID,
        Fields(unit="us"),
        Fields(unit="s"),
        Fields(names=("a", "b", "service_ms")),
        Fields(names=("service_s",)),
        Fields(names=("a", "service_ns")),
    ]
)
OWN_FORMATS = st.sampled_from(
    [
        '%h %l %u %t "%r" %>s %b "%{Referer}i" "%{User-Agent}i" %D',
        '$remote_addr - $remote_user [$time_local] "$request" $status $bytes_sent "$http_referer" '
        'rt=$request_time uct="$upstream_connect_time" urt="$upstream_response_time"',
        "$msec $status $request_uri $request_time $upstream_response_time $pipe",
        '[%{%Y-%m-%d %H:%M:%S}t.%{msec_frac}t] %a "%r" %s %O %{ms}T',
        "$time_iso8601|$status|$uri$is_args$args|$bytes_sent",
        "%{sec}t %U %>s %b",
        "%h [%{%d.%m.%Y %H:%M:%S %z}t] %r %s",
        '%t\t"%r"  %>s - %D',
    ]
)
USUAL_TIME = st.sampled_from(
    ["23/Nov/2026:07:25:04 +0000"] * 4
    + ["23/Nov/2026:07:25:05 +0000", "31/Feb/2026:07:25:04 +0000", "23/Nov/2026:07:25:04 Z"]
)
TEXTS = st.sampled_from(["-", "x", "x y", "", "a,b", "[z", "127.0.0.1", "a : b", r"q\"", "é"])
SERVED = st.sampled_from(["0.004", "12", "-", "", "0.1, 0.2", "1 : 2", "x", "99999999999", "7."])
PATHS = st.sampled_from(["/", "/a", "/b?c=d", "-", "/a-", "", "/#x", "?x", "/a b"])
VALUES = {
    "%t": USUAL_TIME.map(lambda time: f"[{time}]"),
    "$time_local": USUAL_TIME,
    "$time_iso8601": st.sampled_from(
        ["2026-11-23T07:25:04+00:00"] * 4 + ["2026-11-23T07:25:05-01:30", "2026-11-23T07:25:04Z"]
    ),
    "%{%Y-%m-%d %H:%M:%S}t": st.sampled_from(["2026-11-23 07:25:04", "2026-13-23 07:25:04"]),
    "%{msec_frac}t": st.sampled_from(["123", "999", "1x2"]),
    "%{sec}t": st.sampled_from(["1795418704", "1795418704.5", "9" * 19, "x"]),
    "$msec": st.sampled_from(["1795418704.123", "1795418704", "1795418705.5", "9" * 19, "x", ""]),
    **dict.fromkeys(("%r", "$request"), REQUESTS),
    **dict.fromkeys(("%>s", "%s", "$status"), STATUS),
    **dict.fromkeys(("%b", "%O", "$bytes_sent"), BYTES),
    **dict.fromkeys(
        ("%D", "%{ms}T", "$request_time", "$upstream_response_time", "$upstream_connect_time"),
        SERVED,
    ),
    **dict.fromkeys(("%U", "$request_uri", "$uri"), PATHS),
    "$args": st.sampled_from(["-", "", "a=b"]),
    "$is_args": st.sampled_from(["", "?"]),
}
GOOD = {
    "%t": "[23/Nov/2026:07:25:04 +0000]",
    "$time_local": "23/Nov/2026:07:25:04 +0000",
    "$time_iso8601": "2026-11-23T07:25:04+00:00",
    "%{%Y-%m-%d %H:%M:%S}t": "2026-11-23 07:25:04",
    "%{msec_frac}t": "123",
    "%{sec}t": "1795418704",
    "$msec": "1795418704.123",
    **dict.fromkeys(("%r", "$request"), "GET /good?x HTTP/1.1"),
    **dict.fromkeys(("%>s", "%s", "$status"), "200"),
    **dict.fromkeys(("%b", "%O", "$bytes_sent"), "1234"),
    **dict.fromkeys(("%D", "%{ms}T", "$request_time", "$upstream_response_time"), "17"),
    "$upstream_connect_time": "0.004",
    **dict.fromkeys(("%U", "$request_uri", "$uri"), "/path"),
    "$args": "a=b",
    "$is_args": "?",
}
DIRECTIVE = re.compile(r"%[>]?(?:\{[^}]*\})?[a-zA-Z]|\$[a-z0-9_]+")


@st.composite
def own_files(draw: st.DrawFn) -> tuple[list[bytes], Fields]:
    form = draw(OWN_FORMATS)
    names = DIRECTIVE.findall(form)
    lines = []
    for _ in range(draw(st.integers(1, 30))):
        values = [GOOD.get(name, "x") for name in names]
        for changed in draw(st.lists(st.integers(0, len(names) - 1), max_size=2)):
            values[changed] = draw(VALUES.get(names[changed], TEXTS))
        following = iter(values)
        lines.append(DIRECTIVE.sub(lambda _: next(following), form).encode())  # noqa: B023
    places = draw(
        st.sampled_from(
            [(), (("service_ms", "$pipe"),), (("bytes", "$pipe"),), (("status", "%u"),)]
        )
    )
    named = all(str(where) in form for _, where in places)
    return lines, Fields(log_format=form, places=places if named else ())


FILES = st.one_of(
    own_files().map(lambda one: ("access_log", *one)),
    csv_files().map(lambda one: ("csv", *one)),
    access_csv_files().map(lambda one: ("access_csv", *one)),
    execution_csv_files().map(lambda one: ("execution_csv", *one)),
    plot_data_files().map(lambda one: ("afl_plot_data", *one)),
    st.lists(st.one_of(GOOD_TWITTER, GOOD_TWITTER, TWITTER), min_size=1, max_size=30).map(
        lambda lines: ("twitter_cache", lines, NOTHING_SAID)
    ),
    st.tuples(
        st.lists(st.one_of(GOOD_ACCESS, GOOD_ACCESS, ACCESS), min_size=1, max_size=30),
        ACCESS_FIELDS,
    ).map(lambda one: ("access_log", *one)),
)
ENDS = st.sampled_from([b"\n", b"\n", b"\n", b"\n", b"\r\n", b" \n", b"\t\n", b"\r\r\n", b"\n\n"])
EDIT_BYTES = st.sampled_from(
    [b"", b'"', b"\\", b"\r", b" ", b"\t", b"\x00", b"[", b",", b".", b"0"]
)
EDITS = st.lists(st.tuples(st.integers(0, 10**6), EDIT_BYTES, st.integers(0, 2)), max_size=3)
