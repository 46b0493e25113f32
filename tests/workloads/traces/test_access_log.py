"""Access logs of Apache and NGINX: goldens of the samples, and one rule a test."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from refusals import refused
from samples import lines_of

from workloads.traces.formats.access_log import looks_like_access_log, read_access_log
from workloads.traces.kinds.access_trace import AccessTrace
from workloads.traces.reading.accounting import Accounting
from workloads.traces.reading.columns import MISSING
from workloads.traces.reading.fields import NOTHING_SAID, Fields, Unit
from workloads.traces.reading.text import ReadLimits
from workloads.traces.registry import BUNDLED

COMMON = b'10.0.0.1 - - [01/Jan/1970:00:00:07 +0000] "GET /a HTTP/1.1" 200 14'


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "access.log"


def read(path: Path, *lines: bytes, fields: Fields = NOTHING_SAID) -> AccessTrace:
    path.write_bytes(b"".join(line + b"\n" for line in lines))
    return read_access_log(path, fields=fields)


def last(unit: Unit) -> Fields:
    return Fields(unit=unit)


def statuses(trace: AccessTrace) -> dict[int, int]:
    values, counts = np.unique(trace.status, return_counts=True)
    return dict(zip(values.tolist(), counts.tolist(), strict=True))


def test_apache_combined_with_service_times() -> None:
    """Counted by awk, and row by row the same as apachelogs 0.6.1 makes of it."""
    trace = read_access_log(BUNDLED / "apache_combined_D.log.gz", fields=last("us"))
    assert trace.accounting == Accounting(200, 200, {})
    assert statuses(trace) == {200: 180, 400: 1, 404: 19}
    assert int(trace.response_bytes.sum()) == 748_734
    assert int((trace.response_bytes == 0).sum()) == 27
    assert int(trace.service_ns.sum()) == 71_606_000
    assert trace.start_unix_ns == 1_795_418_704 * 10**9
    assert np.bincount(trace.time_ns // 10**9).tolist() == [31, 41, 43, 49, 36]
    assert trace.resources == 22
    assert int((trace.resource_id == MISSING).sum()) == 1
    check_columns(trace)


def test_nginx_combined_with_request_times() -> None:
    trace = read_access_log(BUNDLED / "nginx_combined.log.gz", fields=last("s"))
    assert trace.accounting == Accounting(200, 200, {})
    assert statuses(trace) == {200: 175, 400: 1, 404: 22, 505: 2}
    assert int(trace.response_bytes.sum()) == 674_419
    assert not trace.service_ns.any()
    assert trace.resources == 20
    check_columns(trace)


def test_apache_common() -> None:
    trace = read_access_log(BUNDLED / "apache_common.log.gz")
    assert trace.accounting == Accounting(50, 50, {})
    assert statuses(trace) == {200: 44, 404: 6}
    assert int(trace.response_bytes.sum()) == 188_111
    assert (trace.service_ns == MISSING).all()
    check_columns(trace)


def check_columns(trace: AccessTrace) -> None:
    assert trace.time_ns[0] == 0
    for times in (trace.time_ns, trace.arrival_ns()):
        assert (np.diff(times) >= 0).all()
    assert (trace.time_ns % 10**9 == 0).all()
    assert (trace.arrival_ns() // 10**9 == trace.time_ns // 10**9).all()
    assert len(np.unique(trace.arrival_ns())) == len(trace)
    named = trace.resource_id[trace.resource_id != MISSING]
    assert np.array_equal(np.unique(named), np.arange(trace.resources))
    with pytest.raises(ValueError, match="read-only"):
        trace.time_ns[0] = 1


def test_common_and_combined_lines_of_one_request_agree() -> None:
    for combined, common in zip(
        lines_of("apache_combined_D.log.gz"), lines_of("apache_common.log.gz"), strict=False
    ):
        assert combined.startswith(common.rstrip())


@pytest.mark.parametrize(
    ("line", "unit", "service_ns"),
    [
        (COMMON + b" 1234", "us", 1_234_000),
        (COMMON + b" 1234", "ms", 1_234_000_000),
        (COMMON + b" 2", "s", 2 * 10**9),
        (COMMON + b" 0.123", "s", 123_000_000),
        (COMMON + b" 12.000000001", "s", 12_000_000_001),
        (COMMON + b' "-" "curl" 5', "us", 5_000),
        (COMMON + b' "-" "curl" "0.210"', "s", 210_000_000),
        (COMMON + b' "-" "curl" "0.210, 0.030"', "s", 240_000_000),
        (COMMON + b' "-" "curl" rt=0.210', "s", 210_000_000),
        (COMMON + b' "-" "curl" urt="0.210"', "s", 210_000_000),
        (COMMON + b' "-" "curl" -', "s", MISSING),
        (COMMON + b' "-" "curl" "-"', "s", MISSING),
        (COMMON + b' "say \\"hi\\" 7" "a\\\\" 9\r', "us", 9_000),
        (COMMON.replace(b"- -", b"ident Frank Miller") + b" 3", "us", 3_000),
        (COMMON.replace(b"10.0.0.1", b"2001:db8::1") + b" 3", "us", 3_000),
        (b"example.org:80 " + COMMON + b' "-" "curl" x y 3', "us", 3_000),
    ],
)
def test_shapes_of_lines(path: Path, line: bytes, unit: Unit, service_ns: int) -> None:
    for fields, expected in ((last(unit), service_ns), (NOTHING_SAID, MISSING)):
        trace = read(path, line, fields=fields)
        assert trace.service_ns.tolist() == [expected]
        assert (trace.status[0], trace.response_bytes[0], trace.resources) == (200, 14, 1)
    assert looks_like_access_log(line)


@pytest.mark.parametrize(
    ("names", "unit", "service_ns"),
    [
        (("service_ms",), None, 5_000_000),
        (("pid", "service_us"), None, 7_000),
        (("service", "pid", "bytes"), "s", 5 * 10**9),
        (("%D", "%P"), None, 5_000),
        (("%D", "%P"), "ms", 5_000_000),  # Tomcat's
        (("%P", "%T"), None, 7 * 10**9),
        (("%{ms}T",), None, 5_000_000),
        (("upstream", "$request_time"), None, 7 * 10**9),
        (("pid", "bytes"), None, MISSING),
    ],
)
def test_the_user_says_which_field_is_the_time(
    path: Path, names: tuple[str, ...], unit: Unit | None, service_ns: int
) -> None:
    trace = read(path, COMMON + b" 5 7 9", fields=Fields(names, unit))
    assert trace.service_ns.tolist() == [service_ns]
    assert bool(trace.notes) == (service_ns == MISSING)


@pytest.mark.parametrize(
    ("rest", "note"),
    [
        (b"", "no service times: there is no number behind the size"),
        (b' "-" "curl/7"', "no service times: there is no number behind the size"),
        (b' "-" "curl/7" "0.210" 35', "whether 0.210, 35 behind the first size is one (columns)"),
    ],
)
def test_that_no_service_times_are_read_is_said(path: Path, rest: bytes, note: str) -> None:
    (said,) = read(path, COMMON + rest).notes
    assert note in said
    assert read(path, COMMON + rest + b" 1", fields=last("s")).notes == ()


@pytest.mark.parametrize(
    ("rest", "fields", "message"),
    [
        (b" 1656556208.724", last("s"), "1:68: service time too long: expected a time below 30"),
        (b" 2592000.000000001", last("s"), "1:68: service time too long:"),
        (b' "ua" x', last("s"), "1:73: bad service time:"),
        (b' "ua" "0.1, x"', last("s"), "1:73: bad service time:"),
        (b"", last("s"), "1:67: no service time: expected 1 fields at least"),
        (b" 5", Fields(("pid", "service_us")), "1:69: no service time: expected 2 fields"),
        (b" 5", Fields(("service",)), "1:1: a service time that is not clear:"),
        (b" 5", Fields(("pid",), "us"), "1:1: a service time that is not clear:"),
        (b" 5", Fields(("service_us",), "ms"), "1:1: unit ms beside service_us: expected one"),
        (b" 5 6", Fields(("%D", "%T")), "1:1: several columns are service times:"),
    ],
)
def test_a_time_that_is_none_is_refused(
    path: Path, rest: bytes, fields: Fields, message: str
) -> None:
    def with_fields(path: Path) -> AccessTrace:
        return read_access_log(path, fields=fields)

    assert refused(with_fields, path, COMMON + rest + b"\n").startswith(message)


def test_what_a_line_does_not_say(path: Path) -> None:
    trace = read(
        path,
        b'h - - [01/Jan/1970:00:00:07 +0000] "-" 408 -',
        b'h - - [01/Jan/1970:00:00:07 +0000] "\\x16\\x03 \\"" - 0',
        b'h - - [01/Jan/1970:00:00:07 +0000] "" 000 0',
    )
    assert trace.status.tolist() == [408, MISSING, 0]
    assert trace.response_bytes.tolist() == [0, 0, 0]
    assert trace.resource_id.tolist() == [MISSING] * 3
    assert trace.facts()["resources"] == 0


def test_a_path_is_one_resource_whatever_its_query(path: Path) -> None:
    targets = (b"/a", b"/a?x=1", b"/b", b"/a#top", b"http://h/a")
    trace = read(path, *(COMMON.replace(b"/a", target) for target in targets))
    assert trace.resource_id.tolist() == [0, 0, 1, 0, 2]


def test_rows_are_in_order_of_time_and_equal_times_in_order_of_lines(path: Path) -> None:
    seconds = (7, 9, 7, 8, 9)
    lines = [
        COMMON.replace(b":07", b":%02d" % second) + b" %d" % number
        for number, second in enumerate(seconds)
    ]
    trace = read(path, *lines, fields=last("us"))
    assert trace.time_ns.tolist() == [0, 0, 10**9, 2 * 10**9, 2 * 10**9]
    assert trace.service_ns.tolist() == [0, 2000, 3000, 1000, 4000]
    assert trace.out_of_order == 2
    assert trace.start_unix_ns == 7 * 10**9
    half = 10**9 // 2
    assert trace.arrival_ns().tolist() == [0, half, 10**9, 2 * 10**9, 2 * 10**9 + half]


@given(
    st.datetimes(datetime(1970, 1, 2), datetime(2200, 1, 1)),
    st.integers(-14 * 60, 14 * 60),
)
@settings(deadline=None)
def test_times_in_any_zone_are_what_the_standard_library_says(
    tmp_path_factory: pytest.TempPathFactory, moment: datetime, offset_minutes: int
) -> None:
    local = moment.replace(microsecond=0, tzinfo=timezone(timedelta(minutes=offset_minutes)))
    path = tmp_path_factory.getbasetemp() / "zone.log"
    text = local.strftime("%d/%b/%Y:%H:%M:%S %z").encode()
    trace = read(path, COMMON.replace(b"01/Jan/1970:00:00:07 +0000", text))
    assert trace.start_unix_ns == int(local.astimezone(UTC).timestamp()) * 10**9


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (b"10.0.0.1 - - [", b"[", "1:1: bad sender:"),
        (b"[01/Jan", b"(01/Jan", "1:1: bad sender:"),
        (b"01/Jan/1970", b"1/Jan/1970", "1:14: bad time:"),
        (b"01/Jan/1970", b"31/Feb/1970", "1:15: bad date:"),
        (b"01/Jan/1970", b"01/Jul/0000", "1:15: bad date:"),
        (b"01/Jan/1970", b"01/Jux/1970", "1:15: bad date:"),
        (b"00:00:07", b"24:00:07", "1:15: bad time:"),
        (b"+0000", b"+0001", "1:15: time lies before 1970:"),
        (b"+0000]", b"]", "1:14: bad time:"),
        (b'"GET', b"GET", "1:43: bad request:"),
        (b'1.1"', b'1.1\\"', "1:43: bad request:"),
        (b"200", b"2000", "1:61: bad status or size:"),
        (b" 14", b" x", "1:61: bad status or size:"),
        (b" 14", b" 14x", "1:61: bad status or size:"),
        (b" 14", b' 14 "a', "1:67: bad end:"),
        (b" 14", b' 14 "a"b', "1:71: bad end:"),
    ],
)
def test_a_bad_line_is_refused_where_it_goes_wrong(
    path: Path, old: bytes, new: bytes, message: str
) -> None:
    assert refused(read_access_log, path, COMMON.replace(old, new) + b"\n").startswith(message)


def test_a_line_cut_by_a_crash_can_be_skipped(path: Path) -> None:
    path.write_bytes(COMMON + b"\n\n" + COMMON[:50] + b"\n" + COMMON + b"\n")
    trace = read_access_log(path, ReadLimits(max_damaged=1))
    assert trace.accounting == Accounting(4, 2, {"blank": 1, "damaged: bad request": 1})
    assert len(trace) == 2
