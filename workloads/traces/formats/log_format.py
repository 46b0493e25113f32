r"""From a server's own format string to how its lines are read.

`%h %l %u %t \"%r\" %>s %b %D` of Apache's LogFormat (and Tomcat's pattern), or
`$remote_addr [$time_local] "$request" $status rt=$request_time` of NGINX's log_format; bare, or
with the directive around it, as it stands in the server's configuration.

A line is read from left to right, and what a directive has written ends where what the format has
behind it begins; quoted, at the first quote without a backslash. Nothing is read twice, so that no
line takes long.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from workloads.traces.formats.log_directives import Directive, Piece
from workloads.traces.formats.log_pieces import merged, pieces_of
from workloads.traces.reading.accounting import LineError
from workloads.traces.reading.dates import is_whole
from workloads.traces.reading.fields import Fields, SaidError, Unit
from workloads.traces.reading.naming import base_and_unit


class _Part(NamedTuple):
    """A piece of a line.

    Attributes:
        pattern: atomic, so that what it has matched stays.
        what: its name, for a message.
        expected: what it looks like, for a message.
        reads: what is captured: a role, or the number of a part of the time.
        open: whether it goes on until what stands behind it.
    """

    pattern: bytes
    what: str
    expected: str
    reads: str = ""
    open: bool = False


@dataclass(frozen=True)
class LogPattern:
    """How the lines of a log are read.

    Attributes:
        line: matches a whole line; its groups are in the order of `reads`.
        parts: the same piece by piece, for what is wrong with a line.
        pieces: literals and directives that the parts are of.
        reads: what each group is: `request`, `status`, `size`, `service`, `path`, or a part of
            the time.
        time_parts: the parts of the time.
        service: the name of what is read as service time; empty if there is none.
        service_unit: its unit.
        others: names of other service times, which are not read.
        query_behind_path: whether NGINX writes a query right behind the path, `-` if there is none.
    """

    line: re.Pattern[bytes]
    parts: tuple[_Part, ...]
    pieces: tuple[Piece, ...]
    reads: tuple[str, ...]
    time_parts: tuple[str, ...]
    service: str
    service_unit: Unit
    others: tuple[str, ...]
    query_behind_path: bool

    @property
    def parts_of_time(self) -> tuple[_Part, ...]:
        """The parts that are read of the time."""
        return tuple(part for part in self.parts if part.reads in self.time_parts)

    def describe(self, line: bytes) -> LineError:
        """What is wrong with a line that does not match."""
        position = began = 0
        before: _Part | None = None
        for part in self.parts:
            match = re.compile(part.pattern, re.DOTALL).match(line, position)
            if match is None:
                if before is not None and before.open:
                    return LineError(began + 1, f"bad {before.what}", before.expected)
                return LineError(position + 1, f"bad {part.what}", part.expected)
            before, began, position = part, position, match.end()
        return LineError(position + 1, "bad end", "the end of the line, as the log format has it")


def log_pattern(fields: Fields) -> LogPattern:
    """The pattern of a format string, and of what is said of its columns.

    Raises:
        SaidError: It cannot be read.
    """
    written = pieces_of(fields.log_format or "")
    pieces = merged(written)
    chosen = _chosen([piece for piece in pieces if isinstance(piece, Directive)], fields)
    parts = _parts(pieces, chosen)
    service = chosen.service
    return LogPattern(
        line=re.compile(
            b"".join(b"(" + part.pattern + b")" if part.reads else part.pattern for part in parts),
            re.DOTALL,
        ),
        parts=tuple(parts),
        pieces=tuple(pieces),
        reads=tuple(part.reads for part in parts if part.reads),
        time_parts=tuple(part.reads for part in parts if part.reads in chosen.time_parts),
        service=service.name if service else "",
        service_unit=chosen.unit,
        others=chosen.others,
        query_behind_path="path" in chosen.directives
        and _directly_behind(written, chosen.directives["path"]),
    )


def _directly_behind(pieces: Sequence[Piece], path: Directive) -> bool:
    """Whether the format has another variable of NGINX's directly behind a path."""
    number = next(n for n, piece in enumerate(pieces) if piece is path)
    behind = next((piece for piece in pieces[number + 1 :] if piece), "")
    return path.name.startswith("$") and isinstance(behind, Directive)


@dataclass(frozen=True)
class _Chosen:
    """Which directives are read.

    Attributes:
        directives: by what they are.
        time_parts: parts of the time; of several of a kind the first is read.
        unit: of the service time.
        others: names of other service times.
    """

    directives: Mapping[str, Directive]
    time_parts: frozenset[str]
    unit: Unit
    others: tuple[str, ...]

    @property
    def service(self) -> Directive | None:
        """What is read as service time."""
        return self.directives.get("service")


_SAID = {
    "request": "request", "path": "path", "status": "status",
    "response_bytes": "size", "bytes": "size", "size": "size",
}  # fmt: skip


