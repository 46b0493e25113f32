r"""Reader of access logs of Apache and NGINX: when requests came, what they got, how long it took.

    127.0.0.1 - - [23/Nov/2026:07:25:04 +0000] "GET / HTTP/1.1" 200 14 "-" "curl/7.88.1" 289

The Common format ends with the bytes; the Combined format adds two quoted headers. Any further
fields, quoted or not, and a virtual host in front (Debian's `vhost_combined`) are accepted. Both
servers escape quotes and control characters (`\"`, `\\`, `\n`, `\xHH`).

What a number behind the bytes is, a line does not say: Apache's `%D` are microseconds, its `%T`
seconds, `%P` a process, `%I` bytes; NGINX writes `$request_time` in seconds, and `$msec` so, too.
So a request's time is read only where it is said which field it is and in which unit: by the names
of the fields behind the bytes, of which one is `service_us` (or `_ns`, `_ms`, `_s`; or the server's
own `%D`, `%T`, `%{us}T`, `$request_time`), or by a unit alone, for the last field of a line. It may
be quoted, or follow a word and `=`; `-` is none.

Apache logs when it received the request, NGINX when it had answered, both in whole seconds; both
write the line at the end, so that the lines of Apache are not quite in order of time. Rows are.

Sources: Apache's mod_log_config (2.4), NGINX's ngx_http_log_module. The library apachelogs (0.6.1)
parses any LogFormat, but a tenth as many lines a second as this reader.
"""

from __future__ import annotations

import re
from array import array
from datetime import date
from typing import NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from workloads.traces.kinds.access_trace import LONGEST_NS, TICK_NS, AccessTrace
from workloads.traces.reading.accounting import BLANK, LineError, account
from workloads.traces.reading.cells import decimal
from workloads.traces.reading.columns import MISSING, Ids, frozen
from workloads.traces.reading.fields import NOTHING_SAID, PLACES, Fields, Unit
from workloads.traces.reading.text import DEFAULT_LIMITS, ReadLimits, TracePath, trace_error

_Integer = TypeVar("_Integer", np.int64, np.int32, np.int16)
_MONTHS = tuple(b"Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split())
# A quoted text: what is escaped may be a quote. Possessive, so that no line is scanned twice.
_QUOTED = rb'"(?:[^"\\]++|\\.)*+"'
_TIME = rb"\[([0-9]{2}/[A-Z][a-z]{2}/[0-9]{4}(?::[0-9]{2}){3} [+-][0-9]{4})\]"
_SENDER = rb"[^\s\[\"][^\[\r\n]* "
_STATUS = rb"([0-9]{3}|-) ([0-9]{1,18}|-)"
_FIELD = rb"(?:" + _QUOTED + rb"|[^\s\"]\S*+)"
_REST = rb"((?:[ \t]++" + _FIELD + rb")*+)"
_LINE = re.compile(_SENDER + _TIME + rb" (" + _QUOTED + rb") " + _STATUS + _REST)
_FIRST_LINE = re.compile(rb"\s*" + _SENDER + _TIME + rb' "')
# What a line consists of, for the message about one that does not: pattern, name, what is expected.
_PARTS = tuple(
    (re.compile(pattern), what, expected)
    for pattern, what, expected in (
        (_SENDER + rb"(?=\[)", "sender", "host, identity and user, then '['"),
        (_TIME + rb" ", "time", "[day/Mon/year:hh:mm:ss +hhmm], then a space"),
        (_QUOTED + rb" ", "request", "a quoted request line, then a space"),
        (_STATUS + rb"(?=[ \t]|$)", "status or size", "three digits and a number (or '-')"),
        (_REST, "end", ""),
    )
)
_FIELDS = re.compile(_FIELD)
_SERVICE = re.compile(rb'(?:[A-Za-z_]+=)?"?(-?|[0-9]{1,19}(?:\.[0-9]{1,30})?)"?')
_NUMBER = re.compile(rb'(?:[A-Za-z_]+=)?"?[0-9]+(?:\.[0-9]+)?"?')
_TARGET = re.compile(rb"[A-Z]+ ([^ ?#]+)")
_OWN_UNITS: dict[str, Unit] = {
    "%D": "us",
    "%T": "s",
    "%{us}T": "us",
    "%{ms}T": "ms",
    "%{s}T": "s",
    "$request_time": "s",
    "service_ns": "ns",
    "service_us": "us",
    "service_ms": "ms",
    "service_s": "s",
}


def looks_like_access_log(first_bytes: bytes) -> bool:
    """Whether a text that begins so may be an access log."""
    return _FIRST_LINE.match(first_bytes) is not None


def read_access_log(
    path: TracePath, limits: ReadLimits = DEFAULT_LIMITS, fields: Fields = NOTHING_SAID
) -> AccessTrace:
    """Read an access log, plain or compressed, in one pass.

    Args:
        path: The file.
        limits: What of it is accepted.
        fields: Names of the fields behind the size, and the unit of a request's time; see the
            module.

    Raises:
        TraceError: As `account` does; a line is damaged that is not of the module's format, or
            lacks the time that it should have. Or it is not clear which field that is.
    """
    try:
        service = _service_field(fields)
    except ValueError as error:
        what, expected = error.args
        raise trace_error(path, 1, 1, what, expected) from None
    rows = _AccessColumns(service)
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
        notes=() if service is not None else (_no_service_times(rows.first_fields),),
    )


