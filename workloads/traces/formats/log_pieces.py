"""A server's format string in pieces: literal text, and directives that it fills in."""

from __future__ import annotations

import re
from collections.abc import Sequence

from workloads.traces.formats.log_directives import (
    APACHE,
    NGINX,
    Piece,
    apache_pieces,
    nginx_pieces,
)
from workloads.traces.reading.fields import SaidError

_COMMON = '%h %l %u %t "%r" %>s %b'
_COMBINED = _COMMON + ' "%{Referer}i" "%{User-Agent}i"'
NAMED = {"common": _COMMON, "combined": _COMBINED, "vhost_combined": f"%v:%p {_COMBINED}"}
"""Formats that servers call by a name; NGINX's combined is Apache's."""

_QUOTED_TEXT = r"'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\""
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r"}
_LONGEST = 4096


def pieces_of(text: str) -> list[Piece]:
    """Literals and directives, in order."""
    if len(text) > _LONGEST:
        raise SaidError("log_format", f"{_LONGEST} characters at most")
    bare = NAMED.get(text.strip()) or _bare(text)
    if NGINX.search(bare) and not re.search(r"%[<>]?[a-zA-Z{]", NGINX.sub("", bare)):
        return _nginx(bare)
    if "%" in bare:
        return _apache(bare)
    expected = "directives of Apache's (%t) or variables of NGINX's ($time_local)"
    raise SaidError("log_format", expected)


def _bare(text: str) -> str:
    """The format string without the directive and the quotes that stand around it."""
    text = text.strip()
    directive = re.match(r"(LogFormat|CustomLog|log_format|pattern\s*=)\s*", text)
    rest = text[directive.end() :] if directive else text
    if directive is None and not (rest.startswith("'") and rest.rstrip(";").endswith("'")):
        return _unescaped(text)
    quoted = re.findall(_QUOTED_TEXT, rest)
    if directive and directive[1] in ("LogFormat", "CustomLog"):
        quoted = quoted[:1]
    if not quoted:
        raise SaidError("log_format", "the format in quotes behind the directive's name")
    return "".join(_unescaped(part[1:-1]) for part in quoted)


def _unescaped(text: str) -> str:
    text = text.replace("&quot;", '"')  # as XML has it, in Tomcat's configuration
    return re.sub(r"\\(.)", lambda match: _ESCAPES.get(match[1], match[1]), text, flags=re.DOTALL)


def _apache(text: str) -> list[Piece]:
    pieces: list[Piece] = []
    end = 0
    for match in APACHE.finditer(text):
        pieces.append(text[end : match.start()])
        end = match.end()
        argument, letter = match[2], match[3] or ""
        if letter == "%":
            pieces.append("%")
            continue
        if not letter.startswith("^"):
            end -= len(letter[1:])  # only these have two letters
            letter = letter[:1]
        pieces += apache_pieces(text[match.start() : end], argument or "", letter)
    return [*pieces, text[end:]]


def _nginx(text: str) -> list[Piece]:
    pieces: list[Piece] = []
    end = 0
    for match in NGINX.finditer(text):
        pieces += [text[end : match.start()], *nginx_pieces(match[1] or match[2])]
        end = match.end()
    return [*pieces, text[end:]]


def merged(pieces: Sequence[Piece]) -> list[Piece]:
    """The same, neighbouring literals in one, blanks at the end left out.

    What is read must end somewhere: only a path may have further text that is not read right behind
    it, which belongs to it (`$uri$is_args$args`).
    """
    together: list[Piece] = []
    for piece in pieces:
        before = together[-1] if together else ""
        if isinstance(piece, str):
            if isinstance(before, str):
                together[-1:] = [before + piece]
            elif piece:
                together.append(piece)
        elif isinstance(before, str) or before.part or piece.part:
            together.append(piece)
        elif piece.role or before.role not in ("", "path"):
            expected = f"something between {before.name} and {piece.name}"
            raise SaidError("log_format", expected)
    if together and isinstance(together[-1], str):
        together[-1] = together[-1].rstrip()
    return [piece for piece in together if piece]
