"""YAML with every field explained: those that are set, and the others as comments."""

from __future__ import annotations

import json
import re
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, TypeAlias

from experiments.language.document import Data, Route
from experiments.language.fields import FieldGroup, FieldNote, in_yaml
from sim.printable import printable

Comments: TypeAlias = Mapping[Route, Sequence[str]]
"""What else is said of a field, by the way to it; sentences."""

WIDTH = 96
MOST_SPELLED = 20
"""A mapping of more fields is not spelled out when it is left out."""

_PLAIN = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_./%-]*")
_NOT_TEXT = re.compile(
    r"(?i)(?:[0-9._+-]+(?:e[0-9]+)?|0[xo][0-9a-f]+|true|false|null|yes|no|on|off)"
)


def comment_lines(text: str, indent: int, inside: int = 0) -> Iterator[str]:
    """A comment of one or several lines; what others wrote in it is made printable.

    Args:
        text: what it says.
        indent: of its sign.
        inside: of its text.
    """
    lead = f"{' ' * indent}# {' ' * inside}"
    yield from textwrap.wrap(
        printable(text), WIDTH, initial_indent=lead, subsequent_indent=lead, break_on_hyphens=False
    )


def inline(value: Data) -> str:
    """A value in one line of YAML that is read back as it is."""
    if isinstance(value, dict):
        return f"{{{', '.join(f'{inline(key)}: {inline(below)}' for key, below in value.items())}}}"
    if isinstance(value, list):
        return f"[{', '.join(map(inline, value))}]"
    if not isinstance(value, str):
        return json.dumps(value)
    if _PLAIN.fullmatch(value) and not _NOT_TEXT.fullmatch(value):
        return value
    quoted = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{"".join(c if c.isprintable() else _escape(c) for c in quoted)}"'


def _escape(character: str) -> str:
    number = ord(character)
    return f"\\U{number:08x}" if number > 0xFFFF else f"\\u{number:04x}"


def commented(
    group: FieldGroup, values: Mapping[str, Any], comments: Comments, above: Route = ()
) -> Iterator[str]:
    """The lines of a mapping.

    Args:
        group: its fields.
        values: those that are set.
        comments: what else is said of fields.
        above: the way to the mapping, as long as it is indented.
    """
    indent = 2 * len(above)
    if group.chosen_by is not None and group.chosen_by[0] in values:
        key = group.chosen_by[0]
        yield f"{' ' * indent}{key}: {inline(values[key])}"
    for field in group.fields:
        route = (*above, field.name)
        yield from comment_lines(f"{field.meaning} ({kind_of(field)})", indent)
        for text in comments.get(route, ()):
            yield from comment_lines(text, indent)
        if field.name in values:
            yield from _set(field, values[field.name], comments, route, indent)
        else:
            yield from _left_out(field, route, indent)


def kind_of(field: FieldNote) -> str:
    """What a field takes, and what it is if it is left out."""
    takes = field.takes
    if field.choices:
        *others, last = map(str, field.choices)
        takes = takes.replace("one of", f"{', '.join(others)} or {last}")
    if field.required:
        return f"{takes}, required"
    if field.default in (None, [], {}) or (field.groups and isinstance(field.default, dict)):
        return f"{takes}, optional"
    return f"{takes}, default {in_yaml(field.default)}"


def _set(
    field: FieldNote, value: Data, comments: Comments, route: Route, indent: int
) -> Iterator[str]:
    lead = " " * indent
    group = _group_of(field, value)
    if group is not None:
        others = [g.chosen_by for g in field.groups if g is not group and g.chosen_by]
        if others:
            kinds = ", ".join(kind for _, values in others for kind in values)
            yield from comment_lines(f"other values of {others[0][0]}: {kinds}", indent)
        yield f"{lead}{field.name}:"
        yield from commented(group, value, comments, route)
    elif isinstance(value, list) and value and isinstance(value[0], dict):
        for below in field.groups:
            if below.chosen_by is not None:
                key, named = below.chosen_by
                what = below.meaning.replace("``", "`")
                yield from comment_lines(f"{key}: {' or '.join(named)}: {what}", indent, 2)
            for one in below.fields:
                text = f"{one.name}: {one.meaning} ({kind_of(one)})"
                yield from comment_lines(text, indent, 4 if below.chosen_by else 2)
        yield f"{lead}{field.name}:"
        yield from (f"{lead}  - {inline(one)}" for one in value)
    else:
        yield f"{lead}{field.name}: {inline(value)}"


def _left_out(field: FieldNote, route: Route, indent: int) -> Iterator[str]:
    lead = " " * indent
    shown = "" if field.default is None else f" {inline(field.default)}"
    group = field.groups[0] if len(field.groups) == 1 else None
    if group is None or len(group.fields) > MOST_SPELLED or "or" in field.takes.split():
        yield f"{lead}#{field.name}:{shown}"
        return
    yield f"{lead}#{field.name}:"
    chosen = {group.chosen_by[0]: group.chosen_by[1][0]} if group.chosen_by else {}
    for line in commented(group, chosen, {}, route):
        yield f"{lead}#{line[indent:]}"


def _group_of(field: FieldNote, value: Data) -> FieldGroup | None:
    """The mapping that a value is meant to be."""
    if not isinstance(value, dict):
        return None
    for group in field.groups:
        if group.chosen_by is None or value.get(group.chosen_by[0]) in group.chosen_by[1]:
            return group
    return None
