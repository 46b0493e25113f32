"""pydantic's findings as one line with a position: where, what, and what was expected."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from experiments.language.document import Data, Document, Route, dotted
from experiments.language.errors import InputError, Position, shown, suggestion
from sim.units import SIZE_FORMAT

Model = TypeVar("Model", bound=BaseModel)

Schema = Mapping[str, Any]

_EXPECTED = {
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "finite_number": "a finite number",
    "string_type": "text",
    "bool_type": "true or false",
    "dict_type": "a mapping",
    "model_type": "a mapping",
    "list_type": "a list",
    "tuple_type": "a list",
    "greater_than": "more than {gt}",
    "greater_than_equal": "at least {ge}",
    "less_than": "less than {lt}",
    "less_than_equal": "at most {le}",
    "string_pattern_mismatch": "text that matches {pattern}",
    "string_too_short": "at least {min_length} characters",
    "string_too_long": "at most {max_length} characters",
    "too_short": "at least {min_length} values",
    "too_long": "at most {max_length} values",
    "value_error": "{error}",
}
"""What pydantic wanted, by its error type, with its context to fill in."""

_TYPES = {
    "integer": "a whole number",
    "number": "a number",
    "string": "text",
    "boolean": "true or false",
    "object": "a mapping",
    "array": "a list",
}
"""JSON Schema's types in words."""


_ALWAYS_ADDABLE = frozenset({"missing", "union_tag_not_found"})
"""Findings that another key would put right whatever stands beside them."""


@dataclass(frozen=True)
class _Finding:
    """One thing that is wrong.

    Attributes:
        addable: another key would put it right.
        position: where it is.
        message: what it is.
        route: of the value that is wrong.
        astray: the way to a union whose value is not meant to be the arm that this is about.
    """

    addable: bool
    position: Position
    message: str
    route: Route
    astray: Route | None

    @property
    def urgency(self) -> tuple[bool, Position]:
        """The least is the one to tell; of several, the first arm's of a union."""
        return self.addable, self.position


def validate(model: type[Model], document: Document) -> Model:
    """The document's data as ``model``.

    Raises:
        InputError: for the first finding in the order of the text; a missing key comes last,
            because a misspelt one is usually why it is missing.
    """
    try:
        return _read(model, document)
    except ValidationError as error:
        first = min(_findings(error, model, document), key=lambda f: f.urgency)
        raise InputError.at(first.position, first.message) from None


def check_present(model: type[BaseModel], document: Document) -> None:
    """Like `validate`, but what is missing may still be added.

    Raises:
        InputError: for the first finding that no further key would put right.
    """
    try:
        _read(model, document)
    except ValidationError as error:
        if all(details["type"] in _ALWAYS_ADDABLE for details in error.errors()):
            return
        wrong = [f for f in _findings(error, model, document) if not f.addable]
        if wrong:
            first = min(wrong, key=lambda f: f.urgency)
            raise InputError.at(first.position, first.message) from None


def takes_whole_numbers(model: type[BaseModel], route: Route) -> bool:
    """Whether a bare number at ``route`` has to be whole, whatever the kinds on the way are."""
    types = {node.get("type") for node in _nodes_at(model.model_json_schema(), route)}
    return "integer" in types and "number" not in types


def sizes_among(model: type[BaseModel], routes: Iterable[Route]) -> set[Route]:
    """Which routes lead to sizes, whatever the kinds on the way are."""
    schema = model.model_json_schema()
    return {
        route
        for route in routes
        if any(node.get("format") == SIZE_FORMAT for node in _nodes_at(schema, route))
    }


def _nodes_at(schema: Schema, route: Route) -> list[Schema]:
    """What the values at a route may be."""
    nodes = list(_arms_below(schema, schema))
    for step in route:
        nodes = [arm for node in nodes for arm in _arms_below(_below(node, step), schema)]
    return nodes


def _arms_below(node: Schema, schema: Schema) -> Iterator[Schema]:
    node = _resolved(schema, node)
    if arms := _arms(node):
        for arm in arms.values():
            yield from _arms_below(arm, schema)
    else:
        yield node


def _read(model: type[Model], document: Document) -> Model:
    # As JSON, because of it pydantic takes lists for tuples even when strict.
    return model.model_validate_json(json.dumps(document.data))


def _findings(error: ValidationError, model: type[BaseModel], document: Document) -> list[_Finding]:
    """The findings but for those on arms of a union that the data were not meant to be."""
    schema = model.model_json_schema()
    found = [_finding(details, document, schema) for details in error.errors()]
    meant = {f.route[:size] for f in found if f.astray is None for size in range(len(f.route) + 1)}
    return [f for f in found if f.astray not in meant]


