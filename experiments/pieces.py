"""Validation of many experiments that are alike, piece by piece.

A hundred thousand points differ in a few fields. The fields of a mapping depend on each other
only through the validators of its model, so each is validated once for each combination of the
values that a sweep gives to it, and those validators are run on what came out. The outcome is
that of validating every experiment as a whole (tests compare them); a mapping for which that is
not certain, because its model does more, is one piece.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from operator import itemgetter
from types import NoneType
from typing import Any, NamedTuple, TypeAlias, get_args

from pydantic import BaseModel, create_model
from pydantic.fields import FieldInfo
from pydantic_core import to_json

from experiments.blocks import Axis, Given
from experiments.document import Data, Route, put
from experiments.errors import InputError, Position
from results.record import canonical_json

Rows: TypeAlias = tuple[int, ...]
"""Of the axes that concern a piece, the row of each."""

_NOWHERE = Position("")

ABSENT = object()


class Resolved(NamedTuple):
    """A piece in one combination of a sweep.

    Attributes:
        value: as its model has it.
        config: as plain JSON data, defaults filled in.
        spelled: the same as canonical JSON.
    """

    value: Any
    config: Any
    spelled: bytes


class Varied:
    """What a sweep does to the value at a route.

    Attributes:
        axes: the numbers of those that give it, or something below it, a value.
        replaced: whether the value as a whole is given.
        keys: what is given a value directly below it.
    """

    def __init__(self, route: Route, base: Data, axes: Sequence[Axis]) -> None:
        size = len(route)
        touching = [[field for field in axis.fields if field[:size] == route] for axis in axes]
        fields = {field for some in touching for field in some}
        self.axes = [number for number, some in enumerate(touching) if some]
        self.replaced = route in fields
        self.keys = {str(field[size]) for field in fields if len(field) > size}
        self._base = base
        self._size = size
        self._rows = [[_below(row, route) for row in axes[number].rows] for number in self.axes]

        self._chosen = itemgetter(*self.axes) if self.axes else None

    def rows(self, combination: Sequence[int]) -> Rows:
        """What of a combination concerns it."""
        if self._chosen is None:
            return ()
        rows: Any = self._chosen(combination)
        return rows if len(self.axes) > 1 else (rows,)

    def data(self, rows: Rows) -> Data:
        """The value as written, or `ABSENT`.

        Raises:
            InputError: a path leads nowhere; the position in it means nothing.
        """
        # Held by a mapping, so that the value itself can be replaced as well.
        holder = {} if self._base is ABSENT else {"": self._base}
        for axis, row in zip(self._rows, rows, strict=True):
            for given in axis[row]:
                holder = put(holder, ("", *given.field[self._size :]), given.data, _NOWHERE)
        return holder.get("", ABSENT)


def _below(row: Sequence[Given], route: Route) -> list[Given]:
    return [given for given in row if given.field[: len(route)] == route]


class _Leaf:
    """A field that is validated as a whole."""

    def __init__(self, name: str, model: type[BaseModel], varied: Varied) -> None:
        field = model.model_fields[name]
        fields: dict[str, Any] = {name: (field.annotation, field)}
        self.varied = varied
        self._name = name
        self._model = create_model(
            f"{model.__name__}.{name}", __config__=model.model_config, **fields
        )
        self._known: dict[Rows, Resolved] = {}

    def of(self, combination: Sequence[int]) -> Resolved:
        """The field in one combination.

        Raises:
            ValidationError: it is wrong.
            InputError: a path leads nowhere.
        """
        rows = self.varied.rows(combination)
        if rows not in self._known:
            data = self.varied.data(rows)
            text = to_json({} if data is ABSENT else {self._name: data})
            valid = self._model.model_validate_json(text)
            config = valid.model_dump(mode="json", serialize_as_any=True)[self._name]
            value = getattr(valid, self._name)
            self._known[rows] = Resolved(value, config, canonical_json(config))
        return self._known[rows]


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
        self.varied = Varied(route, base, axes)
        self._model = model
        self._recurs = len(self.varied.axes) < len(axes)
        self._has_rules = bool(model.__pydantic_decorators__.model_validators)
        self._is_part = bool(route)
        self._checked = _only_its_validators(model)
        self._pieces = {
            name: _piece(model, name, base.get(name, ABSENT), axes, (*route, name))
            for name in model.model_fields
            if name not in but
        }
        self._varying = {name: piece for name, piece in self._pieces.items() if piece.varied.axes}
        self._fixed: dict[str, Resolved] = {}
        self._keys = [(name, f'"{name}":'.encode("ascii")) for name in sorted(self._pieces)]
        self._strange = {*base, *self.varied.keys} - {*self._pieces, *but}
        self._known: dict[Rows, Resolved] = {}

    def of(self, combination: Sequence[int]) -> Resolved:
        """The mapping in one combination.

        Raises:
            ValidationError: it is wrong.
            InputError: some combination has an unknown key, or a path leads nowhere.
        """
        rows = self.varied.rows(combination)
        found = self._known.get(rows)
        if found is None:
            found = self._joined(combination)
            if self._recurs:
                self._known[rows] = found
        return found

    def _joined(self, combination: Sequence[int]) -> Resolved:
        if self._strange:
            raise InputError.at(_NOWHERE, f"{self._strange}: unknown")
        if not self._fixed:
            self._fixed = {name: piece.of(combination) for name, piece in self._pieces.items()}
        found = self._fixed.copy()
        for name, piece in self._varying.items():
            found[name] = piece.of(combination)
        value: Any = None
        if self._is_part or self._has_rules:
            values = {name: piece.value for name, piece in found.items()}
            value = self._checked.model_validate(values)
        return Resolved(
            value=value,
            config={name: piece.config for name, piece in found.items()},
            spelled=b"{%b}" % b",".join([key + found[name].spelled for name, key in self._keys]),
        )


def _piece(
    model: type[BaseModel], name: str, base: Data, axes: Sequence[Axis], route: Route
) -> _Leaf | Branch:
    varied = Varied(route, base, axes)
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
        and all(validator.info.mode == "after" for validator in has.model_validators.values())
        and model.__pydantic_post_init__ is None
        and not any(field.alias for field in model.model_fields.values())
    )


def _only_its_validators(model: type[BaseModel]) -> type[BaseModel]:
    """A model that takes what its fields were validated to, and checks the rest."""
    fields: dict[str, Any] = dict.fromkeys(model.model_fields, (Any, None))
    return create_model(model.__name__, __base__=model, **fields)
