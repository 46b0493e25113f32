"""The fields of a configuration as its JSON Schema has them: what each takes, its default, why."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from pydantic import BaseModel

from experiments.language.amounts import spelled
from experiments.language.document import Data
from sim.units import SPELLINGS

JsonSchema: TypeAlias = Mapping[str, Any]

_WORDS = {
    "integer": "whole number",
    "number": "number",
    "string": "text",
    "boolean": "true or false",
}


@dataclass(frozen=True)
class FieldGroup:
    """The fields of a mapping.

    Attributes:
        chosen_by: the key and the values that say that this mapping is meant, if there is one.
        meaning: what it describes, in a sentence.
        fields: in their order, but for the key that chooses.
    """

    chosen_by: tuple[str, tuple[str, ...]] | None
    meaning: str
    fields: tuple[FieldNote, ...]


@dataclass(frozen=True)
class FieldNote:
    """A field.

    Attributes:
        name: its key.
        takes: what it takes, in words.
        formats: the kinds of quantity among that (`sim.units.SPELLINGS`).
        choices: its values, if only these are right.
        required: whether it must be there.
        default: what it is without, as the YAML would have it; None: nothing.
        meaning: what it says.
        groups: the mappings that it may hold, each once in the whole tree.
    """

    name: str
    takes: str
    formats: tuple[str, ...]
    choices: tuple[Data, ...]
    required: bool
    default: Data
    meaning: str
    groups: tuple[FieldGroup, ...]


def fields_of(model: type[BaseModel]) -> FieldGroup:
    """The fields of a model, and of those that it holds."""
    schema = model.model_json_schema(by_alias=True)
    return _Reader(schema).group(schema, top=True)


def in_yaml(value: Data) -> str:
    """A value without texts that YAML would read as something else, in one line of it."""
    return value if isinstance(value, str) else json.dumps(value)


class _Reader:
    """Reads one schema; a mapping that is met again is not spelled out again."""

    def __init__(self, schema: JsonSchema) -> None:
        self._definitions = schema.get("$defs", {})
        self._met: set[str] = set()

    def group(
        self, node: JsonSchema, chosen_by: str | None = None, *, top: bool = False
    ) -> FieldGroup:
        properties, required = node.get("properties", {}), node.get("required", ())
        constants = [name for name, field in properties.items() if "const" in field]
        if chosen_by is None and constants and not top:
            chosen_by = constants[0]
        chosen = None
        if chosen_by is not None:
            chosen = chosen_by, tuple(_constants(properties[chosen_by]))
        return FieldGroup(
            chosen,
            node.get("description", "").partition("\n\n")[0].replace("\n", " "),
            tuple(
                self._field(name, field, required=name in required)
                for name, field in properties.items()
                if name != chosen_by and name not in constants
            ),
        )

    def _field(self, name: str, node: JsonSchema, *, required: bool) -> FieldNote:
        arms = list(self._arms(node))
        formats = tuple(f for f in map(_format, self._leaves(arms)) if f)
        default = node.get("default")
        return FieldNote(
            name,
            self._takes(arms),
            formats,
            tuple(value for arm in arms for value in arm.get("enum", ())),
            required,
            spelled(formats[0], default) if formats else default,
            node.get("description", "").replace("\n", " "),
            tuple(self._groups(node)),
        )

    def _arms(self, node: JsonSchema) -> Iterator[JsonSchema]:
        """What a value may be, null apart."""
        below = node.get("anyOf") or node.get("oneOf")
        if "$ref" in node:
            yield from self._arms(self._definitions[_name(node)])
        elif below:
            for arm in below:
                yield from self._arms(arm)
        elif node.get("type") != "null":
            yield node

    def _leaves(self, arms: list[JsonSchema]) -> Iterator[JsonSchema]:
        """The same, with what lists hold for the lists."""
        for arm in arms:
            if "items" in arm:
                yield from self._leaves(list(self._arms(arm["items"])))
            else:
                yield arm

    def _takes(self, arms: list[JsonSchema]) -> str:
        quantity = any(map(_format, arms))  # a number beside it is only another way to write it
        words = [
            self._word(arm)
            for arm in arms
            if not (quantity and (arm.get("type") in ("integer", "number") or "const" in arm))
        ]
        return " or ".join(dict.fromkeys(words))

    def _word(self, arm: JsonSchema) -> str:
        if found := _format(arm):
            return SPELLINGS[found][0]
        if "enum" in arm:
            return "one of"
        if arm.get("type") == "array":
            return f"list of {_plural(self._takes(list(self._arms(arm.get('items', {})))))}"
        if arm.get("type") == "object":
            patterns = arm.get("patternProperties", {}).values()
            values = next(iter(patterns), arm.get("additionalProperties"))
            if not isinstance(values, Mapping):
                return "mapping"
            kinds = values.get("discriminator", {}).get("mapping")
            each = f"mappings of kind {', '.join(kinds)}" if kinds else ""
            each = each or _plural(self._takes(list(self._arms(values))))
            return f"mapping of names to {each}"
        types = arm.get("type", ())
        return " or ".join(_WORDS[one] for one in ([types] if isinstance(types, str) else types))

    def _groups(self, node: JsonSchema, chosen_by: str | None = None) -> Iterator[FieldGroup]:
        chosen_by = node.get("discriminator", {}).get("propertyName", chosen_by)
        if "$ref" in node:
            if _name(node) not in self._met:
                self._met.add(_name(node))
                of = self._definitions[_name(node)]
                yield from self._groups(of, chosen_by)
        elif below := node.get("anyOf") or node.get("oneOf"):
            for arm in below:
                yield from self._groups(arm, chosen_by)
        elif "items" in node:
            yield from self._groups(node["items"])
        elif "properties" in node:
            yield self.group(node, chosen_by)


def _name(node: JsonSchema) -> str:
    return str(node["$ref"]).removeprefix("#/$defs/")


def _format(arm: JsonSchema) -> str | None:
    found = arm.get("format")
    return found if found in SPELLINGS else None


def _constants(node: JsonSchema) -> list[str]:
    return [str(value) for value in node.get("enum", [node.get("const")])]


def _plural(words: str) -> str:
    """`size or mapping` as `sizes or mappings`."""
    words = words.replace(_WORDS["boolean"], "truth value") or "value"
    return " or ".join(one if one.endswith("s") else f"{one}s" for one in words.split(" or "))
