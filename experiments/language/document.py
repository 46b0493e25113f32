"""YAML text to plain data that remembers where each value stood.

The YAML is deliberately small: one document of mappings with text keys, lists and scalars; no
tags, no aliases, so that no input grows beyond its own size. ruamel.yaml scans and parses (YAML
1.2); its events are composed here because positions, duplicate keys and depth are decided here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeAlias

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.events import (
    AliasEvent,
    CollectionStartEvent,
    DocumentStartEvent,
    Event,
    MappingEndEvent,
    NodeEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
)
from ruamel.yaml.nodes import ScalarNode

from experiments.language.errors import LONGEST_VALUE, InputError, Position, shown
from sim.regular_file import open_regular

LARGEST_BYTES = 256 * 1024
DEEPEST = 32
LARGEST_INTEGER = 2**63

Data: TypeAlias = Any
"""None, bool, int, float, str, or a list or a str-keyed dict of these."""

Route: TypeAlias = tuple[str | int, ...]
"""The way to a value: keys and list indices, from the top."""

_NUMBERS_AND_SUCH = {f"tag:yaml.org,2002:{name}" for name in ("null", "bool", "int", "float")}
_NOT_TEXT = re.compile(r"[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclass
class Document:
    """Plain data, which is never changed in place, and where it stood.

    Attributes:
        data: the top value, of an experiment a mapping.
        values: where the value at each route begins.
        keys: where the key that leads to each route begins.
    """

    data: Data
    values: dict[Route, Position] = field(default_factory=dict)
    keys: dict[Route, Position] = field(default_factory=dict)

    def position(self, route: Route, *, of_key: bool = False) -> Position:
        """Where ``route`` stands; for what does not stand there, where the nearest part does."""
        found = self.keys.get(route) if of_key else None
        while found is None:
            found = self.values.get(route)
            route = route[:-1]
        return found

    def leaves(self) -> Iterator[tuple[Route, str]]:
        """Every text in it that is no key, and the way to it."""
        ways: list[tuple[Route, Data]] = [((), self.data)]
        for way, value in ways:
            if isinstance(value, dict):
                ways += [((*way, key), below) for key, below in value.items()]
            elif isinstance(value, list):
                ways += [((*way, place), below) for place, below in enumerate(value)]
            elif isinstance(value, str):
                yield way, value

    def copy(self) -> Document:
        """A copy that may be assigned to without changing this one."""
        return Document(self.data, dict(self.values), dict(self.keys))

    def part(self, route: Route) -> Document:
        """The value at ``route`` as a document of its own."""
        size = len(route)
        data = self.data
        for step in route:
            data = data[step]
        return Document(
            data,
            {r[size:]: p for r, p in self.values.items() if r[:size] == route},
            {r[size:]: p for r, p in self.keys.items() if r[:size] == route},
        )

    def assign(self, route: Route, value: Document, key: Position) -> None:
        """Put ``value`` at ``route``, making missing mappings on the way.

        Raises:
            InputError: something on the way is not a mapping, or a list is too short.
        """
        self.data = put(self.data, route, value.data, key)
        for made in (route[:size] for size in range(1, len(route))):
            if made not in self.values:
                self.values[made] = self.keys[made] = key
        for old in (self.values, self.keys):
            for below in [r for r in old if r[: len(route)] == route]:
                del old[below]
        self.keys[route] = key
        self.values |= {route + r: p for r, p in value.values.items()}
        self.keys |= {route + r: p for r, p in value.keys.items() if r}


def put(data: Data, route: Route, value: Data, at: Position, above: Route = ()) -> Data:
    """A copy of ``data`` with ``value`` at ``route``, missing mappings made on the way.

    It shares with ``data`` whatever is beside the way.

    Args:
        data: is left as it is.
        route: the way, of at least one step.
        value: what to put there.
        at: where to say so if the way leads nowhere.
        above: the way to ``data``, for messages.

    Raises:
        InputError: something on the way is not a mapping, a list is too short, or the way too long.
    """
    if len(route) > DEEPEST:
        start = f"{dotted(route)[:LONGEST_VALUE]}..."
        raise InputError.at(at, f"{start}: {len(route)} levels: expected at most {DEEPEST}")
    step = route[0]
    below: Data = None
    if isinstance(data, dict):
        step = str(step)
        below = data.get(step)
    elif isinstance(data, list) and isinstance(step, int) and step < len(data):
        below = data[step]
    else:
        kind = f"a list of {len(data)}" if isinstance(data, list) else shown(data)
        where = dotted(above) or "the experiment"
        raise InputError.at(at, f"{dotted((*above, step))}: {where} is {kind}: expected a mapping")
    if len(route) > 1:
        below = {} if below is None and isinstance(data, dict) else below
        value = put(below, route[1:], value, at, (*above, step))
    changed = data.copy()
    changed[step] = value
    return changed


def dotted(route: Route) -> str:
    """A route as a message names it: ``workload.clients.kind``."""
    return ".".join(map(str, route))


def route_of(path: str) -> Route:
    """The inverse of `dotted`; digits are list indices."""
    return tuple(int(s) if s.isdecimal() and len(s) < 7 else s for s in path.split("."))


def read_text(file: Path) -> str:
    """The text of a YAML file.

    Raises:
        InputError: the file cannot be read, is too large, or is not text.
    """
    start = Position(str(file))
    try:
        with open_regular(file) as stream:
            raw = stream.read(LARGEST_BYTES + 1)
    except FileNotFoundError:
        raise InputError.at(start, "no such file: expected an experiment in YAML") from None
    except IsADirectoryError:
        raise InputError.at(start, "a folder: expected an experiment in YAML") from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise InputError.at(start, f"{reason}: expected a readable file") from None
    if len(raw) > LARGEST_BYTES:
        raise InputError.at(start, f"too large: expected at most {LARGEST_BYTES // 1024} KiB")
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = raw[: error.start].decode("utf-8-sig", errors="replace")
        raise InputError.at(
            _after(start, before), f"byte {raw[error.start]:#04x}: expected UTF-8 text"
        ) from None
    return text


def _after(start: Position, before: str) -> Position:
    """The position behind the text ``before`` that begins at ``start``."""
    lines = before.split("\n")
    if len(lines) == 1:
        return Position(start.source, start.line, start.column + len(before))
    return Position(start.source, start.line + len(lines) - 1, len(lines[-1]) + 1)


def parse(text: str, start: Position, above: Route = ()) -> Document:
    """The one value in ``text``, which begins at ``start``.

    Args:
        text: YAML.
        start: of the text.
        above: the way to the value, for messages.

    Raises:
        InputError: the text is not YAML, or uses what this project's YAML leaves out.
    """
    if strange := _NOT_TEXT.search(text):
        raise InputError.at(
            _after(start, text[: strange.start()]), f"character {strange[0]!a}: expected text"
        )
    composer = _Composer(text, start, above)
    try:
        return composer.compose()
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line, column = (mark.line, mark.column) if mark else (0, 0)
        raise InputError.at(
            composer.position(line, column), f"not YAML: {error.problem or error.context}"
        ) from None
    except YAMLError as error:
        raise InputError.at(start, f"not YAML: {error}") from None


def load(file: Path) -> Document:
    """The experiment in ``file``, not yet validated.

    Raises:
        InputError: see `read_text` and `parse`; also if the file does not hold a mapping.
    """
    document = parse(read_text(file), Position(str(file)))
    if not isinstance(document.data, dict):
        what = "empty" if document.data is None else shown(document.data)
        raise InputError.at(
            document.position(()), f"{what}: expected an experiment that begins 'forksim: 1'"
        )
    return document


class _Composer:
    def __init__(self, text: str, start: Position, above: Route) -> None:
        self._yaml = YAML(typ="safe", pure=True)
        self._events: Iterator[Event] = self._yaml.parse(text)
        self._start = start
        self._above = above
        self._document = Document({})

    def position(self, line: int, column: int) -> Position:
        """The position of a mark, which counts lines and columns from 0."""
        first = self._start.column if line == 0 else 1
        return Position(self._start.source, self._start.line + line, first + column)

    def compose(self) -> Document:
        """The stream's one document; an empty stream is a document that holds None."""
        self._document.values[()] = self._start
        documents = 0
        for event in self._events:
            if isinstance(event, DocumentStartEvent):
                documents += 1
                if documents > 1:
                    raise self._error(event, "a second document: expected one experiment a file")
                if event.version is not None or event.tags:
                    raise self._error(event, "a YAML directive: expected none")
                self._document.data = self._value(next(self._events), ())
        if documents == 0:
            self._document.data = None
        return self._document

    def _value(self, event: Event, route: Route) -> Data:
        self._document.values[route] = self._of(event)
        if isinstance(event, AliasEvent):
            raise self._error(event, f"alias *{event.anchor}: expected the value written out")
        if isinstance(event, NodeEvent) and event.anchor is not None:
            raise self._error(event, f"anchor &{event.anchor}: expected no anchors or aliases")
        if isinstance(event, ScalarEvent):
            return self._scalar(event, route)
        if isinstance(event, CollectionStartEvent) and event.ctag is not None:
            raise self._error(event, f"tag {event.ctag}: expected no tags")
        if len(route) >= DEEPEST:
            raise self._error(event, f"nested too deeply: expected at most {DEEPEST} levels")
        if isinstance(event, SequenceStartEvent):
            return self._list(route)
        return self._mapping(route)

    def _list(self, route: Route) -> list[Data]:
        values: list[Data] = []
        while not isinstance(event := next(self._events), SequenceEndEvent):
            values.append(self._value(event, (*route, len(values))))
        return values

    def _mapping(self, route: Route) -> dict[str, Data]:
        values: dict[str, Data] = {}
        while not isinstance(event := next(self._events), MappingEndEvent):
            key = self._key(event)
            here = (*route, key)
            if key in values:
                first = self._document.keys[here]
                raise self._error(event, f"{dotted(here)}: given twice, first in line {first.line}")
            self._document.keys[here] = self._of(event)
            event = next(self._events)
            values[key] = self._value(event, here)
            if isinstance(event, ScalarEvent) and not event.value and event.style is None:
                # What is left out stands where it was announced, not where the next thing is.
                self._document.values[here] = self._document.keys[here]
        return values

    def _key(self, event: Event) -> str:
        if not isinstance(event, ScalarEvent) or event.anchor is not None:
            raise self._error(event, "a key that is not a plain name: expected a name")
        key = self._scalar(event, ())
        if isinstance(key, int) and not isinstance(key, bool):
            return str(event.value)  # a code, which is a name as it is written
        if not isinstance(key, str):
            raise self._error(event, f"key {shown(event.value)}: expected a name")
        return key

    def _scalar(self, event: ScalarEvent, route: Route) -> Data:
        if event.ctag is not None:
            raise self._error(event, f"tag {event.ctag}: expected no tags")
        if strange := _NOT_TEXT.search(event.value):
            raise self._error(event, f"escaped character {strange[0]!a}: expected text")
        tag = self._yaml.resolver.resolve(ScalarNode, event.value, event.implicit)
        if str(tag) not in _NUMBERS_AND_SUCH:
            return event.value
        try:
            value = self._yaml.constructor.construct_object(
                ScalarNode(tag, event.value, event.start_mark, event.end_mark)
            )
        except (ValueError, ArithmeticError):
            raise self._wrong(event, route, "a number or text") from None
        if isinstance(value, int) and abs(value) >= LARGEST_INTEGER:
            raise self._wrong(event, route, "a number below 2^63")
        return value

    def _wrong(self, event: ScalarEvent, route: Route, expected: str) -> InputError:
        name = dotted((*self._above, *route))
        whose = f"{name}: " if name else ""
        return self._error(event, f"{whose}{shown(event.value)}: expected {expected}")

    def _of(self, event: Event) -> Position:
        return self.position(event.start_mark.line, event.start_mark.column)

    def _error(self, event: Event, message: str) -> InputError:
        return InputError.at(self._of(event), message)