def _finding(details: ErrorDetails, document: Document, schema: Schema) -> _Finding:
    kind, value = details["type"], details["input"]
    location = details["loc"]
    # pydantic appends this to the way to a key that is wrong itself.
    of_key = location[-1:] == ("[key]",) and location[-2] == value
    place = _follow(location[:-1] if of_key else location, schema, document.data)
    route, node = place.route, place.node
    addable = False
    if kind == "extra_forbidden":
        of_key = True
        text = f"unknown key{suggestion(route[-1], place.parent.get('properties', {}))}"
    elif kind == "missing":
        addable = True
        text = f"missing: {_wanted(node)}"
    elif kind == "union_tag_not_found":
        addable = True
        route = (*route, _discriminator(node))
        text = "missing" + suggestion("", _arms(node))
    elif kind == "value_error" and isinstance(value, dict):
        # A rule between the keys of a mapping, which a further key may satisfy.
        addable = True
        text = str(details.get("ctx", {}).get("error"))
    elif kind == "union_tag_invalid":
        route = (*route, _discriminator(node))
        text = shown(value[route[-1]]) + suggestion(value[route[-1]], _arms(node))
    elif kind in ("literal_error", "enum"):
        # One that may be left out has its values below an arm that locations do not name.
        values = [
            value
            for arm in _arms_below(node, schema)
            for value in arm.get("enum", [arm["const"]] if "const" in arm else [])
        ]
        text = shown(value) + suggestion(value, values)
    else:
        expected = _EXPECTED.get(kind, details["msg"]).format(**details.get("ctx", {}))
        expected = re.sub(r"\b1 (value|character)s\b", r"1 \1", expected)
        text = f"{shown(value)}: expected {expected.removeprefix('expected ')}"
    position = document.position(route, of_key=of_key)
    astray = place.astray
    if astray is None and place.ends_in_arm and kind.endswith("_type"):
        astray = route
    return _Finding(addable, position, _line(route, text), route, astray)


def _line(route: Route, text: str) -> str:
    return f"{dotted(route)}: {text}" if route else text


@dataclass(frozen=True)
class _Place:
    """Where a location leads.

    Attributes:
        route: the location without the arms of unions.
        parent: the schema of the mapping or list that holds the value there.
        node: the schema of the value.
        ends_in_arm: the location's last step names an arm.
        astray: where it leads through an arm whose keys are not those of the mapping there.
    """

    route: Route
    parent: Schema
    node: Schema
    ends_in_arm: bool
    astray: Route | None


def _follow(location: tuple[str | int, ...], schema: Schema, data: Data) -> _Place:
    """Walk the schema along a location, which names the arms of unions as well as the keys."""
    route: Route = ()
    parent = node = _resolved(schema, schema)
    ends_in_arm = False
    astray: Route | None = None
    for step in location:
        arms = _arms(node)
        # A lone arm beside null is not named.
        ends_in_arm = len(arms) > 1
        if ends_in_arm:
            chosen = _chosen(arms, str(step))
            untagged = astray is None and "discriminator" not in node
            if untagged and _strays(chosen, arms.values(), schema, data):
                astray = route
            node = _resolved(schema, chosen)
            continue
        route = (*route, step)
        if arms:
            node = _resolved(schema, next(iter(arms.values())))
        parent = node
        node = _resolved(schema, _below(parent, step))
        data = _value_below(data, step)
    return _Place(route, parent, node, ends_in_arm, astray)


def _strays(arm: Schema, arms: Iterable[Schema], schema: Schema, data: Data) -> bool:
    """Whether another arm knows more of the keys of the mapping that is there."""
    if not isinstance(data, dict):
        return False
    known = [len(data.keys() & _keys(one, schema)) for one in (arm, *arms)]
    return known[0] < max(known)


def _keys(arm: Schema, schema: Schema) -> set[str]:
    return {key for node in _arms_below(arm, schema) for key in node.get("properties", ())}


def _value_below(data: Data, step: str | int) -> Data:
    """What is at a key or an index; of what is not there, None."""
    if isinstance(data, dict):
        return data.get(step)
    if isinstance(data, list) and isinstance(step, int) and step < len(data):
        return data[step]
    return None


def _below(parent: Schema, step: str | int) -> Schema:
    """The schema of an item of a list or of a key's value; of what it does not know, nothing."""
    if isinstance(step, int):
        below = parent.get("items", {})
    else:
        # Of keys that are not known one by one, all values are alike here.
        patterns = parent.get("patternProperties", {}).values()
        others = next(iter(patterns), parent.get("additionalProperties"))
        below = parent.get("properties", {}).get(step, others)
    return below if isinstance(below, Mapping) else {}


def _resolved(schema: Schema, node: Schema) -> Schema:
    while "$ref" in node:
        node = schema["$defs"][node["$ref"].removeprefix("#/$defs/")]
    return node


def _arms(node: Schema) -> dict[str, Schema]:
    """What a union may be, by the name that locations give it; null is nothing."""
    mapping = node.get("discriminator", {}).get("mapping", {})
    if mapping:
        return {tag: {"$ref": reference} for tag, reference in mapping.items()}
    arms = [arm for arm in node.get("anyOf", []) if arm.get("type") != "null"]
    return {_name_of_arm(arm): arm for arm in arms}


def _discriminator(node: Schema) -> str:
    """The key whose value says which arm of a union is meant."""
    return str(node["discriminator"]["propertyName"])


def _chosen(arms: Mapping[str, Schema], label: str) -> Schema:
    """The arm of a label such as ``Range``, ``list[int]``, ``function-after[_check(), Range]``."""
    words = [label, *re.findall(r"[\w-]+", label)]
    return next((arms[word] for word in words if word in arms), {})


def _name_of_arm(arm: Schema) -> str:
    if "$ref" in arm:
        return str(arm["$ref"]).removeprefix("#/$defs/")
    if "discriminator" in arm:
        return "tagged-union"
    if "const" in arm or "enum" in arm:
        return "literal"
    return "list" if arm.get("type") == "array" else str(arm.get("type"))


def _wanted(node: Schema) -> str:
    """What a missing value should have been."""
    if "discriminator" in node:
        return (
            f"expected a mapping whose {_discriminator(node)} is one of "
            f"{', '.join(map(repr, _arms(node)))}"
        )
    if "description" in node and "properties" not in node:
        return f"expected {node['description']}"
    if "const" in node:
        return f"expected {node['const']!r}"
    return f"expected {_TYPES.get(node.get('type', ''), 'a value')}"
