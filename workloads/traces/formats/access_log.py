r"""Reader of access logs of Apache and NGINX: when requests came, what they got, how long it took.

    127.0.0.1 - - [23/Nov/2026:07:25:04 +0000] "GET / HTTP/1.1" 200 14 "-" "curl/7.88.1" 289

The Common format ends with the bytes; the Combined format adds two quoted headers. Any further
fields, quoted or not, and a virtual host in front (Debian's `vhost_combined`) are accepted. Both
servers escape quotes and control characters (`\"`, `\\`, `\n`, `\xHH`).

What a number behind the bytes is, a line does not say: Apache's `%D` are microseconds, its `%T`
seconds, `%P` a process, `%I` bytes; NGINX writes `$request_time` in seconds, and `$msec` so, too.
So a request's time is read only where it is said which field it is and in which unit: by the
server's own format string (`log_format`), which may then be any; by the names
of the fields behind the bytes, of which one is `service_us` (or `_ns`, `_ms`, `_s`; or the server's
own `%D`, `%T`, `%{us}T`, `$request_time`), or by a unit alone, for the last field of a line. It may
be quoted, or follow a word and `=`; `-` is none.

Apache logs when it received the request, NGINX when it had answered, both in whole seconds unless
the log format has parts of them; both write the line at the end, so that the lines of Apache are
not quite in order of time. Rows are.

Sources: Apache's mod_log_config (2.4), NGINX's ngx_http_log_module. The library apachelogs (0.6.1)
parses any LogFormat, but none of NGINX's, a fifteenth as many lines a second, and does not say
where a line goes wrong.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from workloads.traces.formats.access_blocks import UsualBlocks
from workloads.traces.formats.log_directives import service_unit
from workloads.traces.formats.log_format import log_pattern
from workloads.traces.formats.log_lines import OwnLines, service_error
from workloads.traces.kinds.access_trace import (
    AccessColumns,
    AccessTrace,
    ServiceError,
    resource_of,
    service_ns,
)
from workloads.traces.reading.about import About
from workloads.traces.reading.accounting import BLANK, LineError, account
from workloads.traces.reading.block_lines import lines_until
from workloads.traces.reading.columns import MISSING
from workloads.traces.reading.dates import COMMON_LOG, DateError, unix_ns
from workloads.traces.reading.fields import NOTHING_SAID, PLACES, Fields, SaidError, Unit
from workloads.traces.reading.naming import base_and_unit
from workloads.traces.reading.text import DEFAULT_LIMITS, ReadLimits, TracePath, trace_error

ACCESS_LOG = About(
    "time, path, status, size; the service time, if `log_format`, `columns` or `unit` say "
    "which field it is",
    "headers, queries, other fields",
    "Common or Combined format and more fields, unless `log_format` says another; "
    "Apache's times are of the request, NGINX's of the answer; service times have the "
    "unit of their directive; of several the most exact is read, the server's own before "
    "an upstream's, whose times are added up",
)

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
_SERVICE = re.compile(rb'(?:[A-Za-z_]+=)?"?([^"]*)"?')
_NUMBER = re.compile(rb'(?:[A-Za-z_]+=)?"?[0-9]+(?:\.[0-9]+)?"?')


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
        fields: A log format; or names of the fields behind the size, and the unit of a request's
            time; see the module.

    Raises:
        TraceError: As `account` does; a line is damaged that is not of the format, or lacks the
            time that it should have. Or it is not clear which field that is.
    """
    rows: _UsualLines | OwnLines
    try:
        rows = _UsualLines(fields) if fields.log_format is None else OwnLines(log_pattern(fields))
    except SaidError as error:
        raise trace_error(path, 1, 1, error.what, error.expected) from None
    accounting = account(path, limits, "request", rows.take, rows.take_block)
    return rows.columns.trace(accounting, rows.notes)


class _ServiceField(NamedTuple):
    """Which field behind the size is a request's time (-1 is the last), and its unit."""

    number: int
    unit: Unit


