"""pydantic's findings as one line with a position: where, what, and what was expected."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from experiments.document import Document, Route, dotted
from experiments.errors import InputError, Position, shown, suggestion

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


def validate(model: type[Model], document: Document) -> Model:
    """The document's data as ``model``.

    Raises:
        InputError: for the first finding in the order of the text; a missing key comes last,
            because a misspelt one is usually why it is missing.
    """
    try:
        return _read(model, document)
    except ValidationError as error:
        _, position, text = min(_findings(error, model, document))
        raise InputError.at(position, text) from None


def check_present(model: type[BaseModel], document: Document) -> None:
    """Like `validate`, but what is missing may still be added.

    Raises:
        InputError: for the first finding that no further key would put right.
    """
    try:
        _read(model, document)
    except ValidationError as error:
        wrong = [finding for finding in _findings(error, model, document) if not finding[0]]
        if wrong:
            _, position, text = min(wrong)
            raise InputError.at(position, text) from None


def _read(model: type[Model], document: Document) -> Model:
    # As JSON, because of it pydantic takes lists for tuples even when strict.
    return model.model_validate_json(json.dumps(document.data))


def _findings(
    error: ValidationError, model: type[BaseModel], document: Document
) -> list[tuple[bool, Position, str]]:
    schema = model.model_json_schema()
    return [_finding(details, document, schema) for details in error.errors()]


def _finding(
    details: ErrorDetails, document: Document, schema: Schema
) -> tuple[bool, Position, str]:
    """Whether another key would put it right, where it is, and the message."""
    kind = details["type"]
    route, parent, node = _follow(details["loc"], schema)
    if kind == "extra_forbidden":
        text = f"unknown key{suggestion(route[-1], parent.get('properties', {}))}"
        return False, document.position(route, of_key=True), _line(route, text)
    if kind == "missing":
        return True, document.position(route), _line(route, f"missing: {_wanted(node)}")
    if kind == "union_tag_not_found":
        wanted = suggestion("", _arms(node)).removeprefix(": ")
        return True, document.position(route), _line((*route, "kind"), f"missing: {wanted}")
    value = details["input"]
    if kind == "value_error" and isinstance(value, dict):
        # A rule between the keys of a mapping, which a further key may satisfy.
        text = str(details.get("ctx", {}).get("error"))
        return True, document.position(route), _line(route, text)
    if kind == "union_tag_invalid":
        route = (*route, "kind")
        text = shown(value["kind"]) + suggestion(value["kind"], _arms(node))
    elif kind in ("literal_error", "enum"):
        text = shown(value) + suggestion(value, node.get("enum", [node.get("const")]))
    elif kind in _EXPECTED:
        expected = _EXPECTED[kind].format(**details.get("ctx", {}))
        text = f"{shown(value)}: expected {expected.removeprefix('expected ')}"
    else:
        text = f"{shown(value)}: {details['msg']}"
    return False, document.position(route), _line(route, text)


def _line(route: Route, text: str) -> str:
    return f"{dotted(route)}: {text}" if route else text


def _follow(location: tuple[str | int, ...], schema: Schema) -> tuple[Route, Schema, Schema]:
    """Walk the schema along a location, which names the arms of unions as well as the keys.

    Returns:
        The location without the arms, the schema of the mapping or list at its end, and that of
        the value there.
    """
    route: Route = ()
    parent = node = _resolved(schema, schema)
    for step in location:
        arms = _arms(node)
        if step in arms:
            node = _resolved(schema, arms[str(step)])
            continue
        route = (*route, step)
        if len(arms) == 1:
            node = _resolved(schema, next(iter(arms.values())))
        parent = node
        if isinstance(step, int):
            below = parent.get("items", {})
        else:
            below = parent.get("properties", {}).get(step, parent.get("additionalProperties"))
        node = _resolved(schema, below) if isinstance(below, Mapping) else {}
    return route, parent, node


def _resolved(schema: Schema, node: Schema) -> Schema:
    while "$ref" in node:
        node = schema["$defs"][node["$ref"].removeprefix("#/$defs/")]
    return node


def _arms(node: Schema) -> dict[str, Schema]:
    """The models that a union may be, by the name that locations give them."""
    mapping = node.get("discriminator", {}).get("mapping", {})
    if mapping:
        return {tag: {"$ref": reference} for tag, reference in mapping.items()}
    arms = [arm for arm in node.get("anyOf", []) if "$ref" in arm]
    return {arm["$ref"].removeprefix("#/$defs/"): arm for arm in arms}


def _wanted(node: Schema) -> str:
    """What a missing value should have been."""
    if "description" in node and "properties" not in node:
        return f"expected {node['description']}"
    if "const" in node:
        return f"expected {node['const']!r}"
    return f"expected {_TYPES.get(node.get('type', ''), 'a value')}"
