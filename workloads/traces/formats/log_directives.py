"""What the directives of Apache's LogFormat and the variables of NGINX's log_format write.

Of a request, its time, path, status, size and service time are read. Anything else is only known
to be there, and where it ends.

Sources: Apache's mod_log_config and mod_logio (2.4), NGINX's ngx_http_log_module and
ngx_http_upstream_module, Tomcat's AccessLogValve.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Literal

from workloads.traces.reading.dates import COMMON_LOG_FORM, MORE_PARTS, PARTS, conversions
from workloads.traces.reading.fields import SaidError, Unit

Role = Literal["time", "request", "path", "status", "size", "service", ""]


@dataclass(frozen=True, slots=True)
class Directive:
    """A piece of a line that a server fills in.

    Attributes:
        name: As the format has it: `%>s`, `$status`.
        role: What it is of a request; empty if it is not read.
        rank: Of several with a role, the one with the lowest is read.
        pattern: What it looks like; empty if that follows from what stands behind it.
        expected: The same in words.
        part: Of a time, which part of an instant it is, as in `dates.PARTS`.
        unit: Of a service time.
        listed: Whether it may be several values with commas and blanks between them.
    """

    name: str
    role: Role = ""
    rank: int = 0
    pattern: bytes = b""
    expected: str = ""
    part: str = ""
    unit: Unit | None = None
    listed: bool = False


Piece = str | Directive
"""Of a format: literal text, or a directive."""

_STATUS = (rb"[0-9]{3}|-", "three digits, or '-'")
_SIZE = (rb"[0-9]{1,18}|-", "a whole number, or '-'")
_APACHE_LETTERS = frozenset("aAbBCDefFhHiIklLmnopPqrRsStTuUvVXOc")
_APACHE = {
    "b": Directive("", "size", 0, *_SIZE),
    "B": Directive("", "size", 0, *_SIZE),
    "O": Directive("", "size", 1, *_SIZE),
    ">s": Directive("", "status", 0, *_STATUS),
    "s": Directive("", "status", 1, *_STATUS),
    "r": Directive("", "request"),
    "U": Directive("", "path"),
    "D": Directive("", "service", 0, unit="us"),
    "{us}T": Directive("", "service", 1, unit="us"),
    "{ms}T": Directive("", "service", 2, unit="ms"),
    "{s}T": Directive("", "service", 3, unit="s"),
    "T": Directive("", "service", 3, unit="s"),
}
_NGINX = {
    "request": Directive("", "request"),
    "request_uri": Directive("", "path", 0),
    "uri": Directive("", "path", 1),
    "document_uri": Directive("", "path", 2),
    "status": Directive("", "status", 0, *_STATUS),
    "body_bytes_sent": Directive("", "size", 0, *_SIZE),
    "bytes_sent": Directive("", "size", 1, *_SIZE),
    "request_time": Directive("", "service", 0, unit="s"),
    "upstream_response_time": Directive("", "service", 1, unit="s", listed=True),
    # Other times that servers took, which can be asked for.
    "upstream_header_time": Directive("", unit="s", listed=True),
    "upstream_connect_time": Directive("", unit="s", listed=True),
}

APACHE = re.compile(r"%(?:([<>!0-9,]*)(?:\{([^{}]*)\})?(\^?[A-Za-z]{1,2}|%)?)")
"""A directive of Apache's, with its modifiers, what it is of, and its letter."""

NGINX = re.compile(r"\$(?:\{([A-Za-z0-9_]+)\}|([A-Za-z0-9_]+))")
"""A variable of NGINX's."""

_JAVA = re.compile(r"yyyy|yy|MMM|MM|dd|HH|mm|ss|SSS|X{1,3}|Z|'([^']*)'|[A-Za-z]+|[^A-Za-z']+")
_JAVA_PARTS = {
    "yyyy": "%Y", "yy": "%y", "MMM": "%b", "MM": "%m", "dd": "%d", "HH": "%H", "mm": "%M",
    "ss": "%S", "X": "%z", "XX": "%z", "XXX": "%z", "Z": "%z",
}  # fmt: skip


def _time_part(name: str, part: str, pattern: bytes) -> Directive:
    return Directive(name, "time", pattern=pattern, expected=f"the {part} of a time", part=part)


def _date_pieces(name: str, form: str) -> list[Piece]:
    """A form of strftime as literals and times."""
    return [
        _time_part(name, *PARTS[piece[1]])
        if piece.startswith("%") and piece != "%%"
        else piece.replace("%%", "%")
        for piece in conversions(form)
    ]


def apache_pieces(name: str, argument: str, letter: str) -> list[Piece]:
    """What a directive of Apache's (or Tomcat's) writes.

    Args:
        name: All of it.
        argument: What is in braces.
        letter: What stands for it.

    Raises:
        SaidError: It is not known.
    """
    if letter.startswith("^"):
        return [Directive(name)]
    if letter not in _APACHE_LETTERS:
        raise SaidError(f"log_format: {name!r}", "a directive of Apache's LogFormat")
    if letter == "t":
        return _apache_time(name, argument)
    spelled = f"{{{argument}}}{letter}" if argument else letter
    if letter == "T" and spelled not in _APACHE:
        raise SaidError(f"log_format: {name!r}", "us, ms or s in the braces")
    known = _APACHE.get(name[1:]) or _APACHE.get(spelled)
    if known is not None:
        return [replace(known, name=name)]
    return [Directive(name, listed=argument.lower() == "x-forwarded-for")]


def service_unit(name: str) -> Unit | None:
    """The unit in which a directive or variable writes how long a request took; None for others."""
    if name.startswith("$"):
        known = _NGINX.get(name[1:])
    else:
        known = _APACHE.get(name.removeprefix("%")) if name.startswith("%") else None
    return known.unit if known is not None else None


def _apache_time(name: str, argument: str) -> list[Piece]:
    form = re.sub("^(?:begin|end):?", "", argument)
    if not form:
        return ["[", *_date_pieces(name, COMMON_LOG_FORM), "]"]
    if form in MORE_PARTS:
        return [_time_part(name, *MORE_PARTS[form])]
    if "%" in form:
        return _date_pieces(name, form)
    pieces: list[Piece] = []  # of Java's SimpleDateFormat, as Tomcat takes it
    for match in _JAVA.finditer(form):
        word = match[0]
        if word in _JAVA_PARTS:
            pieces += _date_pieces(name, _JAVA_PARTS[word])
        elif word == "SSS":
            pieces.append(_time_part(name, *MORE_PARTS["msec_frac"]))
        elif word[0].isalpha():
            known = " ".join((*_JAVA_PARTS, "SSS"))
            raise SaidError(f"log_format: {word!r} of {name!r}", f"one of {known}")
        else:
            pieces.append(match[1] if match[1] is not None else word)
    return pieces


def nginx_pieces(variable: str) -> list[Piece]:
    """What a variable of NGINX's writes; of one that is not known, some text."""
    name = f"${variable}"
    if variable == "time_local":
        return _date_pieces(name, COMMON_LOG_FORM)
    if variable == "time_iso8601":
        return _date_pieces(name, "%Y-%m-%dT%H:%M:%S%z")
    if variable == "msec":
        return [_time_part(name, *MORE_PARTS["decimal"])]
    known = _NGINX.get(variable)
    if known is not None:
        return [replace(known, name=name)]
    listed = variable.startswith("upstream_") or variable.endswith("_forwarded_for")
    return [Directive(name, listed=listed)]
