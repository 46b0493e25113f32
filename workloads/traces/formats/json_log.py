"""Reader of access logs in JSON, an object a line, as NGINX and others are made to write them.

    {"time_local":"25/Jun/2026:08:55:50 +0000","request":"GET / HTTP/1.1","request_time":"0.014"}

Keys are found by the names of `access_csv`, or named by people, as `columns` are: which key is the
time, the path, the service time. A key in an object of an object is `outer.inner`. The first line
decides which keys are read; a line may lack any of them but the time. Texts and numbers are the
same (`"0.014"`, `0.014`); null, `-` and an empty text are missing.

What unit a service time has, a key does not say unless its name ends in one. Of `request_time`,
NGINX's own, it is known (seconds) once somebody says that it is the service time.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, NoReturn

from workloads.traces.formats.access_csv import COLUMNS
from workloads.traces.formats.log_directives import service_unit
from workloads.traces.kinds.access_trace import (
    BYTES_BELOW,
    STATUS_BELOW,
    AccessColumns,
    AccessTrace,
    ServiceError,
    resource_at,
    resource_of,
    service_ns,
)
from workloads.traces.reading.about import About
from workloads.traces.reading.accounting import BLANK, LineError, account
from workloads.traces.reading.cells import decimal, decimals, not_read, shown, whole
from workloads.traces.reading.dates import ANY_EXPECTED, DateError, any_unix_ns
from workloads.traces.reading.fields import NOTHING_SAID, PLACES, Fields, SaidError, Unit
from workloads.traces.reading.naming import base_and_unit, roles_of
from workloads.traces.reading.text import DEFAULT_LIMITS, ReadLimits, TracePath, trace_error

JSON_LOG = About(
    "an object a line: time, path, status, size by their keys; the service time, if its "
    "key ends in a unit, or `columns` or `unit` say it",
    "other keys, which are named",
    "a time is a date or Unix time in seconds; the first line decides which keys are read",
)

_FIRST = re.compile(rb'\s*\{\s*"')
_DEEPEST = 8


def looks_like_json_log(first_bytes: bytes) -> bool:
    """Whether a text that begins so may be a log in JSON."""
    return _FIRST.match(first_bytes) is not None


def read_json_log(
    path: TracePath, limits: ReadLimits = DEFAULT_LIMITS, fields: Fields = NOTHING_SAID
) -> AccessTrace:
    """Read such a log, plain or compressed, in one pass.

    Args:
        path: The file.
        limits: What of it is accepted.
        fields: Which keys are what, and the unit of the service time.

    Raises:
        TraceError: As `account` does; a line is damaged that is no object in JSON, lacks the time,
            or has something else than its keys promise.
    """
    if fields.names:
        what, expected = (
            "columns in a list of a log in JSON",
            "{service_s: request_time} or the like",
        )
        raise trace_error(path, 1, 1, what, expected)
    rows = _ObjectRows(fields)
    accounting = account(path, limits, "request", rows.take)
    return rows.columns.trace(accounting, rows.notes)


class _ObjectRows:
    """The growing columns."""

    def __init__(self, fields: Fields) -> None:
        self.columns = AccessColumns()
        self._fields = fields
        self._key_of: dict[str, str] = {}
        self._unit_of: dict[str, Unit | None] = {}
        self._unread: list[str] = []

    @property
    def notes(self) -> tuple[str, ...]:
        notes = list(not_read(self._unread, "keys"))
        if "service" not in self._key_of:
            notes.append("no service times: no key is said to be one, with its unit")
        return tuple(notes)

    def take(self, line: bytes) -> str | None:
        if not line.strip():
            return BLANK
        found = dict(_flat(_object(line)))
        if not self._key_of:
            self._learn(found)
        texts = {role: self._text(line, found.get(key), key) for role, key in self._key_of.items()}
        self.columns.add(
            *self._time(line, texts["time"]),
            status=self._whole(line, texts, "status", STATUS_BELOW),
            response_bytes=self._whole(line, texts, "response_bytes", BYTES_BELOW),
            service_ns=self._service(line, texts.get("service", b"")),
            resource=resource_of(texts.get("request", b"")) or resource_at(texts.get("path", b"")),
        )
        return None

    def _learn(self, found: Mapping[str, Any]) -> None:
        """Which key is what, by the first line.

        Raises:
            LineError: None is the time, or what is said to be one is not there, or is said twice.
        """
        fields = self._fields
        key_of: dict[str, str] = {}
        unit_of: dict[str, Unit | None] = {}
        for known, key in fields.places:
            role, unit = self._said(known, key)
            if key not in found:
                listed = ", ".join(map(repr, list(found)[:20]))
                raise LineError(1, f"no key {key!r}", f"one of {listed}")
            if role in key_of or key in key_of.values():
                raise LineError(1, f"columns: {known}: said twice", "a key for each")
            key_of[role], unit_of[role] = str(key), unit
        said = set(key_of)
        for role, name in roles_of(COLUMNS, found, fields.unit).items():
            if (
                role not in key_of
                and name not in key_of.values()
                and (COLUMNS[role].instead_of not in said)
            ):
                key_of[role] = name
                unit_of[role] = base_and_unit(name)[1] or (
                    fields.unit if role == "service" else None
                )
        if "time" not in key_of:
            raise LineError(
                1, "no time", "a key named time_local, timestamp or the like, or columns"
            )
        if fields.unit is not None and "service" not in key_of:
            raise LineError(1, "no service time", "a key that is one, since a unit of it is said")
        self._unread = [key for key in found if key not in key_of.values()]
        self._key_of, self._unit_of = key_of, unit_of

    def _said(self, known: str, key: str | int) -> tuple[str, Unit | None]:
        """What a name of `columns` stands for, and its unit."""
        base, unit = base_and_unit(known)
        role = next((role for role, one in COLUMNS.items() if base in one.names), None)
        if role is None or isinstance(key, int):
            what = f"columns: {known}: {key!r}"
            raise LineError(1, what, f"one of {', '.join(COLUMNS)}, and a key")
        if role == "service":
            own = service_unit(f"${key.rpartition('.')[2]}")
            try:
                unit = self._fields.unit_of(known, unit, base_and_unit(key)[1] or own)
            except SaidError as error:
                raise LineError(1, error.what, error.expected) from None
            if unit is None:
                raise LineError(1, f"no unit of {key!r}", "a unit, or service_ms: ... and so on")
        return role, unit

    def _text(self, line: bytes, value: Any, key: str) -> bytes:
        if value is None or value == "-":
            return b""
        if isinstance(value, str):
            return value.strip().encode("utf-8", "surrogatepass")
        raise self._error(line, key, key, "a text or a number")

    def _error(self, line: bytes, key: str, what: str, expected: str) -> LineError:
        inner = key.rpartition(".")[2].encode("utf-8", "surrogatepass")
        match = re.search(b'"' + re.escape(inner) + rb'"\s*:\s*', line)
        return LineError(match.end() + 1 if match else 1, f"bad {what}", expected)

    def _time(self, line: bytes, text: bytes) -> tuple[int, int]:
        key = self._key_of["time"]
        places = PLACES[self._unit_of["time"] or "s"]
        time_ns = decimal(text, places)
        if time_ns is not None:
            if time_ns >= 2**63:
                unit = self._unit_of["time"] or "s"
                raise self._error(line, key, "time", f"a time in {unit} before the year 2262")
            return time_ns, 10 ** max(places - decimals(text), 0)
        try:
            return any_unix_ns(text)
        except DateError as error:
            expected = f"{error.expected}, got {shown(text)}"
            if error.expected != ANY_EXPECTED:
                expected = f"{error.expected} ({error.what})"
            raise self._error(line, key, "time", expected) from None

    def _whole(self, line: bytes, texts: Mapping[str, bytes], role: str, below: int) -> int | None:
        text = texts.get(role, b"")
        if not text:
            return None
        value = whole(text, below)
        if value is None:
            expected = f"a whole number below {below}, got {shown(text)}"
            raise self._error(line, self._key_of[role], role, expected)
        return value

    def _service(self, line: bytes, text: bytes) -> int:
        unit = self._unit_of.get("service") or "s"
        try:
            return service_ns(text, PLACES[unit])
        except ServiceError as error:
            what, expected = error.args
            refusal = self._error(line, self._key_of["service"], what, f"{expected}, in {unit}")
            raise LineError(refusal.column, what, refusal.expected) from None


def _object(line: bytes) -> dict[str, Any]:
    """The object that a line holds, its numbers as texts.

    Raises:
        LineError: It holds none.
    """
    text = line.decode("utf-8", "surrogateescape")
    try:
        found = json.loads(text, parse_float=str, parse_int=str, parse_constant=_no_number)
    except json.JSONDecodeError as error:
        column = len(text[: error.pos].encode("utf-8", "surrogateescape")) + 1
        raise LineError(column, "bad JSON", f"an object a line ({error.msg})") from None
    except (ValueError, RecursionError) as error:
        raise LineError(1, "bad JSON", f"an object a line ({error})") from None
    if not isinstance(found, dict):
        raise LineError(1, "bad JSON", "an object a line")
    return found


def _no_number(name: str) -> NoReturn:
    raise ValueError(f"{name} is no number")


def _flat(found: Mapping[str, Any], above: str = "", depth: int = 0) -> Iterator[tuple[str, Any]]:
    """Keys and values, those of objects in objects as `outer.inner`."""
    for key, value in found.items():
        if isinstance(value, dict) and depth < _DEEPEST:
            yield from _flat(value, f"{above}{key}.", depth + 1)
        else:
            yield f"{above}{key}", value