def _service_field(fields: Fields) -> _ServiceField | None:
    """Where a request's time stands; None if nobody says.

    Raises:
        SaidError: It is not clear.
    """
    if fields.places:
        return _numbered_field(fields)
    if not fields.names:
        return None if fields.unit is None else _ServiceField(-1, fields.unit)
    found = [
        _ServiceField(number, unit)
        for number, name in enumerate(fields.names)
        if (unit := _unit(name, fields))
    ]
    if len(found) > 1:
        raise SaidError("several columns are service times", "one of them by that name")
    if not found and (fields.unit is not None or "service" in fields.names):
        expected = "a column named service_ms, service and a unit, %D, $request_time or the like"
        raise SaidError("a service time that is not clear", expected)
    return found[0] if found else None


def _unit(name: str, fields: Fields) -> Unit | None:
    """The unit of a field of this name; None if it is no service time, or nobody says."""
    if name == "service":
        return fields.unit
    if own := service_unit(name):
        return fields.unit_of(name, None, own)
    base, named = base_and_unit(name)
    return fields.unit_of(name, named) if base == "service" else None


def _numbered_field(fields: Fields) -> _ServiceField:
    (name, where), *more = fields.places
    unit = _unit(name, fields)
    if more or unit is None or not isinstance(where, int) or where < 1:
        expected = "service_us or the like, and the number of its field behind the size"
        raise SaidError("a service time that is not clear", expected)
    return _ServiceField(where - 1, unit)


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


class _UsualLines:
    """Lines of the Common and Combined formats, and more fields behind."""

    def __init__(self, fields: Fields) -> None:
        self.columns = AccessColumns()
        self._first_fields = b""
        self._service = _service_field(fields)
        self._second = b""
        self._unix_ns = 0
        service = self._service and (self._service.number, PLACES[self._service.unit])
        self._blocks = UsualBlocks(self.columns, _whole_second_ns, service)

    @property
    def notes(self) -> tuple[str, ...]:
        return () if self._service is not None else (_no_service_times(self._first_fields),)

    def take_block(self, block: bytes) -> Iterator[int | bytes]:
        # The first request is looked at by itself, for what stands behind its size.
        return lines_until(block, lambda: len(self.columns) > 0, self._blocks.take_block)

    def take(self, line: bytes) -> str | None:
        match = _LINE.fullmatch(line)
        if match is None:
            if not line.strip():
                return BLANK
            raise _describe(line)
        second, request, status, size, rest = match.groups()
        service = MISSING
        if self._service is not None:
            service = _service_ns(rest, self._service, match.start(5) + 1)
        if second != self._second:
            # Lines of one second stand together.
            self._unix_ns = _common_log_ns(second, match.start(1) + 1)
            self._second = second
        if not len(self.columns):
            self._first_fields = rest
        self.columns.add(
            self._unix_ns,
            10**9,
            status=None if status == b"-" else int(status),
            response_bytes=None if size == b"-" else int(size),
            service_ns=service,
            resource=resource_of(request[1:]),
        )
        return None


def _service_ns(rest: bytes, service: _ServiceField, column: int) -> int:
    """The service time among the fields behind the size, which begin at `column`."""
    fields = list(_FIELDS.finditer(rest))
    number = max(len(fields) - 1, 0) if service.number < 0 else service.number
    if number >= len(fields):
        raise LineError(column + len(rest), "no service time", f"{number + 1} fields at least")
    column += fields[number].start()
    match = _SERVICE.fullmatch(fields[number][0])
    try:
        return service_ns(match[1] if match else b"?", PLACES[service.unit])
    except ServiceError as error:
        raise service_error(column, error, service.unit) from None


def _common_log_ns(text: bytes, column: int) -> int:
    """Unix time of `23/Nov/2026:07:25:04 +0000`."""
    try:
        return _whole_second_ns(text)
    except DateError as error:
        raise LineError(column, error.what, error.expected) from None


def _whole_second_ns(text: bytes) -> int:
    match = COMMON_LOG.pattern.fullmatch(text)
    if match is None:
        raise DateError("bad time", "day/Mon/year:hh:mm:ss +hhmm")
    return unix_ns(dict(zip(COMMON_LOG.parts, match.groups(), strict=True)))[0]


def _describe(line: bytes) -> LineError:
    """The error for a line that is no request: the first part that is not as it should be."""
    position = 0
    for pattern, what, expected in _PARTS:
        match = pattern.match(line, position)
        if match is None:
            return LineError(position + 1, f"bad {what}", expected)
        position = match.end()
    return LineError(position + 1, "bad end", "further fields, quoted or not")
