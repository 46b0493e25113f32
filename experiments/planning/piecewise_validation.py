"""Validation of many experiments that are alike, piece by piece.

A hundred thousand points differ in a few fields. The fields of a mapping depend on each other
only through the validators of its model, so each is validated once for each combination of the
values that a sweep gives to it, and those validators are run on what came out. The outcome is
that of validating every experiment as a whole (tests compare them); a mapping for which that is
not certain, because its model does more, is one piece.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from functools import cached_property
from inspect import signature
from types import NoneType
from typing import Annotated, Any, NamedTuple, Protocol, get_args

from pydantic import BaseModel, TypeAdapter, create_model
from pydantic.fields import FieldInfo
from pydantic_core import to_json

from experiments.language.document import Data, Route
from experiments.language.errors import InputError
from experiments.sweeps.blocks import Axis
from experiments.sweeps.variation import (
    ABSENT,
    NOWHERE,
    Combination,
    CombinationRows,
    FieldVariation,
)
from results.records.record import canonical_json, canonical_jsons


class ValidPiece(NamedTuple):
    """A piece in some combinations of a sweep, found right in all of them.

    Attributes:
        values: as its model has them.
        spelled: its configurations as canonical JSON.
    """

    values: Sequence[Any]
    spelled: Sequence[bytes]


class Piece(Protocol):
    """What is validated apart from the rest of an experiment."""

    varied: FieldVariation

    def of(self, combinations: Sequence[Combination]) -> ValidPiece:
        """The piece in some combinations, which take a fraction of their time one by one.

        Raises:
            ValueError: it is wrong in one of them, or a path leads nowhere.
        """

    def config(self, combination: Combination) -> Any:
        """As plain JSON data, defaults filled in; of a combination that `of` found right."""


class _KnownPiece(NamedTuple):
    """A piece in one combination."""

    value: Any
    spelled: bytes
    config: Any


def _valid(known: Sequence[_KnownPiece]) -> ValidPiece:
    return ValidPiece([one.value for one in known], [one.spelled for one in known])


class _Leaf:
    """A field that is validated as a whole."""

    def __init__(self, name: str, model: type[BaseModel], varied: FieldVariation) -> None:
        self.varied = varied
        self._name = name
        self._model = model
        self._known: dict[CombinationRows, _KnownPiece] = {}

    def of(self, combinations: Sequence[Combination]) -> ValidPiece:
        """See `Piece.of`."""
        known, rows = self._known, list(map(self.varied.row, combinations))
        new = [row for row in dict.fromkeys(rows) if row not in known]
        if new:
            known.update(zip(new, self._read(self.varied.column(new)), strict=True))
        return _valid([known[row] for row in rows])

    def config(self, combination: Combination) -> Any:
        """See `Piece.config`."""
        return self._known[self.varied.row(combination)].config

    @cached_property
    def _values(self) -> TypeAdapter[list[Any]]:
        """Reads the field's values."""
        field = self._model.model_fields[self._name]
        values: Any = list[Annotated[field.annotation, field]]  # type: ignore[name-defined] # made now
        return TypeAdapter(values, config=self._model.model_config)

    def _read(self, written: list[Data]) -> list[_KnownPiece]:
        given = [value for value in written if value is not ABSENT]
        if not given:
            return [self._default()] * len(written)
        values = self._values.validate_json(to_json(given))
        configs = self._values.dump_python(values, mode="json", serialize_as_any=True)
        known = map(_KnownPiece, values, canonical_jsons(configs), configs)
        return [self._default() if value is ABSENT else next(known) for value in written]

    def _default(self) -> _KnownPiece:
        field = self._model.model_fields[self._name]
        fields: dict[str, Any] = {self._name: (field.annotation, field)}
        config_of = self._model.model_config
        alone = create_model(self._name, __config__=config_of, **fields)
        one = alone.model_validate_json(b"{}")
        config = one.model_dump(mode="json", serialize_as_any=True)[self._name]
        return _KnownPiece(getattr(one, self._name), canonical_json(config), config)