_TARGETS = {"request", "path"}
"""They say the same: where people say one alone, the other is not read."""


def _chosen(directives: Sequence[Directive], fields: Fields) -> _Chosen:
    """What is read: what is said, else the first of the lowest rank."""
    found: dict[str, Directive] = {}
    for directive in sorted(directives, key=lambda one: one.rank):
        if directive.role and directive.role != "time":
            found.setdefault(directive.role, directive)
    asked: set[str] = set()
    unit = fields.unit
    if fields.names:
        expected = "a mapping, such as {service: $upstream_response_time}"
        raise SaidError("columns in a list beside a log format", expected)
    for known, where in fields.places:
        base, said = base_and_unit(known)
        role = "service" if base == "service" else _SAID.get(known.lower())
        if role is None:
            expected = ", ".join(("service", "service_ms", *_SAID))
            raise SaidError(f"columns: {known!r}", f"one of {expected}")
        directive = _named(directives, where)
        if role in asked or any(found[other] is directive for other in asked):
            raise SaidError(f"columns: {known}: said twice", "a directive for each")
        found = {other: one for other, one in found.items() if one is not directive}
        found[role] = directive
        asked.add(role)
        unit = fields.unit_of(known, said)
    if len(same := asked & _TARGETS) == 1:
        found = {role: one for role, one in found.items() if role in same or role not in _TARGETS}
    parts = frozenset(directive.part for directive in directives if directive.part)
    if not is_whole(parts):
        raise SaidError("log_format", "a whole time in it: %t, $time_local, $msec ...")
    service = found.get("service")
    if fields.unit is not None and service is None:
        raise SaidError("unit beside a log format without a service time", "none")
    if service is not None and (unit or service.unit) is None:
        raise SaidError(f"columns: {service.name}", "its unit, as in service_ms")
    others = [one.name for one in directives if one.role == "service" and one is not service]
    return _Chosen(found, parts, unit or (service.unit if service else None) or "s", tuple(others))


def _named(directives: Sequence[Directive], where: str | int) -> Directive:
    """The directive of this name, with or without its `$`, or of this number; not a time."""
    # The parts of a time are one directive.
    whole = [
        one
        for one, before in zip(directives, (None, *directives), strict=False)
        if before is None or not one.part or one.name != before.name
    ]
    for number, directive in enumerate(whole, 1):
        names = (number, directive.name, directive.name.removeprefix("$"))
        if where in names and not directive.part:
            return directive
    listed = ", ".join(directive.name for directive in whole if not directive.part)
    raise SaidError(f"columns: {where!r}", f"one of {listed}, or its number")


def _parts(pieces: Sequence[Piece], chosen: _Chosen) -> list[_Part]:
    parts: list[_Part] = []
    seen: set[str] = set()
    roles = {id(directive): role for role, directive in chosen.directives.items()}
    for number, piece in enumerate(pieces):
        if isinstance(piece, str):
            parts.append(_literal(piece))
            continue
        reads = roles.get(id(piece), "")
        if piece.part and piece.part not in seen:
            seen.add(piece.part)
            reads = piece.part
        before = pieces[number - 1] if number else ""
        behind = pieces[number + 1] if number + 1 < len(pieces) else ""
        pattern, expected = _pattern(piece, before, behind)
        is_open = not piece.pattern and isinstance(behind, str) and behind != ""
        parts.append(_Part(b"(?>" + pattern + b")", piece.name, expected, reads, is_open))
    return parts


def _literal(text: str) -> _Part:
    """Any number of blanks stand for some blanks."""
    pattern = b"".join(
        rb"[ \t]++" if piece.isspace() else re.escape(piece.encode())
        for piece in re.split(r"([ \t]+)", text)
        if piece
    )
    return _Part(b"(?>" + pattern + b")", "line", f"{text!r}, as the log format has it")


def _pattern(directive: Directive, before: Piece, behind: Piece) -> tuple[bytes, str]:
    """What a directive looks like between its neighbours, and the same in words."""
    if directive.pattern:
        return directive.pattern, directive.expected
    quoted = isinstance(before, str) and before.endswith('"')
    if not isinstance(behind, str):
        # A part of a time follows.
        return rb"[^0-9]*+" if behind.part else rb".*+", "some text"
    if quoted and behind.startswith('"'):
        return rb'(?:[^"\\]++|\\.)*+', f"text with {behind!r} behind it"
    if not behind:
        return rb".*+", "some text"
    expected = f"text with {behind!r} behind it"
    if directive.listed and behind[0] in " \t":
        return rb"[^\s,]*+(?:(?:,[ \t]*+|[ \t]++:[ \t]++)[^\s,]++)*+", expected
    first = rb"[ \t]" if behind[0] in " \t" else re.escape(behind[0].encode()[:1])
    rest = rb"[^ \t]" if behind[0] in " \t" else b"[^" + first + b"]"
    stop = _literal(behind).pattern
    return rest + b"*+(?:(?!" + stop + b")" + first + rest + b"*+)*+", expected
