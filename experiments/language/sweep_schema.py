"""The shape of a sweep in an experiment's YAML."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import ConfigDict, Field, WithJsonSchema, model_validator

from sim.configuration import Configuration

KINDS = ("grid", "zip", "list", "sample", "where")
"""What an entry of a sweep may be; all but the last are blocks of fields."""

MOST_SAMPLES = 2**20


_SCALAR = {"type": ["number", "string", "boolean"]}
_SCALARS = {"anyOf": [_SCALAR, {"type": "array", "items": _SCALAR, "minItems": 1}]}
_LIMITS = ("at_least", "at_most", "above", "below")
_CONDITION = {
    "anyOf": [
        *_SCALARS["anyOf"],
        {
            "type": "object",
            "properties": {**dict.fromkeys(_LIMITS, _SCALAR), "not": _SCALARS},
            "additionalProperties": False,
            "minProperties": 1,
        },
    ]
}

Quantity = Annotated[Any, WithJsonSchema({"type": ["number", "string"]})]
Condition = Annotated[Any, WithJsonSchema(_CONDITION)]
Lists = dict[str, Annotated[list[Any], Field(min_length=1)]]


class SampledRange(Configuration):
    """From where to where a field is sampled, and what is uniform: the value or its logarithm."""

    first: Annotated[Quantity, Field(alias="from", description="the least value, such as 256MiB")]
    last: Annotated[Quantity, Field(alias="to", description="the greatest value, such as 64GiB")]
    scale: Literal["linear", "log"] = "linear"


class Sample(Configuration):
    """Points spread over the ranges of some fields, the same ones for the same seed."""

    method: Annotated[
        Literal["uniform", "latin_hypercube", "sobol"],
        Field(
            description="how points are spread: at random, or evenly in two ways (scipy.stats.qmc)"
        ),
    ]
    count: Annotated[
        int, Field(ge=1, le=MOST_SAMPLES, description="how many; of sobol a power of two")
    ]
    seed: Annotated[int, Field(ge=0, lt=2**63)] = 0
    fields: Annotated[
        dict[str, SampledRange], Field(min_length=1, description="ranges by dotted path")
    ]

    @model_validator(mode="after")
    def _balanced(self) -> Self:
        if self.method == "sobol" and self.count.bit_count() != 1:
            more = 1 << self.count.bit_length()
            near = f"{more // 2} or {more}"
            raise ValueError(f"sobol is balanced only in powers of two: expected {near} as count")
        return self


class Block(Configuration):
    """Fields that take several values, in one of several ways, or a condition on the points."""

    model_config = ConfigDict(json_schema_extra={"minProperties": 1, "maxProperties": 1})

    grid: Annotated[
        Lists | None,
        Field(
            min_length=1,
            description="lists of values by dotted path, such as fork.kind: every combination",
        ),
    ] = None
    together: Annotated[
        Lists | None,
        Field(
            alias="zip",
            min_length=1,
            description="lists of one length by dotted path: the first values, the second ...",
        ),
    ] = None
    one_by_one: Annotated[
        list[dict[str, Any]] | None,
        Field(alias="list", min_length=1, description="mappings of dotted paths to values"),
    ] = None
    sample: Annotated[Sample | None, Field(description="points spread over ranges of fields")] = (
        None
    )
    where: Annotated[
        list[Annotated[dict[str, Condition], Field(min_length=1)]] | None,
        Field(
            min_length=1,
            description="only points that meet all conditions of one of these mappings",
        ),
    ] = None

    @model_validator(mode="after")
    def _one(self) -> Self:
        named = [getattr(self, name) for name in self.model_fields_set]
        if len(named) != 1 or named[0] is None:
            raise ValueError(f"expected one of {', '.join(map(repr, KINDS))}")
        return self
