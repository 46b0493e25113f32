r"""Reader of access logs of Apache and NGINX: when requests came, what they got, how long it took.

    127.0.0.1 - - [23/Nov/2026:07:25:04 +0000] "GET / HTTP/1.1" 200 14 "-" "curl/7.88.1" 289

The Common format ends with the bytes; the Combined format adds two quoted headers. Any number of
further quoted headers (NGINX's `main` has three) and a virtual host in front (Debian's
`vhost_combined`) are accepted. A last number says how long the request took: whole microseconds as
Apache's `%D` writes them, seconds with a point as NGINX's `$request_time` does. Both servers escape
quotes and control characters (`\"`, `\\`, `\n`, `\xHH`).

Apache logs when it received the request, NGINX when it had answered, both in whole seconds; both
write the line at the end, so that the lines of Apache are not quite in order of time. Rows are.

Sources: Apache's mod_log_config (2.4), NGINX's ngx_http_log_module. The library apachelogs (0.6.1)
parses any LogFormat, but a tenth as many lines a second as this reader.
"""

from __future__ import annotations

import re
from array import array
from datetime import date
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from workloads.traces.kinds.access_trace import TICK_NS, AccessTrace
from workloads.traces.reading.accounting import BLANK, LineError, account
from workloads.traces.reading.columns import MISSING, Ids, frozen
from workloads.traces.reading.text import DEFAULT_LIMITS, ReadLimits, TracePath

_Integer = TypeVar("_Integer", np.int64, np.int32, np.int16)
_MONTHS = tuple(b"Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split())
# A quoted text: what is escaped may be a quote. Possessive, so that no line is scanned twice.
_QUOTED = rb'"(?:[^"\\]++|\\.)*+"'
_TIME = rb"\[([0-9]{2}/[A-Z][a-z]{2}/[0-9]{4}(?::[0-9]{2}){3} [+-][0-9]{4})\]"
_SENDER = rb"[^\s\[\"][^\[\r\n]* "
_STATUS = rb"([0-9]{3}|-) ([0-9]{1,18}|-)"
_REST = rb"(?: " + _QUOTED + rb")*+(?: ([0-9]{1,15})(?:\.([0-9]{1,9}))?)?"
_LINE = re.compile(_SENDER + _TIME + rb" (" + _QUOTED + rb") " + _STATUS + _REST + rb"[\r\n]*")
_FIRST_LINE = re.compile(rb"\s*" + _SENDER + _TIME + rb' "')
# What a line consists of, for the message about one that does not: pattern, name, what is expected.
_PARTS = tuple(
    (re.compile(pattern), what, expected)
    for pattern, what, expected in (
        (_SENDER + rb"(?=\[)", "sender", "host, identity and user, then '['"),
        (_TIME + rb" ", "time", "[day/Mon/year:hh:mm:ss +hhmm], then a space"),
        (_QUOTED + rb" ", "request", "a quoted request line, then a space"),
        (_STATUS + rb"(?=[ \r\n]|$)", "status or size", "three digits and a number (or '-')"),
        (_REST, "end", ""),
    )
)
_TARGET = re.compile(rb"[A-Z]+ ([^ ?#]+)")


def looks_like_access_log(first_bytes: bytes) -> bool:
    """Whether a text that begins so may be an access log."""
    return _FIRST_LINE.match(first_bytes) is not None


def read_access_log(path: TracePath, limits: ReadLimits = DEFAULT_LIMITS) -> AccessTrace:
    """Read an access log, plain or compressed, in one pass.

    Raises:
        TraceError: As `account` does; a line is damaged that is not of the module's format.
    """
    rows = _AccessColumns()
    accounting = account(path, limits, "request", rows.take)
    unix_s = frozen(rows.unix_s, np.int64)
    order = np.argsort(unix_s, kind="stable")
    start_s = int(unix_s[order[0]])
    return AccessTrace(
        time_ns=_read_only((unix_s[order] - start_s) * TICK_NS),
        status=_read_only(frozen(rows.status, np.int16)[order]),
        response_bytes=_read_only(frozen(rows.response_bytes, np.int64)[order]),
        service_ns=_read_only(frozen(rows.service_ns, np.int64)[order]),
        resource_id=_read_only(frozen(rows.resource_id, np.int32)[order]),
        resources=len(rows.resources),
        start_unix_ns=start_s * 10**9,
        out_of_order=int((unix_s < np.maximum.accumulate(unix_s)).sum()),
        accounting=accounting,
    )


def _read_only(column: NDArray[_Integer]) -> NDArray[_Integer]:
    column.flags.writeable = False
    return column


class _AccessColumns:
    """The growing columns, in order of lines."""

    def __init__(self) -> None:
        self.unix_s = array("q")
        self.status = array("h")
        self.response_bytes = array("q")
        self.service_ns = array("q")
        self.resource_id = array("i")
        self.resources = Ids()
        self._second = b""
        self._unix_s = 0

    def take(self, line: bytes) -> str | None:
        match = _LINE.fullmatch(line)
        if match is None:
            if not line.strip():
                return BLANK
            raise _describe(line)
        second, request, status, size, whole, fraction = match.groups()
        if second != self._second:
            # Lines of one second stand together.
            self._unix_s = _unix_s(second, match.start(1) + 1)
            self._second = second
        self.unix_s.append(self._unix_s)
        self.status.append(MISSING if status == b"-" else int(status))
        self.response_bytes.append(0 if size == b"-" else int(size))
        self.service_ns.append(_service_ns(whole, fraction))
        target = _TARGET.match(request, 1)
        self.resource_id.append(self.resources.of(target[1]) if target else MISSING)
        return None


def _service_ns(whole: bytes | None, fraction: bytes | None) -> int:
    if whole is None:
        return MISSING
    if fraction is None:
        return int(whole) * 1000
    # Fewer than 2^63 ns: a longer fraction comes with seconds that are cut at 9 digits.
    return int(whole[:9]) * 10**9 + int(fraction.ljust(9, b"0"))


def _unix_s(text: bytes, column: int) -> int:
    """Unix time, in seconds, of `23/Nov/2026:07:25:04 +0000`."""
    day, month, year = text[:2], text[3:6], text[7:11]
    hour, minute, second, zone = (int(text[i : i + 2]) for i in (12, 15, 18, 22))
    if hour > 23 or minute > 59 or second > 60:
        raise LineError(column, "bad time", "hours, minutes and seconds of a day")
    try:
        days = date(int(year), _MONTHS.index(month) + 1, int(day)) - date(1970, 1, 1)
    except ValueError:
        raise LineError(column, "bad date", "a day that exists, as 23/Nov/2026") from None
    offset_s = zone * 3600 + int(text[24:26]) * 60
    local_s = days.days * 86400 + hour * 3600 + minute * 60 + second
    unix_s = local_s + (offset_s if text[21:22] == b"-" else -offset_s)
    if unix_s < 0:
        raise LineError(column, "time lies before 1970", "a later time")
    return unix_s


def _describe(line: bytes) -> LineError:
    """The error for a line that is no request: the first part that is not as it should be."""
    position = 0
    for pattern, what, expected in _PARTS:
        match = pattern.match(line, position)
        if match is None:
            return LineError(position + 1, f"bad {what}", expected)
        position = match.end()
    return LineError(position + 1, "bad end", "quoted headers, then a time or the line's end")