def _read_only(column: NDArray[_Integer]) -> NDArray[_Integer]:
    column.flags.writeable = False
    return column


class _ServiceField(NamedTuple):
    """Which field behind the size is a request's time (-1 is the last), and its unit."""

    number: int
    unit: Unit


def _service_field(fields: Fields) -> _ServiceField | None:
    """Where a request's time stands; None if nobody says.

    Raises:
        ValueError: What is wrong with what is said, and what was expected.
    """
    if not fields.names:
        return None if fields.unit is None else _ServiceField(-1, fields.unit)
    found = [
        _ServiceField(number, unit)
        for number, name in enumerate(fields.names)
        if (unit := fields.unit if name == "service" else _OWN_UNITS.get(name))
    ]
    if len(found) > 1:
        raise ValueError("several columns are service times", "one of them by that name")
    if not found and (fields.unit is not None or "service" in fields.names):
        expected = "a column named service and a unit, or one of " + ", ".join(_OWN_UNITS)
        raise ValueError("a service time that is not clear", expected)
    return found[0] if found else None


def _no_service_times(first_fields: bytes) -> str:
    """The note that no service times were read, and which fields may be some."""
    numbers = [field for field in _FIELDS.findall(first_fields) if _NUMBER.fullmatch(field)]
    if not numbers:
        return "no service times: there is no number behind the size"
    shown = ", ".join(field.decode("ascii").strip('"') for field in numbers[:10])
    return (
        f"no service times are read: nobody says whether {shown} behind the first size is one "
        "(columns), and in which unit (unit)"
    )


class _AccessColumns:
    """The growing columns, in order of lines."""

    def __init__(self, service: _ServiceField | None) -> None:
        self.unix_s = array("q")
        self.status = array("h")
        self.response_bytes = array("q")
        self.service_ns = array("q")
        self.resource_id = array("i")
        self.resources = Ids()
        self.first_fields = b""
        self._service = service
        self._second = b""
        self._unix_s = 0

    def take(self, line: bytes) -> str | None:
        match = _LINE.fullmatch(line)
        if match is None:
            if not line.strip():
                return BLANK
            raise _describe(line)
        second, request, status, size, rest = match.groups()
        service_ns = MISSING
        if self._service is not None:
            service_ns = _service_ns(rest, self._service, match.start(5) + 1)
        if second != self._second:
            # Lines of one second stand together.
            self._unix_s = _unix_s(second, match.start(1) + 1)
            self._second = second
        if not self.unix_s:
            self.first_fields = rest
        self.unix_s.append(self._unix_s)
        self.status.append(MISSING if status == b"-" else int(status))
        self.response_bytes.append(0 if size == b"-" else int(size))
        self.service_ns.append(service_ns)
        target = _TARGET.match(request, 1)
        self.resource_id.append(self.resources.of(target[1]) if target else MISSING)
        return None


def _service_ns(rest: bytes, service: _ServiceField, column: int) -> int:
    """The service time among the fields behind the size, which begin at `column`."""
    fields = list(_FIELDS.finditer(rest))
    number = max(len(fields) - 1, 0) if service.number < 0 else service.number
    if number >= len(fields):
        raise LineError(column + len(rest), "no service time", f"{number + 1} fields at least")
    column += fields[number].start()
    match = _SERVICE.fullmatch(fields[number][0])
    if match is None:
        raise LineError(column, "bad service time", "a number, quoted or not, or '-'")
    if match[1] in (b"", b"-"):
        return MISSING
    service_ns = decimal(match[1], PLACES[service.unit])
    if service_ns is None or service_ns > LONGEST_NS:
        expected = f"a time below 30 days, in {service.unit}"
        raise LineError(column, "service time too long", expected)
    return service_ns


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
    return LineError(position + 1, "bad end", "further fields, quoted or not")