class Branch:
    """A mapping of which each field is a piece."""

    def __init__(
        self,
        model: type[BaseModel],
        base: Mapping[str, Data],
        axes: Sequence[Axis],
        route: Route = (),
        but: Collection[str] = (),
    ) -> None:
        """Take a mapping to pieces.

        Args:
            model: of the mapping.
            base: the mapping without the sweep's values.
            axes: of the sweep.
            route: the way to the mapping in an experiment.
            but: fields that are left out.
        """
        self.varied = FieldVariation(route, base, axes)
        self.pieces: Mapping[str, Piece] = {
            name: _piece(model, name, base.get(name, ABSENT), axes, (*route, name))
            for name in model.model_fields
            if name not in but
        }
        known = {*self.pieces, *but}
        self._strange = {*base} - known
        self._strange_rows = self.varied.rows_with(self.varied.keys - known)
        self._recurs = len(self.varied.axes) < len(axes)
        rules = [rule.func for rule in model.__pydantic_decorators__.model_validators.values()]
        self._outcome = _MappingRules(model, set(self.pieces), rules) if route or rules else None
        self._varying = {
            name: self.pieces[name] for name in sorted(self.pieces) if self.pieces[name].varied.axes
        }
        self._first: _JoinedFields | None = None
        self._known: dict[CombinationRows, _KnownPiece] = {}

    def of(self, combinations: Sequence[Combination]) -> ValidPiece:
        """See `Piece.of`."""
        if not self._recurs:
            return self._joined(combinations)
        known, rows = self._known, list(map(self.varied.row, combinations))
        new = {
            row: combination
            for row, combination in zip(rows, combinations, strict=True)
            if row not in known
        }
        if new:
            different = list(new.values())
            values, spelled = self._joined(different)
            joined = map(_KnownPiece, values, spelled, map(self._config, different))
            known.update(zip(new, joined, strict=True))
        return _valid([known[row] for row in rows])

    def config(self, combination: Combination) -> Any:
        """See `Piece.config`."""
        if not self._recurs:
            return self._config(combination)
        return self._known[self.varied.row(combination)].config

    def _config(self, combination: Combination) -> dict[str, Any]:
        return {name: piece.config(combination) for name, piece in self.pieces.items()}

    def _joined(self, combinations: Sequence[Combination]) -> ValidPiece:
        if self._strange or any(
            combination[axis] in rows
            for axis, rows in self._strange_rows.items()
            for combination in combinations
        ):
            raise InputError.at(NOWHERE, "an unknown key")
        if self._first is None:
            self._first = self._join(combinations[:1])
        template, same = self._first
        if not self._varying:
            values = [] if self._outcome is None else [self._outcome.checked(same)]
            return ValidPiece(
                (values or [None]) * len(combinations), [template % ()] * len(combinations)
            )
        found = [piece.of(combinations) for piece in self._varying.values()]
        spelled = [template % parts for parts in zip(*(one.spelled for one in found), strict=True)]
        if self._outcome is None:
            return ValidPiece([None] * len(combinations), spelled)
        names, checked = tuple(self._varying), self._outcome.checked
        rows = zip(*(one.values for one in found), strict=True)
        return ValidPiece(
            [checked(same | dict(zip(names, row, strict=True))) for row in rows], spelled
        )

    def _join(self, first: Sequence[Combination]) -> _JoinedFields:
        fields = {name: piece.of(first) for name, piece in self.pieces.items()}
        spelled = b",".join(
            b'"%b":%b' % (name.encode("ascii"), self._place(name, fields[name].spelled[0]))
            for name in sorted(fields)
        )
        return _JoinedFields(
            b"{%b}" % spelled, {name: field.values[0] for name, field in fields.items()}
        )

    def _place(self, name: str, spelled: bytes) -> bytes:
        return b"%b" if name in self._varying else spelled.replace(b"%", b"%%")


class _JoinedFields(NamedTuple):
    """The fields of a mapping put together.

    Attributes:
        template: canonical JSON with a place (``%b``) for each field that varies.
        values: of the first combination, as the model has them.
    """

    template: bytes
    values: dict[str, Any]


class _MappingRules:
    """Models of fields that are validated already, for the rules that look at all of them."""

    def __init__(
        self, model: type[BaseModel], names: set[str], rules: Sequence[Callable[[Any], Any]]
    ) -> None:
        self._model = model
        self._names = names
        self._rules = rules

    def checked(self, values: dict[str, Any]) -> Any:
        """An instance with these values of its fields, made as unpickling makes it.

        Raises:
            ValueError: a rule is broken.
        """
        one: Any = self._model.__new__(self._model)
        # A frozen model has no other way in.
        object.__setattr__(one, "__dict__", values)
        object.__setattr__(one, "__pydantic_fields_set__", self._names)
        object.__setattr__(one, "__pydantic_extra__", None)
        object.__setattr__(one, "__pydantic_private__", None)
        for rule in self._rules:
            one = rule(one)
        return one


def _piece(
    model: type[BaseModel], name: str, base: Data, axes: Sequence[Axis], route: Route
) -> Piece:
    varied = FieldVariation(route, base, axes)
    if isinstance(base, dict) and not varied.replaced and "kind" not in varied.keys:
        below = _mapping_at(model.model_fields[name], base)
        if below is not None and separable(below):
            return Branch(below, base, axes, route)
    return _Leaf(name, model, varied)


def _mapping_at(field: FieldInfo, base: Mapping[str, Data]) -> type[BaseModel] | None:
    """The model of a field that can hold nothing but mappings, of several the one of its kind."""
    arms = [arm for arm in get_args(field.annotation) or (field.annotation,) if arm is not NoneType]
    if field.metadata or not all(
        isinstance(arm, type) and issubclass(arm, BaseModel) for arm in arms
    ):
        return None
    kinds = [arm for arm in arms if len(arms) == 1 or base.get("kind") in _kinds(arm)]
    chosen: type[BaseModel] | None = kinds[0] if len(kinds) == 1 else None
    return chosen


def _kinds(model: type[BaseModel]) -> tuple[Any, ...]:
    field = model.model_fields.get("kind")
    return () if field is None else get_args(field.annotation)


def separable(model: type[BaseModel]) -> bool:
    """Whether nothing but validators of the whole mapping, run at the end, joins its fields."""
    has = model.__pydantic_decorators__
    joined = (
        has.validators,
        has.root_validators,
        has.field_validators,
        has.field_serializers,
        has.model_serializers,
        has.computed_fields,
    )
    return (
        model.model_config.get("extra") == "forbid"
        and not any(joined)
        and all(map(_looks_at_the_outcome, has.model_validators.values()))
        and model.__pydantic_post_init__ is None
        and not any(field.alias for field in model.model_fields.values())
    )


def _looks_at_the_outcome(rule: Any) -> bool:
    return rule.info.mode == "after" and len(signature(rule.func).parameters) == 1
